"""Three hours of the simulated market at 20x with every kind of pane open: what memory grows by, how late it gets."""

from __future__ import annotations

import asyncio
import os
import sys
import tempfile
from pathlib import Path

os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")
os.environ.setdefault("PYQTGRAPH_QT_LIB", "PySide6")

from PySide6.QtWidgets import QApplication

from feeds.model.instrument import Venue
from tests.bench.metric import Metric
from tests.workstation.session.hour import Hour, live_through
from widgets.theme.theme import apply_theme
from workstation.process.gc_thresholds import raise_gc_thresholds
from workstation.process.memory import tune_malloc

RUN_S, SPEED = 10_800.0, 20.0  # two hours until all that is kept is at its bounds, and the hour that counts
VENUES = (Venue("binance"), Venue("hyperliquid"), Venue("deribit"))


def lived(simulated_s: float = RUN_S, speed: float = SPEED, venues: tuple[Venue, ...] = VENUES) -> Hour:
    """The run."""
    app = QApplication.instance() or QApplication([])
    assert isinstance(app, QApplication)
    apply_theme(app)
    raise_gc_thresholds()
    tune_malloc()
    with tempfile.TemporaryDirectory(prefix="workstation-bench-") as folder:
        return asyncio.run(live_through(app, Path(folder), simulated_s, speed, venues, small=True))


def measure() -> dict[str, Metric]:
    """`soak_mb_per_hour` is the slope over the third hour, at the bounds of what is kept on purpose."""
    hour = lived()
    drift = max(abs(hour.ours[name] - truth) for name, truth in hour.truth.items())
    told = (
        f"{len(hour.venues)} venues, {hour.frames:,} frames, {hour.pictures / (RUN_S / SPEED):.0f} pictures/s, "
        f"{hour.sizes[-1] / 1e6:.0f} MB at the end"
    )
    late = f"CVD off the ledger by {drift:.1e} BTC, {hour.gaps} gaps; aim under 1 s"
    return {
        "soak_mb_per_hour": Metric(hour.mb_per_hour(), "MB/h", note=told),
        "soak_max_lag_s": Metric(max(hour.lags), "s", note=late),
    }


if __name__ == "__main__":
    if len(sys.argv) > 1:
        found = lived(float(sys.argv[1]), float(sys.argv[2]), tuple(Venue(name) for name in sys.argv[3].split(",")))
        for at, lag, size in zip(found.times, found.lags, found.sizes, strict=True):
            print(f"{at:7.0f} s  lag {lag * 1e3:6.0f} ms  {size / 1e6:6.1f} MB")
        print(found.frames, found.pictures, found.gaps, found.ours, found.truth)
    else:
        for name, metric in measure().items():
            print(metric.line(name))
