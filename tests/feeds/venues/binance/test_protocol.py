"""Binance's messages one by one: trades, quotes, marks, forced orders, forms of the wire, and what emits nothing."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from feeds.model.errors import ProtocolError
from feeds.model.events import (
    Connected,
    Disconnected,
    Event,
    Funding,
    IndexPrice,
    Liquidation,
    MarkPrice,
    Quote,
    Side,
    Trade,
    TradesLive,
    TradesLost,
)
from feeds.model.frame import Frame, FrameKind, open_frame
from feeds.model.instrument import Instrument, MarketKind
from feeds.pipeline.feed import Feed
from feeds.venues.binance.protocol import BinanceProtocol, channel_of_stream
from feeds.venues.registry import protocol_for
from tests.feeds.venues.binance.wire import (
    BTC,
    BTC_COIN,
    BTC_SPOT,
    NOW_NS,
    PEPE,
    close,
    combined,
    market,
    opened,
    spec,
    text,
)

MS = 1_000_000
T = 1_785_072_908_340
COTI = market("COTIUSDT", MarketKind.LINEAR, "0.0000001")


def agg(a: int | None, symbol: str = "BTCUSDT", **fields: Any) -> Frame:
    data = {"e": "aggTrade", "E": T + 3, "s": symbol, "p": "83725.90", "q": "0.120", "f": 1, "l": 5, "T": T, "m": True}
    data |= {} if a is None else {"a": a}
    return combined(f"{symbol.lower()}@aggTrade", data | fields)


def raw(t: int, symbol: str = "BTCUSDT", **fields: Any) -> Frame:
    data = {"e": "trade", "E": T, "T": T, "s": symbol, "t": t, "p": "83725.90", "q": "0.120", "X": "MARKET", "m": False}
    return combined(f"{symbol.lower()}@trade", data | fields)


def trades(events: Any) -> list[int | str]:
    return [event.trade_id for event in events if isinstance(event, Trade)]


def all_of(protocol: BinanceProtocol, *frames: Frame) -> list[Event]:
    return [event for frame in frames for event in protocol.receive(frame)]


# worked by hand from the README: Trades, Liquidations


@pytest.mark.parametrize(
    ("instrument", "p", "q", "m", "side", "size", "notional"),
    [
        (BTC, "83725.90", "0.120", True, Side.SELL, 0.120, 10_047.108),
        (BTC_COIN, "9642.4", "3", False, Side.BUY, 300 / 9642.4, 300.0),
        (BTC_SPOT, "83725.91", "0.5", False, Side.BUY, 0.5, 41_862.955),
        (PEPE, "0.0044090", "2000", True, Side.SELL, 2_000_000.0, 8.818),
    ],
)
def test_sizes_become_base_coin_and_quote_notional(
    instrument: Instrument, p: str, q: str, m: bool, side: Side, size: float, notional: float
) -> None:
    (trade,) = opened(instrument).receive(agg(7, instrument.symbol, p=p, q=q, m=m))
    assert isinstance(trade, Trade)
    assert (trade.aggressor, trade.trade_id) == (side, 7)
    assert trade.size == pytest.approx(size, rel=1e-12)
    assert trade.notional == pytest.approx(notional, rel=1e-12)
    assert trade.price == pytest.approx(float(p) / instrument.multiplier, rel=1e-12)
    assert instrument.price_from_ticks(trade.price_ticks) == trade.price
    assert (trade.ts_venue_ns, trade.ts_recv_ns) == (T * MS, NOW_NS)


def test_inverse_size_to_the_documented_digits() -> None:
    (trade,) = opened(BTC_COIN).receive(agg(7, "BTCUSD_PERP", p="9642.4", q="3", m=False))
    assert isinstance(trade, Trade)
    assert f"{trade.size:.13f}".startswith("0.0311125860")


def forced(instrument: Instrument, **fields: Any) -> Frame:
    order = {"s": instrument.symbol, "S": "SELL", "o": "LIMIT", "f": "IOC", "q": "0.014", "p": "4793.90"}
    order |= {"ap": "4706.04", "X": "FILLED", "l": "0.014", "z": "0.014", "T": T}
    return combined("!forceOrder@arr", {"e": "forceOrder", "E": T + 5, "o": order | fields})


def liquidation(instrument: Instrument, **fields: Any) -> Liquidation:
    (event,) = opened(instrument).receive(forced(instrument, **fields))
    assert isinstance(event, Liquidation)
    return event


def test_forced_buy_liquidates_a_short_at_its_average_price() -> None:
    event = liquidation(COTI, S="BUY", q="288183", p="0.0220482", ap="0.0219120", z="288183", T=1_789_672_235_690)
    assert event.side is Side.BUY
    assert event.notional == pytest.approx(6_314.665896, rel=1e-12)
    assert (event.price, event.size, event.ts_venue_ns) == (0.021912, 288_183.0, 1_789_672_235_690 * MS)


def test_forced_sell_liquidates_a_long() -> None:
    assert liquidation(BTC, S="SELL").side is Side.SELL


@pytest.mark.parametrize("fields", [{"ap": "0"}, {"ap": "0.00", "z": "0"}, {"z": "0"}])
def test_an_unfilled_forced_order_counts_at_its_own_price_and_size(fields: dict[str, str]) -> None:
    event = liquidation(BTC, **fields)
    assert (event.price, event.size) == (4793.90, 0.014)


def test_a_coin_margined_forced_order_is_in_contracts() -> None:
    event = liquidation(BTC_COIN, q="3", z="3", ap="9352.7", p="9314.5")
    assert event.notional == 300.0
    assert event.size == pytest.approx(300 / 9352.7)


@pytest.mark.parametrize("fields", [{"S": ""}, {"S": "sell"}, {"ap": "nan"}, {"ap": "0", "p": "0"}, {"q": "-1"}])
def test_a_forced_order_without_side_price_or_size_is_refused(fields: dict[str, str]) -> None:
    with pytest.raises(ProtocolError):
        opened(BTC).receive(forced(BTC, **fields))


def test_coin_margined_rows_of_the_merged_stream_are_ignored() -> None:
    assert opened(BTC).receive(forced(BTC_COIN)) == ()


def test_liquidations_captured_live(data: Path) -> None:
    cases = json.loads((data / "oracles" / "liquidation-sides.json").read_bytes())["cases"]
    ours = [case for case in cases if case["venue"].startswith("binance")]
    assert ours
    for case in ours:
        (event,) = opened(COTI).receive(text(case["frame"]))
        assert isinstance(event, Liquidation)
        assert event.side is (Side.BUY if case["liquidated_position"] == "short" else Side.SELL)
        assert event.notional == pytest.approx(case["notional_usd"], rel=1e-12)
        assert event.ts_venue_ns == case["event_ms"] * MS


# trades


@pytest.mark.parametrize("mark", ["INSURANCE_FUND", "ADL", "NA", ""])
def test_off_book_fills_are_not_trades(mark: str) -> None:
    protocol = opened(BTC)
    assert all_of(protocol, raw(1), raw(2, X=mark, p="1.234567"), raw(3)) == all_of(opened(BTC), raw(1), raw(3))


@pytest.mark.parametrize("instrument", [BTC, BTC_COIN, BTC_SPOT])
def test_a_fill_on_both_trade_streams_counts_once(instrument: Instrument) -> None:
    symbol = instrument.symbol
    frames = [agg(1, symbol), raw(11, symbol), raw(12, symbol), agg(2, symbol), raw(13, symbol)]
    assert trades(all_of(opened(instrument), *frames)) == [1, 2]
    assert trades(all_of(opened(instrument), *frames[1:])) == [11, 12, 13]


def test_a_hole_in_aggregate_ids_is_announced_with_its_size() -> None:
    events = all_of(opened(BTC), agg(10), agg(14))
    lost = TradesLost(BTC, NOW_NS, "3 trades missing before id 14", 3)
    assert events[1:3] == [lost, TradesLive(BTC, NOW_NS)]
    assert trades(events) == [10, 14]


def test_a_hole_in_spot_ids_is_announced_and_in_futures_ids_is_not() -> None:
    spot = all_of(opened(BTC_SPOT), raw(10), raw(12))
    assert [event.missing for event in spot if isinstance(event, TradesLost)] == [1]
    futures = all_of(opened(BTC), raw(10), raw(12))
    assert [type(event) for event in futures] == [Trade, Trade]


@pytest.mark.parametrize("make", [agg, raw])
@pytest.mark.parametrize("instrument", [BTC, BTC_SPOT])
def test_trades_seen_before_are_dropped(make: Any, instrument: Instrument) -> None:
    feed = Feed(protocol_for)
    frames = [open_frame(spec(instrument), NOW_NS), *(make(number) for number in (10, 11, 11, 10, 12, 9))]
    events = [event for frame in frames for event in feed.receive(frame)]
    assert trades(events) == [10, 11, 12]
    assert not any(isinstance(event, TradesLost) for event in events)


def test_captures_without_aggregate_ids_still_count() -> None:
    assert len(trades(all_of(opened(BTC), agg(None), agg(None)))) == 2


BAD_TRADES = [
    {"p": "83725.95"},
    {"p": "nan"},
    {"p": "inf"},
    {"p": "-83725.90"},
    {"p": "0"},
    {"p": ""},
    {"p": "1e300"},
    {"q": "-0.1"},
    {"q": "NaN"},
    {"q": "Infinity"},
    {"q": "1e400"},
    {"q": None},
    {"T": -1},
    {"T": 10**16},
    {"m": "x"},
]


@pytest.mark.parametrize("make", [agg, raw])
@pytest.mark.parametrize("bad", BAD_TRADES, ids=str)
def test_an_impossible_trade_is_refused_and_counts_as_missing(make: Any, bad: dict[str, Any]) -> None:
    protocol = opened(BTC_SPOT)
    protocol.receive(make(1))
    with pytest.raises(ProtocolError):
        protocol.receive(make(2, **({"p": "83725.905"} if bad == BAD_TRADES[0] else bad)))
    events = protocol.receive(make(3))
    assert trades(events) == [3]
    assert [event.missing for event in events if isinstance(event, TradesLost)] == [1]


def test_an_impossible_first_trade_does_not_choose_the_stream() -> None:
    protocol = opened(BTC)
    with pytest.raises(ProtocolError):
        protocol.receive(raw(1, q="-1"))
    assert trades(all_of(protocol, agg(5), raw(2))) == [5]


@pytest.mark.parametrize(
    "frame",
    [
        agg(1, "DOGEUSDT"),
        raw(1, "DOGEUSDT"),
        combined("dogeusdt@bookTicker", {"u": 1, "s": "DOGEUSDT", "b": "1", "B": "1", "a": "2", "A": "1"}),
        combined("!markPrice@arr@1s", [{"e": "markPriceUpdate", "E": T, "s": "DOGEUSDT", "p": "1", "T": T}]),
        combined("dogeusdt@depth", {"e": "depthUpdate", "E": T, "s": "DOGEUSDT", "U": 1, "u": 2, "b": [], "a": []}),
    ],
    ids=["aggTrade", "trade", "quote", "mark", "depth"],
)
def test_symbols_that_are_not_ours_are_ignored(frame: Frame) -> None:
    protocol = opened(BTC)
    assert list(protocol.receive(frame)) == []
    assert protocol.requests == []


# life cycle


def test_open_promises_trades_of_the_markets_that_have_a_trade_stream() -> None:
    described = spec(BTC, PEPE, streams=("depth@100ms",))
    streams = (*described.streams, "btcusdt@aggTrade")
    protocol = BinanceProtocol(type(described)(**{**fields(described), "streams": streams}))
    events = protocol.receive(open_frame(described, NOW_NS))
    assert events == [Connected(described.venue, "socket", NOW_NS), TradesLive(BTC, NOW_NS)]


def fields(struct: Any) -> dict[str, Any]:
    return {name: getattr(struct, name) for name in struct.__struct_fields__}


def test_close_ends_trades_and_says_why() -> None:
    events = opened(BTC).receive(close(b"silent for 20 s"))
    assert [type(event) for event in events] == [Disconnected, TradesLost]
    assert all(event.reason == "silent for 20 s" for event in events if isinstance(event, Disconnected | TradesLost))


def test_trades_of_a_market_whose_stream_was_not_named_begin_with_the_first() -> None:
    described = spec(BTC, streams=())
    protocol = BinanceProtocol(described)
    protocol.receive(open_frame(described, NOW_NS))
    assert [type(event) for event in protocol.receive(agg(1))] == [TradesLive, Trade]


# quotes, marks, funding


def test_quotes_are_converted_like_book_sizes() -> None:
    data = {"e": "bookTicker", "u": 9, "s": "BTCUSD_PERP", "ps": "BTCUSD", "b": "9504.8", "B": "181", "a": "9504.9"}
    (quote,) = opened(BTC_COIN).receive(combined("btcusd_perp@bookTicker", data | {"A": "6", "T": T, "E": T}))
    assert isinstance(quote, Quote)
    assert (quote.bid_ticks, quote.ask_ticks, quote.update_id, quote.ts_venue_ns) == (95_048, 95_049, 9, T * MS)
    assert quote.bid_size == pytest.approx(18_100 / 9504.8)
    assert quote.ask_size == pytest.approx(600 / 9504.9)


def test_an_empty_side_is_a_quote_of_nothing() -> None:
    data = {"u": 9, "s": "BTCUSDT", "b": "0.00000000", "B": "0.00000000", "a": "9504.90", "A": "1"}
    (quote,) = opened(BTC_SPOT).receive(combined("btcusdt@bookTicker", data))
    assert isinstance(quote, Quote)
    assert (quote.bid_ticks, quote.bid_size, quote.ts_venue_ns) == (0, 0.0, NOW_NS)


def test_marks_of_a_multiplied_coin_are_per_coin() -> None:
    row = {"e": "markPriceUpdate", "E": T, "s": "1000PEPEUSDT", "p": "0.0044090", "i": "0.0044100", "r": "0.0001"}
    mark, index, funding = opened(PEPE).receive(combined("!markPrice@arr@1s", [row | {"T": T + 1}]))
    assert mark == MarkPrice(PEPE, T * MS, NOW_NS, 0.004409 / 1000)
    assert index == IndexPrice(PEPE, T * MS, NOW_NS, 0.00441 / 1000)
    assert funding == Funding(PEPE, T * MS, NOW_NS, 0.0001, (T + 1) * MS)


@pytest.mark.parametrize("fields", [{"r": "", "T": 0}, {"r": "0.00000000", "T": 0}, {}])
def test_dated_contracts_have_no_funding(fields: dict[str, Any]) -> None:
    row = {"e": "markPriceUpdate", "E": T, "s": "BTCUSDT", "p": "9501.15723333", "P": "9429.39675000"}
    (mark,) = opened(BTC).receive(combined("btcusdt@markPrice@1s", row | fields))
    assert mark == MarkPrice(BTC, T * MS, NOW_NS, 9501.15723333)


@pytest.mark.parametrize("fields", [{"p": "nan"}, {"p": "x"}, {"i": "inf"}, {"r": "nan"}])
def test_marks_that_are_no_numbers_are_refused(fields: dict[str, Any]) -> None:
    row = {"e": "markPriceUpdate", "E": T, "s": "BTCUSDT", "p": "1", "i": "1", "r": "0", "T": T}
    with pytest.raises(ProtocolError):
        opened(BTC).receive(combined("btcusdt@markPrice@1s", row | fields))


# forms of the wire


SILENT = [
    b'{"result":null,"id":1}',
    b'{"id":1000,"result":null}',
    b'{"result":["btcusdt@aggTrade"],"id":"x"}',
    b'{"stream":"btcusdt@kline_1m","data":{"e":"kline"}}',
    b'{"stream":"nonsense","data":{}}',
    b'{"e":"24hrTicker","E":1,"s":"BTCUSDT"}',
    b"[]",
    b"{}",
]


@pytest.mark.parametrize("payload", SILENT)
def test_what_is_no_market_event_emits_nothing(payload: bytes) -> None:
    protocol = opened(BTC)
    assert list(protocol.receive(text(payload))) == []
    assert protocol.requests == []


@pytest.mark.parametrize(
    "payload",
    [
        b'{"code":2,"msg":"Invalid request: unknown method","id":1}',
        b'{"error":{"code":3,"msg":"Invalid JSON"},"id":1}',
        b"",
        b"null",
        b"not json",
        b"\xff\xfe",
        b'{"stream":"btcusdt@trade","data":null}',
        b'{"stream":"btcusdt@trade","data":{"e":"trade"}}',
        b'{"stream":"btcusdt@trade"',
        b'[{"s":1}]',
        b"[" * 100_000,
    ],
    ids=lambda payload: repr(payload[:40]),
)
def test_refusals_and_nonsense_are_refused_and_the_next_message_decodes(payload: bytes) -> None:
    protocol = opened(BTC)
    with pytest.raises(ProtocolError):
        protocol.receive(text(payload))
    assert trades(protocol.receive(agg(1))) == [1]


@pytest.mark.parametrize(
    ("instrument", "stream", "data"),
    [
        (BTC, "btcusdt@aggTrade", json.loads(agg(1).payload)["data"]),
        (BTC, "btcusdt@trade", json.loads(raw(1).payload)["data"]),
        (BTC, "!forceOrder@arr", json.loads(forced(BTC).payload)["data"]),
        (BTC, "!markPrice@arr", [{"e": "markPriceUpdate", "E": T, "s": "BTCUSDT", "p": "1", "r": "0.1", "T": T}]),
        (BTC_SPOT, "btcusdt@bookTicker", {"u": 1, "s": "BTCUSDT", "b": "1.00", "B": "1", "a": "2.00", "A": "1"}),
    ],
)
def test_bare_and_spaced_messages_mean_the_same_as_combined_ones(
    instrument: Instrument, stream: str, data: Any
) -> None:
    message = {"stream": stream, "data": data}
    expected = list(opened(instrument).receive(text(message)))
    assert expected
    for payload in (json.dumps(data), json.dumps(message), json.dumps({"data": data, "stream": stream})):
        assert list(opened(instrument).receive(text(payload.encode()))) == expected


@pytest.mark.parametrize(
    ("stream", "channel"),
    [
        ("btcusdt@depth", "depth"),
        ("btcusdt@depth@0ms", "depth"),
        ("btcusd_perp@markPrice@1s", "markPrice"),
        ("!markPrice@arr@1s", "!markPrice"),
        ("!markPrice@arr", "!markPrice"),
        ("!forceOrder@arr", "forceOrder"),
        ("!bookTicker", "bookTicker"),
        ("btcusdt@kline_1m", None),
        ("btcusd@indexPrice@1s", None),
        ("!serverShutdown", "serverShutdown"),
        ("!contractInfo", "contractInfo"),
        ("", None),
    ],
)
def test_a_stream_name_contains_its_channel(stream: str, channel: str | None) -> None:
    assert channel_of_stream(stream) == channel


def test_timer_frames_and_foreign_answers_emit_nothing() -> None:
    protocol = opened(BTC)
    for kind, tag in ((FrameKind.TIMER, ""), (FrameKind.HTTP, "instruments"), (FrameKind.HTTP, "depth/DOGEUSDT")):
        assert list(protocol.receive(Frame(NOW_NS, "socket", kind, b"{}", tag))) == []
    assert list(protocol.receive(Frame(NOW_NS, "socket", FrameKind.HTTP_FAILED, b"limited", "depth/DOGEUSDT"))) == []
