"""Hyperliquid: perpetuals of the main dex and spot pairs, decoded without IO (README: Endpoints).

Every book frame is a whole snapshot, so nothing can be out of step: an older frame than the last is dropped, and a lost
one costs nothing but time. There is no public liquidation feed, and no id by which a missing trade would show.
"""

import msgspec

from feeds.model.errors import ProtocolError
from feeds.model.events import BookSnapshot, Event, Quote
from feeds.model.frame import ConnectionSpec, Frame, FrameKind
from feeds.model.instrument import Instrument
from feeds.model.protocol import Send
from feeds.pipeline.units import Units
from feeds.venues.hyperliquid.book import TwoBooks, pairs
from feeds.venues.hyperliquid.derivatives import LAG_NS, derivatives
from feeds.venues.hyperliquid.trades import HyperliquidTrades, trade
from feeds.venues.hyperliquid.wire import AckData, Anything, BookData, ContextData, Push, QuoteData, TradeData
from feeds.venues.shared.limits import LIMITS, Limits
from feeds.venues.shared.numbers import HOUR, MS, SECOND
from feeds.venues.shared.socket_protocol import Events, Route, SocketProtocol, channel
from feeds.venues.shared.venue_clock import VenueClock

_REPEATED_NS, _EARLIEST_NS = 30 * SECOND, 5 * SECOND  # a first message repeats the trades of about 20 s
_MOST_OFF_NS = 24 * HOUR
_PING_NS = 15 * SECOND  # the venue wants one in 50 s; a quiet socket must not look dead for 20 s
_PING = '{"method":"ping"}'


class _Market:
    """What one coin remembers on this connection."""

    def __init__(self, instrument: Instrument, history_s: int) -> None:
        self.instrument = instrument
        self.units = Units(instrument)
        self.book = TwoBooks(self.units)
        self.trades = HyperliquidTrades(self.units, history_s)
        self.quote_time = 0

    @property
    def book_known(self) -> bool:
        return self.book.known


_CHANNELS = {
    "trades": channel(Push[list[TradeData]], "_trades"),
    "l2Book": channel(Push[BookData], "_book"),
    "bbo": channel(Push[QuoteData], "_quote"),
    "activeAssetCtx": channel(Push[ContextData], "_context"),
    "subscriptionResponse": channel(Push[AckData], "_acknowledged"),
    "error": channel(Push[str], "_refused"),
}
_anything = msgspec.json.Decoder(Anything)


def subscription(stream: str) -> str | None:
    """The request for a stream of a spec, for example `trades:BTC`, `l2BookFast:@142`; None for one without a coin."""
    name, _, coin = stream.partition(":")
    if not coin:
        return None
    fast = name == "l2BookFast"
    wanted: dict[str, object] = {"type": "l2Book" if fast else name, "coin": coin}
    if fast:
        wanted["fast"] = True
    return msgspec.json.encode({"method": "subscribe", "subscription": wanted}).decode()


class HyperliquidProtocol(SocketProtocol[_Market]):
    """One Hyperliquid connection. A name that the venue does not know closes it; the names come from its own list."""

    label = "Hyperliquid"
    envelope = b'{"channel":"'

    def __init__(self, spec: ConnectionSpec, limits: Limits = LIMITS) -> None:
        super().__init__(spec, (_Market(market, spec.history_s) for market in spec.markets))
        self._opened_ns = 0
        self._clock = VenueClock()
        self._ping_due_ns = 0

    def tick(self, now_ns: int) -> None:
        """Ping in time: the venue closes a socket on which it sent nothing for a minute."""
        if now_ns >= self._ping_due_ns:
            self._ping_due_ns = now_ns + _PING_NS
            self.requests.append(Send(_PING))

    def _begin(self, now_ns: int) -> Events:
        self._opened_ns, self._ping_due_ns = now_ns, now_ns + _PING_NS
        texts = map(subscription, self._spec.streams)
        self.requests += [Send(text) for text in texts if text is not None]
        return ()

    def _route(self, name: str) -> Route | None:
        return self._handled(_CHANNELS.get(name))

    def _notice(self, payload: bytes, now_ns: int) -> Events:
        return self._push(_anything.decode(payload).channel.encode(), payload, now_ns)

    def _skip(self, frame: Frame) -> None:
        """Trades in a text that cannot be read are missing, and no number will show it."""
        if frame.kind is FrameKind.TEXT and b'"trades"' in frame.payload:
            for symbol, market in self._markets.items():
                if f'"{symbol}"'.encode() in frame.payload:
                    market.trades.skip()

    def _acknowledged(self, push: Push[AckData], now_ns: int) -> Events:
        market = self._markets.get(push.data.subscription.coin)
        if market is None or push.data.method != "subscribe" or push.data.subscription.type != "trades":
            return ()
        return market.trades.go_live(now_ns)

    def _refused(self, push: Push[str], now_ns: int) -> Events:
        if push.data.startswith("Already subscribed"):
            return ()
        raise ProtocolError("Hyperliquid refused a request", push.data)

    # trades

    def _trades(self, push: Push[list[TradeData]], now_ns: int) -> Events:
        known = [(market, row) for row in push.data if (market := self._markets.get(row.coin)) is not None]
        whole = [(market, trade(market.units, row, now_ns)) for market, row in known]
        starting = {market.instrument.symbol for market, _ in known if market.trades.in_first_message}
        events: list[Event] = []
        opening_ns = self._opening_ns(max((one.ts_venue_ns for _, one in whole), default=now_ns), now_ns)
        for market, one in whole:
            market.trades.in_first_message = False
            repeats = market.instrument.symbol in starting and not self._goes_on
            events += market.trades.receive(one, opening_ns if repeats else None, now_ns)
        return events

    def _opening_ns(self, newest_ns: int, now_ns: int) -> int:
        """When the connection opened, by the venue's clock where a message's newest trade shows that ours is off."""
        self._clock.see(newest_ns, now_ns)
        ours_ahead_ns = now_ns - (self._clock.at(now_ns) or now_ns)
        is_right = -_EARLIEST_NS <= ours_ahead_ns <= _REPEATED_NS
        is_clock = abs(ours_ahead_ns) < _MOST_OFF_NS  # else these are old trades, and their time shows nothing
        return self._opened_ns - ours_ahead_ns if is_clock and not is_right else self._opened_ns

    # book

    def _book(self, push: Push[BookData], now_ns: int) -> Events:
        market = self._markets.get(push.data.coin)
        book = market.book.receive(push.data) if market is not None else None
        if market is None or book is None:
            return ()
        return (BookSnapshot(market.instrument, book.time * MS, now_ns, book.bids, book.asks, book.time),)

    def _quote(self, push: Push[QuoteData], now_ns: int) -> Events:
        data = push.data
        market = self._markets.get(data.coin)
        if market is None or data.time < market.quote_time or len(data.bbo) != 2:
            return ()
        bid_level, ask_level = data.bbo
        if bid_level is None or ask_level is None:
            return ()
        (bid, bid_size), (ask, ask_size) = market.units.levels(pairs((bid_level, ask_level)))
        market.quote_time = data.time
        return (Quote(market.instrument, data.time * MS, now_ns, bid, bid_size, ask, ask_size, data.time),)

    # mark, index, funding, open interest

    def _context(self, push: Push[ContextData], now_ns: int) -> Events:
        """Not dated to before the trades were live: that would seem to be a time in which all of them were received."""
        market = self._markets.get(push.data.coin)
        if market is None:
            return ()
        return derivatives(market.instrument, push.data.ctx, max(now_ns - LAG_NS, market.trades.live_ns), now_ns)
