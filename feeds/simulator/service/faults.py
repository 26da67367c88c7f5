"""Scripted faults between a venue and a client, and their effect on the frames of a connection.

Without IO: the server asks `Faults` and passes every data frame through the connection's `Line`. Replies, pongs and
heartbeats bypass the line, so a stalled connection still answers pings.
"""

from enum import StrEnum
from typing import Any

import msgspec

from feeds.model.instrument import Venue
from feeds.simulator.market.draws import Draws
from feeds.simulator.market.spec import SECOND


class FaultKind(StrEnum):
    """The kinds of faults: of connections, requests or markets."""

    DROP = "drop"
    """The connection drops without a close frame (1006)."""
    STALL = "stall"
    """No data for `duration_s`, on new connections too; pings are answered. The withheld data is lost."""
    HALF_FRAME = "half_frame"
    """The connection drops in the middle of a frame."""
    GARBAGE = "garbage"
    """`count` frames are preceded by one that is no valid message of the venue."""
    DUPLICATE = "duplicate"
    """`count` frames are sent twice."""
    REORDER = "reorder"
    """`count` pairs of frames are swapped."""
    GAP = "gap"
    """`count` frames are lost."""
    MAINTENANCE = "maintenance"
    """The venue's maintenance notice, and its close after `duration_s`."""
    REFUSE = "refuse"
    """New websockets are answered with `status` and `body` for `duration_s`."""
    LIMIT = "limit"
    """Requests are answered with 429 for `duration_s`."""
    BAN = "ban"
    """Requests are answered with 418 for `duration_s`."""
    OLD_SNAPSHOT = "old_snapshot"
    """For `duration_s` snapshots show the book as of the start of the fault, older than the deltas."""
    TICK_SIZE = "tick_size"
    """The price step becomes ten times finer, permanently."""


ON_FRAMES = frozenset({
    FaultKind.STALL, FaultKind.HALF_FRAME, FaultKind.GARBAGE, FaultKind.DUPLICATE, FaultKind.REORDER, FaultKind.GAP,
})  # fmt: skip
ON_CONNECTIONS = ON_FRAMES | {FaultKind.DROP, FaultKind.MAINTENANCE}
ON_MARKETS = frozenset({FaultKind.OLD_SNAPSHOT, FaultKind.TICK_SIZE})
_LASTING = frozenset({FaultKind.STALL, FaultKind.REFUSE, FaultKind.LIMIT, FaultKind.BAN, FaultKind.OLD_SNAPSHOT})
_STATUS = {FaultKind.LIMIT: 429, FaultKind.BAN: 418}

_GARBAGE = (
    "}{",
    "null",
    "[]",
    "\x00\ufffd not json",
    '{"data":[{"unfinished":',
    '{"e":"depthUpdate","b":[["NaN","-1"]]}',
    "[" * 400,
)


class Fault(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """One fault and its targets; an omitted field matches everything.

    `path` and `topic` match as substrings of the path below the venue's prefix and of the message's topic, `connection`
    is a number from `/simulator/connections`, `symbol` the venue's name of a market.
    """

    kind: FaultKind
    venue: Venue | None = None
    path: str = ""
    topic: str = ""
    connection: int = 0
    symbol: str = ""
    count: int = 1
    duration_s: float = 5.0
    status: int = 503
    body: str = ""

    def matches(self, venue: str, path: str, connection: int = 0) -> bool:
        """Whether the fault applies to a connection, or to a request where `connection` is 0."""
        return self.venue in (None, venue) and self.path in path and self.connection in (0, connection)

    def matches_market(self, venue: str, symbol: str) -> bool:
        return self.venue in (None, venue) and self.symbol in ("", symbol)


class Frame(msgspec.Struct, frozen=True, gc=False):
    """One text frame to send. `trades` as in `Message`; `is_half` drops the connection in the middle of it."""

    text: str
    topic: str = ""
    trades: tuple[int, int, int] | None = None
    is_half: bool = False


class _Work:
    """A fault active on one line, with the frames it still affects."""

    def __init__(self, fault: Fault, end_ns: int) -> None:
        self.fault = fault
        self.end_ns = end_ns
        self.left = fault.count


class Line:
    """Applies the active faults to the frames of one connection."""

    def __init__(self) -> None:
        self._works: list[_Work] = []
        self._held: Frame | None = None
        self._garbage = 0

    def begin(self, fault: Fault, now_ns: int) -> None:
        """Start a fault of `ON_FRAMES` on the following frames."""
        self._works.append(_Work(fault, now_ns + int(fault.duration_s * SECOND)))

    def carry(self, frame: Frame, now_ns: int) -> list[Frame]:
        """The frames to send in place of this one; none where it is lost or held back to be reordered."""
        if not self._works and self._held is None:
            return [frame]
        out = [frame]
        for work in list(self._works):
            if work.fault.topic in frame.topic:
                out = self._apply(work, frame, out, now_ns)
        if self._held is not None and self._held is not frame and out:
            out.append(self._held)
            self._held = None
        return out

    def held(self) -> Frame | None:
        """The frame held back by a reorder, sent after the next one."""
        return self._held

    def _apply(self, work: _Work, frame: Frame, out: list[Frame], now_ns: int) -> list[Frame]:
        kind = work.fault.kind
        if kind is FaultKind.STALL:
            if now_ns < work.end_ns:
                return []
            self._works.remove(work)
            return out
        if not out or (kind is FaultKind.REORDER and self._held is not None):
            return out
        work.left -= 1
        if work.left <= 0:
            self._works.remove(work)
        if kind is FaultKind.GAP:
            return []
        if kind is FaultKind.DUPLICATE:
            return [*out, frame]
        if kind is FaultKind.HALF_FRAME:
            return [msgspec.structs.replace(frame, is_half=True)]
        if kind is FaultKind.REORDER:
            self._held = frame
            return []
        self._garbage += 1
        return [Frame(_GARBAGE[self._garbage % len(_GARBAGE)]), *out]


class InjectedFault(msgspec.Struct, frozen=True, omit_defaults=True):
    """A fault that was injected, when, and the connections or markets it matched."""

    fault: Fault
    at_ns: int
    connections: tuple[int, ...] = ()
    markets: tuple[str, ...] = ()


class Faults:
    """All faults of a server: those with a duration, and the list of everything injected."""

    def __init__(self) -> None:
        self.injected: list[InjectedFault] = []
        self._lasting: list[tuple[Fault, int]] = []

    def begin(self, fault: Fault, now_ns: int, connections: tuple[int, ...], markets: tuple[str, ...]) -> InjectedFault:
        """Record a fault, and keep it active for its duration if it has one."""
        happened = InjectedFault(fault, now_ns, connections, markets)
        self.injected.append(happened)
        if fault.kind in _LASTING:
            self._lasting.append((fault, now_ns + int(fault.duration_s * SECOND)))
        return happened

    def lasting(self, kind: FaultKind, now_ns: int) -> list[Fault]:
        self._lasting = [(fault, end_ns) for fault, end_ns in self._lasting if now_ns < end_ns]
        return [fault for fault, _ in self._lasting if fault.kind is kind]

    def refusal(self, venue: str, path: str, now_ns: int) -> tuple[int, int] | None:
        """HTTP status and seconds to wait where a fault refuses the request, else None."""
        for fault, end_ns in self._lasting:
            if now_ns < end_ns and fault.kind in _STATUS and fault.matches(venue, path):
                return _STATUS[fault.kind], -(-(end_ns - now_ns) // SECOND)
        return None

    def socket_refusal(self, venue: str, path: str, now_ns: int) -> Fault | None:
        refusing = self.lasting(FaultKind.REFUSE, now_ns)
        return next((fault for fault in refusing if fault.matches(venue, path)), None)

    def stalls(self, venue: str, path: str, now_ns: int) -> list[Fault]:
        """The active stalls that a new connection starts with."""
        return [
            fault
            for fault in self.lasting(FaultKind.STALL, now_ns)
            if not fault.connection and fault.matches(venue, path)
        ]

    def clear(self) -> None:
        """End the faults with a duration; those already on a line continue."""
        self._lasting.clear()


def fault_of(query: dict[str, str]) -> Fault:
    """Parse the parameters of `/simulator/faults`. Raises msgspec.ValidationError."""
    fields: dict[str, Any] = dict(query)
    return msgspec.convert(fields, Fault, strict=False)


class Schedule:
    """Random faults, on average one every `every_s` seconds, deterministic by seed."""

    _KINDS = (
        FaultKind.DROP, FaultKind.DROP, FaultKind.STALL, FaultKind.HALF_FRAME, FaultKind.GARBAGE, FaultKind.DUPLICATE,
        FaultKind.REORDER, FaultKind.GAP, FaultKind.GAP, FaultKind.MAINTENANCE, FaultKind.LIMIT, FaultKind.OLD_SNAPSHOT,
    )  # fmt: skip

    def __init__(self, every_s: float, draws: Draws, start_ns: int) -> None:
        self._every_s = every_s
        self._draws = draws
        self._next_ns = start_ns + self._pause()

    def _pause(self) -> int:
        return int(self._every_s * (0.3 + 0.7 * self._draws.exponential()) * SECOND)

    def due(self, now_ns: int, connections: list[tuple[int, Venue]]) -> Fault | None:
        """The next fault if it is due, on one of the open connections; None if not due or nothing is connected."""
        if now_ns < self._next_ns:
            return None
        self._next_ns = now_ns + self._pause()
        draws = self._draws
        kind = self._KINDS[int(draws.uniform() * len(self._KINDS))]
        count, duration_s = 1 + int(4 * draws.uniform()), round(draws.between(2.0, 12.0), 1)
        pick = draws.uniform()
        if not connections:
            return None
        number, venue = connections[int(pick * len(connections))]
        if kind not in ON_CONNECTIONS:
            return Fault(kind=kind, venue=venue, duration_s=duration_s)
        return Fault(kind=kind, venue=venue, connection=number, count=count, duration_s=duration_s)
