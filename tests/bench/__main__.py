"""`make bench`: every measurement in one run on one machine, as a table and as bench.json. Ratios carry the claims."""

from __future__ import annotations

import json
import sys
from pathlib import Path

from tests.bench import (
    footprint_frames,
    heatmap_frames,
    ingest,
    liquidations,
    position_panes,
    session_length,
    startup,
    switching,
    table,
    universe,
    venues,
)
from tests.bench.metric import Metric

MEASUREMENTS = (
    session_length.measure,  # first, while no memory is there to be used again
    switching.measure,
    ingest.measure,
    venues.measure,
    universe.measure,
    footprint_frames.measure,
    table.measure,
    heatmap_frames.measure,
    liquidations.measure,
    position_panes.measure,
    startup.measure,
)


def main() -> None:
    metrics: dict[str, Metric] = {}
    for measure in MEASUREMENTS:
        try:
            found = measure()
        except FileNotFoundError as absent:
            print(f"{measure.__module__}: skipped, {absent}", file=sys.stderr)
            continue
        for name, metric in found.items():
            metrics[name] = metric
            print(metric.line(name), flush=True)
    Path("bench.json").write_text(json.dumps({name: metric.record() for name, metric in metrics.items()}, indent=2))


main()
