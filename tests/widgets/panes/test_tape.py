"""The tape: size classes, speed, the pause that counts, the filters."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from PySide6.QtCore import QPoint, QPointF, Qt
from PySide6.QtGui import QWheelEvent
from PySide6.QtWidgets import QApplication
from pytestqt.qtbot import QtBot

from feeds.model.instrument import Venue
from feeds.venues.registry import VENUES
from tests.widgets.market_views import MARKETS, NOW, live_status, with_pace
from tests.widgets.market_views import tape_view as any_tape_view
from tests.widgets.messages import changes_request
from widgets.panes.tape.pane import TapePane
from widgets.panes.tape.rows import SIZE_CLASSES, classes_for, newer_than, rows_as_table, size_class, tape_speed
from widgets.theme.theme import theme
from workstation.readmodels.flow.tape import TapeRequest, TapeView
from workstation.readmodels.markets import MarketFilter

SECOND = 1_000_000_000
DETAIL = TapeRequest("BTC", detail=True)


def tape_view(request: TapeRequest | None = DETAIL, **wanted: Any) -> TapeView:
    """The list as the pane asks for it."""
    return any_tape_view(request, **wanted)


@pytest.fixture
def pane(qtbot: QtBot) -> TapePane:
    pane = TapePane("BTC")
    qtbot.addWidget(pane)
    pane.resize(400, 400)
    pane.show()
    pane.refresh(tape_view())
    return pane


def wheel(pane: TapePane, notches: int) -> None:
    middle = QPointF(pane.canvas.rect().center())
    buttons, keys, phase = Qt.MouseButton.NoButton, Qt.KeyboardModifier.NoModifier, Qt.ScrollPhase.NoScrollPhase
    event = QWheelEvent(middle, middle, QPoint(), QPoint(0, 120 * notches), buttons, keys, phase, False)
    QApplication.sendEvent(pane.canvas, event)


def with_newer(view: TapeView, count: int) -> TapeView:
    """The same list after `count` more trades."""
    head = tape_view(count=count, now_ns=NOW + SECOND, seed=9)

    def joined(name: str) -> np.ndarray:
        return np.concatenate((getattr(head, name), getattr(view, name)))[: len(view.price)]

    names = ("ts_venue_ns", "price", "size", "notional", "side", "market", "prints")
    return replace(view, revision=view.revision + 1, **{name: joined(name) for name in names})


def test_size_classes_begin_at_their_limit() -> None:
    limits = (99_999, 100_000, 250_000, 1_000_000, 10_000_000)
    assert [size_class(usd) for usd in limits] == [0, 1, 2, 3, 4]


def test_a_small_coin_has_its_own_classes() -> None:
    assert classes_for(float("nan")) == SIZE_CLASSES
    assert classes_for(25_000.0) == SIZE_CLASSES
    assert classes_for(8_234.0) == pytest.approx((8_200.0, 20_500.0, 82_000.0, 820_000.0))
    assert size_class(9_000.0, classes_for(8_234.0)) == 1


def test_speed_counts_the_last_15_seconds() -> None:
    view = tape_view(count=30)
    view = with_pace(replace(view, ts_venue_ns=NOW - np.arange(30, dtype=np.int64) * SECOND), mean_15s=10.0)
    found = [tape_speed(view, now_ns) for now_ns in (None, NOW + 10 * SECOND, NOW + 60 * SECOND)]
    assert [speed.per_second if speed else None for speed in found] == pytest.approx([1.0, 5 / 15, 0.0])
    assert [speed.times_mean if speed else None for speed in found] == pytest.approx([1.5, 0.5, 0.0])
    assert [speed.fast if speed else None for speed in found] == [True, False, False]


def test_without_a_mean_nothing_is_fast() -> None:
    speed = tape_speed(with_pace(tape_view(count=30), mean_15s=float("nan")))
    assert speed is not None
    assert (speed.times_mean, speed.fast) == (None, False)


def test_an_empty_tape_has_no_speed_and_no_share() -> None:
    assert tape_speed(with_pace(tape_view(count=0), float("nan"))) == (0.0, None, None)
    assert tape_speed(any_tape_view(count=3)) is None


def test_newer_trades_are_counted_and_a_merge_is_not_new() -> None:
    view = tape_view()
    assert newer_than(with_newer(view, 7), view) == (7, True)
    grown = replace(view, size=view.size + np.eye(1, len(view.size))[0], revision=2)
    assert newer_than(grown, view) == (0, True)
    assert newer_than(with_newer(view, 200), view) == (200, False)


def test_scrolling_down_pauses_and_counts(pane: TapePane) -> None:
    view = tape_view()
    wheel(pane, -1)
    assert pane.canvas.held is not None
    assert pane.canvas.banner() == "paused, 0 new trades - click to resume"
    pane.refresh(with_newer(view, 7))
    assert pane.canvas.banner() == "paused, 7 new trades - click to resume"
    assert pane.canvas.held.revision == 1, "what is on screen stands still"
    pane.refresh(with_newer(tape_view(seed=77, now_ns=NOW + 2 * SECOND), 3))
    assert pane.canvas.banner() == "paused, 207+ new trades - click to resume"


@pytest.mark.parametrize("how", ["banner", "middle", "escape", "wheel"])
def test_it_resumes_at_the_newest_trade(pane: TapePane, qtbot: QtBot, how: str) -> None:
    wheel(pane, -2)
    newer = with_newer(tape_view(), 4)
    pane.refresh(newer)
    if how == "banner":
        qtbot.mouseClick(pane.canvas, Qt.MouseButton.LeftButton, pos=QPoint(200, 24))
    elif how == "middle":
        qtbot.mouseClick(pane.canvas, Qt.MouseButton.MiddleButton, pos=QPoint(200, 200))
    elif how == "escape":
        qtbot.keyClick(pane, Qt.Key.Key_Escape)
    else:
        wheel(pane, 2)
    assert pane.canvas.held is None
    assert pane.canvas.view is newer
    assert (pane.canvas.offset, pane.canvas.banner()) == (0, "")


def test_a_click_among_the_trades_does_not_resume(pane: TapePane, qtbot: QtBot) -> None:
    wheel(pane, -1)
    qtbot.mouseClick(pane.canvas, Qt.MouseButton.LeftButton, pos=QPoint(200, 200))
    assert pane.canvas.held is not None


def test_it_scrolls_no_further_than_the_oldest_trade(pane: TapePane) -> None:
    wheel(pane, -500)
    assert 0 < pane.canvas.offset < 200
    pane.refresh(tape_view(count=3))
    pane.grab()


def test_filters_are_asked_for_and_clear_what_they_exclude(pane: TapePane, qtbot: QtBot) -> None:
    with changes_request(pane):
        pane.minimum.setCurrentIndex(4)
    pane.kinds.setCurrentIndex(1)
    pane.sides.setCurrentIndex(2)
    pane.venues.ticks.actions_of[Venue("okx")].setChecked(False)
    venues = frozenset(VENUES) - {Venue("okx")}
    assert pane.request() == TapeRequest("BTC", MarketFilter(True, venues), 100_000.0, side=-1, detail=True)
    assert pane.canvas.view is None
    pane.refresh(tape_view())
    assert pane.canvas.view is None, "an answer to the old filter is not shown"


def test_clear_ends_the_pause(pane: TapePane) -> None:
    wheel(pane, -1)
    pane.clear()
    assert pane.canvas.held is None
    assert pane.meter.text() == ""
    pane.grab()


def test_time_alone_slows_the_tape(pane: TapePane) -> None:
    pane.refresh(tape_view(count=30))
    before = pane.meter.speed
    pane.show_status(live_status(now_ns=NOW + 20 * SECOND))
    assert before is not None
    assert before.per_second > 0
    assert pane.meter.speed is not None
    assert pane.meter.speed.per_second == 0


def test_every_size_is_drawn_and_buys_differ_from_sells(pane: TapePane) -> None:
    one = tape_view(count=1)
    pane.refresh(replace(one, side=np.array([1])))
    buy = pane.canvas.grab().toImage()
    pane.refresh(replace(one, side=np.array([-1])))
    assert pane.canvas.grab().toImage() != buy
    for width, height in ((1, 1), (260, 90), (1000, 1200)):
        pane.resize(width, height)
        pane.grab()


def test_another_base_is_asked_for(pane: TapePane) -> None:
    pane.set_base("ETH")
    assert pane.request() == TapeRequest("ETH", detail=True)
    assert pane.canvas.view is None


def test_a_fast_tape_says_so(pane: TapePane) -> None:
    pane.refresh(replace(with_pace(tape_view(), mean_15s=50.0), revision=7))
    assert pane.meter.text().startswith("fast ")
    assert "x usual" in pane.meter.text()


def colors_of(pane: TapePane) -> set[str]:
    image = pane.canvas.grab().toImage()
    row = pane.canvas.row_px
    return {image.pixelColor(x, y).name() for x in range(image.width()) for y in range(row, 2 * row)}


def test_prices_at_the_extremes_are_inverted_and_liquidations_are_marked_l(pane: TapePane) -> None:
    one = tape_view(count=1)
    one = replace(one, side=np.array([-1]), notional=np.array([500.0]))
    pane.refresh(replace(one, revision=2))
    before = colors_of(pane)
    pane.refresh(replace(one, extreme=np.array([-1]), revision=3))
    image, row = pane.canvas.grab().toImage(), pane.canvas.row_px
    edge = round(pane.canvas.right_edges()[0]) + 1
    assert image.pixelColor(edge, row + row // 2).name() == theme().color("sell").name()
    pane.refresh(replace(one, liquidation=np.array([1]), revision=4))
    assert theme().color("liquidated_long").name() in colors_of(pane) - before


def test_rows_are_copied_as_data(pane: TapePane, qtbot: QtBot) -> None:
    table = pane.as_table()
    assert table is not None
    assert len(table.rows) == 200
    view = pane.canvas.view
    assert view is not None
    assert table.rows[0][4:7] == (view.price[0], view.size[0], view.notional[0])
    wheel(pane, -1)
    qtbot.keyClick(pane, Qt.Key.Key_C, Qt.KeyboardModifier.ControlModifier)
    lines = QApplication.clipboard().text().splitlines()
    assert len(lines) == 1 + pane.canvas.visible_rows()
    assert lines[1].split("\t")[0] == str(view.ts_venue_ns[pane.canvas.offset])
    assert rows_as_table(view, 190, 50).rows[-1][0] == view.ts_venue_ns[-1]
    pane.clear()
    assert pane.as_table() is None


def test_it_fits_a_narrow_dock(pane: TapePane) -> None:
    assert pane.minimumSizeHint().width() <= 380


def test_filters_are_remembered(pane: TapePane, qtbot: QtBot) -> None:
    pane.minimum.setCurrentIndex(3)
    pane.sides.setCurrentIndex(1)
    pane.sizes.setCurrentIndex(1)
    other = TapePane("BTC")
    qtbot.addWidget(other)
    other.restore(pane.state())
    assert other.request() == pane.request()
    assert other.state() == pane.state()
    other.restore({"minimum": 5, "side": None})
    assert other.state() == pane.state()


def test_shown_markets_are_those_of_the_filter(pane: TapePane) -> None:
    assert pane.shown_markets() == MARKETS
    pane.kinds.setCurrentIndex(1)
    pane.refresh(tape_view(pane.request()))
    assert pane.shown_markets() == tuple(market for market in MARKETS if market.kind.is_perp)
