"""`make bench`: every measurement in one run on one machine, as a table and as bench.json. Ratios carry the claims."""

from __future__ import annotations

import json
import sys
from importlib import import_module
from pathlib import Path

from tests.bench.metric import Metric

BENCHES = (
    "session_length",  # first, while no memory is there to be used again
    "switching",
    "days",
    "ingest",
    "venues",
    "universe",
    "footprint_frames",
    "table",
    "heatmap_frames",
    "liquidations",
    "position_panes",
    "all_panes",
    "lake",
    "hub",
    "startup",
    "workspaces",
    "soak",
)


def main() -> None:
    metrics: dict[str, Metric] = {}
    for name in BENCHES:
        try:
            found: dict[str, Metric] = import_module(f"tests.bench.{name}").measure()
        except FileNotFoundError as absent:
            print(f"{name}: skipped, {absent}", file=sys.stderr)
            continue
        for name, metric in found.items():
            metrics[name] = metric
            print(metric.line(name), flush=True)
    Path("bench.json").write_text(json.dumps({name: metric.record() for name, metric in metrics.items()}, indent=2))


main()
