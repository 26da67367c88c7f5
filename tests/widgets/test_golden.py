"""Footprints as they look, at two device pixel ratios."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from functools import partial

import pytest
from PySide6.QtGui import QColor, QPainter
from PySide6.QtWidgets import QApplication
from pytestqt.qtbot import QtBot

from tests.widgets import golden
from tests.widgets.golden import blocks, hold, painted
from tests.widgets.panes.footprint import studied
from widgets.panes.footprint.cells.style import CellMode
from widgets.panes.footprint.drawings.region import Region
from widgets.panes.footprint.pane import FootprintPane
from widgets.theme.theme import apply_theme
from workstation.readmodels.flow.footprint import FootprintView

SIZE = (640, 400)
HIDDEN = ("vwap", "session_pocs", "divergences", "last_line", "naked_pocs")
Prepare = Callable[[FootprintPane], object]


def serve(pane: FootprintPane, view: FootprintView) -> None:
    """Answer what the pane asks for."""
    pane.refresh(view)
    for request in pane.side_requests():
        answer = studied.answer(request, view)
        if answer is not None:
            pane.refresh(answer)


def pane_of(qtbot: QtBot, view: FootprintView, prepare: Prepare, size: tuple[int, int] = SIZE) -> FootprintPane:
    """A shown pane that has everything it asked for."""
    app = QApplication.instance()
    assert isinstance(app, QApplication)
    apply_theme(app)
    pane = FootprintPane("BTC")
    qtbot.addWidget(pane)
    pane.resize(*size)
    pane.show()
    qtbot.waitExposed(pane)
    pane.show_study("absorptions")
    serve(pane, view)
    prepare(pane)
    serve(pane, replace(view, revision=2))
    app.processEvents()
    return pane


def _in_mode(mode: CellMode, pane: FootprintPane) -> None:
    pane.change_style(mode=mode)
    for name in HIDDEN:
        pane.show_study(name, False)


def every_study(pane: FootprintPane) -> None:
    """All studies at once."""
    for name in ("unfinished", "exhaustion", "big_trades", "quote_lines", "mark_line"):
        pane.show_study(name)
    pane.show_study("vwap", bands=2)


def drawn(pane: FootprintPane) -> None:
    """A level, a zone and a measurement."""
    scale = pane.chart.plot_scale
    low, high = scale.value(260.0), scale.value(220.0)
    pane.commands.add_level(scale.value(60.0))
    pane.tools.levels.add(pane.tools.on_grid(low), pane.tools.on_grid(high), "supply")
    region = Region(scale.left + 1, scale.value(180.0), scale.left + 3, scale.value(90.0))
    pane.drawings.show_region(region, pane.reading.measure(region))


def span(pane: FootprintPane) -> None:
    """A profile of the four bars before the last."""
    grid, latest = pane.chart.grid, pane.layers.latest_slot
    pane.tools.span_picked.emit(grid.ts_ns(latest - 4), grid.ts_ns(latest))


PICTURES: dict[str, tuple[FootprintView, Prepare]] = {
    **{mode.name.lower(): (studied.view(), partial(_in_mode, mode)) for mode in CellMode},
    "studies": (studied.view(), every_study),
    "drawn": (studied.view(), drawn),
    "side_profile": (studied.view(), lambda pane: pane.show_study("profile")),
    "span_profile": (studied.view(), span),
    "gap": (studied.view(gap=True), lambda pane: None),
    "history": (studied.view(12, history=40), lambda pane: pane.chart.zoom_time(4.5, pane.chart.visible[1])),
    "marks": (studied.view(), lambda pane: pane.chart.zoom_time(7.0, pane.chart.visible[1])),
}


@pytest.mark.parametrize("name", PICTURES)
@pytest.mark.parametrize("ratio", [1.0, 2.0])
def test_it_looks_as_it_did(qtbot: QtBot, name: str, ratio: float) -> None:
    view, prepare = PICTURES[name]
    pane = pane_of(qtbot, view, prepare)
    image = painted(pane, ratio)
    assert pane.layers.failures == {}
    hold(image, f"footprint-{name.replace('_', '-')}-{ratio:g}x", ratio)


def test_a_change_of_the_drawing_is_seen(qtbot: QtBot, monkeypatch: pytest.MonkeyPatch) -> None:
    view, prepare = PICTURES["bid_ask"]
    image = painted(pane_of(qtbot, view, prepare), 1.0)
    monkeypatch.delenv(golden.ACCEPT, raising=False)
    hold(image, "footprint-bid-ask-1x", 1.0)
    painter = QPainter(image)
    painter.fillRect(300, 120, 90, 60, QColor("orange"))
    painter.end()
    with pytest.raises(pytest.fail.Exception, match="differs"):
        hold(image, "footprint-bid-ask-1x", 1.0)
    with pytest.raises(pytest.fail.Exception, match="not stored"):
        hold(image, "never-painted", 1.0)
    assert blocks(image, 1.0).width() == SIZE[0] // golden.BLOCK
