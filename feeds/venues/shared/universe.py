"""What the connections of route `universe` have in common: they poll, may listen as well, and carry no trades or books.

A venue adds how it reads an answer (`_answer`) and, where it has streams for all its perpetuals, a text (`_text`).
"""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from functools import partial
from typing import Any

import msgspec

from feeds.model.errors import ProtocolError
from feeds.model.events import Connected, Disconnected, Event
from feeds.model.frame import ConnectionSpec, Frame, FrameKind
from feeds.model.instrument import Instrument, InstrumentId
from feeds.model.odd_rows import OddRows
from feeds.model.protocol import Fetch, LastTrade, Request, VenueProtocol
from feeds.venues.shared.numbers import UNREADABLE
from feeds.venues.shared.polling import Job, Polls, every
from feeds.venues.shared.rows import RowDecoder, each

REST = "rest:"
ACCOUNTS = "accounts"
_ACCOUNTS_S, _ACCOUNTS_AFTER_S = 600.0, 40.0
_SELDOM_NS = 10_000_000_000

Events = Sequence[Event]


def polled(spec: ConnectionSpec) -> frozenset[str]:
    """What a connection asks for by REST."""
    return frozenset(stream.removeprefix(REST) for stream in spec.streams if stream.startswith(REST))


def streamed(spec: ConnectionSpec) -> ConnectionSpec:
    """The same connection without what it asks for by REST."""
    listened = tuple(stream for stream in spec.streams if not stream.startswith(REST))
    return msgspec.structs.replace(spec, streams=listened)


def account_jobs(markets: Iterable[Instrument], ask: Callable[[Instrument], Fetch], spacing_s: float) -> Iterator[Job]:
    """The share of long accounts, which venues publish by market and every five minutes: in turn, half as often."""
    for at, market in enumerate(markets):
        yield every(_ACCOUNTS_S, ask(market), _ACCOUNTS_AFTER_S + at * spacing_s)


class UniverseProtocol:
    """One universe connection. `socket` is the protocol of its socket where the venue wants requests there."""

    def __init__(
        self, spec: ConnectionSpec, jobs: Iterable[Job], at_once: int = 8, socket: VenueProtocol | None = None
    ) -> None:
        self.requests: list[Request] = []
        self._spec = spec
        self._socket = socket
        self._polls = Polls(jobs, at_once)
        self._odd_rows = OddRows()

    @property
    def odd_rows(self) -> OddRows:
        """The count of rows left out, which its socket shares."""
        return self._odd_rows

    @odd_rows.setter
    def odd_rows(self, odd_rows: OddRows) -> None:
        self._odd_rows = odd_rows
        if self._socket is not None:
            self._socket.odd_rows = odd_rows

    def receive(self, frame: Frame) -> Events:
        """Decode one frame. Raises ProtocolError; the frame is then skipped as a whole."""
        try:
            if frame.kind is FrameKind.TEXT:
                return self._text(frame)
            return self._other(frame)
        except UNREADABLE as error:
            raise ProtocolError(f"{self._spec.venue} sent a message of unknown shape", str(error)) from error

    def resume(self, last_trades: Mapping[InstrumentId, LastTrade]) -> None:
        """Nothing to resume: no trades come this way."""

    def tick(self, now_ns: int) -> None:
        self.requests += self._polls.due(now_ns)
        if self._socket is not None:
            self._socket.tick(now_ns)
            self._collect(self._socket)

    def refresh_books(self, now_ns: int) -> None:
        """Ask again for what comes seldom, for a recording that begins now."""
        self._polls.hurry(now_ns, _SELDOM_NS)

    def _text(self, frame: Frame) -> Events:
        return self._listen(frame)

    def _answer(self, topic: str, symbol: str, body: bytes, now_ns: int) -> Events:
        """Read the answer to the request tagged `topic` or `topic/symbol`."""
        raise NotImplementedError

    def _other(self, frame: Frame) -> Events:
        match frame.kind:
            case FrameKind.HTTP:
                self._polls.answered(frame.tag, frame.ts_recv_ns)
                topic, _, symbol = frame.tag.partition("/")
                return self._answer(topic, symbol, frame.payload, frame.ts_recv_ns)
            case FrameKind.HTTP_FAILED:
                self._polls.failed(frame.tag, frame.ts_recv_ns)
                return ()
            case FrameKind.OPEN:
                self._polls.begin(frame.ts_recv_ns)
        return self._listen(frame)

    def _listen(self, frame: Frame) -> Events:
        if self._socket is None:
            return self._begin_or_end(frame)
        try:
            return self._socket.receive(frame)
        finally:
            self._collect(self._socket)

    def _begin_or_end(self, frame: Frame) -> Events:
        if frame.kind is FrameKind.OPEN:
            return (Connected(self._spec.venue, self._spec.name, frame.ts_recv_ns),)
        if frame.kind is FrameKind.CLOSE:
            reason = frame.payload.decode(errors="replace")
            return (Disconnected(self._spec.venue, self._spec.name, frame.ts_recv_ns, reason),)
        return ()

    def _collect(self, socket: VenueProtocol) -> None:
        if socket.requests:
            self.requests += socket.requests
            socket.requests = []

    def _leave_out(self, stream: str, reason: str) -> None:
        self.odd_rows.leave_out(self._spec.venue, stream, reason)

    def _decoded(self, stream: str, decoder: RowDecoder, body: bytes) -> Any:
        """A message without its rows of odd shape, which are counted. Raises msgspec's errors."""
        return decoder.decode(body, partial(self._leave_out, stream))

    def _each(self, stream: str, rows: Iterable[Any], read: Callable[..., Iterable[Event]], *times_ns: int) -> Events:
        """The events of many rows. One that cannot be read is left out as a whole and counted."""
        return each(rows, lambda row: read(row, *times_ns), partial(self._leave_out, stream))
