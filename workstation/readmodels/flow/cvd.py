"""CVD of markets, of their sums and of size classes on one axis: request and view."""

from dataclasses import dataclass, field
from enum import StrEnum

from feeds.model.instrument import MarketKind, Venue
from workstation.readmodels.arrays import Bools, Floats, Ints, no_bools, no_floats, no_ints
from workstation.readmodels.flow.candles import CandleLine
from workstation.readmodels.markets import Freshness, MarketFilter, MarketState
from workstation.readmodels.request import Request

HOUR_NS = 3_600_000_000_000
DAY_NS = 24 * HOUR_NS
WEEK_NS = 7 * DAY_NS
RESETS_NS: tuple[int | None, ...] = (DAY_NS, None, HOUR_NS, 4 * HOUR_NS, 8 * HOUR_NS, WEEK_NS)
SIZE_EDGES_USD = (10_000.0, 100_000.0, 1_000_000.0)


class CvdUnit(StrEnum):
    """Unit of CVD.

    `OI` is per cent of open interest: a market's CVD in base coin over its last published open interest in base coin;
    of a sum, the sum of the CVDs over the sum of the open interests. One divisor applies to a whole line, so its shape
    is that of the coin line. Spot is divided by the open interest of all perpetuals in the sum, so that both have one
    scale. Without open interest there is no line.
    """

    USD = "USD"
    COIN = "coin"
    OI = "OI"


@dataclass(frozen=True, slots=True)
class CvdRequest(Request["CvdView"]):
    """CVD lines of the markets of a base that a filter accepts, on bars of `bar_ns`.

    Lines reset every `reset_ns` (None: never) counted from 00:00 UTC, weeks from Monday; `bar_ns` should divide it.
    `anchor_ns` replaces resets: lines begin there, rounded down to a bar. `by_size` adds lines of the size classes
    between `edges_usd`, `candles` the extremes within bars. `mark_ns` is the length of the bars on which divergences
    from price are searched (None: `bar_ns`), `extreme_bars` the number of bars that an extreme must exceed.
    `live_only` False sums all received markets, not only live ones.
    """

    bar_ns: int = 60_000_000_000
    unit: CvdUnit = CvdUnit.USD
    reset_ns: int | None = DAY_NS
    anchor_ns: int | None = None
    markets: MarketFilter = MarketFilter(perp=None)
    by_size: bool = False
    edges_usd: tuple[float, ...] = SIZE_EDGES_USD
    candles: bool = False
    mark_ns: int | None = None
    extreme_bars: int = 20
    live_only: bool = True


@dataclass(frozen=True, slots=True)
class CvdChangeRequest(Request["CvdChange"]):
    """Aggressive buys minus sells of a base's perpetuals over the last `window_ns` of venue time."""

    window_ns: int = 300_000_000_000
    markets: MarketFilter = MarketFilter()


@dataclass(frozen=True, slots=True)
class CvdChange:
    """Of the markets with every trade of the window; `usd` is None without any."""

    request: CvdChangeRequest
    revision: int
    usd: float | None


@dataclass(frozen=True, slots=True, eq=False)
class CvdLine:
    """One running delta at the close of each bar, in the request's unit; NaN where all trades are missing.

    `venue` and `kind` are None for a sum; `perp` is True for perpetuals, False for spot. `missing` marks the bars that
    lack trades of any of the markets in the line, whose labels are `summed`: there a sum is that of the others.
    """

    label: str
    venue: Venue | None
    kind: MarketKind | None
    perp: bool
    values: Floats
    freshness: Freshness
    missing: Bools = field(default_factory=no_bools)
    summed: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, eq=False)
class CvdCandles:
    """The sum of the perpetuals by bar: `open` is the previous close (0 after a reset), `high` and `low` add the
    largest and smallest running delta within the bar, in receive order.
    """

    open: Floats = field(default_factory=no_floats)
    high: Floats = field(default_factory=no_floats)
    low: Floats = field(default_factory=no_floats)


NO_CVD_CANDLES = CvdCandles()


@dataclass(frozen=True, slots=True, eq=False)
class CvdView:
    """All lines on one time axis. `bar_start_ns` are the starts of the bars that the values close.

    `segment` counts resets: lines do not connect across segments. `perp` and `spot` are sums over live markets (over
    all, marked as not live, if none is); `difference` is perp minus spot. `sizes` are the classes of trade size of
    `perp`, smallest first; they add up to it. `diverged_ns` are the starts of closed bars of `mark_ns` with a new price
    extreme that CVD does not confirm, `diverged` 1 for a low, -1 for a high.
    """

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
    segment: Ints = field(default_factory=no_ints)
    difference: CvdLine | None = None
    sizes: tuple[CvdLine, ...] = ()
    candles: CvdCandles = NO_CVD_CANDLES
    diverged_ns: Ints = field(default_factory=no_ints)
    diverged: Ints = field(default_factory=no_ints)
    markets: tuple[MarketState, ...] = ()
