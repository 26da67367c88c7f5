"""State of the session for status bar and playback bar."""

import math
from dataclasses import dataclass, field
from enum import StrEnum

from feeds.model.instrument import InstrumentId, Venue
from feeds.model.odd_rows import OddStream as OddStream
from feeds.model.source import Link as Link
from workstation.readmodels.session.library import Bookmark, Outline


class Presence(StrEnum):
    """The state of the session."""

    CONNECTING = "connecting"
    SYNCING = "syncing"
    LIVE = "live"
    RECONNECTING = "reconnecting"
    PLAYING = "playing"
    PAUSED = "paused"
    SEEKING = "seeking"
    ENDED = "ended"
    FAILED = "failed"


@dataclass(frozen=True, slots=True)
class Capabilities:
    """Actions the current source supports; widgets enable their buttons from it."""

    seek: bool = False
    speed: bool = False
    record: bool = False
    go_live: bool = False


@dataclass(frozen=True, slots=True)
class ConnectionStatus:
    """One socket. `data_age_ns` is the age of the last data, heartbeats excluded; None before any. `awaited` names what
    has not come since it opened, for example "trades of BTCUSDT".

    `clock_offset_ns` is the venue's clock minus the local one, None while unknown.
    """

    name: str
    venue: Venue
    connected: bool
    data_age_ns: int | None
    reason: str = ""
    clock_offset_ns: int | None = None
    awaited: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class BackfillStatus:
    """Seconds of one market's past trades that are known (`done_s`) of those wanted.

    Both are equal once the backfill has ended: complete, or the venue provides no more.
    """

    instrument: InstrumentId
    done_s: float
    wanted_s: float


@dataclass(frozen=True, slots=True)
class StatusView:
    """Everything the status bar and the playback bar show.

    `lag_ns` is the engine's delay behind received data (live) or behind the intended pace (replay). `epoch` increases
    with every seek and change of source; panes clear then. `start_ns` and `end_ns` bound a recording and are None when
    live. `odd_rows` are the streams and lists of which rows were left out. `apart` are the markets
    that are not in the sums of their base, with the reason. `links` are intermediaries between the venues and the
    program, such as a hub.
    """

    presence: Presence
    source_name: str
    simulated: bool
    now_ns: int
    lag_ns: int
    epoch: int
    capabilities: Capabilities
    connections: tuple[ConnectionStatus, ...] = ()
    speed: float = 1.0
    start_ns: int | None = None
    end_ns: int | None = None
    undecodable: int = 0
    odd_rows: tuple[OddStream, ...] = ()
    apart: tuple[str, ...] = ()
    frames: int = 0
    recording_to: str = ""
    recording_failed: str = ""
    notices: tuple[str, ...] = field(default=())
    backfill: tuple[BackfillStatus, ...] = ()
    memory_bytes: int = 0
    outline: Outline | None = None
    bookmarks: tuple[Bookmark, ...] = ()
    links: tuple[Link, ...] = ()
    index_done: float | None = None

    @property
    def history_done(self) -> float:
        """Share of the wanted history that is known or unavailable, over all markets; 1 if none is wanted."""
        wanted_s = math.fsum(part.wanted_s for part in self.backfill)
        return math.fsum(part.done_s for part in self.backfill) / wanted_s if wanted_s else 1.0
