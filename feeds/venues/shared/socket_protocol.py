"""One connection's socket, without IO: what the protocols of all venues do alike.

A venue's protocol is a subclass. It names its channels, reads what is no push (`_notice`) and writes the handlers; the
skeleton finds the channel of each message, fetches missing trades, and ends what a connection knew when it closes.

Every push begins with the same bytes, the envelope, and then the name of its stream. Those bytes choose the decoder, so
each frame is decoded once, and in a handler that is reached without a call between.
"""

from collections.abc import Callable, Collection, Iterable, Sequence
from functools import partial
from typing import Any, ClassVar, Generic, NamedTuple, Protocol, TypeVar

import msgspec

from feeds.model.errors import ProtocolError
from feeds.model.events import BookLost, Connected, Disconnected, Event, TradesLost
from feeds.model.frame import DAMAGED, ConnectionSpec, Frame, FrameKind
from feeds.model.instrument import Instrument, InstrumentId
from feeds.model.odd_rows import OddRows
from feeds.model.protocol import LastTrades, Request
from feeds.venues.shared.numbers import UNREADABLE
from feeds.venues.shared.rows import LeaveOut, RowDecoder
from feeds.venues.shared.trade_chain import TradeChain, UnnumberedTrades

_TEXT = FrameKind.TEXT  # an enum member costs 60 ns to look up in Python 3.11, and this is asked for every frame
_ROUTE_LIMIT = 4_096

Events = Sequence[Event]
Route = tuple[Callable[[bytes], Any], Callable[[Any, int], Events]]
"""A stream's decoder, and the handler of what it decodes at a receive time in ns."""


class Channel(NamedTuple):
    """One kind of message: its decoder, and the name of the method that handles what it decodes."""

    decode: Callable[[bytes], Any] | RowDecoder
    handler: str


def channel(shape: Any, handler: str, *, strict: bool = False) -> Channel:
    """A channel of JSON messages of one shape. Numbers may be text unless `strict`."""
    return Channel(msgspec.json.Decoder(shape, strict=strict).decode, handler)


class Market(Protocol):
    """What a connection remembers of one market."""

    @property
    def instrument(self) -> Instrument: ...
    @property
    def trades(self) -> TradeChain | UnnumberedTrades: ...
    @property
    def book_known(self) -> bool: ...


AnyMarket = TypeVar("AnyMarket", bound=Market)


class SocketProtocol(Generic[AnyMarket]):
    """One connection of a venue, by the symbols of its markets."""

    label: ClassVar[str]
    """The venue's name in errors."""
    envelope: ClassVar[bytes]
    """How every push begins, up to the name of its stream."""
    name_end: ClassVar[bytes] = b'"'

    def __init__(self, spec: ConnectionSpec, markets: Iterable[AnyMarket]) -> None:
        self.requests: list[Request] = []
        self.odd_rows = OddRows()
        self._spec = spec
        self._markets = {market.instrument.symbol: market for market in markets}
        self._routes: dict[bytes, Route] = {}
        self._name_at = len(self.envelope)
        self._last_trades: LastTrades = {}
        self._goes_on = False  # behind a damaged part of a recording, where first messages repeat nothing

    def __getstate__(self) -> dict[str, Any]:
        return vars(self) | {"_routes": {}}  # found again as messages come

    def receive(self, frame: Frame) -> Events:
        """Decode one frame. Raises ProtocolError; the frame is then skipped as a whole."""
        try:
            if frame.kind is not _TEXT:
                return self._other(frame)
            payload, at = frame.payload, self._name_at
            route = self._routes.get(payload[at : payload.find(self.name_end, at)])
            if route is None:  # only names that follow the envelope are ever put there
                return self._text(payload, frame.ts_recv_ns)
            return route[1](route[0](payload), frame.ts_recv_ns)
        except ProtocolError:
            self._skip(frame)
            raise
        except UNREADABLE as error:
            self._skip(frame)
            raise ProtocolError(f"{self.label} sent a message of unknown shape", str(error)) from error

    def resume(self, last_trades: LastTrades) -> None:
        """Fill what is missing since the newest trades of earlier connections. The mapping stays current."""
        self._last_trades = last_trades
        for market in self._markets.values():
            market.trades.resume(last_trades)

    def trades_go_on(self, markets: Collection[InstrumentId], now_ns: int) -> Events:
        """Trades of these markets were subscribed to before a damaged part of a recording: they are live from here."""
        carried = (market.trades for market in self._markets.values() if market.instrument.id in markets)
        return [event for trades in carried for event in trades.go_live(now_ns)]

    def tick(self, now_ns: int) -> None:
        """Ask again for trades that did not come."""
        for market in self._markets.values():
            if (fetch := market.trades.due_fetch(now_ns)) is not None:
                self.requests.append(fetch)

    def refresh_books(self, now_ns: int) -> None:
        """Ask for whole books, for a recording that begins now. Not needed where every message is a whole book."""

    # what a venue adds

    def _begin(self, now_ns: int) -> Events:
        """The connection is open: subscribe."""
        return ()

    def _route(self, name: str) -> Route | None:
        """How a stream is decoded and handled; None for one that is not used."""
        raise NotImplementedError

    def _notice(self, payload: bytes, now_ns: int) -> Events:
        """Read a text without the envelope: an acknowledgement, an error, a pong, or a push in another spelling."""
        raise NotImplementedError

    def _answer(self, market: AnyMarket, topic: str, frame: Frame) -> Events:
        """Read the answer, or the failure, of the request tagged `topic/symbol`."""
        return ()

    # texts

    def _text(self, payload: bytes, now_ns: int) -> Events:
        """A message whose stream is new, or that has no envelope."""
        end = payload.find(self.name_end, self._name_at)
        if end < 0 or not payload.startswith(self.envelope):
            return self._notice(payload, now_ns)
        return self._push(payload[self._name_at : end], payload, now_ns)

    def _push(self, name: bytes, payload: bytes, now_ns: int) -> Events:
        route = self._route(name.decode(errors="replace"))
        if route is None:
            return ()
        if len(self._routes) < _ROUTE_LIMIT:
            self._routes[name] = route
        return route[1](route[0](payload), now_ns)

    def _handled(self, found: Channel | None) -> Route | None:
        return (self._decode(found), getattr(self, found.handler)) if found is not None else None

    def _decode(self, found: Channel) -> Callable[[bytes], Any]:
        decoder = found.decode
        if not isinstance(decoder, RowDecoder):
            return decoder
        return partial(decoder.decode, leave_out=self._leaving_out(found.handler.strip("_")))

    def _leaving_out(self, stream: str) -> LeaveOut:
        return partial(self._leave_out, stream)  # no closure: a copied protocol counts its own

    def _leave_out(self, stream: str, reason: str) -> None:
        self.odd_rows.leave_out(self._spec.venue, stream, reason)

    def _skip(self, frame: Frame) -> None:
        """What a text that could not be read held of trades is missing."""
        if frame.kind is _TEXT:
            for symbol, market in self._markets.items():
                if symbol.encode() in frame.payload:
                    market.trades.skip()

    # the connection's beginning and end, and answers

    def _other(self, frame: Frame) -> Events:
        now_ns = frame.ts_recv_ns
        if frame.kind is FrameKind.OPEN:
            self._goes_on = frame.tag == DAMAGED
            return [Connected(self._spec.venue, self._spec.name, now_ns), *self._begin(now_ns)]
        if frame.kind is FrameKind.CLOSE:
            reason = frame.payload.decode(errors="replace")
            ended = [event for market in self._markets.values() for event in self._end(market, reason, now_ns)]
            return [Disconnected(self._spec.venue, self._spec.name, now_ns, reason), *ended]
        topic, _, symbol = frame.tag.partition("/")
        market = self._markets.get(symbol)
        if market is None:
            return ()
        return self._fill(market, frame) if topic == "trades" else self._answer(market, topic, frame)

    def _end(self, market: AnyMarket, reason: str, now_ns: int) -> list[Event]:
        lost: list[Event] = [BookLost(market.instrument, now_ns, reason)] if market.book_known else []
        lost += market.trades.close(now_ns)
        return [*lost, TradesLost(market.instrument, now_ns, reason)] if market.trades.live else lost

    def _fill(self, market: AnyMarket, frame: Frame) -> Events:
        try:
            if frame.kind is FrameKind.HTTP_FAILED:
                return market.trades.fail(frame.ts_recv_ns)
            return market.trades.answer(frame.payload, frame.ts_recv_ns)
        except (*UNREADABLE, ProtocolError):
            if ended := market.trades.fail(frame.ts_recv_ns):
                return ended
            raise
        finally:
            self._ask_for_trades(market)

    def _ask_for_trades(self, market: AnyMarket) -> None:
        fetch = market.trades.next_fetch()
        if fetch is not None:
            self.requests.append(fetch)
