"""Ladder, order book and trades by price row: request and view."""

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

    `band` is the half width of the OBI band as a fraction of mid, `recent_ns` the span of sold and bought volume.
    """

    market: InstrumentId | None = None
    markets: MarketFilter = MarketFilter()
    row_size: float | None = None
    band: float = 0.002
    recent_ns: int = 480_000_000_000


@dataclass(frozen=True, slots=True)
class WallRule:
    """Definition of a wall and of its pulling, evaluated once a second.

    A wall is a level of at least `multiple` times the median size of the best 200 levels of its side and at least the
    fraction `share` of their sum, more than `away_ticks` ticks from the best price, for at least `stood_s` seconds. It
    is pulled when at most the fraction `gone` of its size is left while the best price is still more than `away_ticks`
    away, and takers filled at most the fraction `filled` of it at that price in the last two seconds.
    """

    multiple: float = 50.0
    share: float = 0.08
    away_ticks: int = 10
    stood_s: int = 3
    gone: float = 0.25
    filled: float = 0.05


@dataclass(frozen=True, slots=True)
class PulledWall:
    """A pulled wall: row, size (base coin), receive time of its removal, lifetime."""

    market: MarketState
    bid: bool
    row: int
    price: float
    size: float
    at_ns: int
    stood_ns: int


@dataclass(frozen=True, slots=True)
class BookEnd:
    """Last visible rows of a market's book; beyond them it is unknown, not empty."""

    market: MarketState
    bid_row: int
    ask_row: int


@dataclass(frozen=True, slots=True)
class VenueImbalance:
    """OBI of one market inside the band, None where unknown. `reaches_band`: the visible book covers the band.

    `weight` is its share of the blended OBI: of the taker notional of five minutes on the included markets.
    """

    market: MarketState
    imbalance: float | None
    reaches_band: bool
    weight: float = 0.0


@dataclass(frozen=True, slots=True, eq=False)
class LadderView:
    """Rows of one price grid: row r covers [r * row_size, (r + 1) * row_size); bids round down, asks up.

    `rows` ascend and are contiguous. Sizes are base coin: resting `bid` and `ask`; `sold` and `bought` are aggressor
    volume of the last `recent_ns`; `profile` is the volume of the UTC day. `best_bid` and the like are None while no
    book is known. `imbalance_history` is the blended OBI of the band once a second, newest last.

    `bid_change` and `ask_change` are stacked (+) or pulled (-) size by row since `change_since_ns`, the second of
    receive time five seconds ago: size now - size then + filled by takers. Books not known for so long are left out;
    NaN without any. `venue_bid` and `venue_ask` split the resting sizes by `venues`: (venues, rows). `pulled` are the
    walls pulled in the last minute.
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
