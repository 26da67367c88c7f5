"""Trades missing from an answer remain a gap; trades lost before a connection's first one are marked with it."""

from __future__ import annotations

from decimal import Decimal

from hypothesis import given
from hypothesis import strategies as st

from feeds.model.events import Side, Trade, TradesFilled
from feeds.model.instrument import Instrument, MarketKind, Venue
from feeds.model.protocol import LastTrade
from feeds.pipeline.backfill import TradeBackfill
from feeds.pipeline.units import Units
from feeds.venues.okx.trades import trade_chain

BTC = Instrument(
    venue=Venue("okx"), kind=MarketKind.LINEAR, symbol="BTC", base="BTC", quote="USDT", tick_size=Decimal("0.1")
)
SECOND = 1_000_000_000


def trade(number: int) -> Trade:
    """Trade n is made in second n."""
    return Trade(BTC, number * SECOND, 0, 10, 1.0, 1.0, 1.0, Side.BUY, number)


@given(st.sets(st.integers(11, 49)), st.integers(1, 12), st.data())
def test_every_trade_of_a_span_published_as_filled_is_present(
    blocks: set[int], page_size: int, data: st.DataObject
) -> None:
    """Some ids are no trades, and answers may end too early or begin too late: what is told as whole is whole."""
    backfill = TradeBackfill(BTC, page_size, 0)
    backfill.begin(50, 50 * SECOND, LastTrade(10, 10 * SECOND))
    have = [number for number in range(11, 50) if number not in blocks]
    spans: list[TradesFilled] = []
    for _ in range(400):
        page = backfill.next_page()
        if page is None:
            break
        inside = list(range(page.first, page.end))
        start = data.draw(st.integers(0, len(inside)))
        shown = inside[start : data.draw(st.integers(start, len(inside)))]
        trades = [trade(number) for number in shown if number in have]
        events = backfill.answer(trades, 0, blocks.intersection(shown))
        spans += [event for event in events if isinstance(event, TradesFilled)]
    told = [one.trade_id for span in spans for one in span.trades]
    assert len(told) == len(set(told))
    for span in spans:
        assert {number for number in have if span.since_ns < number * SECOND < span.until_ns} <= set(told)


def test_a_full_answer_fills_the_gap_to_both_ends() -> None:
    backfill = TradeBackfill(BTC, 100, 0)
    assert backfill.begin(50, 50 * SECOND, LastTrade(10, 10 * SECOND)) == 39
    assert backfill.next_page() is not None
    (span,) = backfill.answer([trade(number) for number in range(11, 50)], 0)
    assert isinstance(span, TradesFilled)
    assert (span.since_ns, span.until_ns) == (10 * SECOND, 50 * SECOND)


def test_an_answer_that_ends_early_leaves_a_gap_and_one_that_begins_late_is_requested_again() -> None:
    backfill = TradeBackfill(BTC, 100, 0)
    backfill.begin(50, 50 * SECOND, LastTrade(10, 10 * SECOND))
    assert backfill.next_page() is not None
    (late,) = backfill.answer([trade(number) for number in range(30, 45)], 0)
    assert isinstance(late, TradesFilled)
    assert (late.since_ns, late.until_ns) == (30 * SECOND, 44 * SECOND)
    page = backfill.next_page()
    assert page is not None
    assert (page.first, page.end) == (11, 30)
    (span,) = backfill.answer([trade(number) for number in range(11, 30)], 0)
    assert isinstance(span, TradesFilled)
    assert (span.since_ns, span.until_ns) == (10 * SECOND, 30 * SECOND)
    assert [one.trade_id for one in span.trades] == list(range(11, 30))


def test_the_first_trade_of_a_connection_marks_what_may_have_been_lost_before_it() -> None:
    trades = trade_chain(Units(BTC), 0)
    trades.resume({BTC.id: LastTrade(10, 10 * SECOND)})
    trades.go_live(20 * SECOND)
    lost, live = trades.follow(15, 14, 25 * SECOND, 26 * SECOND) or ()
    assert (type(lost).__name__, type(live).__name__) == ("TradesLost", "TradesLive")
    assert getattr(lost, "missing", None) == 3

    whole = trade_chain(Units(BTC), 0)
    whole.resume({BTC.id: LastTrade(13, 10 * SECOND)})
    whole.go_live(20 * SECOND)
    assert whole.follow(15, 14, 25 * SECOND, 26 * SECOND) == []
