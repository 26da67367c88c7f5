"""What the status bar and the playback bar show of the session."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum

from feeds.model.instrument import InstrumentId, Venue
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
    """What the current source can do; widgets enable their buttons from it."""

    seek: bool = False
    speed: bool = False
    record: bool = False
    go_live: bool = False


@dataclass(frozen=True, slots=True)
class ConnectionStatus:
    """One socket. `data_age_ns` counts data, not heartbeats; None while nothing came.

    `clock_offset_ns` is the venue's clock minus ours, None while it is not known.
    """

    name: str
    venue: Venue
    connected: bool
    data_age_ns: int | None
    reason: str = ""
    clock_offset_ns: int | None = None


@dataclass(frozen=True, slots=True)
class BackfillStatus:
    """How many seconds of one market's trades before the start are known, of those that are wanted.

    Both are equal once no more will come, because there is enough or because the venue gives no more.
    """

    instrument: InstrumentId
    done_s: float
    wanted_s: float


@dataclass(frozen=True, slots=True)
class StatusView:
    """Everything the status bar and the playback bar show.

    `lag_ns` is how far the engine is behind what arrived (live) or behind the intended pace (replay). `epoch` grows
    with every seek and change of source; panes clear then. `start_ns` and `end_ns` bound a recording and are None when
    live. `links` are what lies between the venues and us, where something does.
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
    frames: int = 0
    recording_to: str = ""
    recording_failed: str = ""
    notices: tuple[str, ...] = field(default=())
    backfill: tuple[BackfillStatus, ...] = ()
    memory_bytes: int = 0
    outline: Outline | None = None
    bookmarks: tuple[Bookmark, ...] = ()
    links: tuple[Link, ...] = ()

    @property
    def history_done(self) -> float:
        """The share of the wanted history that is known or will not come, over all markets; 1 where none is wanted."""
        wanted_s = sum(part.wanted_s for part in self.backfill)
        return sum(part.done_s for part in self.backfill) / wanted_s if wanted_s else 1.0
