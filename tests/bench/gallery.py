"""Make the footprint pictures in resources/gallery again: cell modes, shadings, profiles, studies, bars, drawings.

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
from tests.widgets.panes.footprint import studied
from widgets.panes.footprint.cells.statistics import NAMES
from widgets.panes.footprint.cells.style import CellMode, Shading
from widgets.panes.footprint.drawings.region import Region
from widgets.panes.footprint.pane import FootprintPane
from widgets.theme.theme import apply_theme
from workstation.readmodels.flow.footprint import FootprintView, NakedPoc

Prepare = Callable[[FootprintPane], object]
Picture = tuple[FootprintView, Prepare]
QUIET = ("vwap", "session_pocs", "divergences", "naked_pocs", "zones", "last_line", "liquidations")
SIZE = (960, 540)
LARGEST_BYTES = 150_000


def main() -> None:
    """Write them all."""
    folder = Path(sys.argv[1]) if len(sys.argv) > 1 else Path(str(resources.path("gallery")))
    app = QApplication.instance() or QApplication([])
    assert isinstance(app, QApplication)
    apply_theme(app)
    for name, (view, prepare) in pictures().items():
        pane = FootprintPane("BTC")
        pane.resize(*SIZE)
        pane.show()
        if (rule := view.request.rule) is not None:
            pane.toolbar.bars.choose(rule.kind, rule.size)
        pane.refresh(view)
        app.processEvents()
        prepare(pane)
        for request in pane.side_requests():
            told = studied.answer(request, view)
            if told is not None:
                pane.refresh(told)
        app.processEvents()
        file = folder / f"footprint-{name}.png"
        assert pane.grab().save(str(file)), file
        assert file.stat().st_size < LARGEST_BYTES, file
        print(f"{file.name}  {file.stat().st_size / 1000:.0f} kB")
        pane.close()


def pictures() -> dict[str, Picture]:
    """What each of them shows: the view, and what is done with the pane."""
    modes = {mode.name.lower().replace("_", "-"): mode for mode in CellMode}
    plain, studies = shown(), studied.view()
    return {
        **{name: (plain, lambda pane, mode=mode: pane.change_style(mode=mode)) for name, mode in modes.items()},
        "shaded-by-bar": (plain, _shaded_by_bar),
        "side-profile": (plain, lambda pane: pane.show_study("profile")),
        "measured": (plain, _measured),
        "far-out": (plain, lambda pane: pane.chart.zoom_time(6.0, pane.chart.visible[1])),
        "vwap": (studies, _only(vwap={"bands": 2})),
        "signs": (studies, _only(divergences={}, unfinished={}, exhaustion={}, absorptions={})),
        "session-poc": (studies, _only(session_pocs={}, naked_pocs={})),
        "bubbles": (studies, _only(big_trades={})),
        "price-lines": (studies, _only(last_line={}, quote_lines={}, mark_line={})),
        "span-profile": (studies, _span),
        "statistics": (studies, _all_statistics),
        "gap": (studied.view(gap=True), _only()),
        "history": (studied.view(12, history=40), lambda pane: pane.chart.zoom_time(5.0, pane.chart.visible[1])),
        "range-bars": (studied.view(rule=studied.RANGE), _only()),
    }


def _only(**studies: dict[str, object]) -> Prepare:
    """Of the studies that are over the cells nothing but these, with their parameters."""

    def prepare(pane: FootprintPane) -> None:
        for name in QUIET:
            pane.show_study(name, False)
        for name, values in studies.items():
            pane.show_study(name, **values)

    return prepare


def _all_statistics(pane: FootprintPane) -> None:
    _only()(pane)
    pane.change_style(rows=NAMES)


def _shaded_by_bar(pane: FootprintPane) -> None:
    pane.change_style(shading=Shading.BAR)
    pane.show_study("imbalances", False)


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


def _span(pane: FootprintPane) -> None:
    grid, latest = pane.chart.grid, pane.layers.latest_slot
    _only()(pane)
    pane.tools.span_picked.emit(grid.ts_ns(latest - 6), grid.ts_ns(latest))


def _measured(pane: FootprintPane) -> None:
    scale = pane.chart.plot_scale
    low, high = scale.bottom + 0.3 * (scale.top - scale.bottom), scale.bottom + 0.75 * (scale.top - scale.bottom)
    region = Region(scale.left + 2, low, scale.left + 5, high)
    pane.commands.add_level(scale.bottom + 0.2 * (scale.top - scale.bottom))
    pane.drawings.show_region(region, pane.reading.measure(region))


if __name__ == "__main__":
    main()
