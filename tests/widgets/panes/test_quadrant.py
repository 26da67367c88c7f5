"""The quadrant pane: places, labels that do not overlap, freshness, hover and choice."""

from __future__ import annotations

from itertools import combinations

import numpy as np
import pytest
from PySide6.QtCore import QPoint, QPointF, QRectF, Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication
from pytestqt.qtbot import QtBot

from tests.widgets.messages import wait_for
from tests.widgets.position_views import dot, quadrant_view
from widgets.items.paint_guard import paint_failure
from widgets.link_events import BaseChosen
from widgets.panes.quadrant.pane import QuadrantPane
from widgets.theme.theme import apply_theme, theme
from workstation.readmodels.markets import Freshness


@pytest.fixture
def pane(qtbot: QtBot) -> QuadrantPane:
    """A shown pane, 520 x 460."""
    app = QApplication.instance()
    assert isinstance(app, QApplication)
    apply_theme(app)
    made = QuadrantPane("BTC")
    qtbot.addWidget(made)
    made.resize(520, 460)
    made.show()
    qtbot.waitExposed(made)
    return made


def colour_at(pane: QuadrantPane, point: QPointF) -> str:
    return pane.canvas.grab().toImage().pixelColor(point.toPoint()).name()


def test_dots_are_at_their_values_in_the_colour_of_the_aggressor(pane: QuadrantPane) -> None:
    pane.refresh(quadrant_view(dot("ETH", 1.0, 1.0), dot("SOL", -1.0, -1.0)))
    assert colour_at(pane, pane.canvas.place(1.0, 1.0)) == theme().color("buy").name()
    assert colour_at(pane, pane.canvas.place(-1.0, -1.0)) == theme().color("sell").name()
    assert pane.canvas.place(1, 1).x() > pane.canvas.place(-1, 1).x()
    assert pane.canvas.place(1, 1).y() < pane.canvas.place(1, -1).y()


def test_a_stale_dot_is_hollow_at_its_last_known_position_with_the_reason(pane: QuadrantPane) -> None:
    stale = dot("SOL", np.nan, np.nan, Freshness.STALE)
    pane.refresh(quadrant_view(stale))
    place = pane.canvas.place(float(stale.x[-2]), float(stale.y[-2]))
    assert colour_at(pane, place) not in (theme().color("buy").name(), theme().color("sell").name())
    assert pane.canvas.base_at(place) == "SOL"
    assert "SOL: no live book" in pane.absent.text


@pytest.mark.parametrize("seed", range(8))
def test_labels_cover_neither_each_other_nor_a_dot(pane: QuadrantPane, seed: int) -> None:
    rng = np.random.default_rng(seed)
    places = rng.normal(0, 0.35, (12, 2)).clip(-1.5, 1.5)
    pane.refresh(quadrant_view(*(dot(f"COIN{n}", *place) for n, place in enumerate(places.tolist()))))
    labels = pane.canvas.labels()
    assert len(labels) >= 8
    for one, other in combinations(labels.values(), 2):
        assert not one.intersects(other)
    for x, y in places:
        at = pane.canvas.place(x, y)
        around = QRectF(at.x() - 4, at.y() - 4, 8, 8)
        assert not any(box.intersects(around) for box in labels.values())


def test_pointing_shows_numbers_and_clicking_chooses(pane: QuadrantPane, qtbot: QtBot) -> None:
    pane.refresh(quadrant_view(dot("BTC", 1.0, 1.0), dot("ETH", -0.5, -0.8)))
    assert "BTC" in pane.readout.text
    place = pane.canvas.place(-0.5, -0.8).toPoint()
    QTest.mouseMove(pane.canvas, place)
    assert "ETH  sellers in control  OBI \N{MINUS SIGN}0.100 (x \N{MINUS SIGN}0.50)" in pane.readout.text
    with wait_for(qtbot, pane.link_event, BaseChosen) as chosen:
        QTest.mouseClick(pane.canvas, Qt.MouseButton.LeftButton, pos=place)
    assert chosen.args == [BaseChosen("ETH")]
    QTest.mouseClick(pane.canvas, Qt.MouseButton.LeftButton, pos=QPoint(40, 40))
    assert pane.canvas.base == "ETH"


@pytest.mark.parametrize("count", [1, 2, 180])
@pytest.mark.parametrize("size", [(180, 150), (520, 460), (1900, 1000)])
def test_any_view_is_drawn(pane: QuadrantPane, count: int, size: tuple[int, int]) -> None:
    pane.resize(*size)
    pane.refresh(quadrant_view(*(dot(f"C{n}", n / 20 - 1, 1.5, count=count) for n in range(40))))
    pane.grab()
    assert paint_failure(pane.canvas) == ""


def test_nothing_known_and_cleared(pane: QuadrantPane) -> None:
    assert "waiting" in pane.readout.text
    assert pane.as_table() is None
    pane.refresh(quadrant_view())
    pane.grab()
    pane.refresh(quadrant_view(dot("BTC", 1, 1)))
    table = pane.as_table()
    assert table is not None
    assert table.rows[0][:2] == ("BTC", "buyers in control")
    pane.clear()
    assert pane.shown_markets() == ()


def test_settings_are_requested_and_saved(pane: QuadrantPane) -> None:
    pane.window_choice.setCurrentIndex(2)
    pane.trail.setCurrentIndex(1)
    pane.trail.activated.emit(1)
    assert (pane.request().window_ns, pane.request().trail_ns) == (3_600_000_000_000, 14_400_000_000_000)
    other = QuadrantPane("BTC")
    other.restore(pane.state())
    assert other.request() == pane.request()
    other.restore({"window_ns": "x", "trail_ns": 3})
    assert other.request() == pane.request()
    other.deleteLater()
