"""Silence is judged by data: of a connection as a whole, and of each stream of a market against its own pace."""

from __future__ import annotations

import json
from decimal import Decimal
from itertools import pairwise
from types import SimpleNamespace
from typing import Any

import pytest

from feeds.model.events import (
    BookSnapshot,
    Candle,
    Candles,
    Event,
    Liquidation,
    MarketStatus,
    MarkPrice,
    Quote,
    Side,
    Trade,
    TradesLive,
)
from feeds.model.frame import ConnectionSpec, Frame, FrameKind, open_frame
from feeds.model.instrument import Instrument, MarketKind, Venue
from feeds.pipeline.freshness import Stream
from feeds.venues.registry import DRIVERS, VENUES, streams_of
from workstation.readmodels.markets import Freshness
from workstation.replay.core import Core
from workstation.session.watchdog import DEFAULT_LIMITS, Watchdog, awaited

SECOND = 1_000_000_000
T0 = 1_790_000_000 * SECOND
SYMBOLS = {
    Venue("binance"): "BTCUSDT",
    Venue("bybit"): "BTCUSDT",
    Venue("okx"): "BTC-USDT-SWAP",
    Venue("hyperliquid"): "BTC",
    Venue("deribit"): "BTC_USDC-PERPETUAL",
}
ALL = tuple(Stream)


def connections(venue: Venue, kind: MarketKind = MarketKind.LINEAR) -> tuple[ConnectionSpec, ...]:
    """The connections that a venue needs for one market, as they are planned."""
    market = Instrument(
        venue=venue, kind=kind, symbol=SYMBOLS[venue], base="BTC", quote="USDT", tick_size=Decimal("0.1")
    )
    return DRIVERS[venue].plan((market,))


class Line:
    """The open connections of one market and their core, on a clock of whole seconds."""

    def __init__(self, specs: tuple[ConnectionSpec, ...] = connections(Venue("binance"))) -> None:
        self.core, self.dog, self.now_ns, self.number = Core(), Watchdog(), T0, 0
        self.market = specs[0].markets[0]
        self.keepers: dict[str, Any] = {}
        self.carriers: dict[Stream, str] = {}
        for spec in specs:
            self.keepers[spec.name] = SimpleNamespace(spec=spec, is_open=True, opened_ns=T0)
            self.carriers |= {stream: spec.name for stream, _ in streams_of(spec)}
        self.reopen()

    def reopen(self) -> None:
        """Every connection opens again, and the venue grants the trades."""
        for name, keeper in self.keepers.items():
            keeper.opened_ns = self.now_ns
            self.core.consume([open_frame(keeper.spec, self.now_ns)])
            if name == self.carriers[Stream.TRADES]:
                self.take(name, TradesLive(self.market, self.now_ns))

    def take(self, name: str, event: Event) -> None:
        admitted = self.core.feed.deduplicator.admit(name, event)
        if admitted is not None:
            self.core.engine.apply(admitted)
        self.core.feed.last_data_ns[name] = self.now_ns

    def send(self, stream: Stream) -> None:
        if stream in self.carriers:
            self.take(self.carriers[stream], self.event(stream))

    def event(self, stream: Stream) -> Event:
        market, now_ns = self.market, self.now_ns
        self.number += 1
        match stream:
            case Stream.TRADES:
                return Trade(market, now_ns, now_ns, 1000, 100.0, 1.0, 100.0, Side.BUY, self.number)
            case Stream.BOOK:
                return BookSnapshot(market, now_ns, now_ns, [(999, 1.0)], [(1001, 1.0)])
            case Stream.QUOTES:
                return Quote(market, now_ns, now_ns, 999, 1.0, 1001, 1.0)
            case Stream.MARKS:
                return MarkPrice(market, now_ns, now_ns, 100.0)
            case Stream.LIQUIDATIONS:
                return Liquidation(market, now_ns, now_ns, 100.0, 1.0, 100.0, Side.BUY)

    def look(self) -> list[str]:
        return [reason for _, reason in self.dog.silent(self.keepers, self.core, self.now_ns)]

    def seconds(self, count: int, *streams: Stream, every: int = 1, **slower: int) -> list[str]:
        """What is reported while streams publish every so many seconds, those of `slower` at their own pace."""
        reasons = []
        for at in range(count):
            self.now_ns += SECOND
            for stream in streams:
                if at % slower.get(stream.name, every) == 0:
                    self.send(stream)
            reasons += self.look()
        return reasons

    def until_reported(self, within: int, *streams: Stream) -> tuple[str, int]:
        """The first report, and after how many seconds."""
        for at in range(within):
            if reasons := self.seconds(1, *streams):
                return reasons[0], at + 1
        return "", within


def without(*silent: Stream) -> tuple[Stream, ...]:
    return tuple(stream for stream in ALL if stream not in silent)


def carried(venue: Venue) -> list[Stream]:
    return [stream for spec in connections(venue) for stream, _ in streams_of(spec)]


CASES = [(venue, stream) for venue in VENUES for stream in dict.fromkeys(carried(venue))]


def test_every_venue_names_the_streams_of_trades_books_and_marks() -> None:
    for venue in VENUES:
        assert {Stream.TRADES, Stream.BOOK, Stream.MARKS} <= set(carried(venue))
    assert {venue for venue in VENUES if Stream.LIQUIDATIONS in carried(venue)} == {"binance", "bybit", "okx"}


@pytest.mark.parametrize(("venue", "silent"), [case for case in CASES if case[1] is not Stream.LIQUIDATIONS])
def test_a_stream_that_never_comes_is_noticed_and_never_live(venue: Venue, silent: Stream) -> None:
    line = Line(connections(venue))
    reason, after = line.until_reported(60, *without(silent))
    assert str(silent).split()[-1].rstrip("s") in reason or reason.startswith("no data")
    assert after < 30
    market = line.core.engine.market(line.market.id)
    assert market is not None
    if silent is Stream.TRADES:
        assert market.trades_freshness(line.now_ns) is Freshness.SYNCING
    if silent is Stream.BOOK:
        assert market.book_freshness(line.now_ns) is not Freshness.LIVE
    waits = [streams for keeper in line.keepers.values() for streams in awaited(keeper, line.core)]
    assert waits == [silent]
    assert line.seconds(60, *without(silent)) == [], "once in a life"


@pytest.mark.parametrize(("venue", "silent"), [case for case in CASES if case[1] is not Stream.LIQUIDATIONS])
def test_a_stream_that_stops_is_noticed(venue: Venue, silent: Stream) -> None:
    line = Line(connections(venue))
    assert line.seconds(90, *ALL) == []
    reason, after = line.until_reported(60, *without(silent))
    assert "stopped" in reason or "silent" in reason or reason.startswith("no data")
    assert after <= 30
    if silent is Stream.TRADES:
        assert reason == f"the trades of {line.market.symbol} have stopped"


def test_a_stream_that_stays_away_is_tried_again_with_growing_patience_and_known_when_it_comes() -> None:
    line = Line()
    spans = []
    for _ in range(5):
        reason, after = line.until_reported(2_000, *without(Stream.TRADES))
        assert reason == "no trades of BTCUSDT came"
        spans.append(after)
        line.reopen()
    assert all(1.8 * first < second < 2.2 * first for first, second in pairwise(spans))
    assert line.seconds(120, *ALL) == []
    line.reopen()
    assert line.until_reported(60, *without(Stream.TRADES))[1] <= 30


@pytest.mark.parametrize("venue", VENUES)
def test_a_quiet_market_is_not_reconnected(venue: Venue) -> None:
    """Its book moves now and then, its trades are rare, its mark price comes at the pace of the venue."""
    line = Line(connections(venue))
    for stream in ALL:
        line.send(stream)
    assert line.seconds(700, *ALL, TRADES=300, BOOK=20, QUOTES=20, MARKS=3, LIQUIDATIONS=600) == []


@pytest.mark.parametrize("venue", [venue for venue in VENUES if MarketKind.SPOT in DRIVERS[venue].endpoints])
def test_a_quiet_spot_market_is_not_reconnected(venue: Venue) -> None:
    line = Line(connections(venue, MarketKind.SPOT))
    for stream in (Stream.BOOK, Stream.QUOTES):
        line.send(stream)
    assert line.seconds(700, *ALL, TRADES=90, BOOK=15, QUOTES=15) == []


@pytest.mark.parametrize(("traded", "is_reported"), [(60, True), (30, False), (0, False)])
def test_the_venues_candles_show_whether_a_market_with_a_busy_book_trades(traded: int, is_reported: bool) -> None:
    line, minute = Line(), 60 * SECOND
    rows = tuple(
        Candle(T0 - (61 - at) * minute, 1.0, 1.0, 1.0, 1.0, 1.0 if at % 60 < traded else 0.0) for at in range(61)
    )
    line.core.engine.apply(Candles(line.market, T0, minute, rows))
    assert bool(line.seconds(600, *without(Stream.TRADES))) == is_reported


def test_a_book_that_waits_for_its_snapshot_is_not_silent() -> None:
    line = Line()
    diff = {"e": "depthUpdate", "E": 1, "T": 1, "s": "BTCUSDT", "U": 1, "u": 2, "pu": 0, "b": [], "a": []}
    payload = json.dumps({"stream": "btcusdt@depth@100ms", "data": diff}, separators=(",", ":")).encode()
    line.core.feed.receive(Frame(T0, line.carriers[Stream.BOOK], FrameKind.TEXT, payload))
    assert line.seconds(60, *without(Stream.BOOK)) == []


def test_data_of_any_kind_keeps_a_connection_and_its_absence_ends_it() -> None:
    line = Line(connections(Venue("deribit")))
    assert line.seconds(300, *ALL) == []
    line.now_ns += DEFAULT_LIMITS.connection_ns + SECOND
    assert line.look() == ["no data for 21 s"]
    assert line.look() == [], "once in a life"


def test_a_connection_that_brings_nothing_at_all_is_ended() -> None:
    line = Line(connections(Venue("deribit")))
    line.core.feed.last_data_ns.update(dict.fromkeys(line.keepers, T0))
    assert line.until_reported(60)[1] == DEFAULT_LIMITS.connection_ns // SECOND + 1


def test_a_halted_market_may_be_silent() -> None:
    line = Line()
    line.seconds(120, *ALL)
    line.take(line.carriers[Stream.TRADES], MarketStatus(line.market, line.now_ns, False, "BREAK"))
    for _ in range(300):
        line.now_ns += SECOND
        for name in line.keepers:
            line.core.feed.last_data_ns[name] = line.now_ns
        assert line.look() == []
