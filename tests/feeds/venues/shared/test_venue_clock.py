"""Our clock may be minutes off: what venues date is compared with what venues date, so no number changes."""

from __future__ import annotations

import json
from collections.abc import Iterable
from typing import Any

import msgspec
import pytest

from feeds.model.events import Event, Liquidation, TakerFlow, Trade
from feeds.model.frame import ConnectionSpec, Frame, FrameKind, open_frame
from feeds.model.instrument import MarketKind, Venue
from feeds.pipeline.feed import Feed
from feeds.venues.deribit.protocol import DeribitProtocol
from feeds.venues.registry import protocol_for
from feeds.venues.shared.venue_clock import VenueClock
from tests.feeds.venues.golden import markets

SECOND = 1_000_000_000
NOW_NS = 1_800_000_000 * SECOND
OFF_S = (0, 60, -60, 600, -600)


class Line:
    """A feed of one connection whose receive times are `off_s` wrong."""

    def __init__(self, venue: str, kind: str, symbols: Iterable[str], streams: Iterable[str], route: str, off_s: int):
        known = markets(venue)
        self.spec = ConnectionSpec(
            name="a", venue=Venue(venue), kind=MarketKind(kind), route=route, url="", streams=tuple(streams),
            markets=tuple(known[kind, symbol] for symbol in symbols),
        )  # fmt: skip
        self.feed = Feed(protocol_for)
        self.events: list[Event] = []
        self._off_ns = off_s * SECOND

    def open(self, at_s: float) -> None:
        self.events += self.feed.receive(open_frame(self.spec, self._at(at_s)))

    def close(self, at_s: float) -> None:
        self.events += self.feed.receive(Frame(self._at(at_s), "a", FrameKind.CLOSE, b"gone"))

    def text(self, at_s: float, body: Any) -> None:
        payload = json.dumps(body, separators=(",", ":")).encode()
        self.events += self.feed.receive(Frame(self._at(at_s), "a", FrameKind.TEXT, payload))

    def http(self, at_s: float, tag: str, body: Any) -> None:
        self.events += self.feed.receive(Frame(self._at(at_s), "a", FrameKind.HTTP, json.dumps(body).encode(), tag))

    def found(self, kind: type[Event]) -> list[Any]:
        """The events of a kind, without our own times."""
        return [msgspec.structs.replace(one, ts_recv_ns=0) for one in self.events if type(one) is kind]  # type: ignore[type-var,call-overload]

    def _at(self, at_s: float) -> int:
        return NOW_NS + round(at_s * SECOND) + self._off_ns


def ms(at_s: float) -> str:
    return str((NOW_NS + round(at_s * SECOND)) // 1_000_000)


def forced(*rows: tuple[float, str]) -> dict[str, Any]:
    details = [{"bkPx": "85500", "side": "sell", "sz": size, "ts": ms(at_s)} for at_s, size in rows]
    arg = {"channel": "liquidation-orders", "instType": "SWAP"}
    return {"arg": arg, "data": [{"details": details, "instId": "BTC-USDT-SWAP"}]}


def mark(at_s: float) -> dict[str, Any]:
    arg = {"channel": "mark-price", "instId": "BTC-USDT-SWAP"}
    return {"arg": arg, "data": [{"instId": "BTC-USDT-SWAP", "markPx": "85500", "ts": ms(at_s)}]}


def okx(off_s: int) -> Line:
    streams = ["mark-price:BTC-USDT-SWAP", "liquidation-orders:SWAP"]
    line = Line("okx", "linear", ["BTC-USDT-SWAP"], streams, "public", off_s)
    for life_s in (0, 100, 200):
        line.open(life_s)
        past = (20.0, "20"), (21.0, "1"), (life_s - 5.0, "9")
        line.text(life_s + 0.1, forced((-70, "7"), *(past if life_s else ())))
        line.text(life_s + 0.2, mark(life_s + 0.15))
        line.text(life_s + 20.1, forced((life_s + 20, "20")))
        line.text(life_s + 21.1, forced((life_s + 21, "1")))
        line.close(life_s + 90)
    return line


@pytest.mark.parametrize("off_s", OFF_S)
def test_liquidations_that_okx_repeats_after_a_reconnect_count_once(off_s: int) -> None:
    assert okx(off_s).found(Liquidation) == okx(0).found(Liquidation)
    assert len(okx(off_s).found(Liquidation)) == 6


@pytest.mark.parametrize("off_s", OFF_S)
def test_the_reported_case_without_any_other_dated_message(off_s: int) -> None:
    line = Line("okx", "linear", ["BTC-USDT-SWAP"], ["liquidation-orders:SWAP"], "public", off_s)
    line.open(0)
    line.text(20.1, forced((20, "20")))
    line.close(30)
    line.open(31)
    line.text(31.2, forced((20, "20")))
    line.close(60)
    (one,) = line.found(Liquidation)
    assert one.notional == pytest.approx(17_100)


@pytest.mark.parametrize("off_s", OFF_S)
def test_the_taker_flow_of_binance_counts_whole_bars_only(off_s: int) -> None:
    line = Line("binance", "linear", ["BTCUSDT"], ["!markPrice@arr@1s", "rest:flow"], "universe", off_s)
    line.open(0)
    row = {"e": "markPriceUpdate", "E": int(ms(0.9)), "s": "BTCUSDT", "p": "80000", "i": "80000", "r": "0.0001", "T": 0}
    line.text(1, {"stream": "!markPrice@arr@1s", "data": [row]})
    bars = [
        [int(ms(start)), "1", "1", "1", "1", str(at + 1), int(ms(start + 300)) - 1, "1", 7, "0.5", "1", "0"]
        for at, start in enumerate(range(-3_600, 300, 300))
    ]
    line.http(2, "flow/BTCUSDT", bars)
    five, hour = line.found(TakerFlow)
    assert (five.volume, hour.volume) == (12.0, 78.0)


@pytest.mark.parametrize("off_s", OFF_S)
def test_the_first_trades_of_hyperliquid_are_those_after_the_opening(off_s: int) -> None:
    line = Line("hyperliquid", "linear", ["BTC"], ["trades:BTC"], "flow", off_s)
    line.open(0)
    rows = [
        {"coin": "BTC", "side": "A", "px": "80000", "sz": "1", "time": int(ms(at_s)), "hash": "", "tid": tid}
        for tid, at_s in enumerate((-15, -9, -3, 0.5, 0.9))
    ]
    line.text(1, {"channel": "trades", "data": rows})
    assert len(line.found(Trade)) == 2


@pytest.mark.parametrize("off_s", OFF_S)
def test_deribits_late_liquidations_are_asked_for_by_its_own_time(off_s: int) -> None:
    known = markets("deribit")
    spec = ConnectionSpec(
        name="a", venue=Venue("deribit"), kind=MarketKind.INVERSE, route="all", url="", streams=(),
        markets=(known["inverse", "BTC-PERPETUAL"],),
    )  # fmt: skip
    protocol, paths = DeribitProtocol(spec), []
    protocol.receive(open_frame(spec, NOW_NS + off_s * SECOND))
    data = {"timestamp": int(ms(0.45)), "instrument_name": "BTC-PERPETUAL", "open_interest": 1.0, "mark_price": 80000.0}
    data |= {"index_price": 80000.0, "state": "open"}
    push = {
        "jsonrpc": "2.0",
        "method": "subscription",
        "params": {"channel": "ticker.BTC-PERPETUAL.100ms", "data": data},
    }
    for at_s in range(1, 700):
        now_ns = NOW_NS + (at_s + off_s) * SECOND
        if at_s == 2:
            payload = json.dumps(push, separators=(",", ":")).encode()
            protocol.receive(Frame(NOW_NS + off_s * SECOND + SECOND // 2, "a", FrameKind.TEXT, payload))
        protocol.tick(now_ns)
        paths += [one.path for one in protocol.requests if hasattr(one, "path")]
        protocol.requests = []
    assert paths
    assert min(int(path.partition("start_timestamp=")[2].partition("&")[0]) for path in paths) == int(ms(-3_660))


def test_one_odd_date_does_not_move_the_clock() -> None:
    clock = VenueClock()
    assert clock.at(5) is None
    for at in range(20):
        clock.see(at * SECOND, at * SECOND + 7)
    clock.see(9_000_000_000 * SECOND, 21 * SECOND)
    assert clock.at(30 * SECOND) == 30 * SECOND - 7
