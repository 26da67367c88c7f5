"""OKX v5: swaps and spot, decoded without IO (README: Endpoints, Limits and heartbeats).

One class serves the three kinds; a market's own units convert contracts to coins. Whole books come over the socket:
what is lost is asked for by leaving the channel and joining it again.
"""

import logging
from collections.abc import Iterable, Iterator, Sequence
from functools import partial
from operator import itemgetter
from typing import TypeVar

import msgspec

from feeds.model.errors import ProtocolError
from feeds.model.events import BookDelta, BookLost, BookSnapshot, Event, Level, Liquidation, MarketStatus, Quote
from feeds.model.frame import ConnectionSpec, Frame, FrameKind
from feeds.model.instrument import Instrument, MarketKind
from feeds.model.protocol import Relist, Replace, Send
from feeds.pipeline.units import OffGrid, Units
from feeds.venues.okx import wire
from feeds.venues.okx.book import BookChain
from feeds.venues.okx.derivatives import funding, index_price, liquidation, mark_price, open_interest
from feeds.venues.okx.instruments import InstrumentRow, instrument_from_row, kind_of
from feeds.venues.okx.trades import trade, trade_chain
from feeds.venues.shared.limits import LIMITS, Limits
from feeds.venues.shared.numbers import MS, SECOND
from feeds.venues.shared.recent_ids import RecentIds
from feeds.venues.shared.rows import each
from feeds.venues.shared.socket_protocol import Channel, Events, Route, SocketProtocol, channel
from feeds.venues.shared.subscriptions import Subscriptions
from feeds.venues.shared.venue_clock import VenueClock

log = logging.getLogger(__name__)

_QUIET_NS = 10 * SECOND
_LONGEST_SNAPSHOT_NS = 300 * SECOND
_LIQUIDATIONS = 4_096
_FRESH_NS = 5 * SECOND
_REPEATING_NS = 10 * SECOND  # old liquidations are repeated right after the subscription
_BATCH = 100
_ATTEMPTS = 3
_AGAIN_LATER = ("60014", "64007")  # too frequent; internal error
_MARKET_WIDE = ("liquidation-orders", "instruments")
_PONG = b"pong"
_UPGRADE = "64008"
_LIVE = "live"

_PRICE_AND_SIZE = itemgetter(0, 1)

LiquidationRow = wire.LiquidationRow[wire.LiquidationDetail]
Row = TypeVar("Row", wire.TradeRow, wire.MarkRow, wire.FundingRow, wire.OpenInterestRow)


class _Market:
    """What one symbol remembers on this connection. `due_ns` is when its snapshot is overdue."""

    def __init__(self, instrument: Instrument, history_s: int, patience_ns: int) -> None:
        self.instrument = instrument
        self.units = Units(instrument)
        self.books = wire.Arg("books", instrument.symbol)
        self.chain = BookChain()
        self.strays: frozenset[str] = frozenset()
        self.due_ns: int | None = None
        self.asked_ns = 0
        self.patience_ns = patience_ns
        self.trades = trade_chain(self.units, history_s)
        self.state = _LIVE

    @property
    def book_known(self) -> bool:
        """Whether a snapshot came and no break since."""
        return self.chain.known


_TRADES = channel(wire.Push[wire.TradeRow], "_trades")
_BOOKS = Channel(bytes, "_books")  # an old capture's checksum is made of the text itself
_CHANNELS = {
    "trades": _TRADES,
    "trades-all": _TRADES,
    "books": _BOOKS,
    "books-l2-tbt": _BOOKS,
    "books50-l2-tbt": _BOOKS,
    "bbo-tbt": channel(wire.Push[wire.BookRow], "_quotes"),
    "liquidation-orders": Channel(wire.push_of(wire.liquidation_row), "_liquidations"),
    "mark-price": channel(wire.Push[wire.MarkRow], "_marks"),
    "index-tickers": channel(wire.Push[wire.IndexRow], "_indexes"),
    "funding-rate": channel(wire.Push[wire.FundingRow], "_fundings"),
    "open-interest": channel(wire.Push[wire.OpenInterestRow], "_open_interests"),
    "instruments": Channel(wire.push_of(InstrumentRow), "_instruments"),
}
_event = msgspec.json.Decoder(wire.Event, strict=False)
_book = msgspec.json.Decoder(wire.Push[wire.BookRow], strict=False)
_arg = msgspec.json.Decoder(wire.Arg)


class OkxProtocol(SocketProtocol[_Market]):
    """One OKX connection. A stream is named by the members of its `arg`."""

    label = "OKX"
    envelope = b'{"arg":{'
    name_end = b"}"

    def __init__(self, spec: ConnectionSpec, limits: Limits = LIMITS) -> None:
        self._patience_ns = limits.snapshot_ns
        super().__init__(spec, (_Market(market, spec.history_s, self._patience_ns) for market in spec.markets))
        self._indexed = _by_index(self._markets.values())
        self._subscriptions: Subscriptions[wire.Arg] = Subscriptions(_request, _BATCH, limits.acknowledgement_ns)
        self._attempts: dict[wire.Arg, int] = {}
        self._overdue: list[_Market] = []
        self.clock = VenueClock()
        self._recent = RecentIds(_LIQUIDATIONS)
        self._held: list[Liquidation] = []
        self._opened_ns = 0
        self._last_data_ns = 0
        self._pinged_ns = 0

    def receive(self, frame: Frame) -> Events:
        """Decode one frame. Raises ProtocolError; the frame is then skipped as a whole."""
        self._last_data_ns = frame.ts_recv_ns
        events = super().receive(frame)
        if self._held:
            events = [*self.release(frame.ts_recv_ns, ends=frame.kind is FrameKind.CLOSE), *events]
        return [*self._forget_overdue(frame.ts_recv_ns), *events] if self._overdue else events

    def tick(self, now_ns: int) -> None:
        """Ping where it is quiet, and ask again for snapshots, confirmations and trades that did not come."""
        if self._opened_ns and now_ns - max(self._last_data_ns, self._pinged_ns) >= _QUIET_NS:
            self._pinged_ns = now_ns
            self.requests.append(Send("ping"))
        self._retry(now_ns)
        due = [market for market in self._markets.values() if market.due_ns is not None and now_ns >= market.due_ns]
        self._overdue += [market for market in due if market.chain.known]
        self._renew(due, now_ns)
        super().tick(now_ns)

    def refresh_books(self, now_ns: int) -> None:
        """Leave and join the channel of every known book, so that a recording that begins now gets a snapshot."""
        self._renew([market for market in self._markets.values() if market.chain.known], now_ns)

    # subscriptions

    def _begin(self, now_ns: int) -> Events:
        """Subscribe to everything, one request an instrument."""
        self._opened_ns = now_ns
        groups: dict[str, list[wire.Arg]] = {}
        for arg in map(arg_of, self._spec.streams):
            groups.setdefault(arg.instId.removesuffix("-SWAP"), []).append(arg)
        for group in groups.values():
            self._subscribe(group, now_ns)
        carried = {arg.instId for group in groups.values() for arg in group if arg.channel == "books"}
        for symbol, market in self._markets.items():
            market.due_ns = now_ns + market.patience_ns if symbol in carried else None
        return ()

    def _subscribe(self, args: Sequence[wire.Arg], now_ns: int) -> None:
        self._attempts |= {arg: self._attempts.get(arg, 0) + 1 for arg in args}
        self.requests += self._subscriptions.subscribe(args, now_ns)

    def _acknowledge(self, arg: wire.Arg) -> None:
        self._subscriptions.acknowledge([arg])
        self._attempts.pop(arg, None)

    def _retry(self, now_ns: int) -> None:
        """Ask again, one by one, for what was not confirmed in time, but only a few times."""
        for args in self._subscriptions.take_overdue(now_ns):
            for arg in args:
                if self._attempts.get(arg, 0) < _ATTEMPTS:
                    self._subscribe([arg], now_ns)
                else:
                    log.error("OKX never confirmed %s", arg)
                    self._give_up(arg)

    def _refused(self, message: wire.Event, now_ns: int) -> None:
        """Ask again for each channel of a refused request; one that was refused alone is given up.

        Whether one refused channel takes the others of its request with it is undocumented.
        """
        args = self._subscriptions.waiting(message.id.removeprefix("s"))
        if message.code in _AGAIN_LATER or not args:
            log.warning("OKX refused a request: %s %s", message.code, message.msg)
        elif len(args) > 1:
            for arg in args:
                self._subscribe([arg], now_ns)
        else:
            log.error("OKX refused %s: %s %s", args[0], message.code, message.msg)
            self._give_up(args[0])

    def _give_up(self, arg: wire.Arg) -> None:
        """Ask no more for a channel; a book that is still known is lost with the next frame."""
        self._acknowledge(arg)
        market = self._markets.get(arg.instId)
        if market is not None and arg == market.books:
            market.due_ns = None
            self._overdue.append(market)

    # texts

    def _text(self, payload: bytes, now_ns: int) -> Events:
        """Answers and notices, and the first push of each subscription."""
        if payload == _PONG:
            return ()
        message = _event.decode(payload)
        if message.event:
            return self._notified(message, now_ns)
        if message.arg is None:
            raise ProtocolError("OKX sent a message of unknown shape", "neither an event nor a push")
        if payload.startswith(self.envelope):
            return super()._text(payload, now_ns)
        return self._push(msgspec.json.encode(message.arg)[1:-1], payload, now_ns)

    def _route(self, name: str) -> Route | None:
        return self._handled(_CHANNELS.get(_arg.decode(f"{{{name}}}").channel))

    def _notified(self, message: wire.Event, now_ns: int) -> Events:
        match message.event:
            case "subscribe" if message.arg is not None:
                return self._confirmed(message.arg, now_ns)
            case "error":
                self._refused(message, now_ns)
            case "notice":
                log.warning("%s: notice of OKX: %s %s", self._spec.name, message.code, message.msg)
                if message.code == _UPGRADE:
                    self.requests.append(Replace("OKX announced a service upgrade"))
        return ()

    def _confirmed(self, arg: wire.Arg, now_ns: int) -> Events:
        self._acknowledge(arg)
        market = self._markets.get(arg.instId)
        if market is None or _CHANNELS.get(arg.channel) is not _TRADES:
            return ()
        return market.trades.go_live(now_ns)

    # trades

    def _trades(self, push: wire.Push[wire.TradeRow], now_ns: int) -> Events:
        whole = [(market, row, trade(market.units, row, now_ns)) for market, row in self._known(push.data)]
        events: list[Event] = []
        for market, row, one in whole:
            first = row.tradeId - row.count + 1 if row.count is not None else None
            before = market.trades.follow(row.tradeId, first, one.ts_venue_ns, now_ns)
            if before is not None:
                self.clock.see(one.ts_venue_ns, now_ns)
                events += (*before, one)
                self._ask_for_trades(market)
        return events

    # book

    def _books(self, payload: bytes, now_ns: int) -> Events:
        push = _book.decode(payload)
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
            delta = BookDelta(market.instrument, row.ts * MS, now_ns, bids, asks, row.seqId or 0)
            return (delta,) if changed else ()
        market.due_ns = None
        if market in self._overdue:
            self._overdue.remove(market)
        return (BookSnapshot(market.instrument, row.ts * MS, now_ns, bids, asks, row.seqId or 0),)

    def _ask_book(self, market: _Market, now_ns: int) -> None:
        """Ask for a snapshot now, or by the clock where the last one was asked for a moment ago."""
        due_ns = market.asked_ns + market.patience_ns
        if now_ns >= due_ns:
            self._renew([market], now_ns)
        else:
            market.due_ns = due_ns

    def _end(self, market: _Market, reason: str, now_ns: int) -> list[Event]:
        self._overdue = [other for other in self._overdue if other is not market]
        return super()._end(market, reason, now_ns)

    def _renew(self, markets: Sequence[_Market], now_ns: int) -> None:
        for market in markets:
            calm = now_ns - market.asked_ns > _LONGEST_SNAPSHOT_NS
            market.patience_ns = self._patience_ns if calm else min(2 * market.patience_ns, _LONGEST_SNAPSHOT_NS)
            market.asked_ns, market.due_ns = now_ns, now_ns + market.patience_ns
        books = [market.books for market in markets]
        self._attempts |= {arg: self._attempts.get(arg, 0) + 1 for arg in books}
        self.requests += self._subscriptions.renew(books, now_ns)

    def _forget_overdue(self, now_ns: int) -> Events:
        """Books that were left and never came back are not known any more."""
        overdue, self._overdue = self._overdue, []
        lost = [market for market in overdue if market.chain.known]
        for market in lost:
            market.chain.lose()
        return [BookLost(market.instrument, now_ns, "no snapshot came") for market in lost]

    def _quotes(self, push: wire.Push[wire.BookRow], now_ns: int) -> Events:
        market = self._markets.get(push.arg.instId)
        if market is None:
            return ()
        return [quote for row in push.data if (quote := _quote(market, row, now_ns)) is not None]

    # mark, index, funding, open interest, liquidations

    def _marks(self, push: wire.Push[wire.MarkRow], now_ns: int) -> Events:
        marks = [mark_price(market.instrument, row, now_ns) for market, row in self._known(push.data)]
        for mark in marks:
            self.clock.see(mark.ts_venue_ns, now_ns)
        return marks

    def _indexes(self, push: wire.Push[wire.IndexRow], now_ns: int) -> Events:
        rows = [(market, row) for row in push.data for market in self._indexed.get(row.instId, ())]
        return [index_price(market.instrument, row, now_ns) for market, row in rows]

    def _fundings(self, push: wire.Push[wire.FundingRow], now_ns: int) -> Events:
        return [funding(market.instrument, row, now_ns) for market, row in self._known(push.data) if row.fundingRate]

    def _open_interests(self, push: wire.Push[wire.OpenInterestRow], now_ns: int) -> Events:
        return [open_interest(market.instrument, row, now_ns) for market, row in self._known(push.data)]

    def _known(self, rows: Iterable[Row]) -> Iterator[tuple[_Market, Row]]:
        for row in rows:
            if (market := self._markets.get(row.instId)) is not None:
                yield market, row

    def _liquidations(self, push: wire.Push[LiquidationRow], now_ns: int) -> Events:
        """The venue first repeats old ones, in no order and without ids: those are left out by time and content."""
        return each(push.data, partial(self._liquidations_of, now_ns=now_ns), self._leaving_out("liquidation-orders"))

    def _liquidations_of(self, row: LiquidationRow, now_ns: int) -> list[Event]:
        market = self._markets.get(row.instId)
        if market is None:
            return []
        leave_out = self._leaving_out("liquidation-orders")
        found = each(row.details, lambda detail: [liquidation(market.units, detail, now_ns)], leave_out)
        return [one for one in found if self._recent.is_new(_content(one)) and self._is_after_opening(one, now_ns)]

    def _is_after_opening(self, one: Liquidation, now_ns: int) -> bool:
        """Whether a liquidation is later than the connection, by the venue's clock; held back while that is unknown."""
        if self._goes_on:
            return True
        opened_ns = self.clock.at(self._opened_ns)
        if opened_ns is not None:
            return one.ts_venue_ns >= opened_ns
        is_fresh = one.ts_venue_ns >= self._opened_ns and abs(now_ns - one.ts_venue_ns) <= _FRESH_NS
        if is_fresh or now_ns - self._opened_ns > _REPEATING_NS:
            return True
        self._held.append(one)
        return False

    def release(self, now_ns: int, *, ends: bool = False) -> Sequence[Event]:
        """Liquidations that were held back, once it can be judged whether they are repeated, or the connection ends."""
        if not self._held or not (ends or self.clock.is_known or now_ns - self._opened_ns > _REPEATING_NS):
            return ()
        opened_ns, held = self.clock.at(self._opened_ns), self._held
        self._held = []
        return [
            msgspec.structs.replace(one, ts_recv_ns=now_ns)
            for one in held
            if opened_ns is None or one.ts_venue_ns >= opened_ns
        ]

    # instruments

    def _instruments(self, push: wire.Push[InstrumentRow], now_ns: int) -> Events:
        """A market whose contract or price step changed would be decoded wrongly: it ends here and is listed again.

        One that is not live keeps its place, and reports its status.
        """
        return each(push.data, partial(self._listed, now_ns=now_ns), self._leaving_out("instruments"))

    def _listed(self, row: InstrumentRow, now_ns: int) -> list[Event]:
        market = self._markets.get(row.instId)
        if market is None:
            return []
        changed = row.state == _LIVE and _has_changed(market.instrument, row)
        events: list[Event] = []
        if row.state != market.state:
            market.state = row.state
            events.append(MarketStatus(market.instrument, now_ns, row.state == _LIVE, row.state))
        if changed:
            self.requests.append(Relist(f"{row.instId} has a new contract or price step"))
            events += self._end(market, "the venue changed the contract", now_ns)
            del self._markets[row.instId]
            self._indexed = _by_index(self._markets.values())
        return events


def _content(one: Liquidation) -> tuple[str, int, str, float, float]:
    """What distinguishes a liquidation, which has no id."""
    return one.instrument.symbol, one.ts_venue_ns, one.side, one.size, one.price


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
    listed = instrument_from_row(row)
    return (listed.tick_size, listed.contract_size, listed.kind) != (known.tick_size, known.contract_size, known.kind)


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
    return Quote(market.instrument, row.ts * MS, now_ns, bid, bid_size, ask, ask_size, row.seqId or 0)


def arg_of(stream: str) -> wire.Arg:
    """The channel that a stream name of ours stands for: `books:BTC-USDT-SWAP`, `liquidation-orders:SWAP`."""
    name, _, of = stream.partition(":")
    return wire.Arg(name, instType=of) if name in _MARKET_WIDE else wire.Arg(name, of)


def _request(operation: str, number: int, args: Sequence[wire.Arg]) -> str:
    return msgspec.json.encode({"id": f"s{number}", "op": operation, "args": list(args)}).decode()
