"""Footprint chart: bars, the rules that evaluate them, marks, request and view.

Rows are integers: row r covers prices [r * row_size, (r + 1) * row_size). Volumes are base coin, times ns since the
epoch by the venues' clocks.
"""

from dataclasses import dataclass, field
from enum import StrEnum

from workstation.readmodels.arrays import Bools, Floats, Ints, no_floats, no_ints
from workstation.readmodels.flow.candles import NO_CANDLES, CandleColumns
from workstation.readmodels.flow.outliers import Outlier
from workstation.readmodels.markets import MarketFilter, MarketState
from workstation.readmodels.net import net
from workstation.readmodels.request import Request


class BarKind(StrEnum):
    """What ends a bar."""

    TIME = "time"
    TICK = "tick"  # a number of trades
    VOLUME = "volume"
    RANGE = "range"
    DELTA = "delta"


@dataclass(frozen=True, slots=True)
class BarRule:
    """When a bar ends. `size` is ns (time), trades (tick), base coin (volume, delta) or quote per base coin (range).

    Bars other than time bars count trades in store order and restart with the first trade of each UTC day. A trade is
    never split: the one that completes a tick, volume or delta bar (|delta| >= size) belongs to it whole. A range bar
    is never wider than `size`: the trade that would widen it begins the next. Volume and delta count trades with a
    known aggressor only.
    """

    kind: BarKind = BarKind.TIME
    size: float = 60_000_000_000


class ZeroRule(StrEnum):
    """Treatment of an empty cell on the other side of a diagonal."""

    COUNT = "count"  # the dominant cell is imbalanced if it has the minimum volume
    SKIP = "skip"  # no comparison
    ONE_LOT = "one-lot"  # the empty cell counts as the minimum volume, or the smallest traded cell


class PocTie(StrEnum):
    """Choice of the POC among rows of equal volume."""

    MIDDLE = "middle"  # nearest the middle of the bar, then the lower
    LOWEST = "lowest"


class ValueAreaMode(StrEnum):
    """How the value area grows from the POC. Ties go to the nearer side, then up."""

    GROW = "grow"  # the larger neighbour, until the share is reached
    TRADINGVIEW = "tradingview"  # the larger neighbour, but never the one that would exceed the share by over 0.01
    TWO_ROW = "two-row"  # the larger pair of two neighbours, until the share is reached


class MinimumMode(StrEnum):
    """Source of the least volume of an imbalanced cell."""

    BASE = "base"  # `minimum_volume`
    USD = "usd"  # `minimum_usd` at the opening price of the bar
    PERCENTILE = "percentile"  # of the non-zero side cells of the 200 bars before it, by nearest rank


@dataclass(frozen=True, slots=True)
class AbsorptionRule:
    """Aggressor volume at a row in a window of `window_ns` >= mean + `deviations` * SD, and no trade beyond the row by
    more than one row in that window and the next.

    Windows are aligned to UTC. Mean and SD are over the non-zero side cells of the windows of `baseline_ns` before, of
    which at least 20 are needed.
    """

    window_ns: int = 10_000_000_000
    deviations: float = 3.0
    baseline_ns: int = 1_800_000_000_000


@dataclass(frozen=True, slots=True)
class FootprintRules:
    """Rules for the evaluation of cells. `imbalance_ratio` is a plain ratio (3.0 = three times), compared with >=.

    `unfinished_minimum` is the least volume of the aggressors at the extreme (None: the minimum of imbalances);
    `exhaustion_rows` 0 is off; `divergence_bars` is N of a new N-bar extreme; `naked_pocs` is a number of bars back.
    """

    imbalance_ratio: float = 3.0
    minimum_volume: float = 0.0  # of the dominant cell, base coin
    zero_rule: ZeroRule = ZeroRule.COUNT
    stack_length: int = 3
    value_area: float = 0.70
    poc_tie: PocTie = PocTie.MIDDLE
    value_area_mode: ValueAreaMode = ValueAreaMode.GROW
    minimum_mode: MinimumMode = MinimumMode.BASE
    minimum_usd: float = 0.0
    minimum_percentile: float = 50.0
    unfinished_minimum: float | None = None
    exhaustion_rows: int = 5
    divergence_bars: int = 20
    naked_pocs: int = 80
    absorption: AbsorptionRule | None = None


@dataclass(frozen=True, slots=True)
class Stack:
    """Consecutive imbalanced rows of one side, inclusive."""

    low_row: int
    high_row: int
    buy: bool


@dataclass(frozen=True, slots=True)
class Zone:
    """A stack from the end of its bar to the first later trade beyond it: below a buy stack, above a sell stack."""

    low_row: int
    high_row: int
    buy: bool
    from_ns: int
    until_ns: int | None = None


@dataclass(frozen=True, slots=True)
class NakedPoc:
    """The POC of a closed bar or UTC day up to the first later trade at or beyond it, seen from the next trade's side.

    `until_ns` is None while it is naked.
    """

    row: int
    bar_start_ns: int
    until_ns: int | None = None


@dataclass(frozen=True, slots=True)
class Absorption:
    """Absorbed aggression of one side (`buy`) at `row` in [from_ns, until_ns), with the numbers of the rule."""

    row: int
    buy: bool
    from_ns: int
    until_ns: int
    volume: float
    mean: float
    deviation: float
    threshold: float


@dataclass(frozen=True, slots=True, eq=False)
class FootprintBar:
    """One bar. Row i of the arrays covers prices [(first_row + i) * row_size, (first_row + i + 1) * row_size).

    Rows are contiguous, empty ones included, and those of `outliers` left out; `limits` (quote per base coin) are the
    edges of the rows of a bar that has outliers. Prices and sums are those of all trades.

    `min_delta` and `max_delta` are extremes of the running delta, which starts at 0. `stacks` and the four flags of the
    extremes are empty until the bar is closed, so they never vanish.
    `complete`: all markets were received from start to end.

    `slot` is start_ns // bar_ns of a time bar and a running number otherwise. Other bars span the venue times of their
    first and last trade, both inclusive, and never start before the end of the previous one.
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
    slot: int = 0
    buy_trades: Ints = field(default_factory=no_ints)  # number of trades by row
    sell_trades: Ints = field(default_factory=no_ints)
    minimum_volume: float = 0.0  # least volume of its imbalances
    unfinished_high: bool = False
    unfinished_low: bool = False
    exhausted_high: bool = False
    exhausted_low: bool = False
    outliers: tuple[Outlier, ...] = ()
    limits: tuple[float, float] | None = None

    def plausible(self, price: float) -> float:
        """A price of this bar, held within its rows where it has outliers."""
        return price if self.limits is None else min(max(price, self.limits[0]), self.limits[1])

    @property
    def delta(self) -> float:
        """Buy minus sell volume, base coin."""
        return net(self.buy, self.sell)

    @property
    def volume(self) -> float:
        """Buy plus sell volume, base coin."""
        return self.buy + self.sell


@dataclass(frozen=True, slots=True)
class FootprintRequest(Request["FootprintView"]):
    """A footprint chart: bars of `rule` (None: time bars of `bar_ns`), rows of `row_size` (None: automatic, 12-30 rows
    a bar).

    `vwap_anchor_ns` is the start of VWAP, rounded down to a bar; None: 00:00 UTC of every day. With `in_steps` bars
    over very many trades are built in steps by `Engine.work`; until then the view has only its progress.
    """

    markets: MarketFilter = MarketFilter()
    bar_ns: int = 60_000_000_000
    row_size: float | None = None
    rules: FootprintRules = field(default_factory=FootprintRules)
    rule: BarRule | None = None
    vwap_anchor_ns: int | None = None
    in_steps: bool = field(default=False, compare=False)

    @property
    def bar_rule(self) -> BarRule:
        return self.rule or BarRule(BarKind.TIME, self.bar_ns)


@dataclass(frozen=True, slots=True, eq=False)
class FootprintView:
    """Bars, oldest first.

    Time bars without a trade are absent. `gaps` (n, 2) are start and end (ns) of spans with missing trades.
    `minimum_volume` (base coin) is the least imbalanced volume of the newest bar. `session_pocs` are those of earlier
    UTC days. The arrays after them have one number per bar, NaN where unknown: `cvd` (base coin) at its close since
    00:00 UTC; `oi_change` (base coin), the changes of open interest published in it; liquidated positions in quote;
    `divergence` 1 where a closed bar's price is a new low of N bars and CVD is not, -1 for a new high; VWAP at its
    close and the standard deviation for the bands. With `progress` below 1, the share of the work done, there are no
    bars yet.
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
