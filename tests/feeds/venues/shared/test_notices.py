"""What venues announce of markets and connections, and trades that could not be read before any was."""

from __future__ import annotations

import pytest

from feeds.model.errors import ProtocolError
from feeds.model.events import Event, MarketStatus, Trade, TradesLive, TradesLost
from feeds.model.instrument import InstrumentId
from feeds.model.protocol import Reconnect, Relist, Replace
from feeds.pipeline.backfill import UNREAD
from tests.feeds.venues.binance import wire as binance_wire
from tests.feeds.venues.deribit import test_protocol as test_deribit
from tests.feeds.venues.hyperliquid import test_protocol as test_hyperliquid
from tests.feeds.venues.okx.wire import BTC as OKX_BTC
from tests.feeds.venues.okx.wire import Wire, trade, trades
from workstation.analytics.engine import Engine
from workstation.readmodels.markets import Freshness

BINANCE_BTC = binance_wire.BTC
T = 1_790_757_114_000


def agg(number: int, price: str) -> dict[str, object]:
    return {"e": "aggTrade", "E": T, "s": "BTCUSDT", "a": number, "p": price, "q": "1", "T": T + number, "m": True}


def shape(events: list[Event]) -> list[tuple[type, str]]:
    return [(type(event), getattr(event, "reason", "")) for event in events]


@pytest.mark.parametrize("status", ["TRADING", "SETTLING"])
def test_binance_tells_of_a_changed_contract(status: str) -> None:
    protocol = binance_wire.opened(BINANCE_BTC)
    data = {"e": "contractInfo", "E": T, "s": "BTCUSDT", "ct": "PERPETUAL", "dt": T, "ot": T, "cs": status, "st": 1}
    (told,) = protocol.receive(binance_wire.combined("!contractInfo", data))
    assert isinstance(told, MarketStatus)
    assert (told.instrument, told.is_trading, told.state) == (BINANCE_BTC, status == "TRADING", status)
    assert [type(request) for request in protocol.requests] == [Relist]
    assert list(protocol.receive(binance_wire.combined("!contractInfo", data | {"s": "OTHERUSDT"}))) == []


@pytest.mark.parametrize("wrap", [True, False])
def test_binance_spot_announces_the_end_of_a_connection(wrap: bool) -> None:
    protocol = binance_wire.opened(BINANCE_BTC)
    notice = {"e": "serverShutdown", "E": T}
    frame = binance_wire.combined("!serverShutdown", notice) if wrap else binance_wire.text(notice)
    assert list(protocol.receive(frame)) == []
    assert [type(request) for request in protocol.requests] == [Replace]


def test_deribit_tells_the_state_of_a_book_once() -> None:
    line = test_deribit.Line(test_deribit.BTC)
    row = {"instrument_name": "BTC-PERPETUAL", "timestamp": T, "mark_price": 1.0, "index_price": 1.0}
    states = ["open", "halted", "halted", "open"]
    told = [
        event
        for state in states
        for event in line.say(
            test_deribit.push("ticker.BTC-PERPETUAL.100ms", row | {"open_interest": 10.0, "state": state})
        )
        if isinstance(event, MarketStatus)
    ]
    assert [(event.is_trading, event.state) for event in told] == [(False, "halted"), (True, "open")]


def test_after_too_many_requests_deribit_is_left_for_a_while() -> None:
    line = test_deribit.Line(test_deribit.BTC)
    line.take()
    with pytest.raises(ProtocolError):
        line.say({"jsonrpc": "2.0", "id": 100, "error": {"code": 10_028, "message": "too_many_requests"}})
    assert line.take() == [Reconnect("we asked too often", 5.0)]


def test_a_halted_market_is_stale_at_once_and_says_why() -> None:
    engine, key = Engine(), InstrumentId(OKX_BTC.id)
    wire = Wire(OKX_BTC)
    wire.open()
    for event in [*wire.text(trades(OKX_BTC.symbol, trade(1)))]:
        engine.apply(event)
    market = engine.market(key)
    assert market is not None
    engine.apply(MarketStatus(OKX_BTC, wire.now_ns, False, "suspend"))
    state = market.state(wire.now_ns)
    assert (state.trades, state.reason) == (Freshness.STALE, "halted by the venue (suspend)")
    engine.apply(MarketStatus(OKX_BTC, wire.now_ns, True, "live"))
    assert market.state(wire.now_ns).trades is Freshness.LIVE
    assert market.state(wire.now_ns).reason == ""


def test_what_cannot_be_read_before_the_first_trade_is_marked_with_it() -> None:
    """The chain of ids cannot tell: it begins with the first trade that can be read."""
    protocol = binance_wire.opened(BINANCE_BTC)
    with pytest.raises(ProtocolError):
        protocol.receive(binance_wire.combined("btcusdt@aggTrade", agg(7, "100.05")))
    told = list(protocol.receive(binance_wire.combined("btcusdt@aggTrade", agg(8, "100.10"))))
    assert shape(told[-3:]) == [(TradesLost, UNREAD), (TradesLive, ""), (Trade, "")]
    assert shape(list(protocol.receive(binance_wire.combined("btcusdt@aggTrade", agg(9, "100.10"))))) == [(Trade, "")]

    wire = Wire(OKX_BTC)
    wire.open()
    wire.text({"event": "subscribe", "arg": {"channel": "trades", "instId": OKX_BTC.symbol}, "connId": "x"})
    with pytest.raises(ProtocolError):
        wire.text(trades(OKX_BTC.symbol, trade(7, px="100.05")))
    assert shape(wire.text(trades(OKX_BTC.symbol, trade(8)))) == [(TradesLost, UNREAD), (TradesLive, ""), (Trade, "")]
    assert shape(wire.text(trades(OKX_BTC.symbol, trade(9)))) == [(Trade, "")]

    line = test_deribit.Line(test_deribit.BTC)
    line.say({"jsonrpc": "2.0", "id": 100, "result": ["trades.BTC-PERPETUAL.100ms", "book.BTC-PERPETUAL.100ms"]})
    with pytest.raises(ProtocolError):
        line.say(test_deribit.push("trades.BTC-PERPETUAL.100ms", [test_deribit.trade(7, price=100.3)]))
    told = line.say(test_deribit.push("trades.BTC-PERPETUAL.100ms", [test_deribit.trade(8)]))
    assert shape(told) == [(TradesLost, UNREAD), (TradesLive, ""), (Trade, "")]
    assert shape(line.say(test_deribit.push("trades.BTC-PERPETUAL.100ms", [test_deribit.trade(9)]))) == [(Trade, "")]


def test_after_the_first_trade_the_numbers_tell_what_could_not_be_read() -> None:
    protocol = binance_wire.opened(BINANCE_BTC)
    protocol.receive(binance_wire.combined("btcusdt@aggTrade", agg(6, "100.10")))
    with pytest.raises(ProtocolError):
        protocol.receive(binance_wire.combined("btcusdt@aggTrade", agg(7, "100.05")))
    lost, live, last = protocol.receive(binance_wire.combined("btcusdt@aggTrade", agg(8, "100.10")))
    assert isinstance(lost, TradesLost)
    assert lost.missing == 1
    assert isinstance(live, TradesLive)
    assert isinstance(last, Trade)


def test_hyperliquid_numbers_nothing_so_each_unreadable_message_of_trades_is_marked() -> None:
    line = test_hyperliquid.Line(test_hyperliquid.BTC)
    now_ms = test_hyperliquid.OPEN_NS // 1_000_000
    line.say(test_hyperliquid.trades(("B", "100.0", "1", now_ms + 1, 1)))
    with pytest.raises(ProtocolError):
        line.say(test_hyperliquid.trades(("B", "100.0", "-1", now_ms + 2, 2)))
    with pytest.raises(ProtocolError):
        line.say(b'{"chan')
    told = line.say(test_hyperliquid.trades(("A", "100.0", "1", now_ms + 3, 3)))
    assert shape(told) == [(TradesLost, UNREAD), (TradesLive, ""), (Trade, "")]
    assert shape(line.say(test_hyperliquid.trades(("A", "100.0", "1", now_ms + 4, 4)))) == [(Trade, "")]
