"""Binance: USD-M and COIN-M perpetuals and spot, decoded without IO (README: Endpoints).

One class serves the three markets and all routes; what differs is data: the chain rule, the snapshot path, which trade
stream has a contiguous id. Streams are named in the address, so nothing is subscribed.
"""

from typing import NamedTuple

import msgspec

from feeds.model.errors import ProtocolError
from feeds.model.events import (
    BookDelta,
    BookLost,
    BookSnapshot,
    Event,
    Funding,
    IndexPrice,
    MarketStatus,
    MarkPrice,
    Quote,
)
from feeds.model.frame import CAPTURE, ConnectionSpec, Frame, FrameKind
from feeds.model.instrument import Instrument, MarketKind
from feeds.model.protocol import Fetch, Relist, Replace
from feeds.pipeline.depth import FUTURES, SPOT, ChainRule, DepthJoiner, Ids, Place
from feeds.pipeline.units import OffGrid, Units
from feeds.venues.binance.derivatives import liquidation
from feeds.venues.binance.trades import BinanceTrades
from feeds.venues.binance.wire import (
    API,
    AggTradeData,
    Bare,
    Combined,
    CombinedRows,
    ContractData,
    DepthData,
    ForceOrderData,
    MarkData,
    QuoteData,
    ShutdownData,
    SnapshotBody,
    TradeData,
)
from feeds.venues.shared.funding import FundingPeriod
from feeds.venues.shared.limits import LIMITS, Limits
from feeds.venues.shared.numbers import MS, finite, time_or_none_ns
from feeds.venues.shared.rows import RowDecoder, each
from feeds.venues.shared.socket_protocol import Channel, Events, Route, SocketProtocol, channel


class SnapshotRules(NamedTuple):
    """What differs between the books of Binance's three markets: the chain, and the depth and price of a snapshot."""

    chain: ChainRule
    levels: int
    weight: int


_SNAPSHOTS = {
    MarketKind.LINEAR: SnapshotRules(FUTURES, 1000, 20),
    MarketKind.INVERSE: SnapshotRules(FUTURES, 1000, 20),
    MarketKind.SPOT: SnapshotRules(SPOT, 5000, 250),
}


class _Market:
    """What one symbol remembers on this connection."""

    def __init__(self, instrument: Instrument, chain: ChainRule, spec: ConnectionSpec) -> None:
        self.instrument = instrument
        self.units = Units(instrument)
        self.joiner: DepthJoiner[BookDelta] = DepthJoiner(chain)
        self.trades = BinanceTrades(self.units, spec.history_s, captured=spec.route == CAPTURE)
        self.period = FundingPeriod()
        self.asked_trades = False
        self.snapshot_due_ns: int | None = None
        self.strays: frozenset[str] = frozenset()

    @property
    def book_known(self) -> bool:
        """Whether diffs are joined to a snapshot."""
        return self.joiner.joined


_CHANNELS = {
    "trade": channel(Combined[TradeData], "_trade"),
    "aggTrade": channel(Combined[AggTradeData], "_agg_trade"),
    "depth": channel(Combined[DepthData], "_depth"),
    "bookTicker": channel(Combined[QuoteData], "_quote"),
    "markPrice": channel(Combined[MarkData], "_mark"),
    "!markPrice": Channel(RowDecoder(CombinedRows, MarkData, lists=lambda push: (push.data,)), "_marks"),
    "forceOrder": channel(Combined[ForceOrderData], "_liquidations"),
    "contractInfo": channel(Combined[ContractData], "_contract"),
    "serverShutdown": channel(Combined[ShutdownData], "_shutdown"),
}
_OF_EVENT = {"depthUpdate": "depth", "markPriceUpdate": "markPrice"}  # others are named as their stream
_bare = msgspec.json.Decoder(Bare)
_snapshot = msgspec.json.Decoder(SnapshotBody, strict=False)


def channel_of_stream(stream: str) -> str | None:
    """The channel of a stream: `btcusdt@depth@100ms` -> `depth`, `!markPrice@arr` -> `!markPrice`; None if not used."""
    first, _, rest = stream.partition("@")
    name = first if first == "!markPrice" else first[1:] if first.startswith("!") else rest.partition("@")[0]
    return name if name in _CHANNELS else None


class BinanceProtocol(SocketProtocol[_Market]):
    """One Binance connection."""

    label = "Binance"
    envelope = b'{"stream":"'

    def __init__(self, spec: ConnectionSpec, limits: Limits = LIMITS) -> None:
        self._rules = _SNAPSHOTS[spec.kind]
        super().__init__(spec, (_Market(market, self._rules.chain, spec) for market in spec.markets))
        self._patience_ns = limits.snapshot_ns

    def tick(self, now_ns: int) -> None:
        """Ask again for trades that did not come, and for snapshots that did not come or came too old."""
        super().tick(now_ns)
        for market in self._markets.values():
            if market.snapshot_due_ns is not None and now_ns >= market.snapshot_due_ns:
                self._fetch_snapshot(market, now_ns)

    def refresh_books(self, now_ns: int) -> None:
        """Fetch every known book once more; the answer is recorded and otherwise ignored."""
        for market in self._markets.values():
            if market.joiner.joined:
                self._fetch_snapshot(market, now_ns)

    def awaits_snapshot(self, instrument: Instrument) -> bool:
        """Whether changes of a book came, and its snapshot did not."""
        market = self._markets.get(instrument.symbol)
        return market is not None and market.joiner.waits

    def _begin(self, now_ns: int) -> Events:
        carried = {
            _symbol_of(stream) for stream in self._spec.streams if channel_of_stream(stream) in ("trade", "aggTrade")
        }
        live = [market for symbol, market in self._markets.items() if symbol in carried]
        return [event for market in live for event in market.trades.go_live(now_ns)]

    def _route(self, name: str) -> Route | None:
        return self._handled(_CHANNELS.get(channel_of_stream(name) or ""))

    def _notice(self, payload: bytes, now_ns: int) -> Events:
        """Messages of the /ws path have no envelope; a combined one may be spaced in another way."""
        if payload[:1] == b"[":
            return self._bare("!markPrice", payload, now_ns)
        message = _bare.decode(payload)
        data, refusal = bytes(message.data), bytes(message.error)
        if message.stream is not None and data:
            return self._text(self.envelope + message.stream.encode() + b'","data":' + data + b"}", now_ns)
        if message.code is not None or refusal:
            raise ProtocolError("Binance refused a request", message.msg or refusal.decode())
        event = message.e or ("bookTicker" if message.id is None and b'"B":' in payload else "")
        return self._bare(_OF_EVENT.get(event, event), payload, now_ns)

    def _bare(self, name: str, payload: bytes, now_ns: int) -> Events:
        route = self._handled(_CHANNELS.get(name))
        return route[1](route[0](b'{"data":' + payload + b"}"), now_ns) if route is not None else ()

    # trades

    def _trade(self, push: Combined[TradeData], now_ns: int) -> Events:
        data = push.data
        market = self._markets.get(data.s)
        return market.trades.raw(data, now_ns) if market is not None else ()

    def _agg_trade(self, push: Combined[AggTradeData], now_ns: int) -> Events:
        data = push.data
        market = self._markets.get(data.s)
        if market is None:
            return ()
        events = market.trades.aggregated(data, now_ns)
        if len(events) > 1 or not market.asked_trades:
            market.asked_trades = True
            self._ask_for_trades(market)
        return events

    # book

    def _depth(self, push: Combined[DepthData], now_ns: int) -> Events:
        data = push.data
        market = self._markets.get(data.s)
        if market is None:
            return ()
        try:
            levels = market.units.levels
            bids, asks = levels(data.b), levels(data.a)
        except OffGrid:
            bids, asks = (market.units.levels_without(side, market.strays) for side in (data.b, data.a))
        delta = BookDelta(market.instrument, (data.T or data.E) * MS, now_ns, bids, asks, data.u)
        place = market.joiner.offer(Ids(data.U, data.u, data.pu), delta)
        if place is Place.NEXT:
            return (delta,)
        if place is Place.BEYOND:
            self._fetch_snapshot(market, now_ns)
            return (BookLost(market.instrument, now_ns, f"update {data.U} does not follow the last one applied"),)
        if place is None and market.snapshot_due_ns is None:
            self._fetch_snapshot(market, now_ns)
        return ()

    def _fetch_snapshot(self, market: _Market, now_ns: int) -> None:
        symbol = market.instrument.symbol
        path = f"{API[self._spec.kind]}/depth?symbol={symbol}&limit={self._rules.levels}"
        self.requests.append(Fetch(path, f"depth/{symbol}", self._rules.weight))
        market.snapshot_due_ns = now_ns + self._patience_ns

    def _answer(self, market: _Market, topic: str, frame: Frame) -> Events:
        if topic != "depth":
            return ()
        if frame.kind is FrameKind.HTTP:
            return self._snapshot(market, frame)
        market.snapshot_due_ns = frame.ts_recv_ns + self._patience_ns
        return ()

    def _snapshot(self, market: _Market, frame: Frame) -> Events:
        if market.joiner.joined:
            market.snapshot_due_ns = None
            return ()
        body = _snapshot.decode(frame.payload)
        strays = market.units.strays(body.bids, body.asks)
        bids, asks = (market.units.levels_without(side, strays) for side in (body.bids, body.asks))
        waiting = market.joiner.join(body.lastUpdateId)
        if waiting is None:
            market.snapshot_due_ns = frame.ts_recv_ns + self._patience_ns // 5
            return ()
        market.snapshot_due_ns, market.strays = None, strays
        ts_venue_ns = (body.T or body.E or frame.ts_recv_ns // MS) * MS
        first = BookSnapshot(market.instrument, ts_venue_ns, frame.ts_recv_ns, bids, asks, body.lastUpdateId)
        return [first, *(delta for _, delta in waiting)]

    def _quote(self, push: Combined[QuoteData], now_ns: int) -> Events:
        data = push.data
        market = self._markets.get(data.s)
        if market is None:
            return ()
        units = market.units
        bid, ask = units.ticks[data.b], units.ticks[data.a]
        if units.is_plain:
            bid_size, ask_size = data.B, data.A
        else:
            bid_size, ask_size = units.sizes(bid, data.B, ask, data.A)
        ts_venue_ns = data.T * MS if data.T is not None else now_ns
        return (Quote(market.instrument, ts_venue_ns, now_ns, bid, bid_size, ask, ask_size, data.u),)

    # mark, index, funding, liquidations

    def _marks(self, push: CombinedRows[MarkData], now_ns: int) -> Events:
        return each(push.data, lambda row: self._mark(Combined(row), now_ns), self._leaving_out("marks"))

    def _mark(self, push: Combined[MarkData], now_ns: int) -> Events:
        data = push.data
        market = self._markets.get(data.s)
        if market is None:
            return ()
        scale, ts_venue_ns = market.instrument.multiplier, data.E * MS
        events: list[Event] = [MarkPrice(market.instrument, ts_venue_ns, now_ns, finite(data.p) / scale)]
        if data.i:
            events.append(IndexPrice(market.instrument, ts_venue_ns, now_ns, finite(data.i) / scale))
        due_ns, rate = time_or_none_ns(data.T), finite(data.r) if data.r else 0.0
        if due_ns or rate:
            interval_ns = market.period.interval_ns(due_ns, ts_venue_ns)
            events.append(Funding(market.instrument, ts_venue_ns, now_ns, rate, due_ns, interval_ns))
        return events

    def _liquidations(self, push: Combined[ForceOrderData], now_ns: int) -> Events:
        data = push.data
        market = self._markets.get(data.o.s)
        return (liquidation(market.instrument, data.o, now_ns),) if market is not None else ()

    # notices

    def _contract(self, push: Combined[ContractData], now_ns: int) -> Events:
        """The notice does not name what changed, so the market is listed again."""
        data = push.data
        market = self._markets.get(data.s)
        if market is None:
            return ()
        self.requests.append(Relist(f"{data.s} has changed"))
        return (MarketStatus(market.instrument, now_ns, data.cs == "TRADING", data.cs),)

    def _shutdown(self, push: Combined[ShutdownData], now_ns: int) -> Events:
        self.requests.append(Replace("Binance announced the end of the connection"))
        return ()


def _symbol_of(stream: str) -> str:
    return stream.partition("@")[0].upper()
