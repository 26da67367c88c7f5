"""What the panes draw: frozen values, arrays instead of objects per row, and the requests that ask for them.

A pane holds a request; the engine answers it with a view that carries a `revision`. Equal revisions mean equal views,
so a pane that has drawn one need not look at it again. Arrays are read-only; a closed bar is one object shared by all
later views. Times are ns since the epoch, UTC. Sizes are base coin, `*_usd` are quote notional, prices are quote per
base coin.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum

from feeds.instrument import InstrumentId, LiquidationCoverage, MarketKind, Venue, liquidation_coverage
from workstation.candle_models import NO_CANDLES, CandleColumns, CandleLine
from workstation.footprint_models import Absorption as Absorption
from workstation.footprint_models import AbsorptionRule as AbsorptionRule
from workstation.footprint_models import BarKind as BarKind
from workstation.footprint_models import BarRule as BarRule
from workstation.footprint_models import Bools as Bools
from workstation.footprint_models import Floats as Floats
from workstation.footprint_models import FootprintBar as FootprintBar
from workstation.footprint_models import FootprintRules as FootprintRules
from workstation.footprint_models import Ints as Ints
from workstation.footprint_models import MinimumMode as MinimumMode
from workstation.footprint_models import NakedPoc as NakedPoc
from workstation.footprint_models import PocTie as PocTie
from workstation.footprint_models import Stack as Stack
from workstation.footprint_models import ValueAreaMode as ValueAreaMode
from workstation.footprint_models import ZeroRule as ZeroRule
from workstation.footprint_models import Zone as Zone
from workstation.footprint_models import no_floats as no_floats
from workstation.footprint_models import no_ints as no_ints
from workstation.status_models import BackfillStatus as BackfillStatus
from workstation.status_models import Capabilities as Capabilities
from workstation.status_models import ConnectionStatus as ConnectionStatus
from workstation.status_models import Presence as Presence
from workstation.status_models import StatusView as StatusView


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


@dataclass(frozen=True, slots=True)
class FootprintRequest:
    """A footprint chart: bars of `rule` (None: time bars of `bar_ns`), rows of `row_size` (None: automatic, 15-30 rows
    a bar).

    `vwap_anchor_ns` is where VWAP begins, rounded down to a bar; None: at 00:00 UTC of every day.
    """

    base: str
    markets: MarketFilter = MarketFilter()
    bar_ns: int = 60_000_000_000
    row_size: float | None = None
    rules: FootprintRules = field(default_factory=FootprintRules)
    rule: BarRule | None = None
    vwap_anchor_ns: int | None = None

    @property
    def bar_rule(self) -> BarRule:
        """What ends a bar."""
        return self.rule or BarRule(BarKind.TIME, self.bar_ns)


@dataclass(frozen=True, slots=True)
class ProfileRequest:
    """Volume by row of the trades with a venue time in [start_ns, end_ns); a session is a UTC day.

    `smoothing_rows` is how many rows to each side are averaged before nodes are looked for.
    """

    base: str
    markets: MarketFilter
    row_size: float
    start_ns: int
    end_ns: int
    value_area: float = 0.70
    value_area_mode: ValueAreaMode = ValueAreaMode.GROW
    smoothing_rows: int = 2


@dataclass(frozen=True, slots=True)
class BigTradesRequest:
    """Prints of at least `minimum_usd` (None: the 99.5th percentile of the prints kept) in [start_ns, end_ns).

    They are merged as on the tape; no more than the `count` largest are given.
    """

    base: str
    markets: MarketFilter = MarketFilter()
    minimum_usd: float | None = None
    start_ns: int = 0
    end_ns: int = 1 << 62
    count: int = 700


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


@dataclass(frozen=True, slots=True)
class UniverseRequest:
    """Every perpetual that a filter accepts and, summed over them, every base; `base` narrows nothing."""

    base: str = ""
    markets: MarketFilter = MarketFilter()


ViewRequest = (
    FootprintRequest | CvdRequest | LadderRequest | TapeRequest | ProfileRequest | BigTradesRequest | UniverseRequest
)


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

    @property
    def liquidations(self) -> LiquidationCoverage:
        """What its venue tells of liquidations: without a feed there are none to show, which is not zero."""
        return liquidation_coverage(self.venue, self.kind)


@dataclass(frozen=True, slots=True, eq=False)
class FootprintView:
    """Bars oldest first.

    Minutes without a trade are absent. `gaps` is (n, 2): start and end of spans with missing trades.
    `minimum_volume` (base coin) is what the newest bar is held against, in every mode of the rules. `session_pocs` are
    those of earlier UTC days. The arrays after them have one number a bar and are NaN where it is not known:
    `cvd` (base coin) at its close since 00:00 UTC, whatever is loaded; `oi_change` (base coin) the changes of open
    interest reported in it; liquidated positions in quote; `divergence` 1 where the price of a closed bar is a new low
    of N bars and CVD is not, -1 for a new high; VWAP of its close with the standard deviation for the bands.
    """

    request: FootprintRequest
    revision: int
    row_size: float
    bars: tuple[FootprintBar, ...]
    markets: tuple[MarketState, ...]
    gaps: Ints
    last_price: float | None = None
    now_ns: int = 0
    minimum_volume: float = 0.0
    zones: tuple[Zone, ...] = ()
    naked_pocs: tuple[NakedPoc, ...] = ()
    session_pocs: tuple[NakedPoc, ...] = ()
    absorptions: tuple[Absorption, ...] = ()
    cvd: Floats = field(default_factory=no_floats)
    oi_change: Floats = field(default_factory=no_floats)
    long_liquidated_usd: Floats = field(default_factory=no_floats)
    short_liquidated_usd: Floats = field(default_factory=no_floats)
    divergence: Ints = field(default_factory=no_ints)
    vwap: Floats = field(default_factory=no_floats)
    vwap_deviation: Floats = field(default_factory=no_floats)
    candles: CandleColumns = NO_CANDLES


@dataclass(frozen=True, slots=True, eq=False)
class ProfileView:
    """Volume by row from `first_row` on, contiguous; all arrays empty and the rows 0 where nothing traded.

    A high-volume node is a local maximum of the smoothed profile above its mean, a low-volume node a local minimum
    inside the profile below half of its mean; of a plateau the middle row, the lower of two.
    """

    request: ProfileRequest
    revision: int
    first_row: int
    buy: Floats
    sell: Floats
    poc_row: int
    value_low_row: int
    value_high_row: int
    high_nodes: Ints
    low_nodes: Ints


@dataclass(frozen=True, slots=True, eq=False)
class BigTrades:
    """Prints at or above `threshold_usd`, oldest first; `side` is +1 buy, -1 sell, 0 unknown; `market` indexes
    `markets`.
    """

    request: BigTradesRequest
    revision: int
    threshold_usd: float
    ts_venue_ns: Ints
    price: Floats
    notional: Floats
    side: Ints
    market: Ints
    markets: tuple[MarketState, ...]


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
    candle_lines: tuple[CandleLine, ...] = ()


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


@dataclass(frozen=True, slots=True, eq=False)
class UniverseColumns:
    """One number a row; NaN where it is not known.

    `price` is the last one. `funding_8h` is a fraction of the notional per 8 h, positive when longs pay;
    `open_interest` is base coin, one side counted; its changes are fractions; `premium` is mark over index minus 1.
    `taker_delta` is what takers bought minus what they sold, over the volume, in the last whole 5 minutes or hour that
    the venue told. `liquidated_*` is the notional of the last hour by the side of the position. `age_s` is the time
    since the last word.
    """

    price: Floats
    change_24h: Floats
    volume_24h: Floats
    turnover_24h: Floats
    funding_8h: Floats
    open_interest: Floats
    open_interest_usd: Floats
    interest_change_1h: Floats
    interest_change_4h: Floats
    interest_change_24h: Floats
    premium: Floats
    taker_delta_5m: Floats
    taker_delta_1h: Floats
    liquidated_long_1h: Floats
    liquidated_short_1h: Floats
    age_s: Floats


@dataclass(frozen=True, slots=True, eq=False)
class UniverseMarkets:
    """The perpetuals one by one. `base` is the row of each in `UniverseView.symbols`.

    `funding` is a fraction per interval of `interval_h` hours, due at `next_funding_ns` (0: not told). `bid` and `ask`
    are prices, the sizes base coin. `taker_buy_24h` is base coin.
    """

    ids: tuple[InstrumentId, ...]
    venues: tuple[Venue, ...]
    kinds: tuple[MarketKind, ...]
    base: Ints
    columns: UniverseColumns
    mark: Floats
    index: Floats
    funding: Floats
    interval_h: Floats
    next_funding_ns: Ints
    bid: Floats
    ask: Floats
    bid_size: Floats
    ask_size: Floats
    taker_buy_24h: Floats


@dataclass(frozen=True, slots=True, eq=False)
class UniverseView:
    """One row a base, over its perpetuals that are live: those that said something in the last 20 s.

    Sums are over what is known; funding is weighted by open interest in USD, premium by turnover; price and change are
    those of the market with the largest turnover. A change of open interest is over the markets that know both ends.
    `live` of `known` perpetuals count. `since_ns` is when the first word came: sums of an hour are whole an hour later.
    """

    request: UniverseRequest
    revision: int
    symbols: tuple[str, ...]
    columns: UniverseColumns
    live: Ints
    known: Ints
    markets: UniverseMarkets
    since_ns: int = 0
    now_ns: int = 0


View = FootprintView | CvdView | LadderView | TapeView | ProfileView | BigTrades | UniverseView
