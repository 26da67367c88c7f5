"""The ladder: which rows are on screen, what it asks for, and how it answers the hand."""

from __future__ import annotations

from dataclasses import replace
from itertools import pairwise

import numpy as np
import pytest
from PySide6.QtCore import QEvent, QPoint, QPointF, Qt
from PySide6.QtGui import QEnterEvent, QWheelEvent
from PySide6.QtWidgets import QApplication
from pytestqt.qtbot import QtBot

from feeds.model.instrument import Venue
from tests.widgets.market_views import MARKETS, PERPS, ladder_view
from tests.widgets.messages import changes_request
from widgets.panes.ladder.pane import BANDS, LadderPane
from widgets.panes.ladder.rows import (
    COLUMNS,
    ask_row_of,
    centre_after,
    change_of,
    columns_of,
    next_multiple,
    row_of,
    visible_slots,
)
from widgets.panes.ladder.summary import imbalance_text, spread_text
from widgets.theme.markets import book_state
from widgets.theme.theme import theme
from workstation.readmodels.flow.ladder import LadderRequest
from workstation.readmodels.markets import Freshness


@pytest.fixture
def pane(qtbot: QtBot) -> LadderPane:
    pane = LadderPane("BTC")
    qtbot.addWidget(pane)
    pane.resize(400, 620)
    pane.show()
    pane.refresh(ladder_view())
    return pane


def wheel(pane: LadderPane, notches: int, modifiers: Qt.KeyboardModifier = Qt.KeyboardModifier.NoModifier) -> None:
    middle = QPointF(pane.canvas.rect().center())
    event = QWheelEvent(
        middle,
        middle,
        QPoint(),
        QPoint(0, 120 * notches),
        Qt.MouseButton.NoButton,
        modifiers,
        Qt.ScrollPhase.NoScrollPhase,
        False,
    )
    QApplication.sendEvent(pane.canvas, event)


def hover(pane: LadderPane) -> None:
    QApplication.sendEvent(pane.canvas, QEnterEvent(QPointF(9, 99), QPointF(9, 99), QPointF(9, 99)))


def leave(pane: LadderPane) -> None:
    QApplication.sendEvent(pane.canvas, QEvent(QEvent.Type.Leave))


# --- rows


def test_bids_are_floored_and_asks_ceiled() -> None:
    assert (row_of(61_659.9, 10), ask_row_of(61_659.9, 10)) == (6165, 6166)
    assert (row_of(0.3, 0.1), ask_row_of(0.3, 0.1)) == (3, 3)


def test_the_middle_stands_still_until_the_price_is_far() -> None:
    assert centre_after(None, 100, frozen=False) == 100
    assert centre_after(100, 110, frozen=False) == 100
    assert centre_after(100, 111, frozen=False) == 111
    assert centre_after(100, 150, frozen=True) == 100
    assert centre_after(100, None, frozen=False) == 100


def test_slots_beyond_the_view_are_nan_and_not_zero() -> None:
    view = ladder_view(half=2)
    middle = int(view.rows[2])
    slots = visible_slots(view, middle, 9)
    assert list(slots.rows) == list(range(middle + 4, middle - 5, -1))
    assert np.isnan(slots.bid[:2]).all()
    assert np.isnan(slots.bid[-2:]).all()
    assert slots.ask[2] == view.ask[-1]
    assert slots.bid[6] == view.bid[0]


@pytest.mark.parametrize("offset", [-500, 500])
def test_scrolled_away_from_the_whole_view_all_is_unknown(offset: int) -> None:
    view = ladder_view(half=5)
    slots = visible_slots(view, int(view.rows[0]) + offset, 20)
    assert np.isnan(slots.profile).all()
    assert slots.largest_size == 1


def test_grouping_stays_in_its_list() -> None:
    assert [next_multiple(1, 1), next_multiple(1, -3), next_multiple(1000, 2)] == [2, 1, 1000]


@pytest.mark.parametrize(
    ("width", "gone"),
    [
        (480, set()),
        (390, {"session"}),
        (340, {"session", "chg 5s"}),
        (300, {"session", "chg 5s", "delta"}),
        (230, {"session", "chg 5s", "delta", "sold"}),
    ],
)
def test_columns_cover_the_width_and_the_least_important_give_way(width: int, gone: set[str]) -> None:
    cells = columns_of(width)
    assert {column.name for column in COLUMNS} - set(cells) == gone
    assert sum(cell.width for cell in cells.values()) == width
    assert all(cell.width >= 32 for cell in cells.values()), "five figures need 32 pixels"
    assert all(a.x + a.width == b.x for a, b in pairwise(cells.values()))


def test_columns_can_be_hidden_but_for_the_book(pane: LadderPane, qtbot: QtBot) -> None:
    pane.resize(700, 600)
    pane.hide_columns({"sold", "delta", "bid"})
    assert set(columns_of(700, frozenset(pane.state()["hidden"]))) == {
        "bid",
        "price",
        "ask",
        "bought",
        "chg 5s",
        "session",
    }
    other = LadderPane("BTC")
    qtbot.addWidget(other)
    other.restore({**pane.state(), "band": 0.01})
    assert other.state() == {"hidden": ["delta", "sold"], "band": 0.01}
    other.restore({"hidden": ["p/s"]})  # the name of the column in earlier versions
    assert other.state() == {"hidden": ["chg 5s"], "band": 0.01}
    other.restore({"hidden": ["delta", "sold"]})
    other.restore({"hidden": 7, "band": "wide"})
    assert other.state() == {"hidden": ["delta", "sold"], "band": 0.01}


def test_the_change_of_a_row_is_of_the_side_that_can_rest_there() -> None:
    view = ladder_view()
    change, middle = change_of(view), len(view.rows) // 2
    np.testing.assert_array_equal(change[: middle - 1], view.bid_change[: middle - 1])
    np.testing.assert_array_equal(change[middle + 2 :], view.ask_change[middle + 2 :])
    assert change[middle] == view.bid_change[middle] + view.ask_change[middle]
    assert np.isnan(change_of(replace(view, best_bid=None))).all()


def test_the_rows_on_screen_are_data(pane: LadderPane) -> None:
    table = pane.as_table()
    view = pane.canvas.view
    assert table is not None
    assert view is not None
    assert len(table.rows) == pane.canvas.row_count
    at = view.rows.tolist().index(int(float(str(table.rows[0][0]))))
    assert table.rows[0][1] == view.sold[at]
    assert pane.shown_markets() == PERPS


def test_venue_colours_ends_and_pulled_walls_are_painted(pane: LadderPane) -> None:
    def colors() -> set[str]:
        image = pane.canvas.grab().toImage()
        return {image.pixelColor(x, y).name() for x in range(image.width()) for y in range(image.height())}

    full = colors()
    assert {
        theme().venue_color(venue).name() for venue in (Venue("binance"), Venue("bybit"), Venue("hyperliquid"))
    } <= full
    view = ladder_view()
    plain = replace(view, venues=(), venue_bid=np.zeros((0, len(view.rows))), venue_ask=np.zeros((0, len(view.rows))))
    pane.refresh(replace(plain, ends=(), pulled=()))
    assert theme().venue_color(Venue("binance")).name() not in colors()


def test_keys_scroll_and_group(pane: LadderPane, qtbot: QtBot) -> None:
    start = pane.canvas.centre
    assert start is not None
    qtbot.keyClick(pane, Qt.Key.Key_Up)
    assert pane.canvas.centre == start + 1
    qtbot.keyClick(pane, Qt.Key.Key_PageDown)
    assert pane.canvas.centre == start + 2 - pane.canvas.row_count
    qtbot.keyClick(pane, Qt.Key.Key_Plus, Qt.KeyboardModifier.ShiftModifier)
    request = pane.request()
    assert request is not None
    assert request.row_size == 2.0
    qtbot.keyClick(pane, Qt.Key.Key_Minus)
    request = pane.request()
    assert request is not None
    assert request.row_size is None


# --- what is asked


def test_it_asks_for_the_sum_of_perpetuals_first(pane: LadderPane) -> None:
    request = pane.request()
    assert request is not None
    assert (request.market, request.markets.perp, request.row_size, request.band) == (None, True, None, 0.002)


def test_without_a_base_it_asks_nothing(qtbot: QtBot) -> None:
    pane = LadderPane()
    qtbot.addWidget(pane)
    assert pane.request() is None


def test_every_market_can_be_chosen_alone(pane: LadderPane, qtbot: QtBot) -> None:
    assert pane.markets.count() == 2 + len(MARKETS)
    with changes_request(pane):
        pane.markets.setCurrentIndex(pane.markets.findData(MARKETS[6].id))
    request = pane.request()
    assert request is not None
    assert request.market == MARKETS[6].id
    pane.refresh(ladder_view(replace(request, row_size=1.0), markets=(MARKETS[6],)))
    assert pane.markets.count() == 2 + len(MARKETS)
    pane.markets.setCurrentIndex(1)
    assert pane.request() == LadderRequest("BTC", markets=replace(request.markets, perp=False))


def test_the_band_is_asked_for(pane: LadderPane) -> None:
    pane.band.setCurrentIndex(BANDS.index(0.01))
    request = pane.request()
    assert request is not None
    assert request.band == 0.01


def test_ctrl_wheel_groups_multiples_of_the_largest_tick(pane: LadderPane) -> None:
    for expected in (2.0, 5.0, 10.0):
        wheel(pane, -1, Qt.KeyboardModifier.ControlModifier)
        request = pane.request()
        assert request is not None
        assert request.row_size == expected
    wheel(pane, 3, Qt.KeyboardModifier.ControlModifier)
    request = pane.request()
    assert request is not None
    assert request.row_size is None


def test_the_menu_picks_a_grouping(pane: LadderPane) -> None:
    pane.group.menu().aboutToShow.emit()
    action = next(action for action in pane.group.menu().actions() if action.text().startswith("x50 "))
    assert "50" in action.text()
    action.trigger()
    request = pane.request()
    assert request is not None
    assert request.row_size == 50.0
    assert "x50" in pane.group.text()


def test_another_base_starts_again(pane: LadderPane) -> None:
    pane.set_multiple(5)
    pane.set_base("ETH")
    assert pane.request() == LadderRequest("ETH")
    assert pane.markets.count() == 2
    assert pane.canvas.view is None
    pane.refresh(ladder_view())
    assert pane.canvas.view is None, "a late view of the old base is not shown"


# --- the hand


def test_rows_follow_a_far_price_but_not_under_the_pointer(pane: LadderPane) -> None:
    start = pane.canvas.centre
    assert start == 61_659
    pane.refresh(ladder_view(last=61_668.0))
    assert pane.canvas.centre == start
    hover(pane)
    pane.refresh(ladder_view(last=61_690.0))
    assert pane.canvas.centre == start
    leave(pane)
    assert pane.canvas.centre == 61_690


def test_the_wheel_scrolls_and_c_or_the_middle_button_centres(pane: LadderPane, qtbot: QtBot) -> None:
    wheel(pane, 2)
    assert pane.canvas.centre == 61_665
    qtbot.keyClick(pane, Qt.Key.Key_C)
    assert pane.canvas.centre == 61_659
    wheel(pane, -1)
    assert pane.canvas.centre == 61_656
    qtbot.mouseClick(pane.canvas, Qt.MouseButton.MiddleButton)
    assert pane.canvas.centre == 61_659


def test_a_coarser_grid_recentres(pane: LadderPane) -> None:
    pane.refresh(ladder_view(LadderRequest("BTC", row_size=10.0)))
    assert pane.canvas.centre == 6165


def test_a_passing_wheel_does_not_change_the_market(pane: LadderPane) -> None:
    middle = QPointF(pane.markets.rect().center())
    buttons, keys, phase = Qt.MouseButton.NoButton, Qt.KeyboardModifier.NoModifier, Qt.ScrollPhase.NoScrollPhase
    QApplication.sendEvent(
        pane.markets, QWheelEvent(middle, middle, QPoint(), QPoint(0, -120), buttons, keys, phase, False)
    )
    assert pane.markets.currentIndex() == 0


# --- honesty


def lost(reason: str, *states: Freshness) -> tuple[Freshness, str]:
    markets = tuple(replace(m, book=s, reason=reason) for m, s in zip(MARKETS, states, strict=False))
    state = book_state(markets)
    return state.freshness, state.message


def test_the_state_of_a_sum_names_what_is_missing() -> None:
    assert lost("", Freshness.LIVE, Freshness.LIVE) == (Freshness.LIVE, "")
    some = lost("gap", Freshness.LIVE, Freshness.LOST, Freshness.STALE, Freshness.LOST)
    assert some == (Freshness.LIVE, "1 of 4 books: lost BIN-inv, BYB-inv; stale BYB")
    assert lost("gap 7", Freshness.LOST, Freshness.SYNCING) == (Freshness.SYNCING, "book resyncing: gap 7")
    assert lost("gap 7", Freshness.LOST) == (Freshness.LOST, "book lost: gap 7")
    assert lost("") == (Freshness.WAITING, "waiting for the book")


@pytest.mark.parametrize("freshness", list(Freshness))
def test_only_a_trusted_book_is_drawn(pane: LadderPane, freshness: Freshness) -> None:
    markets = tuple(replace(market, book=freshness) for market in MARKETS)
    pane.refresh(ladder_view(markets=markets))
    image = pane.canvas.grab().toImage()
    cell = columns_of(pane.canvas.width())["ask"]
    colors = {
        image.pixelColor(int(cell.x) + 2, y).name() for y in range(20, pane.canvas.height() // 2 - 20) if y % 16 == 8
    }
    drawn = freshness in (Freshness.LIVE, Freshness.STALE)
    assert (colors == {theme().color("window").name()}) is not drawn


def test_the_same_view_paints_the_same_and_any_size_is_survived(pane: LadderPane) -> None:
    first = pane.canvas.grab().toImage()
    pane.refresh(ladder_view())
    assert pane.canvas.grab().toImage() == first
    for width, height in ((1, 1), (260, 120), (1200, 1400)):
        pane.resize(width, height)
        pane.grab()
    pane.clear()
    pane.grab()


def test_a_view_without_book_rows_or_price_is_drawn(pane: LadderPane) -> None:
    empty = replace(
        ladder_view(),
        rows=np.array([], dtype=np.int64),
        **{
            name: np.array([])
            for name in ("bid", "ask", "sold", "bought", "profile", "bid_change", "ask_change", "imbalance_history")
        },
        venue_bid=np.zeros((3, 0)),
        venue_ask=np.zeros((3, 0)),
        best_bid=None,
        best_ask=None,
        weighted_mid=None,
        imbalance=None,
        last_price=None,
        imbalances=(),
        markets=(),
    )
    pane.refresh(empty)
    pane.grab()
    pane.refresh(replace(empty, last_price=5.0))
    pane.grab()


def test_a_chip_explains_a_book_that_ends_inside_the_band(pane: LadderPane) -> None:
    view = pane.summary.view
    assert view is not None
    found = [pane.summary.chip_at(QPointF(x, y)) for y in (25.0, 43.0) for x in range(10, 400, 40)]
    assert {chip.market.id for chip in found if chip} == {chip.market.id for chip in view.imbalances}
    assert pane.summary.chip_at(QPointF(10, 5)) is None


def test_imbalance_has_a_sign_and_no_data_is_a_dash() -> None:
    assert [imbalance_text(value) for value in (0.184, -0.184, None, float("nan"))] == ["+0.18", "−0.18", "–", "–"]


def test_a_crossed_book_is_called_crossed() -> None:
    assert spread_text(-9.0, 0.1) == ("crossed", "9.0")
    assert spread_text(0.1, 0.1) == ("spread", "0.1")
    assert spread_text(0.02, 0.1) == ("spread", "0.02")
