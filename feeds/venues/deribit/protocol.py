"""Deribit: inverse and USDC perpetuals, decoded without IO (README: Endpoints, Order book).

JSON-RPC over one socket. The book comes as one snapshot after subscribing and then as a chain of changes; a second
subscription gives no second snapshot, so a broken chain is mended by a new connection. Trades have contiguous numbers.
Liquidations are not published live since 2023-10-03: `DelayedLiquidations` fetches them an hour late.
"""

import math
from collections.abc import Iterable, Sequence

import msgspec

from feeds.model.errors import ProtocolError
from feeds.model.events import (
    BookDelta,
    BookLost,
    BookSnapshot,
    Event,
    Funding,
    IndexPrice,
    Level,
    MarketStatus,
    MarkPrice,
    Quote,
    TradesLost,
)
from feeds.model.frame import ConnectionSpec, Frame, FrameKind
from feeds.model.instrument import Instrument
from feeds.model.protocol import Reconnect, Replace, Send
from feeds.pipeline.units import Units
from feeds.venues.deribit.derivatives import (
    FUNDING_BASIS_NS,
    DelayedLiquidations,
    late_page,
    liquidations,
    open_interest,
)
from feeds.venues.deribit.trades import trade, trade_chain
from feeds.venues.deribit.wire import Anything, BookData, PlatformData, Push, RawChange, TickerData, TradeData
from feeds.venues.shared.limits import LIMITS, Limits
from feeds.venues.shared.numbers import MS, SECOND
from feeds.venues.shared.socket_protocol import Events, Route, SocketProtocol, channel
from feeds.venues.shared.subscriptions import Subscriptions
from feeds.venues.shared.venue_clock import VenueClock

PLATFORM = "platform_state"

_OPEN = "open"
_BATCH = 500
_HEARTBEAT_ID, _TEST_ID, _SUBSCRIBE_ID = 1, 2, 100
_HEARTBEAT_S = 30
_UNDATED_NS = 10 * SECOND  # how long the first dated message is awaited
_TOO_MANY, _TOO_MANY_PAUSE_S = 10_028, 5.0  # the venue ends the session after this error


class _Market:
    """What one instrument remembers on this connection."""

    def __init__(self, instrument: Instrument, number: int, history_s: int) -> None:
        self.instrument = instrument
        self.units = Units(instrument)
        self.book_known = False
        self.change_id = -1  # the newest seen, applied or not: an older snapshot is not the book
        self.trades = trade_chain(self.units, history_s)
        self.liquidations_live = False
        self.state = _OPEN
        self.delayed = DelayedLiquidations(self.units, number)


_CHANNELS = {
    "trades": channel(Push[list[TradeData]], "_trades", strict=True),
    "book": channel(Push[BookData], "_book", strict=True),
    "ticker": channel(Push[TickerData], "_ticker", strict=True),
    PLATFORM: channel(Push[PlatformData], "_platform", strict=True),
}
_anything = msgspec.json.Decoder(Anything)
_acknowledged = msgspec.json.Decoder(list[str])


def parse_channel(name: str) -> tuple[str, str]:
    """Kind and instrument of a channel: `book.BTC-PERPETUAL.100ms` -> (book, BTC-PERPETUAL).

    Both are empty for channels that are not used, such as the grouped `book.BTC-PERPETUAL.none.10.100ms`.
    """
    parts = name.split(".")
    if parts == [PLATFORM]:
        return PLATFORM, ""
    if len(parts) != 3 or parts[0] not in _CHANNELS:
        return "", ""
    return parts[0], parts[1]


class DeribitProtocol(SocketProtocol[_Market]):
    """One Deribit connection."""

    label = "Deribit"
    envelope = b'{"jsonrpc":"2.0","method":"subscription","params":{"channel":"'

    def __init__(self, spec: ConnectionSpec, limits: Limits = LIMITS) -> None:
        super().__init__(spec, (_Market(market, at, spec.history_s) for at, market in enumerate(spec.markets)))
        self._subscriptions: Subscriptions[str] = Subscriptions(
            _subscribe, _BATCH, limits.acknowledgement_ns, _SUBSCRIBE_ID
        )
        self._leaving = False
        self._clock = VenueClock()
        self._opened_ns = 0

    def tick(self, now_ns: int) -> None:
        """Fetch the liquidations of an hour ago when they are due, and trades that did not come."""
        super().tick(now_ns)
        venue_ns = self._clock.at(now_ns)
        if venue_ns is None and now_ns - self._opened_ns < _UNDATED_NS:
            return
        for market in self._markets.values():
            if (request := market.delayed.tick(now_ns if venue_ns is None else venue_ns)) is not None:
                self.requests.append(request)

    def refresh_books(self, now_ns: int) -> None:
        """Have a new connection take over: there is no other way to a whole book, and no trade is missed for it."""
        if not self._leaving:
            self.requests.append(Replace("a whole book is wanted"))

    def _leave(self, reason: str, pause_s: float = 0.0) -> None:
        if not self._leaving:
            self._leaving = True
            self.requests.append(Reconnect(reason, pause_s))

    # subscriptions and notices

    def _begin(self, now_ns: int) -> Events:
        self._opened_ns = now_ns
        self.requests.append(Send(_call(_HEARTBEAT_ID, "public/set_heartbeat", {"interval": _HEARTBEAT_S})))
        self.requests += self._subscriptions.subscribe(self._spec.streams, now_ns)
        return ()

    def _route(self, name: str) -> Route | None:
        kind, symbol = parse_channel(name)
        return self._handled(_CHANNELS[kind]) if kind and (not symbol or symbol in self._markets) else None

    def _notice(self, payload: bytes, now_ns: int) -> Events:
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
            self.requests.append(Send(_call(_TEST_ID, "public/test", {})))
            return ()
        return self._acknowledge(message, now_ns)

    def _acknowledge(self, message: Anything, now_ns: int) -> Events:
        """An answer to `subscribe` names the channels that it granted; the others are simply missing."""
        if not (asked := self._subscriptions.waiting(str(message.id))):
            return ()
        granted = set(_acknowledged.decode(message.result))
        events: list[Event] = []
        for name in asked:
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

    def _platform(self, push: Push[PlatformData], now_ns: int) -> Events:
        """Maintenance stops the matching: books are void until it is over, and then need new snapshots."""
        data = push.params.data
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

    def _trades(self, push: Push[list[TradeData]], now_ns: int) -> Events:
        rows = [
            (market, row) for row in push.params.data if (market := self._markets.get(row.instrument_name)) is not None
        ]
        whole = [(market, row, trade(market.units, row, now_ns)) for market, row in rows]
        whole.sort(key=lambda found: found[1].trade_seq)
        events: list[Event] = []
        for market, row, one in whole:
            before = market.trades.follow(row.trade_seq, row.trade_seq, one.ts_venue_ns, now_ns)
            if before is None:
                continue
            events += before
            if row.block_trade_id is None:
                events.append(one)
            if row.liquidation is not None:
                market.liquidations_live = True
                events += liquidations(market.units, row, now_ns)
            self._ask_for_trades(market)
        return events

    def _answer(self, market: _Market, topic: str, frame: Frame) -> Events:
        if topic != "liquidations" or frame.kind is not FrameKind.HTTP:
            return ()
        leave_out = self._leaving_out("liquidations")
        page = late_page.decode(frame.payload, leave_out).result
        found, following = market.delayed.answer(page, frame.ts_recv_ns, leave_out)
        if following is not None:
            self.requests.append(following)
        return () if market.liquidations_live else found

    # book

    def _book(self, push: Push[BookData], now_ns: int) -> Events:
        data = push.params.data
        market = self._markets.get(data.instrument_name)
        if market is None or data.change_id <= market.change_id:
            return ()
        bids, asks = _levels(market.units, data.bids), _levels(market.units, data.asks)
        ts_ns, change_id, last = data.timestamp * MS, data.change_id, market.change_id
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

    def _ticker(self, push: Push[TickerData], now_ns: int) -> Events:
        data = push.params.data
        market = self._markets.get(data.instrument_name)
        if market is None:
            return ()
        instrument, ts_ns, scale = market.instrument, data.timestamp * MS, market.instrument.multiplier
        self._clock.see(ts_ns, now_ns)
        mark = data.mark_price / scale
        events: list[Event] = [
            MarkPrice(instrument, ts_ns, now_ns, mark),
            IndexPrice(instrument, ts_ns, now_ns, data.index_price / scale),
            open_interest(instrument, data.open_interest, mark, ts_ns, now_ns),
        ]
        if data.state != market.state:
            market.state = data.state
            events.append(MarketStatus(instrument, now_ns, data.state == _OPEN, data.state))
        if data.current_funding is not None and math.isfinite(data.current_funding):
            events.append(Funding(instrument, ts_ns, now_ns, data.current_funding, None, FUNDING_BASIS_NS))
        quote = _quote(data, market.units, ts_ns, now_ns)
        return events if quote is None else [*events, quote]


def _levels(units: Units, changes: Iterable[RawChange]) -> list[Level]:
    return units.levels([(price, 0.0 if action == "delete" else size) for action, price, size in changes])


def _quote(data: TickerData, units: Units, ts_ns: int, now_ns: int) -> Quote | None:
    """The ticker's best bid and ask; an empty side has price 0 or none at all."""
    bid, ask = data.best_bid_price, data.best_ask_price
    if not bid or not ask:
        return None
    sizes = (data.best_bid_amount or 0.0, data.best_ask_amount or 0.0)
    (bid_ticks, bid_size), (ask_ticks, ask_size) = units.levels(((bid, sizes[0]), (ask, sizes[1])))
    return Quote(units.instrument, ts_ns, now_ns, bid_ticks, bid_size, ask_ticks, ask_size)


def _call(request_id: int, method: str, params: dict[str, object]) -> str:
    return msgspec.json.encode({"jsonrpc": "2.0", "id": request_id, "method": method, "params": params}).decode()


def _subscribe(operation: str, number: int, channels: Sequence[str]) -> str:
    return _call(number, f"public/{operation}", {"channels": channels})
