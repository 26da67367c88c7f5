"""What the panes draw: frozen values, arrays instead of objects per row, and the requests that ask for them.

A pane holds a request; the engine answers it with a view that carries a `revision`. Equal revisions mean equal views,
so a pane that has drawn one need not look at it again. Arrays are read-only; a closed bar is one object shared by all
later views. Times are ns since the epoch, UTC. Sizes are base coin, `*_usd` are quote notional, prices are quote per
base coin.
"""

from __future__ import annotations

from dataclasses import dataclass, field

from workstation.alert_models import CHANGES as CHANGES
from workstation.alert_models import QUANTITY_UNITS as QUANTITY_UNITS
from workstation.alert_models import AlertRule as AlertRule
from workstation.alert_models import AlertsRequest as AlertsRequest
from workstation.alert_models import AlertsView as AlertsView
from workstation.alert_models import Condition as Condition
from workstation.alert_models import Fired as Fired
from workstation.alert_models import Quantity as Quantity
from workstation.alert_models import RuleState as RuleState
from workstation.candle_models import NO_CANDLES as NO_CANDLES
from workstation.candle_models import CandleColumns as CandleColumns
from workstation.chart_models import CellRequest as CellRequest
from workstation.chart_models import CellView as CellView
from workstation.chart_models import QuotesRequest as QuotesRequest
from workstation.chart_models import QuotesView as QuotesView
from workstation.cvd_models import DAY_NS as DAY_NS
from workstation.cvd_models import HOUR_NS as HOUR_NS
from workstation.cvd_models import RESETS_NS as RESETS_NS
from workstation.cvd_models import WEEK_NS as WEEK_NS
from workstation.cvd_models import CvdCandles as CvdCandles
from workstation.cvd_models import CvdLine as CvdLine
from workstation.cvd_models import CvdRequest as CvdRequest
from workstation.cvd_models import CvdUnit as CvdUnit
from workstation.cvd_models import CvdView as CvdView
from workstation.drawn_models import Level as Level
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
from workstation.funding_models import Crowding as Crowding
from workstation.funding_models import FundingRequest as FundingRequest
from workstation.funding_models import FundingView as FundingView
from workstation.funding_models import PositionGroup as PositionGroup
from workstation.funding_models import PositionLine as PositionLine
from workstation.funding_models import PositionRow as PositionRow
from workstation.funding_models import Reading as Reading
from workstation.funding_models import SpanReading as SpanReading
from workstation.heatmap_models import COLUMN_NS as COLUMN_NS
from workstation.heatmap_models import TILE_COLUMNS as TILE_COLUMNS
from workstation.heatmap_models import TILE_ROWS as TILE_ROWS
from workstation.heatmap_models import HeatCellRequest as HeatCellRequest
from workstation.heatmap_models import HeatCellView as HeatCellView
from workstation.heatmap_models import HeatColumns as HeatColumns
from workstation.heatmap_models import HeatmapRequest as HeatmapRequest
from workstation.heatmap_models import HeatmapView as HeatmapView
from workstation.heatmap_models import HeatPrints as HeatPrints
from workstation.heatmap_models import HeatTile as HeatTile
from workstation.ladder_models import BANDS as BANDS
from workstation.ladder_models import BookEnd as BookEnd
from workstation.ladder_models import LadderRequest as LadderRequest
from workstation.ladder_models import LadderView as LadderView
from workstation.ladder_models import PulledWall as PulledWall
from workstation.ladder_models import VenueImbalance as VenueImbalance
from workstation.ladder_models import WallRule as WallRule
from workstation.level_models import LevelLedger as LevelLedger
from workstation.level_models import LevelRules as LevelRules
from workstation.level_models import LevelSource as LevelSource
from workstation.level_models import LiquidationLevelsRequest as LiquidationLevelsRequest
from workstation.level_models import LiquidationLevelsView as LiquidationLevelsView
from workstation.library_models import Bookmark as Bookmark
from workstation.library_models import LibraryRequest as LibraryRequest
from workstation.library_models import LibraryView as LibraryView
from workstation.library_models import Outline as Outline
from workstation.library_models import RecordingEntry as RecordingEntry
from workstation.library_models import SetupMark as SetupMark
from workstation.liquidation_models import Cascade as Cascade
from workstation.liquidation_models import CascadeRule as CascadeRule
from workstation.liquidation_models import CascadeState as CascadeState
from workstation.liquidation_models import ForcedMarket as ForcedMarket
from workstation.liquidation_models import LiquidationSource as LiquidationSource
from workstation.liquidation_models import LiquidationsRequest as LiquidationsRequest
from workstation.liquidation_models import LiquidationsView as LiquidationsView
from workstation.liquidation_models import LiquidationTotal as LiquidationTotal
from workstation.liquidation_models import Position as Position
from workstation.market_models import Freshness as Freshness
from workstation.market_models import MarketFilter as MarketFilter
from workstation.market_models import MarketState as MarketState
from workstation.paper_models import CoinResult as CoinResult
from workstation.paper_models import EntryKind as EntryKind
from workstation.paper_models import PaperEntry as PaperEntry
from workstation.paper_models import PaperFigures as PaperFigures
from workstation.paper_models import PaperMark as PaperMark
from workstation.paper_models import PaperMoment as PaperMoment
from workstation.paper_models import PaperRequest as PaperRequest
from workstation.paper_models import PaperScore as PaperScore
from workstation.paper_models import PaperSettings as PaperSettings
from workstation.paper_models import PaperView as PaperView
from workstation.paper_models import ScoredCoin as ScoredCoin
from workstation.paper_models import Sizing as Sizing
from workstation.premium_models import PremiumLine as PremiumLine
from workstation.premium_models import PremiumRequest as PremiumRequest
from workstation.premium_models import PremiumSource as PremiumSource
from workstation.premium_models import PremiumView as PremiumView
from workstation.premium_models import PremiumWeights as PremiumWeights
from workstation.pressure_models import PressureRequest as PressureRequest
from workstation.pressure_models import PressureView as PressureView
from workstation.quadrant_models import Quadrant as Quadrant
from workstation.quadrant_models import QuadrantDot as QuadrantDot
from workstation.quadrant_models import QuadrantRequest as QuadrantRequest
from workstation.quadrant_models import QuadrantView as QuadrantView
from workstation.setup_models import HORIZONS_MIN as HORIZONS_MIN
from workstation.setup_models import Detector as Detector
from workstation.setup_models import LevelKind as LevelKind
from workstation.setup_models import SessionKind as SessionKind
from workstation.setup_models import SetupEvent as SetupEvent
from workstation.setup_models import SetupHistoryRequest as SetupHistoryRequest
from workstation.setup_models import SetupHistoryView as SetupHistoryView
from workstation.setup_models import SetupsRequest as SetupsRequest
from workstation.setup_models import SetupState as SetupState
from workstation.setup_models import SetupStatistics as SetupStatistics
from workstation.setup_models import SetupsView as SetupsView
from workstation.setup_rules import SetupParameter as SetupParameter
from workstation.setup_rules import SetupRules as SetupRules
from workstation.setup_rules import setup_parameters as setup_parameters
from workstation.setup_rules import setup_rules_of as setup_rules_of
from workstation.setup_rules import setup_rules_state as setup_rules_state
from workstation.status_models import BackfillStatus as BackfillStatus
from workstation.status_models import Capabilities as Capabilities
from workstation.status_models import ConnectionStatus as ConnectionStatus
from workstation.status_models import Link as Link
from workstation.status_models import Presence as Presence
from workstation.status_models import StatusView as StatusView
from workstation.tape_models import NO_PACE as NO_PACE
from workstation.tape_models import TapePace as TapePace
from workstation.tape_models import TapeRequest as TapeRequest
from workstation.tape_models import TapeView as TapeView
from workstation.universe_models import UniverseColumns as UniverseColumns
from workstation.universe_models import UniverseMarkets as UniverseMarkets
from workstation.universe_models import UniverseRequest as UniverseRequest
from workstation.universe_models import UniverseView as UniverseView


@dataclass(frozen=True, slots=True)
class FootprintRequest:
    """A footprint chart: bars of `rule` (None: time bars of `bar_ns`), rows of `row_size` (None: automatic, 15-30 rows
    a bar).

    `vwap_anchor_ns` is where VWAP begins, rounded down to a bar; None: at 00:00 UTC of every day. With `in_steps` bars
    over very many trades are made by and by: the answer is how far that is, and every further question goes on with it.
    """

    base: str
    markets: MarketFilter = MarketFilter()
    bar_ns: int = 60_000_000_000
    row_size: float | None = None
    rules: FootprintRules = field(default_factory=FootprintRules)
    rule: BarRule | None = None
    vwap_anchor_ns: int | None = None
    in_steps: bool = field(default=False, compare=False)

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


ViewRequest = (
    FootprintRequest
    | CvdRequest
    | LadderRequest
    | TapeRequest
    | ProfileRequest
    | BigTradesRequest
    | UniverseRequest
    | PressureRequest
    | LiquidationsRequest
    | LiquidationLevelsRequest
    | HeatmapRequest
    | HeatCellRequest
    | PremiumRequest
    | QuadrantRequest
    | FundingRequest
    | LibraryRequest
    | PaperRequest
    | QuotesRequest
    | CellRequest
    | SetupsRequest
    | SetupHistoryRequest
    | AlertsRequest
)


@dataclass(frozen=True, slots=True, eq=False)
class FootprintView:
    """Bars oldest first.

    Minutes without a trade are absent. `gaps` is (n, 2): start and end of spans with missing trades.
    `minimum_volume` (base coin) is what the newest bar is held against, in every mode of the rules. `session_pocs` are
    those of earlier UTC days. The arrays after them have one number a bar and are NaN where it is not known:
    `cvd` (base coin) at its close since 00:00 UTC, whatever is loaded; `oi_change` (base coin) the changes of open
    interest reported in it; liquidated positions in quote; `divergence` 1 where the price of a closed bar is a new low
    of N bars and CVD is not, -1 for a new high; VWAP of its close with the standard deviation for the bands.
    With a `progress` below 1 there are no bars yet: that share of the work is done, and asking again goes on with it.
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
    progress: float = 1.0


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


View = (
    FootprintView
    | CvdView
    | LadderView
    | TapeView
    | ProfileView
    | BigTrades
    | UniverseView
    | PressureView
    | LiquidationsView
    | LiquidationLevelsView
    | HeatmapView
    | HeatCellView
    | PremiumView
    | QuadrantView
    | FundingView
    | LibraryView
    | PaperView
    | QuotesView
    | CellView
    | SetupsView
    | SetupHistoryView
    | AlertsView
)
