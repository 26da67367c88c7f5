"""Bybit v5: linear and inverse perpetuals and spot, decoded without IO (README: Endpoints).

One class serves the three categories; what differs is the size unit, which `Units` knows. Everything is subscribed
after OPEN, acknowledgements are matched by request id, books begin with a snapshot on the same topic. The venue numbers
neither trades nor its messages, so a message that cannot be read costs its topic its completeness, as the next one
reports.
"""

import re
from collections.abc import Iterable, Sequence
from functools import partial
from typing import Any

import msgspec

from feeds.model.errors import ProtocolError
from feeds.model.events import BookDelta, BookLost, BookSnapshot, Event, Quote, Side, Trade
from feeds.model.frame import ConnectionSpec, Frame, FrameKind
from feeds.model.instrument import Instrument
from feeds.pipeline.units import Units
from feeds.venues.bybit.book import BookChain
from feeds.venues.bybit.derivatives import Ticker, liquidation
from feeds.venues.bybit.instruments import instruments_from_info
from feeds.venues.bybit.trades import BybitTrades
from feeds.venues.bybit.wire import SIDES, Bare, BookData, LiquidationRow, Message, OldLiquidation, TickerData, TradeRow
from feeds.venues.shared.limits import LIMITS, Limits
from feeds.venues.shared.numbers import MS, SECOND
from feeds.venues.shared.rows import RowDecoder, each
from feeds.venues.shared.socket_protocol import Events, Route, SocketProtocol, channel
from feeds.venues.shared.subscriptions import Subscriptions

_BATCH = 10
_PING_NS = 20 * SECOND

_TEXT, _BUY, _SELL = FrameKind.TEXT, Side.BUY, Side.SELL  # looked up for every frame
_TOPIC_IN_TEXT = re.compile(r"[A-Za-z]+(?:\.\d+)?\.[\w-]+")
_TOPIC = re.compile(rb'"topic":\s*"([\w.]+)\.([\w-]+)"')


class _Market:
    """What one symbol remembers on this connection."""

    def __init__(self, instrument: Instrument, history_s: int, limits: Limits) -> None:
        self.instrument = instrument
        self.units = Units(instrument)
        self.trades = BybitTrades(self.units, history_s, limits)
        self.book = BookChain(limits)
        self.book_topic = ""
        self.book_unread = False
        self.snapshot_due_ns: int | None = None
        self.ticker = Ticker(instrument)
        self.touch_id = 0
        self.touch: dict[Side, tuple[int, float]] = {}

    @property
    def book_known(self) -> bool:
        """Whether a snapshot came and no loss since."""
        return self.book.known


_BOOK = channel(Message[BookData], "_depth")
_CHANNELS = {
    "publicTrade": channel(Message[list[TradeRow]], "_trades"),
    "orderbook.1": channel(Message[BookData], "_touch"),
    "orderbook.50": _BOOK,
    "orderbook.200": _BOOK,
    "orderbook.500": _BOOK,
    "orderbook.1000": _BOOK,
    "tickers": channel(Message[TickerData], "_ticker"),
    "allLiquidation": channel(Message[msgspec.Raw], "_liquidations"),
    "liquidation": channel(Message[OldLiquidation], "_old_liquidation"),
}
_bare = msgspec.json.Decoder(Bare)
_liquidation = msgspec.json.Decoder(LiquidationRow, strict=False)
_liquidations = RowDecoder(list, LiquidationRow, lists=lambda rows: (rows,))


class BybitProtocol(SocketProtocol[_Market]):
    """One Bybit connection. A spec without markets learns them from an instrument list recorded on the connection."""

    label = "Bybit"
    envelope = b'{"topic":"'

    def __init__(self, spec: ConnectionSpec, limits: Limits = LIMITS) -> None:
        super().__init__(spec, ())
        self._limits = limits
        self._instruments = {market.symbol: market for market in spec.markets}
        self._topics = dict.fromkeys(spec.streams)
        self._subscriptions: Subscriptions[str] = Subscriptions(_request, _BATCH, limits.acknowledgement_ns)
        self._ping_due_ns: int | None = None

    @property
    def book_jumps(self) -> dict[str, int]:
        """How many updates skipped numbers, by symbol: no error by the venue's rules, but where a loss would show."""
        return {symbol: market.book.jumps for symbol, market in self._markets.items() if market.book.jumps}

    def tick(self, now_ns: int) -> None:
        """Ping, and ask again for subscriptions and trades without an answer and books without a snapshot."""
        if self._ping_due_ns is not None and now_ns >= self._ping_due_ns:
            self._ping_due_ns = now_ns + _PING_NS
            self.requests.append(self._subscriptions.request("ping"))
        for topics in self._subscriptions.take_overdue(now_ns):
            self._subscribe(topics, now_ns)
        late = [m for m in self._markets.values() if m.snapshot_due_ns is not None and now_ns >= m.snapshot_due_ns]
        self._resubscribe([market.book_topic for market in late], now_ns)
        super().tick(now_ns)

    def refresh_books(self, now_ns: int) -> None:
        """Subscribe books and tickers again: both begin with a snapshot, which a recording that begins now needs."""
        self._resubscribe([topic for topic in self._topics if topic.startswith(("orderbook.", "tickers."))], now_ns)

    # subscriptions

    def _begin(self, now_ns: int) -> Events:
        self._ping_due_ns = now_ns + _PING_NS
        self._subscribe(self._spec.streams, now_ns)
        for topic in self._spec.streams:
            name, _, symbol = topic.rpartition(".")
            market = self._market(symbol)
            if _CHANNELS.get(name) is _BOOK and market is not None and not market.book_topic:
                market.book_topic, market.snapshot_due_ns = topic, now_ns + 2 * self._limits.snapshot_ns
        return ()

    def _subscribe(self, topics: Sequence[str], now_ns: int) -> None:
        self.requests += self._subscriptions.subscribe(topics, now_ns)

    def _resubscribe(self, topics: Sequence[str], now_ns: int) -> None:
        """Have topics begin again, with a snapshot."""
        self.requests += self._subscriptions.renew(topics, now_ns)
        for market in self._markets.values():
            if market.book_topic in topics:
                market.snapshot_due_ns = now_ns + self._limits.snapshot_ns

    def _notice(self, payload: bytes, now_ns: int) -> Events:
        message = _bare.decode(payload)
        if message.topic is not None:
            return self._push(message.topic.encode(), payload, now_ns)
        if message.success is False and message.op != "unsubscribe":
            return self._refused(message, now_ns)
        return self._subscribed(self._subscriptions.take(message.req_id), now_ns) if message.op == "subscribe" else ()

    def _subscribed(self, topics: Iterable[str], now_ns: int) -> Events:
        events: list[Event] = []
        for topic in topics:
            name, _, symbol = topic.rpartition(".")
            market = self._market(symbol)
            if name == "publicTrade" and market is not None:
                events += market.trades.go_live(now_ns)
        return events

    def _refused(self, message: Bare, now_ns: int) -> Events:
        """Drop the topic that was refused and ask again for the others of its request, which fail with it."""
        named = set(_TOPIC_IN_TEXT.findall(message.ret_msg))
        topics = self._subscriptions.take(message.req_id) or tuple(sorted(named))
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

    # topics

    def _route(self, name: str) -> Route | None:
        name, _, symbol = name.rpartition(".")
        found, market = _CHANNELS.get(name), self._market(symbol)
        if found is None or market is None:
            return None
        return self._decode(found), partial(getattr(self, found.handler), market)

    def _market(self, symbol: str) -> _Market | None:
        market = self._markets.get(symbol)
        if market is None and symbol in self._instruments:
            market = self._markets[symbol] = _Market(self._instruments[symbol], self._spec.history_s, self._limits)
            market.trades.resume(self._last_trades)
        return market

    def _skip(self, frame: Frame) -> None:
        """A message that cannot be read costs its topic its completeness, or every topic of its symbol."""
        found, is_answer = _TOPIC.search(frame.payload), b'"success"' in frame.payload
        if frame.kind is not _TEXT or (found is None and is_answer):
            return
        name, named = (part.decode() for part in found.groups()) if found is not None else ("", "")
        for symbol, market in self._markets.items():
            if symbol == named or (not named and symbol.encode() in frame.payload):
                if name in ("publicTrade", ""):
                    market.trades.skip()
                market.book_unread |= not name or _CHANNELS.get(name) is _BOOK

    def _other(self, frame: Frame) -> Events:
        if frame.kind is FrameKind.HTTP and frame.tag == "instruments" and not self._spec.markets:
            found = instruments_from_info(self._spec.kind, [frame.payload])
            self._instruments = {market.symbol: market for market in found}
            self._routes.clear()
        return super()._other(frame)

    # trades

    def _trades(self, market: _Market, message: Message[list[TradeRow]], now_ns: int) -> Events:
        """Fills in match order. Ids seen before and block trades, which never met the book, are left out."""
        rows = [(row, market.units.execution(row.p, row.v), SIDES[row.S]) for row in message.data]
        events = market.trades.go_live(now_ns)
        if rows and not market.trades.begun:
            self._begin_trades(market, message.data[0])
        for row, (ticks, price, size, notional), side in rows:
            if market.trades.recent.is_new(row.i) and not row.BT:
                events.append(Trade(market.instrument, row.T * MS, now_ns, ticks, price, size, notional, side, row.i))
        return events

    def _begin_trades(self, market: _Market, first: TradeRow) -> None:
        fetch = market.trades.begin(first.i, first.T * MS)
        if fetch is not None:
            self.requests.append(fetch)

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
        ts_venue_ns = (message.ts if message.cts is None else message.cts) * MS
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
        ts_venue_ns = (message.ts if message.cts is None else message.cts) * MS
        return (Quote(market.instrument, ts_venue_ns, now_ns, *touch[_BUY], *touch[_SELL]),)

    # mark, index, funding, open interest, liquidations

    def _ticker(self, market: _Market, message: Message[TickerData], now_ns: int) -> Events:
        return market.ticker.take(message.data, message.ts * MS, now_ns)

    def _liquidations(self, market: _Market, message: Message[msgspec.Raw], now_ns: int) -> Events:
        """A list of them, or one."""
        leave_out = self._leaving_out("allLiquidation")
        is_list = bytes(message.data).startswith(b"[")
        rows = _liquidations.decode(message.data, leave_out) if is_list else [_liquidation.decode(message.data)]
        return each(rows, lambda row: (liquidation(market.instrument, row.S, row.p, row.v, row.T, now_ns),), leave_out)

    def _old_liquidation(self, market: _Market, message: Message[OldLiquidation], now_ns: int) -> Events:
        row = message.data
        return (liquidation(market.instrument, row.side, row.price, row.size, row.updatedTime, now_ns),)


def _request(operation: str, number: int, topics: Sequence[str]) -> str:
    request: dict[str, Any] = {"req_id": str(number), "op": operation}
    return msgspec.json.encode(request | ({"args": topics} if topics else {})).decode()
