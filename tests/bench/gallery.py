"""Make the pictures of the footprint in resources/gallery again: every cell mode, shading, profile, drawings.

Run: `python -m tests.bench.gallery [FOLDER]`. Views are synthetic and seeded, so that a change of a picture is a change
of the drawing.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")
os.environ.setdefault("PYQTGRAPH_QT_LIB", "PySide6")

import numpy as np
from PySide6.QtWidgets import QApplication

import resources
from tests.widgets import synthetic
from widgets.items.region import Region
from widgets.items.style import CellMode, ProfileSpan, Shading
from widgets.panes.footprint import FootprintPane
from widgets.theme import apply_theme
from workstation.cells import poc_index, value_area
from workstation.readmodels import FootprintView, NakedPoc, ProfileRequest, ProfileView

SIZE = (960, 540)
LARGEST_BYTES = 150_000


def main() -> None:
    """Write them all."""
    folder = Path(sys.argv[1]) if len(sys.argv) > 1 else Path(str(resources.path("gallery")))
    app = QApplication.instance() or QApplication([])
    assert isinstance(app, QApplication)
    apply_theme(app)
    for name, prepare in pictures().items():
        pane = FootprintPane("BTC")
        pane.resize(*SIZE)
        pane.show()
        pane.refresh(shown())
        app.processEvents()
        prepare(pane)
        app.processEvents()
        file = folder / f"footprint-{name}.png"
        assert pane.grab().save(str(file)), file
        assert file.stat().st_size < LARGEST_BYTES, file
        print(f"{file.name}  {file.stat().st_size / 1000:.0f} kB")
        pane.close()


def pictures() -> dict[str, Callable[[FootprintPane], object]]:
    """What each of them shows."""
    modes = {mode.name.lower().replace("_", "-"): mode for mode in CellMode}
    return {
        **{name: lambda pane, mode=mode: pane.change_style(mode=mode) for name, mode in modes.items()},
        "shaded-by-bar": lambda pane: pane.change_style(shading=Shading.BAR, imbalances=False),
        "side-profile": _side_profile,
        "measured": _measured,
        "far-out": lambda pane: pane.chart.zoom_time(6.0, pane.chart.visible[1]),
    }


def shown() -> FootprintView:
    """An hour and a half of a random walk, with counted trades and naked POCs."""
    bars = tuple(
        replace(
            bar,
            buy_trades=np.ceil(bar.buy_volume * 7).astype(np.int64),
            sell_trades=np.ceil(bar.sell_volume * 7).astype(np.int64),
        )
        for bar in synthetic.walk(90, seed=12)
    )
    naked = tuple(NakedPoc(bars[index].poc_row, bars[index].start_ns) for index in (78, 83))
    return replace(synthetic.footprint(bars), naked_pocs=naked)


def profile_of(view: FootprintView, request: ProfileRequest) -> ProfileView:
    """The sum of the bars in the span of a request."""
    bars = [bar for bar in view.bars if request.start_ns <= bar.start_ns < request.end_ns]
    first = min(bar.first_row for bar in bars)
    count = max(bar.first_row + len(bar.buy_volume) for bar in bars) - first
    buy, sell = np.zeros(count), np.zeros(count)
    for bar in bars:
        part = slice(bar.first_row - first, bar.first_row - first + len(bar.buy_volume))
        buy[part] += bar.buy_volume
        sell[part] += bar.sell_volume
    total = buy + sell
    poc = poc_index(total)
    low, high = value_area(total, poc, request.value_area)
    none = np.zeros(0, np.int64)
    return ProfileView(request, 1, first, buy, sell, first + poc, first + low, first + high, none, none)


def _side_profile(pane: FootprintPane) -> None:
    pane.change_style(profile=ProfileSpan.VISIBLE)
    view, requests = pane.layers.view, pane.side_requests()
    assert view is not None
    for request in requests:
        assert isinstance(request, ProfileRequest)
        pane.refresh(profile_of(view, request))


def _measured(pane: FootprintPane) -> None:
    scale = pane.chart.plot_scale
    low, high = scale.bottom + 0.3 * (scale.top - scale.bottom), scale.bottom + 0.75 * (scale.top - scale.bottom)
    region = Region(scale.left + 2, low, scale.left + 5, high)
    pane.add_level(scale.bottom + 0.2 * (scale.top - scale.bottom))
    pane.drawings.show_region(region, pane.reading.measure(region))


if __name__ == "__main__":
    main()
