"""What the panes draw: frozen values, arrays instead of objects per row, and the requests that ask for them.

A pane holds a request; the engine answers it with a view that carries a `revision`. Equal revisions mean equal views,
so a pane that has drawn one need not look at it again. Arrays are read-only; a closed bar is one object shared by all
later views. Times are ns since the epoch, UTC. Sizes are base coin, `*_usd` are quote notional, prices are quote per
base coin.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum

import numpy as np
import numpy.typing as npt

from feeds.instrument import InstrumentId, MarketKind, Venue

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]
Bools = npt.NDArray[np.bool_]


@dataclass(frozen=True, slots=True)
class MarketFilter:
    """Which markets of a base are summed.

    None means all of them. `perp=None` takes both, True perpetuals, False spot.
    """

    perp: bool | None = True
    venues: frozenset[Venue] | None = None
    kinds: frozenset[MarketKind] | None = None

    def accepts(self, venue: Venue, kind: MarketKind) -> bool:
        """Whether a market belongs to the sum."""
        if self.perp is not None and kind.is_perp != self.perp:
            return False
        return (self.venues is None or venue in self.venues) and (self.kinds is None or kind in self.kinds)


class ZeroRule(StrEnum):
    """What an empty cell on the other side of a diagonal means."""

    COUNT = "count"  # the dominant cell is imbalanced if it has the minimum volume
    SKIP = "skip"  # no comparison
    ONE_LOT = "one-lot"  # the empty cell counts as the minimum volume, or the smallest traded cell


class PocTie(StrEnum):
    """Which row of equal volume is the POC."""

    MIDDLE = "middle"  # nearest the middle of the bar, then the lower
    LOWEST = "lowest"


@dataclass(frozen=True, slots=True)
class FootprintRules:
    """How cells are judged. `imbalance_ratio` is a plain ratio (3.0 = three times), compared with >=."""

    imbalance_ratio: float = 3.0
    minimum_volume: float = 0.0  # of the dominant cell, base coin
    zero_rule: ZeroRule = ZeroRule.COUNT
    stack_length: int = 3
    value_area: float = 0.70
    poc_tie: PocTie = PocTie.MIDDLE


@dataclass(frozen=True, slots=True)
class FootprintRequest:
    """A footprint chart: time bars of `bar_ns`, rows of `row_size` (None: automatic, 15-30 rows a bar)."""

    base: str
    markets: MarketFilter = MarketFilter()
    bar_ns: int = 60_000_000_000
    row_size: float | None = None
    rules: FootprintRules = FootprintRules()


@dataclass(frozen=True, slots=True)
class CvdRequest:
    """CVD lines of every market of a base on the bars of `bar_ns`, from 00:00 UTC or, without reset, from the first
    trade.
    """

    base: str
    bar_ns: int = 60_000_000_000
    in_usd: bool = True
    daily_reset: bool = True


@dataclass(frozen=True, slots=True)
class LadderRequest:
    """The book of one market, or summed over a filter, with rows of `row_size` (None: the largest tick among the
    markets).

    `band` is the half width of the OBI band as a fraction of mid, `recent_ns` how long sold and bought volume stay.
    """

    base: str
    market: InstrumentId | None = None
    markets: MarketFilter = MarketFilter()
    row_size: float | None = None
    band: float = 0.002
    recent_ns: int = 480_000_000_000


@dataclass(frozen=True, slots=True)
class TapeRequest:
    """Recent prints of a base, newest first, with prints of one market and side within 1 ms merged."""

    base: str
    markets: MarketFilter = MarketFilter(perp=None)
    minimum_usd: float = 0.0
    count: int = 200


ViewRequest = FootprintRequest | CvdRequest | LadderRequest | TapeRequest


class Freshness(StrEnum):
    """How far a market can be trusted now."""

    WAITING = "waiting"  # nothing received yet
    SYNCING = "syncing"  # connected, book or first trade not there yet
    LIVE = "live"
    STALE = "stale"  # silent for longer than its stream should be
    LOST = "lost"  # a gap or a disconnect; not part of any sum until it is back


@dataclass(frozen=True, slots=True)
class MarketState:
    """One market as seen now. `trades` and `book` are judged apart; `reason` says why one of them is not live."""

    id: InstrumentId
    venue: Venue
    kind: MarketKind
    symbol: str
    tick_size: float
    trades: Freshness
    book: Freshness
    reason: str = ""
    last_event_ns: int = 0


@dataclass(frozen=True, slots=True)
class Stack:
    """Consecutive imbalanced rows, inclusive; `buy` says which side."""

    low_row: int
    high_row: int
    buy: bool


@dataclass(frozen=True, slots=True, eq=False)
class FootprintBar:
    """One bar. Row i of the arrays covers prices [(first_row + i) * row_size, (first_row + i + 1) * row_size).

    Rows are contiguous, empty ones included. `min_delta` and `max_delta` are extremes of the running delta, which
    starts at 0. `stacks` is empty until the bar is closed. `complete` is False when the markets were not all received
    from start to end.
    """

    start_ns: int
    end_ns: int
    open: float
    high: float
    low: float
    close: float
    buy: float
    sell: float
    buy_usd: float
    sell_usd: float
    min_delta: float
    max_delta: float
    trades: int
    first_row: int
    buy_volume: Floats
    sell_volume: Floats
    buy_imbalance: Bools
    sell_imbalance: Bools
    poc_row: int
    value_low_row: int
    value_high_row: int
    stacks: tuple[Stack, ...]
    closed: bool
    complete: bool

    @property
    def delta(self) -> float:
        """Buy minus sell volume, base coin."""
        return self.buy - self.sell

    @property
    def volume(self) -> float:
        """Buy plus sell volume, base coin."""
        return self.buy + self.sell


@dataclass(frozen=True, slots=True, eq=False)
class FootprintView:
    """Bars oldest first.

    Minutes without a trade are absent. `gaps` is (n, 2): start and end of spans with missing trades.
    """

    request: FootprintRequest
    revision: int
    row_size: float
    bars: tuple[FootprintBar, ...]
    markets: tuple[MarketState, ...]
    gaps: Ints
    last_price: float | None = None
    now_ns: int = 0


@dataclass(frozen=True, slots=True, eq=False)
class CvdLine:
    """One running delta at the close of each bar of the view. NaN where trades were missing (the line breaks there).

    `venue` is None for an aggregate; `perp` tells perpetuals from spot.
    """

    label: str
    venue: Venue | None
    kind: MarketKind | None
    perp: bool
    values: Floats
    freshness: Freshness


@dataclass(frozen=True, slots=True, eq=False)
class CvdView:
    """All lines on one time axis. `bar_start_ns` are the starts of the bars that the values close."""

    request: CvdRequest
    revision: int
    bar_start_ns: Ints
    lines: tuple[CvdLine, ...]
    perp: CvdLine | None
    spot: CvdLine | None
    gaps: Ints
    perp_live: int = 0
    perp_known: int = 0
    now_ns: int = 0


@dataclass(frozen=True, slots=True)
class VenueImbalance:
    """OBI of one market inside the band. `reaches_band` is False where its visible book ends inside the band."""

    market: MarketState
    imbalance: float | None
    reaches_band: bool


@dataclass(frozen=True, slots=True, eq=False)
class LadderView:
    """Rows of one price grid: row r covers [r * row_size, (r + 1) * row_size); bids floored, asks ceiled onto it.

    `rows` ascend and are contiguous. Sizes are base coin: resting `bid` and `ask`; `sold` and `bought` are aggressor
    volume of the last `recent_ns`; `profile` is the volume of the session. `best_bid` and the like are None while no
    book is known. `imbalance_history` is OBI sampled once a second, newest last.
    """

    request: LadderRequest
    revision: int
    row_size: float
    rows: Ints
    bid: Floats
    ask: Floats
    sold: Floats
    bought: Floats
    profile: Floats
    best_bid: float | None
    best_ask: float | None
    weighted_mid: float | None
    imbalance: float | None
    imbalances: tuple[VenueImbalance, ...]
    imbalance_history: Floats
    last_price: float | None
    markets: tuple[MarketState, ...]
    now_ns: int = 0


@dataclass(frozen=True, slots=True, eq=False)
class TapeView:
    """Prints, newest first.

    `side` is +1 buy, -1 sell, 0 unknown; `market` indexes `markets`; `prints` counts merged trades.
    """

    request: TapeRequest
    revision: int
    ts_venue_ns: Ints
    price: Floats
    size: Floats
    notional: Floats
    side: Ints
    market: Ints
    prints: Ints
    markets: tuple[MarketState, ...]


View = FootprintView | CvdView | LadderView | TapeView


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
class StatusView:
    """Everything the status bar and the playback bar show.

    `lag_ns` is how far the engine is behind what arrived (live) or behind the intended pace (replay). `epoch` grows
    with every seek and change of source; panes clear then. `start_ns` and `end_ns` bound a recording and are None when
    live.
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
