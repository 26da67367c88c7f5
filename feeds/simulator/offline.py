"""The frames that a live source would receive from the simulated venues, by a virtual clock and without sockets.

The same seed gives the same frames. Connections are planned, subscribed and decoded as live ones are; the receive time
of a message is the end of the step in which its venue made it, that of an HTTP answer a step of `LATENCY_NS` after its
request.
"""

from __future__ import annotations

import asyncio
import time
from collections import deque
from collections.abc import Collection, Iterator
from pathlib import Path
from typing import NamedTuple
from urllib.parse import parse_qsl, urlsplit

import msgspec

from feeds.live.connection_plan import ConnectionPlanner
from feeds.live.focus import Focus
from feeds.live.rest import Rest
from feeds.model.errors import TransportError
from feeds.model.frame import ConnectionSpec, Frame, FrameKind, open_frame
from feeds.model.instrument import MarketKind, Venue
from feeds.model.protocol import Fetch, Reconnect, Relist, Send
from feeds.pipeline.feed import Feed
from feeds.recording.layout import RecordingMetadata
from feeds.recording.recorder import create_file
from feeds.recording.writer import RecordingWriter
from feeds.simulator.catalogue.markets import markets_of
from feeds.simulator.dialect import Answer, Conversation, Dialect, SocketClosed
from feeds.simulator.market.spec import MS, SECOND
from feeds.simulator.service.dialects import dialects
from feeds.simulator.simulation import PULSE_NS, Simulation
from feeds.simulator.universe.listings import altcoins_of
from feeds.venues.driver import VenueDriver, loopback
from feeds.venues.registry import DRIVERS, protocol_for

STEP_NS = 20 * MS
LATENCY_NS = 60 * MS
START_NS = 1_767_225_600 * SECOND  # 2026-01-01, 00:00 UTC
_TIMER_NS = 250 * MS
_REOPEN_NS = SECOND
_UNLIMITED = 1 << 40  # request weight a minute


class _Call(NamedTuple):
    """A request on its way."""

    due_ns: int
    connection: str
    opened_ns: int
    fetch: Fetch


class SimulatedVenues(Rest):
    """The venues behind their REST API. Raises TransportError where a venue refuses."""

    def __init__(self, simulation: Simulation) -> None:
        super().__init__()
        self.simulation = simulation
        self.dialects: dict[Venue, Dialect] = {
            Venue(dialect.prefix.strip("/")): dialect for dialect in dialects(simulation, _UNLIMITED)
        }

    async def ask(self, driver: VenueDriver, kind: MarketKind, request: Fetch) -> bytes:
        """The answer to a request, at once."""
        return self.answer(driver.venue, kind, request)

    def answer(self, venue: Venue, kind: MarketKind, request: Fetch) -> bytes:
        """The answer to a request, at once."""
        dialect, now_ns = self.dialects[venue], self.simulation.now_ns
        url = urlsplit(f"/{kind.value}{request.path}")
        answer: Answer
        if request.body:
            answer = dialect.post(url.path, request.body.encode(), now_ns)
        else:
            answer = dialect.get(url.path, dict(parse_qsl(url.query)), now_ns)
        if answer.status >= 400:
            raise TransportError(f"the venue refuses with {answer.status}", answer.body.decode())
        return answer.body


class OfflineSession:
    """A session of simulated venues, all of them where `venues` is None.

    `universe` adds the all-market streams, `candle_hours` candles from before.

    `steps` yields the frames of each step of 20 ms, in receive order. `now_ns` is the time reached.
    """

    def __init__(
        self,
        seed: int,
        *,
        bases: Collection[str] = ("BTC", "ETH"),
        venues: Collection[Venue] | None = None,
        start_ns: int = START_NS,
        history_s: int = 0,
        candle_hours: float = 0.0,
        universe: bool = False,
    ) -> None:
        altcoins = altcoins_of(venues) if universe else ()
        simulation = Simulation(
            seed,
            start_ns,
            markets=markets_of(venues, bases),
            altcoins=altcoins,
            warm_up_s=max(history_s, 60),
            past_minutes=round(candle_hours * 60),
        )
        self.now_ns = simulation.now_ns
        self.feed = Feed(protocol_for)
        self._simulation = simulation
        self._venues = SimulatedVenues(simulation)
        focus = Focus(bases, most=0, retention_ns=0)
        self._planner = ConnectionPlanner(focus, self._venues, candles_s=round(candle_hours * 3_600), universe=universe)
        self._history_s = history_s
        self._specs: dict[str, ConnectionSpec] = {}
        self._open: dict[str, tuple[int, Conversation | None]] = {}  # since when
        self._due: dict[str, int] = {}  # when to open
        self._wanted: dict[str, list[tuple[str, Conversation]]] = {}
        self._calls: deque[_Call] = deque()
        self._out: list[Frame] = []

    def steps(self, span_ns: int) -> Iterator[list[Frame]]:
        """Go on for `span_ns`."""
        if not self._specs:
            self._plan()
        end_ns = self.now_ns + span_ns
        while self.now_ns < end_ns:
            self.now_ns += STEP_NS
            self._step()
            frames, self._out = self._out, []
            yield frames

    def _plan(self) -> None:
        for venue in self._venues.dialects:
            driver = loopback(DRIVERS[venue], 80)
            for kind in driver.endpoints:
                for name, spec in asyncio.run(self._planner.plans(driver, kind)).items():
                    self._specs[name] = msgspec.structs.replace(spec, history_s=self._history_s)
                    self._due[name] = self.now_ns

    def _step(self) -> None:
        now_ns = self.now_ns
        facts = self._simulation.advance(now_ns)
        for name in [name for name, due_ns in self._due.items() if due_ns <= now_ns]:
            self._begin(name)
        while self._calls and self._calls[0].due_ns <= now_ns:
            self._answer(self._calls.popleft())
        for dialect in self._venues.dialects.values():
            for message in dialect.messages(facts, now_ns, self._wanted):
                for name, conversation in self._wanted.get(message.topic, ()):
                    self._text(name, conversation.frame(message))
        if now_ns % PULSE_NS == 0:
            for name, (_, listening) in list(self._open.items()):
                if listening is not None:
                    self._converse(name, listening, None)
        if now_ns % _TIMER_NS < STEP_NS:
            self.feed.tick(now_ns)
        self._perform()

    def _begin(self, name: str) -> None:
        spec = self._specs[name]
        conversation: Conversation | None = None
        del self._due[name]
        if spec.url:
            url = urlsplit(spec.url)
            path = url.path.removeprefix(self._venues.dialects[spec.venue].prefix)
            conversation = self._venues.dialects[spec.venue].open(path, dict(parse_qsl(url.query)))
        self._open[name] = self.now_ns, conversation
        self._emit(open_frame(spec, self.now_ns))
        self._subscribe()

    def _end(self, name: str, reason: str, pause_ns: int = _REOPEN_NS) -> None:
        if self._open.pop(name, None) is not None:
            self._emit(Frame(self.now_ns, name, FrameKind.CLOSE, reason.encode()))
            self._due[name] = self.now_ns + pause_ns
            self._subscribe()

    def _subscribe(self) -> None:
        self._wanted = {}
        for name, (_, conversation) in self._open.items():
            for topic in conversation.topics if conversation is not None else ():
                self._wanted.setdefault(topic, []).append((name, conversation))  # type: ignore[arg-type]

    def _perform(self) -> None:
        """Perform the requests of the protocols."""
        for name, request in list(self.feed.take_requests()):
            opened_ns, conversation = self._open.get(name, (0, None))
            match request:
                case Send() if conversation is not None:
                    self._converse(name, conversation, request.text)
                    self._subscribe()
                case Fetch():
                    self._calls.append(_Call(self.now_ns + LATENCY_NS, name, opened_ns, request))
                case Reconnect():
                    self._end(name, request.reason, round(request.pause_s * SECOND) + LATENCY_NS)
                case Relist():
                    self._end(name, request.reason)

    def _converse(self, name: str, conversation: Conversation, text: str | None) -> None:
        """Send a text to the venue, or let it send what is due."""
        try:
            now_ns = self.now_ns
            for reply in conversation.tick(now_ns) if text is None else conversation.receive(text, now_ns):
                self._text(name, reply)
        except SocketClosed as closed:
            self._end(name, f"the venue closed the connection: {closed}")

    def _answer(self, call: _Call) -> None:
        opened_ns, _ = self._open.get(call.connection, (0, None))
        if opened_ns != call.opened_ns:
            return
        spec = self._specs[call.connection]
        try:
            body, kind = self._venues.answer(spec.venue, spec.kind, call.fetch), FrameKind.HTTP
        except TransportError as error:
            body, kind = error.text.encode(), FrameKind.HTTP_FAILED
        self._emit(Frame(self.now_ns, call.connection, kind, body, call.fetch.tag))

    def _text(self, name: str, text: str) -> None:
        self._emit(Frame(self.now_ns, name, FrameKind.TEXT, text.encode()))

    def _emit(self, frame: Frame) -> None:
        self.feed.receive(frame)
        self._out.append(frame)


def write_session(
    path: Path,
    seed: int,
    span_ns: int,
    bases: Collection[str] = ("BTC", "ETH"),
    speed: float | None = None,
    venues: Collection[Venue] | None = None,
    *,
    universe: bool = False,
) -> Iterator[tuple[float, int, int]]:
    """Record a session of this length in a new file, at `speed` simulated seconds a second, None for no pause.

    `universe` adds all other perpetuals.

    Yields the share done, frames and bytes written after each simulated second. Raises RecordingError where the file
    exists or a frame cannot be stored, and OSError.
    """
    began_s, session = time.monotonic(), OfflineSession(seed, bases=bases, venues=venues, universe=universe)
    start_ns = session.now_ns
    with create_file(path) as stream:
        writer = RecordingWriter(stream, RecordingMetadata(simulated=True, note=f"simulated from seed {seed}"))
        for frames in session.steps(span_ns):
            writer.write(frames)
            if session.now_ns % SECOND == 0:
                writer.flush()
                done_ns = session.now_ns - start_ns
                if speed:
                    time.sleep(max(0.0, began_s + done_ns / SECOND / speed - time.monotonic()))
                yield done_ns / span_ns, writer.frames_written, writer.bytes_written
        writer.finish()
    yield 1.0, writer.frames_written, writer.bytes_written
