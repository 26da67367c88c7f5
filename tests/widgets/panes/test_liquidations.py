"""The liquidations pane: tiers, texts, filters, the pause, and every state of its parts."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from PySide6.QtCore import QPoint, Qt
from pytestqt.qtbot import QtBot

from feeds.model.instrument import MarketKind, Venue
from feeds.venues.registry import VENUES, liquidation_coverage
from tests.widgets.market_views import NOW, PERPS
from tests.widgets.messages import changes_request
from widgets.panes.liquidations.pane import LiquidationsPane
from widgets.panes.liquidations.rows import cascade_text, coverage_text, known_text, leaning, newer_than, tier
from workstation.readmodels.markets import MarketFilter
from workstation.readmodels.positions.liquidations import (
    SPANS_NS,
    Cascade,
    CascadeState,
    LiquidationMarket,
    LiquidationSource,
    LiquidationsRequest,
    LiquidationsView,
    LiquidationTotal,
    Position,
)

SECOND = 1_000_000_000
MINUTE = 60 * SECOND
LISTED = tuple(LiquidationMarket("BTC", one.venue, one.kind, one.symbol, one.tick_size) for one in PERPS[:5])
CALM = Cascade(CascadeState.CALM, 120_000.0, 80_000.0, 311, 0.75)


def source(venue: Venue, since_ns: int | None = NOW, told: bool = True) -> LiquidationSource:
    return LiquidationSource(venue, liquidation_coverage(venue, MarketKind.LINEAR), since_ns, told)


SOURCES = tuple(source(venue) for venue in VENUES)


def liquidations_view(
    request: LiquidationsRequest | None = None, count: int = 120, seed: int = 5, now_ns: int = NOW
) -> LiquidationsView:
    """`count` liquidations of every tier, both sides and five markets, one of them published an hour late."""
    rng = np.random.default_rng(seed)
    ages = np.arange(count) * SECOND
    notional = np.resize([7_000.0, 61_000.0, 130_000.0, 450_000.0, 2_400_000.0], count) * rng.uniform(0.9, 1.1, count)
    price = np.round(rng.normal(61_660, 30, count), 1)
    late = np.where(np.arange(count) == 3, 3_600 * SECOND, 0)
    known = np.arange(60) >= 20
    return LiquidationsView(
        request or LiquidationsRequest("BTC"),
        1,
        now_ns - ages - late,
        now_ns - ages,
        price,
        notional / price,
        notional,
        np.resize([1, 1, -1], count),
        np.resize(np.arange(5), count),
        LISTED,
        tuple(LiquidationTotal(span, 1.2e6, 3e5, 12, 4, min(span, 40 * MINUTE)) for span in SPANS_NS),
        now_ns - now_ns % MINUTE - np.arange(60)[::-1] * MINUTE,
        np.where(known, rng.lognormal(11, 1, 60), np.nan),
        np.where(known, rng.lognormal(10, 1, 60), np.nan),
        CALM,
        SOURCES,
        PERPS,
        False,
        now_ns,
    )


@pytest.fixture
def pane(qtbot: QtBot) -> LiquidationsPane:
    pane = LiquidationsPane("BTC")
    qtbot.addWidget(pane)
    pane.resize(380, 520)
    pane.show()
    pane.refresh(liquidations_view())
    return pane


def test_tiers_begin_at_their_limit() -> None:
    assert [tier(usd) for usd in (49_999, 50_000, 100_000, 200_000, 1_000_000)] == [0, 1, 2, 3, 4]


def test_sums_show_how_much_of_their_span_is_known() -> None:
    hour = LiquidationTotal(SPANS_NS[2], 1.0, 1.0, 1, 1, 0)
    known = {0: "unknown", 40 * SECOND: "40 s known", 12 * MINUTE: "12 min known", 60 * MINUTE: ""}
    assert {ns: known_text(replace(hour, known_ns=ns)) for ns in known} == known
    assert known_text(LiquidationTotal(SPANS_NS[3], 0.0, 0.0, 0, 0, 200 * MINUTE)) == "3.3 h known"


def test_a_badge_shows_what_the_venue_publishes() -> None:
    texts = {venue: coverage_text(source(venue)) for venue in VENUES}
    assert texts == {
        Venue("binance"): "sampled",
        Venue("bybit"): "all",
        Venue("okx"): "sampled",
        Venue("hyperliquid"): "no feed",
        Venue("deribit"): "1 h late",
    }
    assert coverage_text(source(Venue("bybit"), since_ns=None)) == "offline"
    assert coverage_text(source(Venue("bybit"), told=False)) == "none yet"


def test_the_cascade_shows_its_numbers() -> None:
    assert cascade_text(CALM) == "120k USD in 1 m = 1.5x the 24 h median 80.0k (311 active min)"
    assert (leaning(CALM), leaning(replace(CALM, long_share=0.1))) == ("longs 75%", "shorts 90%")
    unknown = replace(CALM, median_usd=None, minutes=3, long_share=None)
    assert "too few" in cascade_text(unknown)
    assert leaning(unknown) == ""


def test_filters_are_requested(pane: LiquidationsPane, qtbot: QtBot) -> None:
    with changes_request(pane):
        pane.minimum.setCurrentIndex(3)
    pane.side.setCurrentIndex(1)
    assert pane.request() == LiquidationsRequest("BTC", MarketFilter(), Position.LONG, 50_000.0)
    assert pane.canvas.view is None
    pane.refresh(liquidations_view())
    assert pane.canvas.view is None, "an answer to the old filter is not shown"
    pane.everything.click()
    request = pane.request()
    assert request is not None
    assert request.base == ""
    pane.set_base("ETH")
    assert pane.request() == request, "a request for all coins has no base"
    pane.everything.click()
    assert pane.request() == LiquidationsRequest("ETH", MarketFilter(), Position.LONG, 50_000.0)


def test_a_click_on_a_badge_leaves_the_venue_out_but_never_the_last(pane: LiquidationsPane, qtbot: QtBot) -> None:
    pitch = pane.venues.width() / len(SOURCES)
    for at in range(len(SOURCES)):
        qtbot.mouseClick(pane.venues, Qt.MouseButton.LeftButton, pos=QPoint(round(pitch * (at + 0.5)), 8))
    request = pane.request()
    assert request is not None
    assert request.markets.venues == {SOURCES[-1].venue}
    assert pane.state()["left_out"] == sorted(one.venue for one in SOURCES[:-1])


def test_the_filters_are_restored(pane: LiquidationsPane, qtbot: QtBot) -> None:
    pane.minimum.setCurrentIndex(4)
    pane.side.setCurrentIndex(2)
    pane.venues.toggled.emit(Venue("okx"))
    other = LiquidationsPane("BTC")
    qtbot.addWidget(other)
    other.restore(pane.state())
    assert other.request() == pane.request()
    other.restore({"minimum": "x", "side": 99, "left_out": 3, "whole_market": "yes"})
    assert other.request() is not None


def test_scrolling_pauses_counts_and_resumes(pane: LiquidationsPane, qtbot: QtBot) -> None:
    held = pane.canvas.view
    pane.canvas.scroll_rows(3)
    pane.refresh(liquidations_view(now_ns=NOW + 7 * SECOND))
    assert pane.canvas.held is held
    assert pane.canvas.banner() == "paused, 7 new - click to resume"
    pane.grab()
    qtbot.keyClick(pane, Qt.Key.Key_Escape)
    assert pane.canvas.held is None
    assert newer_than(liquidations_view(now_ns=NOW + 900 * SECOND), liquidations_view()) == (120, False)


def test_longs_and_shorts_differ_and_neither_has_the_colour_of_a_buy_or_sell(pane: LiquidationsPane) -> None:
    one = liquidations_view(count=1)
    pane.refresh(replace(one, notional=np.array([2e6])))
    long = pane.canvas.grab().toImage()
    pane.refresh(replace(one, notional=np.array([2e6]), position=np.array([-1])))
    short = pane.canvas.grab().toImage()
    assert long != short
    middle = QPoint(200, pane.canvas.row_px * 2 - 3)
    assert long.pixelColor(middle).blue() > long.pixelColor(middle).green(), "purple"
    assert short.pixelColor(middle).red() > short.pixelColor(middle).blue(), "orange"


def test_every_state_is_drawn(pane: LiquidationsPane) -> None:
    nothing = liquidations_view(count=0)
    nan = np.full(60, np.nan)
    states = (
        nothing,
        replace(nothing, sources=(source(Venue("hyperliquid")),), minute_long_usd=nan, minute_short_usd=nan),
        replace(nothing, sources=tuple(source(venue, None, False) for venue in VENUES)),
        replace(liquidations_view(), cascade=replace(CALM, state=CascadeState.CASCADE, rate_usd=9e12)),
        replace(
            liquidations_view(), price=np.full(120, 1.234e-8), size=np.full(120, 9.9e15), notional=np.full(120, 1e12)
        ),
    )
    for view in states:
        for width, height in ((1, 1), (260, 160), (380, 520), (1_000, 1_200)):
            pane.resize(width, height)
            pane.refresh(view)
            assert not pane.grab().isNull()


def test_the_list_can_be_copied_as_a_table(pane: LiquidationsPane) -> None:
    table = pane.as_table()
    assert table is not None
    assert table.header[5] == "position"
    assert len(table.rows) == 120
    assert table.rows[2][5] == "short"
    assert table.rows[0][2] == "binance"
    assert len(pane.shown_markets()) == len(PERPS)
    pane.clear()
    assert pane.as_table() is None


def test_a_minutes_tooltip_has_its_sums(pane: LiquidationsPane) -> None:
    assert pane.bars.text_at(1).endswith("no data received")
    assert "longs" in pane.bars.text_at(pane.bars.width() - 1)
