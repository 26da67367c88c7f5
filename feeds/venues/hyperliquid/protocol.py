"""Hyperliquid: perpetuals of the main dex and spot pairs, decoded without IO (VENUES section 4).

Every book frame is a whole snapshot, so nothing can be out of step: an older frame than the last is dropped, and a lost
one costs nothing but time. There is no public liquidation feed, and no id by which a missing trade would show.

The book that is shown has the 20 levels of the slow stream (every 5 s), with its top taken from the fast one (5 levels
every 0.5 s) while that is newer: the touch must be fresh to trade by, and 5 levels alone are no ladder. Levels behind
the fast five may thus be up to 5 s old. The two are kept apart, so neither can push the other back in time.

The first trades of a coin on a connection repeat what happened before it (VENUES 4.2). Of that first message only rows
from the moment of connecting on are trades. The older ones are told as fetched afterwards, without those told before,
where they reach back to the last trade of the connection before or where history is wanted: from the oldest row on, or
from that last trade, nothing is missing.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterable, Mapping, Sequence
from itertools import pairwise
from typing import Any, NamedTuple

import msgspec

from feeds.model.errors import ProtocolError
from feeds.model.events import (
    BookLost,
    BookSnapshot,
    Connected,
    Disconnected,
    Event,
    Funding,
    HistoryEnded,
    IndexPrice,
    Level,
    MarkPrice,
    OpenInterest,
    Quote,
    Side,
    Trade,
    TradesFilled,
    TradesLive,
    TradesLost,
)
from feeds.model.frame import ConnectionSpec, Frame, FrameKind
from feeds.model.instrument import Instrument, InstrumentId
from feeds.model.protocol import LastTrade, Request, Send
from feeds.pipeline.backfill import UNREAD
from feeds.pipeline.units import Units
from feeds.venues.hyperliquid.wire import (
    AckData,
    Anything,
    BookData,
    ContextData,
    LevelData,
    Push,
    QuoteData,
    TradeData,
)

_MS = 1_000_000
_SECOND = 1_000_000_000
_HOUR = 3_600 * _SECOND
_PING_NS = 15 * _SECOND  # the venue wants one in 50 s; a quiet socket must not look dead for 20 s
_CONTEXT_LAG_NS = _SECOND
_TRADES_KEPT = 4_096
_FAST_LEVELS = 5
_ENVELOPE = b'{"channel":"'
_NAME_AT = len(_ENVELOPE)
_PING = '{"method":"ping"}'

_UNREADABLE = (msgspec.MsgspecError, UnicodeDecodeError, RecursionError)
_TEXT, _BUY, _SELL = FrameKind.TEXT, Side.BUY, Side.SELL  # looked up for every frame

Events = Sequence[Event]


class _Depth(NamedTuple):
    """The newest frame of one book stream. `time` is the block's, ms."""

    time: int
    bids: list[Level]
    asks: list[Level]


class _Market:
    """What one coin remembers on this connection."""

    def __init__(self, instrument: Instrument) -> None:
        self.instrument = instrument
        self.units = Units(instrument)
        self.slow: _Depth | None = None
        self.fast: _Depth | None = None
        self.quote_time = 0
        self.trades_live = False
        self.trades_unread = False
        self.live_ns = 0
        self.had_trades = False
        self.had_first = False
        self.earlier: list[Trade] = []
        self._seen: set[int] = set()
        self._order: deque[int] = deque()

    @property
    def book_known(self) -> bool:
        """Whether a book was told."""
        return self.slow is not None or self.fast is not None

    def is_new(self, trade_id: int) -> bool:
        """Remember a trade; False when it is among the last few thousand."""
        if trade_id in self._seen:
            return False
        self._seen.add(trade_id)
        self._order.append(trade_id)
        if len(self._order) > _TRADES_KEPT:
            self._seen.discard(self._order.popleft())
        return True

    def book(self) -> _Depth:
        """The slow book, its top refreshed by the fast one where that is newer."""
        slow, fast = self.slow, self.fast
        if slow is None or fast is None:
            return slow or fast or _Depth(0, [], [])
        if fast.time <= slow.time:
            return slow
        return _Depth(fast.time, _refreshed(slow.bids, fast.bids, 1), _refreshed(slow.asks, fast.asks, -1))


class _Channel(NamedTuple):
    """One kind of message: its typed decoder and what to do with it."""

    decoder: msgspec.json.Decoder[Any]
    handle: str


def _channel(shape: Any, handle: str) -> _Channel:
    return _Channel(msgspec.json.Decoder(Push[shape], strict=False), handle)


_CHANNELS = {
    "trades": _channel(list[TradeData], "_trades"),
    "l2Book": _channel(BookData, "_book"),
    "bbo": _channel(QuoteData, "_quote"),
    "activeAssetCtx": _channel(ContextData, "_context"),
    "subscriptionResponse": _channel(AckData, "_acknowledged"),
    "error": _channel(str, "_refused"),
}
_anything = msgspec.json.Decoder(Anything)


def subscription(stream: str) -> str | None:
    """The request for a stream of a spec, for example `trades:BTC`, `l2BookFast:@142`; None for one without a coin."""
    channel, _, coin = stream.partition(":")
    if not coin:
        return None
    fast = channel == "l2BookFast"
    wanted: dict[str, object] = {"type": "l2Book" if fast else channel, "coin": coin}
    if fast:
        wanted["fast"] = True
    return msgspec.json.encode({"method": "subscribe", "subscription": wanted}).decode()


class HyperliquidProtocol:
    """One Hyperliquid connection. A name that the venue does not know closes it; the names come from its own list."""

    def __init__(self, spec: ConnectionSpec) -> None:
        self.requests: list[Request] = []
        self._spec = spec
        self._markets = {market.symbol: _Market(market) for market in spec.markets}
        self._last_trades: Mapping[InstrumentId, LastTrade] = {}
        self._opened_ns = 0
        self._ping_due_ns = 0

    def receive(self, frame: Frame) -> Events:
        """Decode one frame. Raises ProtocolError; the frame is then skipped as a whole."""
        try:
            if frame.kind is _TEXT:
                return self._text(frame.payload, frame.ts_recv_ns)
            return self._other(frame)
        except ProtocolError:
            self._skip(frame)
            raise
        except _UNREADABLE as error:
            self._skip(frame)
            raise ProtocolError("Hyperliquid sent a message of unknown shape", str(error)) from error

    def _skip(self, frame: Frame) -> None:
        """Trades in a text that cannot be read are missing, and no number will say so."""
        if frame.kind is _TEXT and b'"trades"' in frame.payload:
            for symbol, market in self._markets.items():
                market.trades_unread |= f'"{symbol}"'.encode() in frame.payload

    def resume(self, last_trades: Mapping[InstrumentId, LastTrade]) -> None:
        """Hear of the newest trades that were passed on, which the first message may repeat."""
        self._last_trades = last_trades

    def tick(self, now_ns: int) -> None:
        """Ping in time: the venue closes a socket on which it had nothing to say for a minute."""
        if now_ns >= self._ping_due_ns:
            self._ping_due_ns = now_ns + _PING_NS
            self.requests.append(Send(_PING))

    def refresh_books(self, now_ns: int) -> None:
        """Do nothing: every frame is a whole book."""

    def _text(self, payload: bytes, now_ns: int) -> Events:
        if payload.startswith(_ENVELOPE):
            name = payload[_NAME_AT : payload.find(b'"', _NAME_AT)].decode()
        else:
            name = _anything.decode(payload).channel
        channel = _CHANNELS.get(name)
        if channel is None:
            return ()
        handle: Callable[[Any, int], Events] = getattr(self, channel.handle)
        return handle(channel.decoder.decode(payload).data, now_ns)

    def _other(self, frame: Frame) -> Events:
        match frame.kind:
            case FrameKind.OPEN:
                return self._begin(frame.ts_recv_ns)
            case FrameKind.CLOSE:
                return self._end(frame)
            case _:
                return ()

    def _begin(self, now_ns: int) -> Events:
        self._opened_ns, self._ping_due_ns = now_ns, now_ns + _PING_NS
        texts = map(subscription, self._spec.streams)
        self.requests += [Send(text) for text in texts if text is not None]
        return (Connected(self._spec.venue, self._spec.name, now_ns),)

    def _end(self, frame: Frame) -> Events:
        reason = frame.payload.decode(errors="replace")
        events: list[Event] = [Disconnected(self._spec.venue, self._spec.name, frame.ts_recv_ns, reason)]
        for market in self._markets.values():
            if market.book_known:
                events.append(BookLost(market.instrument, frame.ts_recv_ns, reason))
            if market.trades_live:
                events.append(TradesLost(market.instrument, frame.ts_recv_ns, reason))
        return events

    def _acknowledged(self, data: AckData, now_ns: int) -> Events:
        market = self._markets.get(data.subscription.coin)
        if market is None or data.method != "subscribe" or data.subscription.type != "trades":
            return ()
        return self._go_live(market, now_ns)

    def _go_live(self, market: _Market, now_ns: int) -> list[Event]:
        lost = [TradesLost(market.instrument, now_ns, UNREAD)] if market.trades_unread and market.trades_live else []
        if market.trades_live and not lost:
            return []
        market.trades_live, market.trades_unread, market.live_ns = True, False, now_ns
        return [*lost, TradesLive(market.instrument, now_ns)]

    def _refused(self, text: str, now_ns: int) -> Events:
        if text.startswith("Already subscribed"):
            return ()
        raise ProtocolError("Hyperliquid refused a request", text)

    # trades

    def _trades(self, rows: list[TradeData], now_ns: int) -> Events:
        known = [(market, row) for row in rows if (market := self._markets.get(row.coin)) is not None]
        told = [(market, row, _trade(market.units, row, now_ns)) for market, row in known]
        starting = {market.instrument.symbol for market, _ in known if not market.had_trades}
        events: list[Event] = []
        for market, row, trade in told:
            market.had_trades = True
            events += self._go_live(market, now_ns)
            if not market.is_new(row.tid):
                continue
            if row.coin in starting and trade.ts_venue_ns < self._opened_ns:
                market.earlier.append(trade)
            else:
                events.append(trade)
                events += self._earlier(market, trade, now_ns)
        return events

    def _earlier(self, market: _Market, first: Trade, now_ns: int) -> list[Event]:
        """What the first message repeated, told once the first trade after it is known."""
        if market.had_first:
            return []
        market.had_first = True
        before, wants_history = self._last_trades.get(market.instrument.id), self._spec.history_s > 0
        ended = [HistoryEnded(market.instrument, now_ns)] if wants_history and before is None else []
        trades, market.earlier = sorted(market.earlier, key=lambda trade: trade.ts_venue_ns), []
        at = next((at for at, trade in enumerate(trades) if before and trade.trade_id == before.trade_id), -1)
        if not trades or (at < 0 and not wants_history):
            return [*ended]
        since_ns = before.ts_venue_ns if before and at >= 0 else trades[0].ts_venue_ns + _MS
        fetched = tuple(trades[at + 1 :])
        return [TradesFilled(market.instrument, now_ns, since_ns, first.ts_venue_ns, fetched), *ended]

    # book

    def _book(self, data: BookData, now_ns: int) -> Events:
        market = self._markets.get(data.coin)
        if market is None:
            return ()
        last = market.fast if data.fast else market.slow
        if last is not None and data.time < last.time:
            return ()
        depth = _depth(data, market.units)
        if data.fast:
            market.fast = depth
        else:
            market.slow = depth
        book = market.book()
        return (BookSnapshot(market.instrument, book.time * _MS, now_ns, book.bids, book.asks, book.time),)

    def _quote(self, data: QuoteData, now_ns: int) -> Events:
        market = self._markets.get(data.coin)
        if market is None or data.time < market.quote_time or len(data.bbo) != 2:
            return ()
        bid_level, ask_level = data.bbo
        if bid_level is None or ask_level is None:
            return ()
        (bid, bid_size), (ask, ask_size) = market.units.levels(_pairs((bid_level, ask_level)))
        market.quote_time = data.time
        return (Quote(market.instrument, data.time * _MS, now_ns, bid, bid_size, ask, ask_size, data.time),)

    # mark, index, funding, open interest

    def _context(self, data: ContextData, now_ns: int) -> Events:
        """Contexts carry no time. They are dated a second back, which is where the venue's block time is (4.7), but not
        to before the trades were live: the time would seem to be one in which all of them were received.
        """
        market = self._markets.get(data.coin)
        if market is None:
            return ()
        instrument, ctx, ts_ns = market.instrument, data.ctx, max(now_ns - _CONTEXT_LAG_NS, market.live_ns)
        mark, size = ctx.markPx / instrument.multiplier, ctx.openInterest * instrument.multiplier
        next_ns = ts_ns - ts_ns % _HOUR + _HOUR
        return (
            MarkPrice(instrument, ts_ns, now_ns, mark),
            IndexPrice(instrument, ts_ns, now_ns, ctx.oraclePx / instrument.multiplier),
            Funding(instrument, ts_ns, now_ns, ctx.funding, next_ns, _HOUR),
            OpenInterest(instrument, ts_ns, now_ns, size, size * mark),
        )


def _refreshed(slow: list[Level], fast: list[Level], sign: int) -> list[Level]:
    """The fast levels, and behind them the slow ones; where there are fewer than five fast ones, they are the side."""
    if len(fast) < _FAST_LEVELS:
        return fast
    worst = fast[-1][0] * sign
    return [*fast, *(level for level in slow if level[0] * sign < worst)]


def _trade(units: Units, row: TradeData, now_ns: int) -> Trade:
    ticks, price, size, notional = units.execution(row.px, row.sz)
    side, ts_ns = (_BUY if row.side == "B" else _SELL), row.time * _MS
    return Trade(units.instrument, ts_ns, now_ns, ticks, price, size, notional, side, str(row.tid))


def _pairs(levels: Iterable[LevelData]) -> list[tuple[str, float]]:
    return [(level.px, level.sz) for level in levels]


def _depth(data: BookData, units: Units) -> _Depth:
    bids, asks = (units.levels(_pairs(side)) for side in data.levels)
    if any(a[0] <= b[0] for a, b in pairwise(bids)) or any(a[0] >= b[0] for a, b in pairwise(asks)):
        raise ProtocolError("Hyperliquid sent a book out of order", data.coin)
    if bids and asks and bids[0][0] >= asks[0][0]:
        raise ProtocolError("Hyperliquid sent a crossed book", data.coin)
    return _Depth(data.time, bids, asks)
