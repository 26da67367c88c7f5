"""What the ladder asks for and draws: the book and the trades by price row, and what was pulled and stacked."""

from __future__ import annotations

from dataclasses import dataclass, field

from feeds.model.instrument import InstrumentId, Venue
from workstation.readmodels.arrays import Floats, Ints, no_floats
from workstation.readmodels.markets import MarketFilter, MarketState
from workstation.readmodels.request import Request

BANDS = (0.0005, 0.001, 0.002, 0.005, 0.01, 0.02)


@dataclass(frozen=True, slots=True)
class LadderRequest(Request["LadderView"]):
    """The book of one market, or summed over a filter, with rows of `row_size` (None: the largest tick among the
    markets).

    `band` is the half width of the OBI band as a fraction of mid, `recent_ns` how long sold and bought volume stay.
    """

    market: InstrumentId | None = None
    markets: MarketFilter = MarketFilter()
    row_size: float | None = None
    band: float = 0.002
    recent_ns: int = 480_000_000_000


@dataclass(frozen=True, slots=True)
class WallRule:
    """When a resting order is a wall, and when it was pulled. Looked at once a second.

    A wall is a level of at least `multiple` times the median level among the best 200 of its side and of the part
    `share` of their sum, more than `away_ticks` ticks of its market behind the best price, that stood for `stood_s`
    seconds. It was pulled when no more than the part `gone` of its size is left while the best price is still more than
    `away_ticks` away, and takers filled no more than the part `filled` of it at that price in the last two seconds.
    """

    multiple: float = 50.0
    share: float = 0.08
    away_ticks: int = 10
    stood_s: int = 3
    gone: float = 0.25
    filled: float = 0.05


@dataclass(frozen=True, slots=True)
class PulledWall:
    """A wall that was pulled: its row, its size in base coin, when (receive time), and how long it stood."""

    market: MarketState
    bid: bool
    row: int
    price: float
    size: float
    at_ns: int
    stood_ns: int


@dataclass(frozen=True, slots=True)
class BookEnd:
    """The rows in which the visible book of a market ends: beyond them it is not empty but unknown."""

    market: MarketState
    bid_row: int
    ask_row: int


@dataclass(frozen=True, slots=True)
class VenueImbalance:
    """OBI of one market inside the band. `reaches_band` is False where its visible book ends inside the band.

    `weight` is its part of the blended OBI: of what takers traded in five minutes on the markets that are in it.
    """

    market: MarketState
    imbalance: float | None
    reaches_band: bool
    weight: float = 0.0


@dataclass(frozen=True, slots=True, eq=False)
class LadderView:
    """Rows of one price grid: row r covers [r * row_size, (r + 1) * row_size); bids floored, asks ceiled onto it.

    `rows` ascend and are contiguous. Sizes are base coin: resting `bid` and `ask`; `sold` and `bought` are aggressor
    volume of the last `recent_ns`; `profile` is the volume of the session. `best_bid` and the like are None while no
    book is known. `imbalance_history` is the blended OBI of the band once a second, newest last.

    `bid_change` and `ask_change` are what was stacked (positive) or pulled (negative) in each row since
    `change_since_ns`, the whole second of receive time five seconds ago: size now, minus size then, plus what takers
    filled. NaN while no book has been known for so long; books that have not are left out. `venue_bid` and `venue_ask`
    split the resting sizes by `venues`: (venues, rows). `pulled` are the walls that went in the last minute.
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
    bid_change: Floats = field(default_factory=no_floats)
    ask_change: Floats = field(default_factory=no_floats)
    change_since_ns: int = 0
    venues: tuple[Venue, ...] = ()
    venue_bid: Floats = field(default_factory=no_floats)
    venue_ask: Floats = field(default_factory=no_floats)
    ends: tuple[BookEnd, ...] = ()
    pulled: tuple[PulledWall, ...] = ()
