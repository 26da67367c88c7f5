"""Open interest through time: live rows, rows of the past, and the change between two moments."""

from __future__ import annotations

from copy import deepcopy

import pytest

from feeds.model.events import (
    HistoryEnded,
    LongShortRatio,
    OpenInterest,
    OpenInterestHistory,
    TakerFlow,
    TradesFilled,
    TradesLive,
)
from tests.workstation.analytics.market_events import BINANCE, MINUTE, SECOND, START, mark, trade
from workstation.analytics.engine import Engine
from workstation.analytics.state.open_interest import (
    HOUR_NS,
    RETAINED_ROWS,
    Change,
    OpenInterestRow,
    OpenInterestSeries,
)

NOW = START + 30 * HOUR_NS


def series(*rows: tuple[int, float]) -> OpenInterestSeries:
    made = OpenInterestSeries()
    for minute, size in rows:
        made.add(OpenInterestRow(START + minute * MINUTE, size))
    return made


def test_the_last_row_of_each_minute_is_stored() -> None:
    made = OpenInterestSeries()
    for second in range(130):
        made.add(OpenInterestRow(START + second * SECOND, float(second)))
    assert len(made) == 3
    assert made.at(START + MINUTE) == OpenInterestRow(START + 59 * SECOND, 59.0)
    assert made.last == OpenInterestRow(START + 129 * SECOND, 129.0)


def test_past_rows_are_sorted_and_do_not_replace_live_ones() -> None:
    made = series((60, 100.0))
    made.fill([(START + minute * MINUTE, float(minute)) for minute in (50, 0, 55, 60, 5)])
    assert [made.at(START + minute * MINUTE) for minute in (0, 5, 50, 55)] == [
        OpenInterestRow(START + minute * MINUTE, float(minute)) for minute in (0, 5, 50, 55)
    ]
    made.add(OpenInterestRow(START + 54 * MINUTE + SECOND, 7.0))
    assert made.at(START + 55 * MINUTE - 1) == OpenInterestRow(START + 54 * MINUTE + SECOND, 7.0)
    assert made.last is not None
    assert made.last.ts_ns == START + 60 * MINUTE


@pytest.mark.parametrize(("hours", "expected"), [(1, Change(10.0, 0.1)), (4, Change(30.0, 0.375)), (24, None)])
def test_changes_over_a_span(hours: int, expected: Change | None) -> None:
    made = series((0, 60.0), (60, 80.0), (180, 90.0), (239, 100.0), (240, 100.0), (300, 110.0))
    change = made.change(START + 300 * MINUTE, hours * HOUR_NS)
    assert change == (expected if expected is None else pytest.approx(expected))


def test_a_gap_gives_no_change() -> None:
    made = series((0, 60.0), (60, 80.0))
    assert made.change(START + 71 * MINUTE, HOUR_NS) is None, "the newest is old"
    assert made.change(START + 60 * MINUTE, 30 * MINUTE) == Change(10.0, pytest.approx(1 / 7)), "linear between rows"
    assert series((0, 60.0), (61, 80.0)).change(START + 61 * MINUTE, 30 * MINUTE) is None, "more than an hour apart"
    assert series((0, 0.0), (60, 5.0)).change(START + HOUR_NS, HOUR_NS) == Change(5.0, None)
    assert OpenInterestSeries().change(START, HOUR_NS) is None


def test_rows_are_bounded() -> None:
    made = series(*((minute, 1.0) for minute in range(10, RETAINED_ROWS + 20)))
    assert len(made) == RETAINED_ROWS
    made.add(OpenInterestRow(START, 5.0))
    assert len(made) == RETAINED_ROWS


def test_the_engine_stores_live_and_past_rows_and_the_newest_counts() -> None:
    engine = Engine()
    engine.apply(OpenInterest(BINANCE, NOW, NOW, 120.0, 12_000.0))
    engine.apply(OpenInterestHistory(BINANCE, NOW, tuple((NOW - n * 5 * MINUTE, 120.0 - n) for n in range(289))))
    engine.apply(OpenInterest(BINANCE, NOW - HOUR_NS, NOW, 1.0))
    market = engine.market(BINANCE.id)
    assert market is not None
    assert market.open_interest == 120.0
    assert market.open_interest_series.change(NOW, 24 * HOUR_NS) == Change(288.0, pytest.approx(288 / -168))
    copy = deepcopy(engine)
    engine.survey(OpenInterest(BINANCE, NOW + MINUTE, NOW + MINUTE, 130.0))
    before = copy.market(BINANCE.id)
    assert before is not None
    assert (
        market.open_interest,
        before.open_interest,
        len(market.open_interest_series) - len(before.open_interest_series),
    ) == (
        130.0,
        120.0,
        1,
    )


def test_ratios_are_stored() -> None:
    engine = Engine()
    ratio = LongShortRatio(BINANCE, NOW, NOW, 1.5, 0.6)
    flow = TakerFlow(BINANCE, NOW, NOW, 5 * MINUTE, 100.0, 60.0)
    engine.apply(ratio)
    engine.survey(flow)
    market = engine.market(BINANCE.id)
    assert market is not None
    assert (market.long_short, market.taker_flow) == (ratio, flow)


def test_backfill_progress_grows_with_filled_trades_and_completes_when_history_ends() -> None:
    engine = Engine()
    engine.apply(mark(BINANCE, NOW))
    market = engine.market(BINANCE.id)
    assert market is not None
    assert market.backfill(600.0) is None
    engine.apply(TradesLive(BINANCE, NOW))
    engine.apply(trade(BINANCE, NOW, 1_000))
    for done_s in (0.0, 120.0, 480.0):
        engine.apply(TradesFilled(BINANCE, NOW, NOW - int(done_s) * SECOND, NOW, ()))
        status = market.backfill(600.0)
        assert status is not None
        assert (status.instrument, status.done_s, status.wanted_s) == (BINANCE.id, done_s, 600.0)
    engine.apply(HistoryEnded(BINANCE, NOW))
    status = market.backfill(600.0)
    assert status is not None
    assert status.done_s == 600.0
