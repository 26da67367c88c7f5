"""Binance: USD-M and COIN-M perpetuals and spot, decoded without IO (VENUES section 1).

One class serves the three markets and all routes; what differs is data: the chain rule, the snapshot path, which trade
stream has a contiguous id. The frame's first bytes name its stream, so each frame is decoded once, by the decoder of
its channel.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any, NamedTuple

import msgspec

from feeds.model.errors import ProtocolError
from feeds.model.events import (
    BookDelta,
    BookLost,
    BookSnapshot,
    Connected,
    Disconnected,
    Event,
    Funding,
    IndexPrice,
    MarketStatus,
    MarkPrice,
    Quote,
    TradesLost,
)
from feeds.model.frame import ConnectionSpec, Frame, FrameKind
from feeds.model.instrument import Instrument, InstrumentId, MarketKind
from feeds.model.protocol import Fetch, LastTrade, Relist, Replace, Request
from feeds.pipeline.depth import FUTURES, SPOT, ChainRule, DepthJoiner, Ids, Place
from feeds.pipeline.units import OffGrid, Units
from feeds.venues.binance.rows import finite, liquidation
from feeds.venues.binance.trades import BinanceTrades
from feeds.venues.binance.wire import (
    AggTradeData,
    Bare,
    Combined,
    ContractData,
    DepthData,
    ForceOrderData,
    MarkData,
    QuoteData,
    ShutdownData,
    SnapshotBody,
    TradeData,
)

_MS = 1_000_000
_SNAPSHOT_PATIENCE_NS = 5_000_000_000
_ROUTE_LIMIT = 4_096
_ENVELOPE = b'{"stream":"'
_NAME_AT = len(_ENVELOPE)

_UNREADABLE = (msgspec.MsgspecError, UnicodeDecodeError, RecursionError)
_TEXT = FrameKind.TEXT  # looked up for every frame

Events = Sequence[Event]
_Route = tuple[Callable[[bytes], Any], Callable[[Any, int], Events]]


class MarketRules(NamedTuple):
    """What differs between Binance's three markets."""

    chain: ChainRule
    api: str
    snapshot_limit: int
    snapshot_weight: int
    trades_weight: int
    raw_ids_contiguous: bool


RULES = {
    MarketKind.LINEAR: MarketRules(FUTURES, "/fapi/v1", 1000, 20, 20, False),
    MarketKind.INVERSE: MarketRules(FUTURES, "/dapi/v1", 1000, 20, 20, False),
    MarketKind.SPOT: MarketRules(SPOT, "/api/v3", 5000, 250, 4, True),
}


class _Market:
    """What one symbol remembers on this connection."""

    def __init__(self, instrument: Instrument, rules: MarketRules, history_s: int) -> None:
        self.instrument = instrument
        self.units = Units(instrument)
        self.joiner: DepthJoiner[BookDelta] = DepthJoiner(rules.chain)
        self.trades = BinanceTrades(
            self.units,
            fetch_path=rules.api + "/aggTrades?symbol={symbol}&fromId={first}&limit={count}",
            weight=rules.trades_weight,
            raw_contiguous=rules.raw_ids_contiguous,
            history_s=history_s,
        )
        self.asked_trades = False
        self.snapshot_due_ns: int | None = None
        self.strays: frozenset[str] = frozenset()


class _Channel(NamedTuple):
    """One kind of message: its typed decoders (in the envelope and bare) and what to do with it."""

    combined: msgspec.json.Decoder[Any]
    bare: msgspec.json.Decoder[Any]
    handle: str


def _channel(shape: Any, handle: str) -> _Channel:
    combined = msgspec.json.Decoder(Combined[shape], strict=False)
    return _Channel(combined, msgspec.json.Decoder(shape, strict=False), handle)


_CHANNELS = {
    "trade": _channel(TradeData, "_trade"),
    "aggTrade": _channel(AggTradeData, "_agg_trade"),
    "depthUpdate": _channel(DepthData, "_depth"),
    "bookTicker": _channel(QuoteData, "_quote"),
    "markPriceUpdate": _channel(MarkData, "_mark"),
    "markPriceArray": _channel(list[MarkData], "_marks"),
    "forceOrder": _channel(ForceOrderData, "_forced"),
    "contractInfo": _channel(ContractData, "_contract"),
    "serverShutdown": _channel(ShutdownData, "_shutdown"),
}
_STREAM_CHANNELS = {
    "trade": "trade",
    "aggTrade": "aggTrade",
    "depth": "depthUpdate",
    "bookTicker": "bookTicker",
    "markPrice": "markPriceUpdate",
    "forceOrder": "forceOrder",
    "contractInfo": "contractInfo",
    "serverShutdown": "serverShutdown",
}
_bare = msgspec.json.Decoder(Bare)
_snapshot = msgspec.json.Decoder(SnapshotBody, strict=False)


def channel_of_stream(name: str) -> str | None:
    """The channel of a stream name: `btcusdt@depth@100ms` -> `depthUpdate`; None for streams we have no use for."""
    if name.startswith("!markPrice"):
        return "markPriceArray"
    words = name.lstrip("!").split("@")
    if name.startswith("!"):
        return _STREAM_CHANNELS.get(words[0])
    return _STREAM_CHANNELS.get(words[1]) if len(words) > 1 else None


class BinanceProtocol:
    """One Binance connection."""

    def __init__(self, spec: ConnectionSpec) -> None:
        self.requests: list[Request] = []
        self._spec = spec
        self._rules = RULES[spec.kind]
        self._markets = {market.symbol: _Market(market, self._rules, spec.history_s) for market in spec.markets}
        self._routes: dict[bytes, _Route] = {}

    def receive(self, frame: Frame) -> Events:
        """Decode one frame. Raises ProtocolError; the frame is then skipped as a whole."""
        try:
            if frame.kind is not _TEXT:
                return self._other(frame)
            payload = frame.payload
            name = payload[_NAME_AT : payload.find(b'"', _NAME_AT)]
            route = self._routes.get(name)  # only names that follow the envelope are ever put there
            if route is None:
                return self._text(payload, frame.ts_recv_ns)
            return route[1](route[0](payload).data, frame.ts_recv_ns)
        except ProtocolError:
            self._skip(frame)
            raise
        except _UNREADABLE as error:
            self._skip(frame)
            raise ProtocolError("Binance sent a message of unknown shape", str(error)) from error

    def _skip(self, frame: Frame) -> None:
        """What the text may have told of trades is missing."""
        if frame.kind is _TEXT:
            for symbol, market in self._markets.items():
                if symbol.encode() in frame.payload:
                    market.trades.skip()

    def resume(self, last_trades: Mapping[InstrumentId, LastTrade]) -> None:
        """Fill what fell between the connection before and this one."""
        for market in self._markets.values():
            market.trades.resume(last_trades)

    def tick(self, now_ns: int) -> None:
        """Ask again for snapshots that did not come or came too old, and for trades that did not come."""
        for market in self._markets.values():
            if (fetch := market.trades.due_fetch(now_ns)) is not None:
                self.requests.append(fetch)
            if market.snapshot_due_ns is not None and now_ns >= market.snapshot_due_ns:
                self._fetch_snapshot(market, now_ns)

    def refresh_books(self, now_ns: int) -> None:
        """Fetch every known book once more; the answer is recorded and otherwise ignored."""
        for market in self._markets.values():
            if market.joiner.joined:
                self._fetch_snapshot(market, now_ns)

    def _text(self, payload: bytes, now_ns: int) -> Events:
        """A message whose stream was not seen before, or that has no envelope."""
        if not payload.startswith(_ENVELOPE):
            return self._bare_text(payload, now_ns)
        name = payload[_NAME_AT : payload.find(b'"', _NAME_AT)]
        route = self._route(name.decode())
        if route is None:
            return ()
        if len(self._routes) < _ROUTE_LIMIT:
            self._routes[name] = route
        return route[1](route[0](payload).data, now_ns)

    def _route(self, stream: str) -> _Route | None:
        name = channel_of_stream(stream)
        if name is None:
            return None
        channel = _CHANNELS[name]
        return channel.combined.decode, getattr(self, channel.handle)

    def _bare_text(self, payload: bytes, now_ns: int) -> Events:
        if payload[:1] == b"[":
            return self._marks(_CHANNELS["markPriceArray"].bare.decode(payload), now_ns)
        message = _bare.decode(payload)
        data, refusal = bytes(message.data), bytes(message.error)
        if message.stream is not None and data:
            return self._text(_ENVELOPE + message.stream.encode() + b'","data":' + data + b"}", now_ns)
        if message.code is not None or refusal:
            raise ProtocolError("Binance refused a request", message.msg or refusal.decode())
        channel = _CHANNELS.get(message.e or ("bookTicker" if message.id is None and b'"B":' in payload else ""))
        if channel is None:
            return ()
        events: Events = getattr(self, channel.handle)(channel.bare.decode(payload), now_ns)
        return events

    def _other(self, frame: Frame) -> Events:
        match frame.kind:
            case FrameKind.OPEN:
                return [
                    Connected(self._spec.venue, self._spec.name, frame.ts_recv_ns),
                    *self._begin_trades(frame.ts_recv_ns),
                ]
            case FrameKind.CLOSE:
                return self._end(frame)
            case FrameKind.HTTP:
                return self._answer(frame)
            case FrameKind.HTTP_FAILED:
                return self._retry_later(frame)
            case _:
                return ()

    def _begin_trades(self, now_ns: int) -> Events:
        carried = {
            _symbol_of(stream) for stream in self._spec.streams if channel_of_stream(stream) in ("trade", "aggTrade")
        }
        live = [market for symbol, market in self._markets.items() if symbol in carried]
        return [event for market in live for event in market.trades.begin(now_ns)]

    def _end(self, frame: Frame) -> Events:
        reason = frame.payload.decode(errors="replace")
        events: list[Event] = [Disconnected(self._spec.venue, self._spec.name, frame.ts_recv_ns, reason)]
        for market in self._markets.values():
            if market.joiner.joined:
                events.append(BookLost(market.instrument, frame.ts_recv_ns, reason))
            events += market.trades.close(frame.ts_recv_ns)
            if market.trades.live:
                events.append(TradesLost(market.instrument, frame.ts_recv_ns, reason))
        return events

    # trades

    def _trade(self, data: TradeData, now_ns: int) -> Events:
        market = self._markets.get(data.s)
        return market.trades.raw(data, now_ns) if market is not None else ()

    def _agg_trade(self, data: AggTradeData, now_ns: int) -> Events:
        market = self._markets.get(data.s)
        if market is None:
            return ()
        events = market.trades.aggregated(data, now_ns)
        if len(events) > 1 or not market.asked_trades:
            market.asked_trades = True
            self._ask_for_trades(market)
        return events

    # book

    def _depth(self, data: DepthData, now_ns: int) -> Events:
        market = self._markets.get(data.s)
        if market is None:
            return ()
        try:
            levels = market.units.levels
            bids, asks = levels(data.b), levels(data.a)
        except OffGrid:
            bids, asks = (market.units.levels_without(side, market.strays) for side in (data.b, data.a))
        delta = BookDelta(market.instrument, (data.T or data.E) * _MS, now_ns, bids, asks, data.u)
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
        rules = self._rules
        path = f"{rules.api}/depth?symbol={symbol}&limit={rules.snapshot_limit}"
        self.requests.append(Fetch(path, f"depth/{symbol}", rules.snapshot_weight))
        market.snapshot_due_ns = now_ns + _SNAPSHOT_PATIENCE_NS

    def _answer(self, frame: Frame) -> Events:
        topic, _, symbol = frame.tag.partition("/")
        market = self._markets.get(symbol)
        if market is None:
            return ()
        if topic == "trades":
            return self._fill(market, frame)
        return self._snapshot(market, frame) if topic == "depth" else ()

    def _fill(self, market: _Market, frame: Frame) -> Events:
        try:
            return market.trades.answer(frame.payload, frame.ts_recv_ns)
        except (*_UNREADABLE, ProtocolError):
            if ended := market.trades.fail(frame.ts_recv_ns):
                return ended
            raise
        finally:
            self._ask_for_trades(market)

    def _ask_for_trades(self, market: _Market) -> None:
        fetch = market.trades.next_fetch()
        if fetch is not None:
            self.requests.append(fetch)

    def _snapshot(self, market: _Market, frame: Frame) -> Events:
        if market.joiner.joined:
            market.snapshot_due_ns = None
            return ()
        body = _snapshot.decode(frame.payload)
        strays = market.units.strays(body.bids, body.asks)
        bids, asks = (market.units.levels_without(side, strays) for side in (body.bids, body.asks))
        waiting = market.joiner.join(body.lastUpdateId)
        if waiting is None:
            market.snapshot_due_ns = frame.ts_recv_ns + _SNAPSHOT_PATIENCE_NS // 5
            return ()
        market.snapshot_due_ns, market.strays = None, strays
        ts_venue_ns = (body.T or body.E or frame.ts_recv_ns // _MS) * _MS
        first = BookSnapshot(market.instrument, ts_venue_ns, frame.ts_recv_ns, bids, asks, body.lastUpdateId)
        return [first, *(delta for _, delta in waiting)]

    def _retry_later(self, frame: Frame) -> Events:
        topic, _, symbol = frame.tag.partition("/")
        market = self._markets.get(symbol)
        if market is not None and topic == "depth":
            market.snapshot_due_ns = frame.ts_recv_ns + _SNAPSHOT_PATIENCE_NS
        elif market is not None and topic == "trades":
            return market.trades.fail(frame.ts_recv_ns)
        return ()

    def _quote(self, data: QuoteData, now_ns: int) -> Events:
        market = self._markets.get(data.s)
        if market is None:
            return ()
        units = market.units
        bid, ask = units.ticks[data.b], units.ticks[data.a]
        if units.is_plain:
            bid_size, ask_size = data.B, data.A
        else:
            bid_size, ask_size = units.sizes(bid, data.B, ask, data.A)
        ts_venue_ns = data.T * _MS if data.T is not None else now_ns
        return (Quote(market.instrument, ts_venue_ns, now_ns, bid, bid_size, ask, ask_size, data.u),)

    # mark, index, funding, liquidations

    def _marks(self, rows: list[MarkData], now_ns: int) -> Events:
        return [event for row in rows for event in self._mark(row, now_ns)]

    def _mark(self, data: MarkData, now_ns: int) -> Events:
        market = self._markets.get(data.s)
        if market is None:
            return ()
        scale, ts_venue_ns = market.instrument.multiplier, data.E * _MS
        events: list[Event] = [MarkPrice(market.instrument, ts_venue_ns, now_ns, finite(data.p) / scale)]
        if data.i:
            events.append(IndexPrice(market.instrument, ts_venue_ns, now_ns, finite(data.i) / scale))
        if data.r and data.T:
            events.append(Funding(market.instrument, ts_venue_ns, now_ns, finite(data.r), data.T * _MS))
        return events

    def _forced(self, data: ForceOrderData, now_ns: int) -> Events:
        market = self._markets.get(data.o.s)
        return (liquidation(market.instrument, data.o, now_ns),) if market is not None else ()

    # notices

    def _contract(self, data: ContractData, now_ns: int) -> Events:
        """The notice does not say what changed, so the market is listed again."""
        market = self._markets.get(data.s)
        if market is None:
            return ()
        self.requests.append(Relist(f"{data.s} has changed"))
        return (MarketStatus(market.instrument, now_ns, data.cs == "TRADING", data.cs),)

    def _shutdown(self, data: ShutdownData, now_ns: int) -> Events:
        self.requests.append(Replace("Binance announced the end of the connection"))
        return ()


def _symbol_of(stream: str) -> str:
    return stream.partition("@")[0].upper()
