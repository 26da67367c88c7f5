"""OKX v5: swaps and spot, decoded without IO (VENUES section 3).

One class serves the three kinds; a market's own units tell contracts from coins. A push begins with the subscription
that it answers, so those bytes choose its decoder and each frame is decoded once. Whole books come over the socket:
what is lost is asked for by leaving the channel and joining it again.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from operator import itemgetter
from typing import Any, NamedTuple, TypeVar

import msgspec

from feeds.model.errors import ProtocolError
from feeds.model.events import (
    BookDelta,
    BookLost,
    BookSnapshot,
    Connected,
    Disconnected,
    Event,
    Level,
    Liquidation,
    MarketStatus,
    Quote,
    TradesLost,
)
from feeds.model.frame import ConnectionSpec, Frame, FrameKind
from feeds.model.instrument import Instrument, InstrumentId, MarketKind
from feeds.model.protocol import LastTrade, Relist, Replace, Request, Send
from feeds.pipeline.units import OffGrid, Units
from feeds.venues.okx import wire
from feeds.venues.okx.book import BookChain
from feeds.venues.okx.instruments import InstrumentRow, instrument_from_row, kind_of
from feeds.venues.okx.rows import funding, index_price, mark_price, open_interest, read_price, read_side
from feeds.venues.okx.subscriptions import Subscriptions, arg_of
from feeds.venues.okx.trades import OkxTrades

log = logging.getLogger(__name__)

_MS = 1_000_000
_SECOND = 1_000 * _MS
_QUIET_NS = 10 * _SECOND
_FIRST_PATIENCE_NS, _LAST_PATIENCE_NS = 5 * _SECOND, 300 * _SECOND
_ROUTE_LIMIT = 4_096
_SEEN_LIMIT = 4_096
_PUSH, _PONG = b'{"arg":{', b"pong"
_UPGRADE = "64008"
_LIVE = "live"

_UNREADABLE = (msgspec.MsgspecError, UnicodeDecodeError, RecursionError)
_TEXT = FrameKind.TEXT  # looked up for every frame
_PRICE_AND_SIZE = itemgetter(0, 1)

Events = Sequence[Event]
Row = TypeVar("Row", wire.TradeRow, wire.MarkRow, wire.FundingRow, wire.OpenInterestRow, wire.ForcedRow)


class _Market:
    """What one symbol remembers on this connection. `due_ns` is when its snapshot is overdue."""

    def __init__(self, instrument: Instrument, history_s: int) -> None:
        self.instrument = instrument
        self.units = Units(instrument)
        self.books = wire.Arg("books", instrument.symbol)
        self.chain = BookChain()
        self.strays: frozenset[str] = frozenset()
        self.due_ns: int | None = None
        self.asked_ns = 0
        self.patience_ns = _FIRST_PATIENCE_NS
        self.trades = OkxTrades(self.units, history_s)
        self.state = _LIVE


class _Channel(NamedTuple):
    """One kind of push: its typed decoder and what to do with it."""

    decoder: msgspec.json.Decoder[Any]
    handle: str


def _channel(shape: Any, handle: str) -> _Channel:
    return _Channel(msgspec.json.Decoder(wire.Push[shape], strict=False), handle)


_TRADES, _BOOKS = _channel(wire.TradeRow, "_trades"), _channel(wire.BookRow, "_books")
_CHANNELS = {
    "trades": _TRADES,
    "trades-all": _TRADES,
    "books": _BOOKS,
    "books-l2-tbt": _BOOKS,
    "books50-l2-tbt": _BOOKS,
    "bbo-tbt": _channel(wire.BookRow, "_quotes"),
    "liquidation-orders": _channel(wire.ForcedRow, "_forced"),
    "mark-price": _channel(wire.MarkRow, "_marks"),
    "index-tickers": _channel(wire.IndexRow, "_indexes"),
    "funding-rate": _channel(wire.FundingRow, "_fundings"),
    "open-interest": _channel(wire.OpenInterestRow, "_open_interests"),
    "instruments": _channel(InstrumentRow, "_instruments"),
}
_event = msgspec.json.Decoder(wire.Event, strict=False)

Route = tuple[Callable[[bytes], Any], Callable[[Any, bytes, int], Events]]


class OkxProtocol:
    """One OKX connection."""

    def __init__(self, spec: ConnectionSpec) -> None:
        self.requests: list[Request] = []
        self._spec = spec
        self._markets = {market.symbol: _Market(market, spec.history_s) for market in spec.markets}
        self._indexed = _by_index(self._markets.values())
        self._subscriptions = Subscriptions(spec.streams)
        self._routes: dict[bytes, Route | None] = {}
        self._overdue: list[_Market] = []
        self._forced_seen: dict[tuple[str, int, str, float, str], None] = {}
        self._opened_ns = 0
        self._heard_ns = 0
        self._pinged_ns = 0

    def receive(self, frame: Frame) -> Events:
        """Decode one frame. Raises ProtocolError; the frame is then skipped as a whole."""
        self._heard_ns = frame.ts_recv_ns
        try:
            events = self._text(frame.payload, frame.ts_recv_ns) if frame.kind is _TEXT else self._other(frame)
        except ProtocolError:
            self._skip(frame)
            raise
        except _UNREADABLE as error:
            self._skip(frame)
            raise ProtocolError("OKX sent a message of unknown shape", str(error)) from error
        return [*self._forget_overdue(frame.ts_recv_ns), *events] if self._overdue else events

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
        """Ping where it is quiet, and ask again for snapshots, confirmations and trades that did not come."""
        if self._opened_ns and now_ns - max(self._heard_ns, self._pinged_ns) >= _QUIET_NS:
            self._pinged_ns = now_ns
            self.requests.append(Send("ping"))
        sends, lost = self._subscriptions.overdue(now_ns)
        self.requests += sends
        self._give_up(lost)
        due = [market for market in self._markets.values() if market.due_ns is not None and now_ns >= market.due_ns]
        self._overdue += [market for market in due if market.chain.known]
        self._renew(due, now_ns)
        fetches = [market.trades.due_fetch(now_ns) for market in self._markets.values()]
        self.requests += [fetch for fetch in fetches if fetch is not None]

    def refresh_books(self, now_ns: int) -> None:
        """Leave and join the channel of every known book, so that a recording that begins now gets a snapshot."""
        self._renew([market for market in self._markets.values() if market.chain.known], now_ns)

    def _text(self, payload: bytes, now_ns: int) -> Events:
        key = payload[: payload.find(b"}") + 1]
        try:
            route = self._routes[key]
        except KeyError:
            return self._first(key, payload, now_ns)
        if route is None:
            return ()
        decode, handle = route
        return handle(decode(payload), payload, now_ns)

    def _first(self, key: bytes, payload: bytes, now_ns: int) -> Events:
        """Answers and notices, and the first push of each subscription."""
        if payload == _PONG:
            return ()
        message = _event.decode(payload)
        if message.event:
            return self._answer(message, now_ns)
        if message.arg is None:
            raise ProtocolError("OKX sent a message of unknown shape", "neither an event nor a push")
        channel = _CHANNELS.get(message.arg.channel)
        route = (channel.decoder.decode, getattr(self, channel.handle)) if channel is not None else None
        if key.startswith(_PUSH) and len(self._routes) < _ROUTE_LIMIT:
            self._routes[key] = route
        return route[1](route[0](payload), payload, now_ns) if route is not None else ()

    def _other(self, frame: Frame) -> Events:
        if frame.kind is FrameKind.OPEN:
            return self._begin(frame.ts_recv_ns)
        if frame.kind is FrameKind.CLOSE:
            return self._end(frame)
        topic, _, symbol = frame.tag.partition("/")
        market = self._markets.get(symbol)
        return self._fill(market, frame) if market is not None and topic == "trades" else ()

    def _begin(self, now_ns: int) -> Events:
        self._opened_ns = now_ns
        self.requests += self._subscriptions.begin(now_ns)
        carried = {arg.instId for arg in map(arg_of, self._spec.streams) if arg.channel == "books"}
        for symbol, market in self._markets.items():
            market.due_ns = now_ns + market.patience_ns if symbol in carried else None
        return [Connected(self._spec.venue, self._spec.name, now_ns)]

    def _end(self, frame: Frame) -> Events:
        self._overdue = []
        reason = frame.payload.decode(errors="replace")
        events: list[Event] = [Disconnected(self._spec.venue, self._spec.name, frame.ts_recv_ns, reason)]
        for market in self._markets.values():
            events += self._end_market(market, reason, frame.ts_recv_ns)
        return events

    def _end_market(self, market: _Market, reason: str, now_ns: int) -> Iterable[Event]:
        if market.chain.known:
            yield BookLost(market.instrument, now_ns, reason)
        yield from market.trades.close(now_ns)
        if market.trades.live:
            yield TradesLost(market.instrument, now_ns, reason)

    # answers and notices

    def _answer(self, message: wire.Event, now_ns: int) -> Events:
        match message.event:
            case "subscribe" if message.arg is not None:
                return self._confirmed(message.arg, now_ns)
            case "error":
                sends, refused = self._subscriptions.refuse(message, now_ns)
                self.requests += sends
                self._give_up(refused)
            case "notice":
                log.warning("%s: OKX says %s %s", self._spec.name, message.code, message.msg)
                if message.code == _UPGRADE:
                    self.requests.append(Replace("OKX announced a service upgrade"))
        return ()

    def _confirmed(self, arg: wire.Arg, now_ns: int) -> Events:
        self._subscriptions.acknowledge(arg)
        market = self._markets.get(arg.instId)
        if market is None or _CHANNELS.get(arg.channel) is not _TRADES:
            return ()
        return market.trades.go_live(now_ns)

    def _give_up(self, refused: Iterable[wire.Arg]) -> None:
        """Stop asking for the books of refused channels; a book that is still known is lost with the next frame."""
        for arg in refused:
            market = self._markets.get(arg.instId)
            if market is not None and arg == market.books:
                market.due_ns = None
                self._overdue.append(market)

    # trades

    def _trades(self, push: wire.Push[wire.TradeRow], payload: bytes, now_ns: int) -> Events:
        whole = [(market, row, market.trades.trade(row, now_ns)) for market, row in self._known(push.data)]
        events: list[Event] = []
        for market, row, trade in whole:
            chain = market.trades.chain(row, now_ns)
            if chain is not None:
                events += (*chain, trade)
                self._ask_for_trades(market)
        return events

    def _ask_for_trades(self, market: _Market) -> None:
        fetch = market.trades.next_fetch()
        if fetch is not None:
            self.requests.append(fetch)

    def _fill(self, market: _Market, frame: Frame) -> Events:
        try:
            if frame.kind is FrameKind.HTTP_FAILED:
                return market.trades.fail(frame.ts_recv_ns)
            return market.trades.answer(frame.payload, frame.ts_recv_ns)
        except (*_UNREADABLE, ProtocolError):
            if ended := market.trades.fail(frame.ts_recv_ns):
                return ended
            raise
        finally:
            self._ask_for_trades(market)

    # book

    def _books(self, push: wire.Push[wire.BookRow], payload: bytes, now_ns: int) -> Events:
        market = self._markets.get(push.arg.instId)
        if market is None:
            return ()
        if len(push.data) != 1 or push.action not in ("snapshot", "update"):
            raise ProtocolError("OKX sent a book that is neither a snapshot nor an update", push.action)
        row, is_snapshot = push.data[0], push.action == "snapshot"
        if not is_snapshot and not market.chain.known:
            return ()
        bids, asks = _book_levels(market, row, is_snapshot)
        was_known = market.chain.known
        wrong = (market.chain.begin if is_snapshot else market.chain.follow)(row, payload)
        if wrong:
            market.chain.lose()
            self._ask_book(market, now_ns)
            return (BookLost(market.instrument, now_ns, wrong),) if was_known else ()
        if not is_snapshot:
            changed = bids or asks
            delta = BookDelta(market.instrument, row.ts * _MS, now_ns, bids, asks, row.seqId or 0)
            return (delta,) if changed else ()
        market.due_ns = None
        if market in self._overdue:
            self._overdue.remove(market)
        return (BookSnapshot(market.instrument, row.ts * _MS, now_ns, bids, asks, row.seqId or 0),)

    def _ask_book(self, market: _Market, now_ns: int) -> None:
        """Ask for a snapshot now, or by the clock where the last one was asked for a moment ago."""
        due_ns = market.asked_ns + market.patience_ns
        if now_ns >= due_ns:
            self._renew([market], now_ns)
        else:
            market.due_ns = due_ns

    def _renew(self, markets: Sequence[_Market], now_ns: int) -> None:
        for market in markets:
            calm = now_ns - market.asked_ns > _LAST_PATIENCE_NS
            market.patience_ns = _FIRST_PATIENCE_NS if calm else min(2 * market.patience_ns, _LAST_PATIENCE_NS)
            market.asked_ns, market.due_ns = now_ns, now_ns + market.patience_ns
        if markets:
            self.requests += self._subscriptions.renew([market.books for market in markets], now_ns)

    def _forget_overdue(self, now_ns: int) -> Events:
        """Books that were left and never came back are not known any more."""
        overdue, self._overdue = self._overdue, []
        lost = [market for market in overdue if market.chain.known]
        for market in lost:
            market.chain.lose()
        return [BookLost(market.instrument, now_ns, "no snapshot came") for market in lost]

    def _quotes(self, push: wire.Push[wire.BookRow], payload: bytes, now_ns: int) -> Events:
        market = self._markets.get(push.arg.instId)
        if market is None:
            return ()
        return [quote for row in push.data if (quote := _quote(market, row, now_ns)) is not None]

    # mark, index, funding, open interest, liquidations

    def _marks(self, push: wire.Push[wire.MarkRow], payload: bytes, now_ns: int) -> Events:
        return [mark_price(market.instrument, row, now_ns) for market, row in self._known(push.data)]

    def _indexes(self, push: wire.Push[wire.IndexRow], payload: bytes, now_ns: int) -> Events:
        rows = [(market, row) for row in push.data for market in self._indexed.get(row.instId, ())]
        return [index_price(market.instrument, row, now_ns) for market, row in rows]

    def _fundings(self, push: wire.Push[wire.FundingRow], payload: bytes, now_ns: int) -> Events:
        return [funding(market.instrument, row, now_ns) for market, row in self._known(push.data) if row.fundingRate]

    def _open_interests(self, push: wire.Push[wire.OpenInterestRow], payload: bytes, now_ns: int) -> Events:
        return [open_interest(market.instrument, row, now_ns) for market, row in self._known(push.data)]

    def _known(self, rows: Iterable[Row]) -> Iterator[tuple[_Market, Row]]:
        """Rows of this connection's markets."""
        for row in rows:
            if (market := self._markets.get(row.instId)) is not None:
                yield market, row

    def _forced(self, push: wire.Push[wire.ForcedRow], payload: bytes, now_ns: int) -> Events:
        """The venue first repeats old ones, in no order and without ids: those are left out by time and content."""
        whole = [
            (market, detail, read_price(detail.bkPx) / market.instrument.multiplier, read_side(detail.side))
            for market, row in self._known(push.data)
            for detail in row.details
        ]
        events: list[Event] = []
        for market, detail, price, side in whole:
            if detail.ts * _MS >= self._opened_ns and self._is_new(market.instrument.symbol, detail):
                base, notional = market.units.worth(price, detail.sz)
                events.append(Liquidation(market.instrument, detail.ts * _MS, now_ns, price, base, notional, side))
        return events

    def _is_new(self, symbol: str, detail: wire.ForcedDetail) -> bool:
        key = (symbol, detail.ts, detail.side, detail.sz, detail.bkPx)
        if key in self._forced_seen:
            return False
        if len(self._forced_seen) >= _SEEN_LIMIT:
            del self._forced_seen[next(iter(self._forced_seen))]
        self._forced_seen[key] = None
        return True

    # instruments

    def _instruments(self, push: wire.Push[InstrumentRow], payload: bytes, now_ns: int) -> Events:
        """A market whose contract or price step changed would be decoded wrongly: it ends here and is listed again.

        One that is not live keeps its place, and says so.
        """
        events: list[Event] = []
        for row in push.data:
            market = self._markets.get(row.instId)
            if market is None:
                continue
            if row.state != market.state:
                market.state = row.state
                events.append(MarketStatus(market.instrument, now_ns, row.state == _LIVE, row.state))
            if row.state != _LIVE or not _has_changed(market.instrument, row):
                continue
            self.requests.append(Relist(f"{row.instId} has a new contract or price step"))
            events += self._end_market(market, "the venue changed the contract", now_ns)
            del self._markets[row.instId]
            self._indexed = _by_index(self._markets.values())
        return events


def _by_index(markets: Iterable[_Market]) -> dict[str, list[_Market]]:
    """Swaps by the name of their index: BTC-USDT-SWAP follows BTC-USDT."""
    indexed: dict[str, list[_Market]] = {}
    for market in markets:
        if market.instrument.kind is not MarketKind.SPOT:
            indexed.setdefault(market.instrument.symbol.removesuffix("-SWAP"), []).append(market)
    return indexed


def _has_changed(known: Instrument, row: InstrumentRow) -> bool:
    if kind_of(row) is None:
        return True
    told = instrument_from_row(row)
    return (told.tick_size, told.contract_size, told.kind) != (known.tick_size, known.contract_size, known.kind)


def _book_levels(market: _Market, row: wire.BookRow, is_snapshot: bool) -> tuple[list[Level], list[Level]]:
    """Both sides without the old orders between two ticks that a snapshot may hold far from the market."""
    units = market.units
    try:
        bids, asks = (units.levels(map(_PRICE_AND_SIZE, side)) for side in (row.bids, row.asks))
    except OffGrid:
        raw_bids, raw_asks = ([_PRICE_AND_SIZE(level) for level in side] for side in (row.bids, row.asks))
        if is_snapshot:
            market.strays = units.strays(raw_bids, raw_asks)
        bids, asks = (units.levels_without(side, market.strays) for side in (raw_bids, raw_asks))
    return bids, asks


def _quote(market: _Market, row: wire.BookRow, now_ns: int) -> Quote | None:
    if not row.bids or not row.asks:
        return None
    (bid, bid_size), (ask, ask_size) = market.units.levels(map(_PRICE_AND_SIZE, (row.bids[0], row.asks[0])))
    return Quote(market.instrument, row.ts * _MS, now_ns, bid, bid_size, ask, ask_size, row.seqId or 0)
