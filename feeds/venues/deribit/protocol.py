"""Deribit: inverse and USDC perpetuals, decoded without IO (VENUES section 5).

JSON-RPC over one socket. The book comes as one snapshot after subscribing and then as a chain of changes; a second
subscription gives no second snapshot, so a broken chain is mended by a new connection. Trades have contiguous numbers.
Liquidations are not told live since 2023-10-03: `deribit_liquidations` fetches them an hour late.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Mapping, Sequence
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
    Level,
    MarketStatus,
    MarkPrice,
    OpenInterest,
    Quote,
    TradesLost,
)
from feeds.model.frame import ConnectionSpec, Frame, FrameKind
from feeds.model.instrument import Instrument, InstrumentId, MarketKind
from feeds.model.protocol import LastTrade, Reconnect, Replace, Request, Send
from feeds.pipeline.units import Units
from feeds.venues.deribit.liquidations import DelayedLiquidations, liquidations
from feeds.venues.deribit.trades import DeribitTrades
from feeds.venues.deribit.wire import (
    Answer,
    Anything,
    BookData,
    PlatformData,
    Push,
    RawChange,
    TickerData,
    TradeData,
    TradesPage,
)

PLATFORM = "platform_state"

_MS = 1_000_000
_OPEN = "open"
_FUNDING_BASIS_NS = 8 * 3_600 * 1_000 * _MS
_BATCH = 500
_HEARTBEAT_ID, _TEST_ID, _SUBSCRIBE_ID = 1, 2, 100
_HEARTBEAT_S = 30
_TOO_MANY, _TOO_MANY_PAUSE_S = 10_028, 5.0  # the venue ends the session after this error
_ROUTE_LIMIT = 4_096
_ENVELOPE = b'{"jsonrpc":"2.0","method":"subscription","params":{"channel":"'
_NAME_AT = len(_ENVELOPE)

_UNREADABLE = (msgspec.MsgspecError, UnicodeDecodeError, RecursionError)
_TEXT = FrameKind.TEXT  # looked up for every frame

Events = Sequence[Event]


class _Market:
    """What one instrument remembers on this connection."""

    def __init__(self, instrument: Instrument, number: int, history_s: int) -> None:
        self.instrument = instrument
        self.units = Units(instrument)
        self.book_known = False
        self.change_id = -1  # the newest seen, applied or not: an older snapshot is not the book
        self.trades = DeribitTrades(self.units, history_s)
        self.liquidations_live = False
        self.state = _OPEN
        self.delayed = DelayedLiquidations(self.units, number)


class _Channel(NamedTuple):
    """One kind of message: its typed decoder and what to do with it."""

    decoder: msgspec.json.Decoder[Any]
    handle: str


def _channel(shape: Any, handle: str) -> _Channel:
    return _Channel(msgspec.json.Decoder(Push[shape]), handle)


_CHANNELS = {
    "trades": _channel(list[TradeData], "_trades"),
    "book": _channel(BookData, "_book"),
    "ticker": _channel(TickerData, "_ticker"),
    PLATFORM: _channel(PlatformData, "_platform"),
}
_anything = msgspec.json.Decoder(Anything)
_acknowledged = msgspec.json.Decoder(list[str])
_trades_page = msgspec.json.Decoder(Answer[TradesPage])


def parse_channel(name: str) -> tuple[str, str]:
    """Kind and instrument of a channel: `book.BTC-PERPETUAL.100ms` -> (book, BTC-PERPETUAL).

    Both are empty for channels we have no use for, such as the grouped `book.BTC-PERPETUAL.none.10.100ms`.
    """
    words = name.split(".")
    if words == [PLATFORM]:
        return PLATFORM, ""
    if len(words) != 3 or words[0] not in _CHANNELS:
        return "", ""
    return words[0], words[1]


class DeribitProtocol:
    """One Deribit connection."""

    def __init__(self, spec: ConnectionSpec) -> None:
        self.requests: list[Request] = []
        self._spec = spec
        self._markets = {
            market.symbol: _Market(market, number, spec.history_s) for number, market in enumerate(spec.markets)
        }
        self._routes: dict[bytes, tuple[Callable[[bytes], Any], Callable[[Any, int], Events]] | None] = {}
        self._batches = [spec.streams[start : start + _BATCH] for start in range(0, len(spec.streams), _BATCH)]
        self._leaving = False

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
            raise ProtocolError("Deribit sent a message of unknown shape", str(error)) from error

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
        """Fetch the liquidations of an hour ago when they are due, and trades that did not come."""
        for market in self._markets.values():
            if (fetch := market.trades.due_fetch(now_ns)) is not None:
                self.requests.append(fetch)
            if (request := market.delayed.tick(now_ns)) is not None:
                self.requests.append(request)

    def refresh_books(self, now_ns: int) -> None:
        """Have a new connection take over: there is no other way to a whole book, and no trade is missed for it."""
        if not self._leaving:
            self.requests.append(Replace("a whole book is wanted"))

    def _leave(self, reason: str, pause_s: float = 0.0) -> None:
        if not self._leaving:
            self._leaving = True
            self.requests.append(Reconnect(reason, pause_s))

    def _text(self, payload: bytes, now_ns: int) -> Events:
        if not payload.startswith(_ENVELOPE):
            return self._other_text(payload, now_ns)
        return self._push(payload[_NAME_AT : payload.find(b'"', _NAME_AT)], payload, now_ns)

    def _push(self, name: bytes, payload: bytes, now_ns: int) -> Events:
        try:
            route = self._routes[name]
        except KeyError:
            route = self._route(name.decode(errors="replace"))
            if len(self._routes) < _ROUTE_LIMIT:
                self._routes[name] = route
        if route is None:
            return ()
        decode, handle = route
        return handle(decode(payload).params.data, now_ns)

    def _route(self, name: str) -> tuple[Callable[[bytes], Any], Callable[[Any, int], Events]] | None:
        kind, symbol = parse_channel(name)
        if not kind or (symbol and symbol not in self._markets):
            return None
        channel = _CHANNELS[kind]
        return channel.decoder.decode, getattr(self, channel.handle)

    def _other_text(self, payload: bytes, now_ns: int) -> Events:
        message = _anything.decode(payload)
        params = message.params
        if message.error is not None:
            detail = bytes(message.error.data).decode(errors="replace")
            if message.error.code == _TOO_MANY:
                self._leave("we asked too often", _TOO_MANY_PAUSE_S)
            raise ProtocolError(f"Deribit refused a request: {message.error.message}", detail)
        if message.method == "subscription" and params is not None:
            return self._push(params.channel.encode(), payload, now_ns)
        if message.method == "heartbeat" and params is not None and params.type == "test_request":
            self._call(_TEST_ID, "public/test", {})
            return ()
        return self._acknowledge(message, now_ns)

    def _acknowledge(self, message: Anything, now_ns: int) -> Events:
        """An answer to `subscribe` names the channels that it granted; the others are simply missing."""
        if not isinstance(message.id, int):
            return ()
        batch = message.id - _SUBSCRIBE_ID
        if not 0 <= batch < len(self._batches):
            return ()
        granted = set(_acknowledged.decode(message.result))
        events: list[Event] = []
        for name in self._batches[batch]:
            kind, symbol = parse_channel(name)
            if (market := self._markets.get(symbol)) is not None:
                events += self._granted(market, kind, name in granted, now_ns)
        return events

    def _granted(self, market: _Market, kind: str, granted: bool, now_ns: int) -> list[Event]:
        if kind == "trades" and granted:
            return market.trades.go_live(now_ns)
        if kind == "trades":
            return [TradesLost(market.instrument, now_ns, "the venue did not grant the trades")]
        if kind == "book" and not granted:
            return [BookLost(market.instrument, now_ns, "the venue did not grant the book")]
        return []

    def _call(self, request_id: int, method: str, params: dict[str, object]) -> None:
        call = {"jsonrpc": "2.0", "id": request_id, "method": method, "params": params}
        self.requests.append(Send(msgspec.json.encode(call).decode()))

    def _other(self, frame: Frame) -> Events:
        match frame.kind:
            case FrameKind.OPEN:
                return self._begin(frame.ts_recv_ns)
            case FrameKind.CLOSE:
                return self._end(frame)
            case FrameKind.HTTP:
                return self._answer(frame)
            case FrameKind.HTTP_FAILED:
                return self._failed(frame)
            case _:
                return ()

    def _begin(self, now_ns: int) -> Events:
        self._call(_HEARTBEAT_ID, "public/set_heartbeat", {"interval": _HEARTBEAT_S})
        for number, batch in enumerate(self._batches):
            self._call(_SUBSCRIBE_ID + number, "public/subscribe", {"channels": batch})
        return (Connected(self._spec.venue, self._spec.name, now_ns),)

    def _end(self, frame: Frame) -> Events:
        reason = frame.payload.decode(errors="replace")
        events: list[Event] = [Disconnected(self._spec.venue, self._spec.name, frame.ts_recv_ns, reason)]
        for market in self._markets.values():
            if market.book_known:
                events.append(BookLost(market.instrument, frame.ts_recv_ns, reason))
            events += market.trades.close(frame.ts_recv_ns)
            if market.trades.live:
                events.append(TradesLost(market.instrument, frame.ts_recv_ns, reason))
        return events

    def _platform(self, data: PlatformData, now_ns: int) -> Events:
        """Maintenance stops the matching: books are void until it is over, and then need new snapshots."""
        if data.maintenance is None:
            return ()
        lost: list[Event] = []
        if data.maintenance:
            for market in self._markets.values():
                lost += self._lose_book(market, "Deribit is in maintenance", now_ns)
        elif not all(market.book_known for market in self._markets.values()):
            self._leave("Deribit's maintenance is over")
        return lost

    # trades

    def _trades(self, rows: list[TradeData], now_ns: int) -> Events:
        known = [(market, row) for row in rows if (market := self._markets.get(row.instrument_name)) is not None]
        told = [(market, row, market.trades.trade(row, now_ns)) for market, row in known]
        told.sort(key=lambda trade: trade[1].trade_seq)
        events: list[Event] = []
        for market, row, trade in told:
            chain = market.trades.chain(row, now_ns)
            if chain is None:
                continue
            events += chain
            if row.block_trade_id is None:
                events.append(trade)
            if row.liquidation is not None:
                market.liquidations_live = True
                events += liquidations(market.units, row, now_ns)
            self._fill_holes(market)
        return events

    def _fill_holes(self, market: _Market) -> None:
        request = market.trades.next_fetch()
        if request is not None:
            self.requests.append(request)

    def _answer(self, frame: Frame) -> Events:
        topic, _, symbol = frame.tag.partition("/")
        market = self._markets.get(symbol)
        if market is None or topic not in ("liquidations", "trades"):
            return ()
        if topic == "trades":
            return self._fill(market, frame)
        page = _trades_page.decode(frame.payload).result
        told, following = market.delayed.answer(page, frame.ts_recv_ns)
        if following is not None:
            self.requests.append(following)
        return () if market.liquidations_live else told

    def _fill(self, market: _Market, frame: Frame) -> Events:
        try:
            return market.trades.answer(_trades_page.decode(frame.payload).result, frame.ts_recv_ns)
        except (*_UNREADABLE, ProtocolError):
            if ended := market.trades.fail(frame.ts_recv_ns):
                return ended
            raise
        finally:
            self._fill_holes(market)

    def _failed(self, frame: Frame) -> Events:
        topic, _, symbol = frame.tag.partition("/")
        market = self._markets.get(symbol)
        if market is None or topic != "trades":
            return ()
        told = market.trades.fail(frame.ts_recv_ns)
        self._fill_holes(market)
        return told

    # book

    def _book(self, data: BookData, now_ns: int) -> Events:
        market = self._markets.get(data.instrument_name)
        if market is None or data.change_id <= market.change_id:
            return ()
        bids, asks = _levels(market.units, data.bids), _levels(market.units, data.asks)
        ts_ns, change_id, last = data.timestamp * _MS, data.change_id, market.change_id
        market.change_id = change_id
        if data.type == "snapshot" or not data.prev_change_id:
            market.book_known = True
            return (BookSnapshot(market.instrument, ts_ns, now_ns, bids, asks, change_id),)
        if market.book_known and data.prev_change_id == last:
            return (BookDelta(market.instrument, ts_ns, now_ns, bids, asks, change_id),)
        self._leave(f"the book of {market.instrument.symbol} broke")
        return self._lose_book(market, f"change {change_id} does not follow the last one applied", now_ns)

    def _lose_book(self, market: _Market, reason: str, now_ns: int) -> list[Event]:
        if not market.book_known:
            return []
        market.book_known = False
        return [BookLost(market.instrument, now_ns, reason)]

    # mark, index, funding, open interest

    def _ticker(self, data: TickerData, now_ns: int) -> Events:
        market = self._markets.get(data.instrument_name)
        if market is None:
            return ()
        instrument, ts_ns, scale = market.instrument, data.timestamp * _MS, market.instrument.multiplier
        mark = data.mark_price / scale
        events: list[Event] = [
            MarkPrice(instrument, ts_ns, now_ns, mark),
            IndexPrice(instrument, ts_ns, now_ns, data.index_price / scale),
            _open_interest(data, instrument, mark, ts_ns, now_ns),
        ]
        if data.state != market.state:
            market.state = data.state
            events.append(MarketStatus(instrument, now_ns, data.state == _OPEN, data.state))
        if data.current_funding is not None and math.isfinite(data.current_funding):
            events.append(Funding(instrument, ts_ns, now_ns, data.current_funding, None, _FUNDING_BASIS_NS))
        quote = _quote(data, market.units, ts_ns, now_ns)
        return events if quote is None else [*events, quote]


def _levels(units: Units, changes: Iterable[RawChange]) -> list[Level]:
    return units.levels([(price, 0.0 if action == "delete" else size) for action, price, size in changes])


def _open_interest(data: TickerData, instrument: Instrument, mark: float, ts_ns: int, now_ns: int) -> OpenInterest:
    """USD on inverse, listed coins on linear (VENUES 5.5)."""
    if instrument.kind is MarketKind.INVERSE:
        size = data.open_interest / mark if mark else 0.0
        return OpenInterest(instrument, ts_ns, now_ns, size, data.open_interest)
    size = data.open_interest * instrument.multiplier
    return OpenInterest(instrument, ts_ns, now_ns, size, size * mark)


def _quote(data: TickerData, units: Units, ts_ns: int, now_ns: int) -> Quote | None:
    """The ticker's best bid and ask; an empty side has price 0 or none at all."""
    bid, ask = data.best_bid_price, data.best_ask_price
    if not bid or not ask:
        return None
    sizes = (data.best_bid_amount or 0.0, data.best_ask_amount or 0.0)
    (bid_ticks, bid_size), (ask_ticks, ask_size) = units.levels(((bid, sizes[0]), (ask, sizes[1])))
    return Quote(units.instrument, ts_ns, now_ns, bid_ticks, bid_size, ask_ticks, ask_size)
