"""When a venue restarts its trade numbering, trades pass and a loss is reported; a repeated trade is still dropped."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from decimal import Decimal

import pytest

from feeds.model.events import Event, Side, Trade, TradesLive, TradesLost
from feeds.model.instrument import Instrument, MarketKind, Venue
from feeds.model.protocol import LastTrade
from feeds.pipeline.backfill import RENUMBERED, is_renumbered
from feeds.pipeline.deduplication import Deduplicator
from feeds.pipeline.units import Units
from feeds.venues.binance.trades import BinanceTrades
from feeds.venues.binance.wire import AggTradeData
from feeds.venues.deribit import trades as deribit_trades
from feeds.venues.deribit.wire import TradeData
from feeds.venues.okx import trades as okx_trades
from feeds.venues.okx.wire import TradeRow

MS = 1_000_000
T0 = 1_790_000_000_000
Told = Callable[[int, int], Sequence[Event]]  # id, ms -> events; nothing for a trade seen before


def market(venue: Venue) -> Instrument:
    return Instrument(
        venue=venue, kind=MarketKind.LINEAR, symbol="BTC", base="BTC", quote="USD", tick_size=Decimal("0.1")
    )


def binance() -> Told:
    trades = BinanceTrades(Units(market(Venue("binance"))), history_s=0)
    return lambda number, ms: trades.aggregated(AggTradeData("BTC", "100.0", 1.0, ms, True, number), ms * MS)


def okx() -> Told:
    units = Units(market(Venue("okx")))
    trades = okx_trades.trade_chain(units, 0)

    def tell(number: int, ms: int) -> Sequence[Event]:
        row = TradeRow(instId="BTC", tradeId=number, px="100.0", sz=1.0, side="buy", ts=ms, count=1)
        before = trades.follow(number, number, ms * MS, ms * MS)
        return [] if before is None else [*before, okx_trades.trade(units, row, ms * MS)]

    return tell


def deribit() -> Told:
    units = Units(market(Venue("deribit")))
    trades = deribit_trades.trade_chain(units, 0)

    def tell(number: int, ms: int) -> Sequence[Event]:
        row = TradeData("BTC", number, str(number), ms, 100.0, 1.0, "buy")
        before = trades.follow(number, number, ms * MS, ms * MS)
        return [] if before is None else [*before, deribit_trades.trade(units, row, ms * MS)]

    return tell


@pytest.mark.parametrize("made", [binance, okx, deribit])
def test_a_connection_continues_with_the_new_numbers(made: Callable[[], Told]) -> None:
    tell, once = made(), Deduplicator()

    def passed(number: int, ms: int) -> list[Event]:
        return list(once.filter("a", tell(number, ms)))

    assert [type(event) for event in passed(5_000, T0)] == [TradesLive, Trade]
    assert passed(5_000, T0) == []
    assert passed(4_999, T0 + 900) == []  # late and repeated
    lost, live, first = passed(1, T0 + 60_000)
    assert isinstance(lost, TradesLost)
    assert (lost.reason, lost.missing) == (RENUMBERED, None)
    assert isinstance(live, TradesLive)
    assert isinstance(first, Trade)
    assert first.trade_id == 1
    assert [type(event) for event in passed(2, T0 + 60_001)] == [Trade]
    assert passed(1, T0 + 60_000) == []


def trade(number: int, ms: int) -> Trade:
    return Trade(market(Venue("okx")), ms * MS, ms * MS, 1000, 100.0, 1.0, 100.0, Side.BUY, number)


def test_two_connections_with_new_numbers_pass_each_trade_once() -> None:
    once = Deduplicator()
    told = [(7, 0), (8, 10), (1, 5_000), (2, 5_010), (3, 5_500)]
    passed = [event for number, ms in told for name in "ab" if (event := once.admit(name, trade(number, T0 + ms)))]
    assert [event.trade_id for event in passed if isinstance(event, Trade)] == [7, 8, 1, 2, 3]
    assert once.duplicates == 5


def test_a_trade_without_a_number_does_not_restart_the_numbering() -> None:
    assert not is_renumbered(3, 99 * MS, LastTrade("text", 0))
