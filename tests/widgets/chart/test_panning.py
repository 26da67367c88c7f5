"""A panned chart is the chart painted there afresh, to the pixel."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from types import SimpleNamespace

import numpy as np
import pyqtgraph as pg
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PySide6.QtCore import QRect, QRectF
from PySide6.QtGui import QImage, QPainter
from PySide6.QtWidgets import QApplication, QStyleOptionGraphicsItem

from tests.widgets import synthetic
from widgets.items.scale import Scale, SlotGrid, snapped
from widgets.panes.footprint.cells.bars_on_grid import BarsOnGrid
from widgets.panes.footprint.cells.detail import Choice, Detail
from widgets.panes.footprint.cells.item import FootprintItem
from widgets.panes.footprint.cells.scroll_cache import ScrollCache
from widgets.panes.footprint.cells.style import CellMode, Shading, Style
from widgets.panes.footprint.studies.board import StudyBoard
from widgets.panes.footprint.studies.declaration import ChartFacts
from widgets.panes.footprint.studies.registry import builtin_studies
from widgets.theme.theme import apply_theme
from workstation.readmodels.flow.footprint import FootprintView

WIDTH, HEIGHT = 480, 300
GAP = (synthetic.START + 31 * synthetic.MINUTE, synthetic.START + 33 * synthetic.MINUTE)
BARS = synthetic.walk(60, missing=(31, 32), incomplete=(0, 20, 21))
VIEW = synthetic.footprint(BARS, gaps=(GAP,))
PRICE = BARS[30].close


@pytest.fixture(autouse=True, scope="module")
def _themed(qapp: QApplication) -> None:
    apply_theme(qapp)


NO_FACTS = ChartFacts(None, None, BarsOnGrid((), SlotGrid(1, 0)), (0.0, 1.0))


class Chart:
    """A footprint without a pane."""

    def __init__(self, scale: Scale, choice: Choice, style: Style, ratio: float = 1.0) -> None:
        self.at, self.ratio = scale, ratio
        self.host = pg.GraphicsWidget()
        self.item = FootprintItem(SimpleNamespace(box=self.host, scale_of=lambda width, height: self.at))
        self.item.set_rect(QRectF(0, 0, WIDTH, HEIGHT))
        self.item.set_choice(choice)
        self.item.set_style(style)
        self.item.set_parts(StudyBoard(builtin_studies(), lambda: NO_FACTS).cell_parts())
        self.show(VIEW)

    def show(self, view: FootprintView) -> None:
        grid = SlotGrid.at(synthetic.MINUTE, synthetic.START)
        self.item.set_view(view, BarsOnGrid(view.bars, grid), grid)

    def painted(self) -> np.ndarray:
        size = round(WIDTH * self.ratio), round(HEIGHT * self.ratio)
        image = QImage(*size, QImage.Format.Format_RGB32)
        image.setDevicePixelRatio(self.ratio)
        image.fill(0)
        painter = QPainter(image)
        self.item.paint(painter, QStyleOptionGraphicsItem())
        painter.end()
        assert self.item.failure == ""
        return np.frombuffer(image.constBits(), np.uint32).reshape(size[1], size[0]).copy()


def scale_at(left: float, top: float, bars: float, prices: float, ratio: float = 1.0) -> Scale:
    """So many bars and so much of price from an upper left corner on."""
    return Scale(left, left + bars, top - prices, top, WIDTH * ratio, HEIGHT * ratio).on_pixels()


LEVELS = {
    "numbers": (Choice(Detail.NUMBERS, 1), 5.3),
    "delta": (Choice(Detail.DELTA, 1), 9.7),
    "bars": (Choice(Detail.BARS, 2), 21.0),
    "marks": (Choice(Detail.MARKS, 1), 44.3),
    "candles": (Choice(Detail.CANDLES, 1), 300.0),
}
MOVES = ((0.4, 0.0), (1.7, 0.0), (-3.03, 0.0), (0.0, 14.0), (-0.31, -9.5), (0.013, 0.2), (2.6, 33.0), (-40.0, 0.0))


@pytest.mark.parametrize("level", LEVELS)
@pytest.mark.parametrize("ratio", [1.0, 2.0])
def test_a_panned_footprint_is_the_one_painted_there_afresh(level: str, ratio: float) -> None:
    choice, bars = LEVELS[level]
    left, top = 27.3, PRICE + 90.0
    chart = Chart(scale_at(left, top, bars, 180.0, ratio), choice, Style(), ratio)
    chart.painted()
    for slots, prices in MOVES:
        left, top = left + slots, top + prices
        chart.at = scale_at(left, top, bars, 180.0, ratio)
        fresh = Chart(chart.at, choice, Style(), ratio)
        assert np.array_equal(chart.painted(), fresh.painted()), (slots, prices)


@settings(max_examples=25, deadline=None)
@given(
    mode=st.sampled_from(CellMode),
    shading=st.sampled_from(Shading),
    moves=st.lists(st.tuples(st.floats(-4.0, 4.0), st.floats(-60.0, 60.0)), min_size=1, max_size=5),
    bars=st.sampled_from((4.0, 5.3, 17.77, 31.0)),
)
def test_so_it_is_in_every_mode_after_any_pans(
    mode: CellMode, shading: Shading, moves: list[tuple[float, float]], bars: float
) -> None:
    style = Style(mode=mode, shading=shading)
    choice = Choice(Detail.NUMBERS if bars < 10 else Detail.BARS, 1)
    left, top = 50.0, PRICE + 120.0
    chart = Chart(scale_at(left, top, bars, 200.0), choice, style)
    chart.painted()
    for slots, prices in moves:
        left, top = left + slots, top + prices
        chart.at = scale_at(left, top, bars, 200.0)
        assert np.array_equal(chart.painted(), Chart(chart.at, choice, style).painted())


def test_ticks_while_it_is_panned_are_shown() -> None:
    choice, style = Choice(Detail.NUMBERS, 1), Style()
    chart = Chart(scale_at(54.0, PRICE + 90.0, 7.0, 180.0), choice, style)
    chart.painted()
    for step in range(1, 4):
        live = BARS[-1]
        live = replace(live, buy_volume=live.buy_volume * (1 + 3 * step), close=live.close + step)
        view = replace(VIEW, bars=(*BARS[:-1], live))
        chart.show(view)
        chart.at = scale_at(54.0 + 0.37 * step, PRICE + 90.0, 7.0, 180.0)
        fresh = Chart(chart.at, choice, style)
        fresh.show(view)
        assert np.array_equal(chart.painted(), fresh.painted())


def counted(paint: list[QRect]) -> Callable[[QPainter, QRect], None]:
    """Remembers what it was asked for."""
    return lambda painter, part: paint.append(QRect(part))


def test_only_what_comes_into_sight_is_painted() -> None:
    cache, canvas, asked = ScrollCache(), QImage(100, 80, QImage.Format.Format_RGB32), list[QRect]()
    scale = Scale(0.0, 10.0, 0.0, 8.0, 100, 80)
    painter = QPainter(canvas)
    for right, up, expected in (
        (0.0, 0.0, [QRect(0, 0, 100, 80)]),
        (0.0, 0.0, []),
        (0.3, 0.0, [QRect(97, 0, 3, 80)]),
        (0.1, 0.0, [QRect(0, 0, 2, 80)]),
        (0.1, 0.5, [QRect(0, 0, 100, 5)]),
        (0.2, 0.2, [QRect(99, 0, 1, 80), QRect(0, 77, 100, 3)]),
        (7.0, 0.2, [QRect(0, 0, 100, 80)]),  # most of it is new
        (7.05, 0.2, [QRect(0, 0, 100, 80)]),  # half a pixel further
    ):
        asked.clear()
        there = replace(scale, left=right, right=10.0 + right, bottom=up, top=8.0 + up)
        cache.show(painter, there, "bars", counted(asked))
        assert asked == expected
    cache.show(painter, replace(scale, left=7.05, right=17.05, bottom=0.2, top=8.2), "others", counted(asked))
    assert asked[-1] == QRect(0, 0, 100, 80)
    painter.end()


def test_a_picture_that_failed_is_painted_again() -> None:
    cache, canvas, asked = ScrollCache(), QImage(100, 80, QImage.Format.Format_RGB32), list[QRect]()
    scale = Scale(0.0, 10.0, 0.0, 8.0, 100, 80)

    def fail(painter: QPainter, part: QRect) -> None:
        raise ValueError("no")

    painter = QPainter(canvas)
    with pytest.raises(ValueError, match="no"):
        cache.show(painter, scale, "bars", fail)
    cache.show(painter, scale, "bars", counted(asked))
    painter.end()
    assert asked == [QRect(0, 0, 100, 80)]


@given(
    left=st.floats(-1e4, 1e5), bars=st.floats(2.0, 5000.0), moved=st.integers(-5000, 5000), width=st.integers(100, 4000)
)
def test_a_pan_moves_every_bar_by_the_same_pixels(left: float, bars: float, moved: int, width: int) -> None:
    before = Scale(left, left + bars, 0.0, 1.0, width, 100).on_pixels()
    further = left + moved / before.pitch
    after = Scale(further, further + bars, 0.0, 1.0, width, 100).on_pixels()
    assert abs(before.left - left) * before.pitch <= 0.52
    assert after.moved_from(before) == (-moved, 0)
    slots = np.arange(round(left), round(left) + 50)
    on_edge = np.abs(np.abs(before.x(slots) - np.round(before.x(slots))) - 0.5) < 1e-4
    steps = np.round(before.x(slots)) - np.round(after.x(slots))
    assert set(steps[~on_edge].tolist()) <= {float(moved)}


def test_bars_of_half_pixels_keep_their_widths_wherever_they_stand() -> None:
    widths = set()
    for step in range(6):
        scale = Scale(step / 31.5, step / 31.5 + 20.0, 0.0, 1.0, 630.0, 100.0).on_pixels()
        edges = np.round(scale.x(np.arange(8)))
        widths.add(tuple(np.diff(edges).tolist()))
    assert len(widths) == 1
    assert snapped(snapped(3.3, 31.5), 31.5) == pytest.approx(snapped(3.3, 31.5), abs=1e-12)
