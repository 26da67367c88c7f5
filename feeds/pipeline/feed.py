"""Decodes frames to events, alike for live sessions, replay and simulation.

Owns one protocol object per open connection, from OPEN to CLOSE. An undecodable frame is counted, logged once per kind
and skipped; it stays in the recording. Repeated prices between two ticks mean that the venue changed its price step,
so the connection's markets are listed again, and trades resume from before the first such price. When a market returns
with changed terms, connections that still carry the old ones are ended, so that two price steps never mix.
"""

import logging
from collections import Counter
from collections.abc import Callable, Iterator, Sequence

import msgspec

from feeds.model.errors import ProtocolError
from feeds.model.events import BookLost, Event, Quote, Relisted
from feeds.model.frame import DAMAGED, UNIVERSE, ConnectionSpec, Frame, FrameKind, spec_from_frame
from feeds.model.instrument import Instrument, InstrumentId
from feeds.model.odd_rows import OddRows
from feeds.model.protocol import AwaitsSnapshots, Reconnect, Relist, Request, TradesGoOn, VenueProtocol
from feeds.pipeline.deduplication import Deduplicator
from feeds.pipeline.units import OffGrid

log = logging.getLogger(__name__)

OFF_GRID_LIMIT = 3

_SAMPLE = 300
_TEXT = FrameKind.TEXT  # an enum member costs 60 ns to look up in Python 3.11, and this is asked for every frame


class Feed:
    """The decoders of all open connections, and the deduplicator of their events.

    `undecodable` counts skipped frames by (connection, reason), `odd_rows` rows left out of the others. `last_data_ns`
    is the receive time of the last data, other than acknowledgements, of each connection. `universe` holds the names of
    all-market connections, whose events do not concern the followed markets.
    `unreceived` counts frames that stand for a damaged part of a recording.
    """

    def __init__(
        self, protocol_of: Callable[[ConnectionSpec], VenueProtocol], deduplicator: Deduplicator | None = None
    ) -> None:
        self.undecodable: Counter[tuple[str, str]] = Counter()
        self.odd_rows = OddRows()
        self.last_data_ns: dict[str, int] = {}
        self.universe: set[str] = set()
        self.deduplicator = deduplicator or Deduplicator()
        self.unreceived = 0
        self._protocol_of = protocol_of
        self._protocols: dict[str, VenueProtocol] = {}
        self._specs: dict[str, ConnectionSpec] = {}
        self._listed: dict[InstrumentId, Instrument] = {}
        self._off_grid: Counter[str] = Counter()
        self._interrupted: dict[str, list[InstrumentId]] = {}  # trades received until a damaged part of a recording

    def receive(self, frame: Frame) -> Sequence[Event]:
        """Decode one frame. Never raises, whatever the frame contains."""
        name = frame.connection
        try:
            if frame.kind is _TEXT:
                protocol = self._protocols.get(name)
                events = () if protocol is None else protocol.receive(frame)
            elif frame.kind is FrameKind.OPEN:
                return self._open(frame)
            else:
                events = self._receive(frame)
        except ProtocolError as error:
            self._count(frame, error)
            if isinstance(error, OffGrid):
                self._doubt_grid(name)
            return ()
        if not events:
            return events
        self.last_data_ns[name] = frame.ts_recv_ns
        if len(events) == 1 and type(events[0]) is Quote:  # most frames of all, and they always pass
            return events
        passed = self.deduplicator.filter(name, events)
        if frame.kind is FrameKind.CLOSE:
            self._hand_over(passed)
        return passed

    @property
    def connections(self) -> tuple[str, ...]:
        return tuple(self._protocols)

    def reset_counts(self) -> None:
        """Count from zero, and forget when connections last received anything."""
        self.undecodable.clear()
        self.last_data_ns.clear()
        self.unreceived = 0

    def tick(self, now_ns: int) -> None:
        """Add the requests that are due by the clock, in every protocol."""
        for protocol in self._protocols.values():
            protocol.tick(now_ns)

    def refresh_books(self, now_ns: int) -> None:
        """Request whole books again in every protocol."""
        for protocol in self._protocols.values():
            protocol.refresh_books(now_ns)

    def awaits_snapshot(self, name: str, instrument: Instrument) -> bool:
        """Whether a connection receives changes of a book and waits for the snapshot that they belong to."""
        protocol: object = self._protocols.get(name)
        return isinstance(protocol, AwaitsSnapshots) and protocol.awaits_snapshot(instrument)

    def take_requests(self) -> Iterator[tuple[str, Request]]:
        """Remove and yield all requests, as (connection, request)."""
        for name, protocol in self._protocols.items():
            if protocol.requests:
                requests, protocol.requests = protocol.requests, []
                for request in requests:
                    yield name, request

    def _receive(self, frame: Frame) -> Sequence[Event]:
        is_gap = frame.kind is FrameKind.CLOSE and frame.tag == DAMAGED
        self.unreceived += is_gap
        protocol = self._protocols.get(frame.connection)
        if protocol is None:
            return ()
        if is_gap:
            markets = (market.id for market in self._specs[frame.connection].markets)
            receives = self.deduplicator.receives_trades
            self._interrupted[frame.connection] = [one for one in markets if receives(frame.connection, one)]
        if frame.kind is FrameKind.CLOSE:
            self._forget(frame.connection)
        return protocol.receive(frame)

    def _open(self, frame: Frame) -> Sequence[Event]:
        self.unreceived += frame.tag == DAMAGED
        try:
            spec = spec_from_frame(frame)
        except (ValueError, RecursionError) as error:
            raise ProtocolError("a connection begins with no readable description", str(error)) from error
        ended: list[Event] = []
        if spec.route == UNIVERSE:
            self.universe.add(frame.connection)
        else:
            ended = self._list(spec.markets, frame)
            spec = msgspec.structs.replace(spec, markets=tuple(self._listed[market.id] for market in spec.markets))
        opened = self._protocol_of(spec)
        self._protocols[frame.connection], self._specs[frame.connection] = opened, spec
        opened.odd_rows = self.odd_rows
        opened.resume(self.deduplicator.last_trades)
        self.deduplicator.open(frame.connection)
        self.last_data_ns[frame.connection] = frame.ts_recv_ns
        events = [*opened.receive(frame)]
        if frame.tag == DAMAGED and isinstance(opened, TradesGoOn):
            events += opened.trades_go_on(self._interrupted.pop(frame.connection, ()), frame.ts_recv_ns)
        return [*ended, *self.deduplicator.filter(frame.connection, events)]

    def _list(self, markets: tuple[Instrument, ...], frame: Frame) -> list[Event]:
        """Apply the current terms of markets, and end other connections that carry their old terms."""
        before = {market.id: self._listed.setdefault(market.id, market) for market in markets}
        changed = [market for market in markets if before[market.id] != market]
        outdated = {before[market.id] for market in changed}
        self._listed |= {market.id: market for market in changed}
        events: list[Event] = []
        for name, spec in list(self._specs.items()):
            if name not in (frame.connection, *self.universe) and not outdated.isdisjoint(spec.markets):
                end = Frame(frame.ts_recv_ns, name, FrameKind.CLOSE, b"the venue changed a market")
                events += self.deduplicator.filter(name, self._protocols[name].receive(end))
                self._forget(name)
        for market in changed:
            self.deduplicator.rewind(market.id)
        return [*events, *(Relisted(market, frame.ts_recv_ns) for market in changed)]

    def _hand_over(self, passed: Sequence[Event]) -> None:
        """Reconnect other connections with a lost book, because a book can be used only from its snapshot on."""
        lost = [event.instrument.id for event in passed if isinstance(event, BookLost)]
        for name in sorted({name for instrument in lost for name in self.deduplicator.book_connections(instrument)}):
            if name in self._protocols:
                self._protocols[name].requests.append(Reconnect("its book is used from now on"))

    def _forget(self, name: str) -> None:
        del self._protocols[name], self._specs[name]
        self.deduplicator.close(name)

    def _doubt_grid(self, name: str) -> None:
        self._off_grid[name] += 1
        for market in self._specs[name].markets if name in self._specs else ():
            self.deduplicator.doubt(market.id)
        if name in self._protocols and self._off_grid[name] % OFF_GRID_LIMIT == 0:
            self._protocols[name].requests.append(Relist("prices lie between two ticks"))

    def _count(self, frame: Frame, error: ProtocolError) -> None:
        key = (frame.connection, error.text)
        self.undecodable[key] += 1
        if self.undecodable[key] == 1:
            log.error("%s: %s; frame begins %r", frame.connection, error, frame.payload[:_SAMPLE])
