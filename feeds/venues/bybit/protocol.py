"""Bybit v5: linear and inverse perpetuals and spot, decoded without IO (VENUES section 2).

One class serves the three categories; what differs is the size unit, which `Units` knows. Everything is subscribed
after OPEN, acks are matched by request id, books begin with a snapshot on the same topic. The venue numbers neither
trades nor its messages, so a message that cannot be read costs its topic its completeness, as the next one says.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Sequence
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
    Liquidation,
    Quote,
    Side,
    Trade,
    TradesLive,
    TradesLost,
)
from feeds.model.frame import ConnectionSpec, Frame, FrameKind
from feeds.model.instrument import Instrument, MarketKind
from feeds.model.protocol import LastTrades, Request, Send
from feeds.pipeline.units import Units
from feeds.venues.bybit.book import BookChain
from feeds.venues.bybit.instruments import instruments_from_info
from feeds.venues.bybit.recent import RecentTrades
from feeds.venues.bybit.ticker import Ticker, number
from feeds.venues.bybit.wire import Bare, BookData, LiquidationRow, Message, OldLiquidation, TickerData, TradeRow

_MS = 1_000_000
_BATCH = 10
_PING_NS = 20_000_000_000
_ACK_PATIENCE_NS = 10_000_000_000
_SNAPSHOT_PATIENCE_NS = 5_000_000_000
_ROUTE_LIMIT = 4_096
_IDS_KEPT = 10_000
_ENVELOPE = b'{"topic":"'
_NAME_AT = len(_ENVELOPE)

_UNREADABLE = (msgspec.MsgspecError, UnicodeDecodeError, RecursionError)
_TEXT, _BUY, _SELL = FrameKind.TEXT, Side.BUY, Side.SELL  # looked up for every frame
_SIDES = {"Buy": _BUY, "Sell": _SELL}
_FORCED_SIDES = {"Buy": _SELL, "Sell": _BUY}  # the venue names the position, we the order that closes it (VENUES 7.2)
_TOPIC_IN_TEXT = re.compile(r"[A-Za-z]+(?:\.\d+)?\.[\w-]+")

Events = Sequence[Event]


class _RecentIds:
    """The last ids of one market, between one and two times `_IDS_KEPT` of them."""

    def __init__(self) -> None:
        self._young: dict[str, None] = {}
        self._old: dict[str, None] = {}

    def __deepcopy__(self, memo: object) -> _RecentIds:
        copy = _RecentIds()
        copy._young, copy._old = self._young.copy(), self._old
        return copy

    def is_new(self, trade_id: str) -> bool:
        """Whether the id was not seen before; it is from now on."""
        if trade_id in self._young or trade_id in self._old:
            return False
        if len(self._young) >= _IDS_KEPT:
            self._young, self._old = {}, self._young
        self._young[trade_id] = None
        return True


class _Market:
    """What one symbol remembers on this connection."""

    def __init__(self, instrument: Instrument, history_s: int, last_trades: LastTrades) -> None:
        self.instrument = instrument
        self.units = Units(instrument)
        self.recent = _RecentIds()
        self.earlier = RecentTrades(self.units, history_s)
        self.earlier.resume(last_trades)
        self.has_begun = False
        self.trades_live = False
        self.trades_unread = False
        self.book = BookChain()
        self.book_topic = ""
        self.book_unread = False
        self.snapshot_due_ns: int | None = None
        self.ticker = Ticker(instrument)
        self.touch_id = 0
        self.touch: dict[Side, tuple[int, float]] = {}


class _Channel(NamedTuple):
    """One kind of message: its typed decoder and what to do with it."""

    decoder: msgspec.json.Decoder[Any]
    handle: str


class _Route(NamedTuple):
    """One topic of one market, ready to be used."""

    decode: Callable[[bytes], Any]
    handle: Callable[[_Market, Any, int], Events]
    market: _Market
    channel: str


class _Asked(NamedTuple):
    """A subscription without an answer."""

    topics: tuple[str, ...]
    due_ns: int


def _channel(shape: Any, handle: str) -> _Channel:
    return _Channel(msgspec.json.Decoder(Message[shape], strict=False), handle)


_BOOK = _channel(BookData, "_depth")
_CHANNELS = {
    "publicTrade": _channel(list[TradeRow], "_trades"),
    "orderbook.1": _channel(BookData, "_touch"),
    "orderbook.50": _BOOK,
    "orderbook.200": _BOOK,
    "orderbook.500": _BOOK,
    "orderbook.1000": _BOOK,
    "tickers": _channel(TickerData, "_ticker"),
    "allLiquidation": _channel(list[LiquidationRow] | LiquidationRow, "_liquidations"),
    "liquidation": _channel(OldLiquidation, "_old_liquidation"),
}
_bare = msgspec.json.Decoder(Bare)
_encode = msgspec.json.Encoder().encode


class BybitProtocol:
    """One Bybit connection. A spec without markets learns them from an instrument list recorded on the connection."""

    def __init__(self, spec: ConnectionSpec) -> None:
        self.requests: list[Request] = []
        self._spec = spec
        self._instruments = {market.symbol: market for market in spec.markets}
        self._markets: dict[str, _Market] = {}
        self._routes: dict[bytes, _Route | None] = {}
        self._topics = dict.fromkeys(spec.streams)
        self._asked: dict[str, _Asked] = {}
        self._sent = 0
        self._ping_due_ns: int | None = None
        self._last_trades: LastTrades = {}

    @property
    def book_jumps(self) -> dict[str, int]:
        """How many updates skipped numbers, by symbol: no error by the venue's rules, but where a loss would show."""
        return {symbol: market.book.jumps for symbol, market in self._markets.items() if market.book.jumps}

    def receive(self, frame: Frame) -> Events:
        """Decode one frame. Raises ProtocolError; a topic whose message was skipped says so with its next one."""
        try:
            if frame.kind is _TEXT:
                return self._text(frame.payload, frame.ts_recv_ns)
            return self._other(frame)
        except _UNREADABLE as error:
            raise ProtocolError("Bybit sent a message of unknown shape", str(error)) from error

    def resume(self, last_trades: LastTrades) -> None:
        """Look for what fell between the connection before and this one among the newest trades that REST has."""
        self._last_trades = last_trades
        for market in self._markets.values():
            market.earlier.resume(last_trades)

    def tick(self, now_ns: int) -> None:
        """Ping, and ask again for subscriptions and trades without an answer and books without a snapshot."""
        if self._ping_due_ns is not None and now_ns >= self._ping_due_ns:
            self._ping_due_ns = now_ns + _PING_NS
            self._send("ping")
        for req_id in [req_id for req_id, asked in self._asked.items() if now_ns >= asked.due_ns]:
            self._subscribe(self._asked.pop(req_id).topics, now_ns)
        late = [m for m in self._markets.values() if m.snapshot_due_ns is not None and now_ns >= m.snapshot_due_ns]
        self._resubscribe([market.book_topic for market in late], now_ns)
        fetches = [market.earlier.due_fetch(now_ns) for market in self._markets.values()]
        self.requests += [fetch for fetch in fetches if fetch is not None]

    def refresh_books(self, now_ns: int) -> None:
        """Subscribe books and tickers anew: both begin with a snapshot, which a recording that begins now needs."""
        self._resubscribe([topic for topic in self._topics if topic.startswith(("orderbook.", "tickers."))], now_ns)

    # subscriptions

    def _send(self, op: str, topics: Sequence[str] = ()) -> str:
        self._sent += 1
        request: dict[str, object] = {"req_id": str(self._sent), "op": op}
        self.requests.append(Send(_encode(request | ({"args": topics} if topics else {})).decode()))
        return str(self._sent)

    def _subscribe(self, topics: Sequence[str], now_ns: int) -> None:
        for start in range(0, len(topics), _BATCH):
            batch = tuple(topics[start : start + _BATCH])
            self._asked[self._send("subscribe", batch)] = _Asked(batch, now_ns + _ACK_PATIENCE_NS)

    def _resubscribe(self, topics: Sequence[str], now_ns: int) -> None:
        """Have topics begin again, with a snapshot."""
        for start in range(0, len(topics), _BATCH):
            self._send("unsubscribe", topics[start : start + _BATCH])
        self._subscribe(topics, now_ns)
        for market in self._markets.values():
            if market.book_topic in topics:
                market.snapshot_due_ns = now_ns + _SNAPSHOT_PATIENCE_NS

    def _bare_text(self, payload: bytes, now_ns: int) -> Events:
        try:
            message = _bare.decode(payload)
        except _UNREADABLE:
            for symbol, market in self._markets.items():
                if symbol.encode() in payload:
                    market.trades_unread = market.book_unread = True
            raise
        if message.topic is not None:
            return self._message(message.topic.encode(), payload, now_ns)
        if message.success is False and message.op != "unsubscribe":
            return self._refused(message, now_ns)
        asked = self._asked.pop(message.req_id, None) if message.op == "subscribe" else None
        return self._subscribed(asked.topics, now_ns) if asked is not None else ()

    def _subscribed(self, topics: Iterable[str], now_ns: int) -> Events:
        events: list[Event] = []
        for topic in topics:
            channel, _, symbol = topic.rpartition(".")
            market = self._market(symbol)
            if channel == "publicTrade" and market is not None:
                events += self._begin_trades(market, now_ns)
        return events

    def _refused(self, message: Bare, now_ns: int) -> Events:
        """Drop the topic that was refused and ask again for the others of its request, which fail with it."""
        named = set(_TOPIC_IN_TEXT.findall(message.ret_msg))
        asked = self._asked.pop(message.req_id, None)
        topics = asked.topics if asked is not None else tuple(sorted(named))
        bad = [topic for topic in topics if topic in named] or list(topics if len(topics) == 1 else ())
        rest = [topic for topic in topics if topic not in bad]
        for part in [rest] if bad else [[topic] for topic in rest]:
            self._subscribe(part, now_ns)
        if "already subscribed" in message.ret_msg:
            return self._subscribed(bad, now_ns)
        for topic in bad:
            self._drop(topic)
        raise ProtocolError(f"Bybit refused {', '.join(bad) or 'a request'}", message.ret_msg)

    def _drop(self, topic: str) -> None:
        self._topics.pop(topic, None)
        for market in self._markets.values():
            if market.book_topic == topic:
                market.snapshot_due_ns = None

    # frames

    def _text(self, payload: bytes, now_ns: int) -> Events:
        end = payload.find(b'"', _NAME_AT) if payload.startswith(_ENVELOPE) else -1
        if end < 0:
            return self._bare_text(payload, now_ns)
        return self._message(payload[_NAME_AT:end], payload, now_ns)

    def _message(self, topic: bytes, payload: bytes, now_ns: int) -> Events:
        try:
            route = self._routes[topic]
        except KeyError:
            route = self._route(topic.decode())
            if len(self._routes) < _ROUTE_LIMIT:
                self._routes[topic] = route
        if route is None:
            return ()
        try:
            return route.handle(route.market, route.decode(payload), now_ns)
        except (ProtocolError, *_UNREADABLE):
            route.market.trades_unread |= route.channel == "publicTrade"
            route.market.book_unread |= _CHANNELS[route.channel] is _BOOK
            raise

    def _route(self, topic: str) -> _Route | None:
        name, _, symbol = topic.rpartition(".")
        channel, market = _CHANNELS.get(name), self._market(symbol)
        if channel is None or market is None:
            return None
        return _Route(channel.decoder.decode, getattr(self, channel.handle), market, name)

    def _market(self, symbol: str) -> _Market | None:
        market = self._markets.get(symbol)
        if market is None and symbol in self._instruments:
            instrument, history_s = self._instruments[symbol], self._spec.history_s
            market = self._markets[symbol] = _Market(instrument, history_s, self._last_trades)
        return market

    def _other(self, frame: Frame) -> Events:
        if frame.kind is FrameKind.OPEN:
            self._begin(frame.ts_recv_ns)
            return (Connected(self._spec.venue, self._spec.name, frame.ts_recv_ns),)
        if frame.kind is FrameKind.CLOSE:
            return self._end(frame)
        topic, _, symbol = frame.tag.partition("/")
        if topic == "trades" and (market := self._markets.get(symbol)) is not None:
            return self._earlier(market, frame)
        if frame.kind is FrameKind.HTTP and frame.tag == "instruments" and not self._spec.markets:
            found = instruments_from_info(self._spec.kind, [frame.payload])
            self._instruments = {market.symbol: market for market in found}
            self._routes.clear()
        return ()

    def _begin(self, now_ns: int) -> None:
        self._ping_due_ns = now_ns + _PING_NS
        self._subscribe(self._spec.streams, now_ns)
        for topic in self._spec.streams:
            name, _, symbol = topic.rpartition(".")
            market = self._market(symbol)
            if _CHANNELS.get(name) is _BOOK and market is not None and not market.book_topic:
                market.book_topic, market.snapshot_due_ns = topic, now_ns + 2 * _SNAPSHOT_PATIENCE_NS

    def _end(self, frame: Frame) -> Events:
        reason = frame.payload.decode(errors="replace")
        events: list[Event] = [Disconnected(self._spec.venue, self._spec.name, frame.ts_recv_ns, reason)]
        for market in self._markets.values():
            if market.book.known:
                events.append(BookLost(market.instrument, frame.ts_recv_ns, reason))
            events += market.earlier.close(frame.ts_recv_ns)
            if market.trades_live:
                events.append(TradesLost(market.instrument, frame.ts_recv_ns, reason))
        return events

    # trades

    def _trades(self, market: _Market, message: Message[list[TradeRow]], now_ns: int) -> Events:
        """Fills in match order. Ids seen before and block trades, which never met the book, are left out."""
        rows = [(row, market.units.execution(row.p, row.v), _side(_SIDES, row.S)) for row in message.data]
        events = self._begin_trades(market, now_ns)
        if not market.has_begun and rows:
            self._begin_earlier(market, message.data[0])
        for row, (ticks, price, size, notional), side in rows:
            if market.recent.is_new(row.i) and not row.BT:
                events.append(Trade(market.instrument, row.T * _MS, now_ns, ticks, price, size, notional, side, row.i))
        return events

    def _begin_trades(self, market: _Market, now_ns: int) -> list[Event]:
        events: list[Event] = []
        if market.trades_unread and market.trades_live:
            events.append(TradesLost(market.instrument, now_ns, "a message could not be read"))
            market.trades_live = False
        if not market.trades_live:
            events.append(TradesLive(market.instrument, now_ns))
            market.has_begun = False
        market.trades_live, market.trades_unread = True, False
        return events

    def _begin_earlier(self, market: _Market, first: TradeRow) -> None:
        market.has_begun = True
        fetch = market.earlier.begin(first.i, first.T * _MS)
        if fetch is not None:
            self.requests.append(fetch)

    def _earlier(self, market: _Market, frame: Frame) -> Events:
        if frame.kind is FrameKind.HTTP_FAILED:
            return market.earlier.fail(frame.ts_recv_ns)
        try:
            return market.earlier.answer(frame.payload, frame.ts_recv_ns)
        except (ProtocolError, *_UNREADABLE):
            if ended := market.earlier.fail(frame.ts_recv_ns):
                return ended
            raise

    # book

    def _depth(self, market: _Market, message: Message[BookData], now_ns: int) -> Events:
        """A book counts one depth topic, the first, and ignores the others."""
        if message.type not in ("snapshot", "delta"):
            raise ProtocolError("Bybit sent a book message of unknown type", message.type)
        market.book_topic = market.book_topic or message.topic
        if market.book_topic != message.topic:
            return ()
        data, instrument = message.data, market.instrument
        bids, asks = market.units.levels(data.b), market.units.levels(data.a)
        ts_venue_ns = (message.ts if message.cts is None else message.cts) * _MS
        if message.type == "snapshot":
            bids.sort(reverse=True)
            asks.sort()
            market.book.replace(data.u, bids, asks)
            market.book_unread, market.snapshot_due_ns = False, None
            return (BookSnapshot(instrument, ts_venue_ns, now_ns, bids, asks, data.u),)
        if not market.book.known:
            return ()
        reason = market.book.lose("an update could not be read") if market.book_unread else ""
        if reason := reason or market.book.follow(data.u, bids, asks, now_ns):
            self._resubscribe([message.topic], now_ns)
            return (BookLost(instrument, now_ns, reason),)
        if market.book.is_doubtful(now_ns):
            self._resubscribe([message.topic], now_ns)
        return (BookDelta(instrument, ts_venue_ns, now_ns, bids, asks, data.u),)

    def _touch(self, market: _Market, message: Message[BookData], now_ns: int) -> Events:
        """Depth 1 has the best prices only. It repeats itself after three quiet seconds, and once sent deltas too."""
        data = message.data
        if data.u == market.touch_id:
            return ()
        bids, asks = market.units.levels(data.b), market.units.levels(data.a)
        touch = {} if message.type == "snapshot" else market.touch
        for side, levels in ((_BUY, bids), (_SELL, asks)):
            present = [level for level in levels if level[1]]
            touch |= {side: present[-1]} if present else {}
        market.touch_id, market.touch = data.u, touch
        if len(touch) < 2:
            return ()
        ts_venue_ns = (message.ts if message.cts is None else message.cts) * _MS
        return (Quote(market.instrument, ts_venue_ns, now_ns, *touch[_BUY], *touch[_SELL]),)

    # mark, index, funding, open interest, liquidations

    def _ticker(self, market: _Market, message: Message[TickerData], now_ns: int) -> Events:
        return market.ticker.take(message.data, message.ts * _MS, now_ns)

    def _liquidations(
        self, market: _Market, message: Message[list[LiquidationRow] | LiquidationRow], now_ns: int
    ) -> Events:
        rows = message.data if isinstance(message.data, list) else [message.data]
        return [_liquidation(market.instrument, row.S, row.p, row.v, row.T, now_ns) for row in rows]

    def _old_liquidation(self, market: _Market, message: Message[OldLiquidation], now_ns: int) -> Events:
        row = message.data
        return (_liquidation(market.instrument, row.side, row.price, row.size, row.updatedTime, now_ns),)


def _liquidation(instrument: Instrument, side: str, price: str, size: float, ts_ms: int, now_ns: int) -> Liquidation:
    """The size is what was executed; the notional is at the bankruptcy price, which need not lie on the tick grid."""
    at = number(price) / instrument.multiplier
    if at <= 0:
        raise ProtocolError("Bybit sent a liquidation without a price", instrument.symbol)
    if instrument.kind is MarketKind.INVERSE:
        base, notional = size / at, size
    else:
        base = size * instrument.multiplier
        notional = base * at
    return Liquidation(instrument, ts_ms * _MS, now_ns, at, base, notional, _side(_FORCED_SIDES, side))


def _side(sides: dict[str, Side], text: str) -> Side:
    side = sides.get(text)
    if side is None:
        raise ProtocolError("Bybit sent something without a side", repr(text))
    return side
