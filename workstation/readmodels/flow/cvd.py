"""What the CVD panes ask for and draw: running deltas of markets, of their sums and of size classes, on one axis."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum

from feeds.model.instrument import MarketKind, Venue
from workstation.readmodels.arrays import Floats, Ints, no_floats, no_ints
from workstation.readmodels.flow.candles import CandleLine
from workstation.readmodels.markets import Freshness, MarketFilter, MarketState
from workstation.readmodels.request import Request

HOUR_NS = 3_600_000_000_000
DAY_NS = 24 * HOUR_NS
WEEK_NS = 7 * DAY_NS
RESETS_NS: tuple[int | None, ...] = (DAY_NS, None, HOUR_NS, 4 * HOUR_NS, 8 * HOUR_NS, WEEK_NS)
SIZE_EDGES_USD = (10_000.0, 100_000.0, 1_000_000.0)


class CvdUnit(StrEnum):
    """In what CVD is told.

    `OI` is per cent of open interest: the CVD of a market in base coin over that market's open interest in base coin as
    told last; of a sum, the sum of the CVDs over the sum of the open interests. One divisor holds for a whole line, so
    its shape and its sums stay those of the coin line. A spot market has no open interest: it is divided by that of
    all the perpetuals in the sum, so that both are on one scale. Without open interest there is no line.
    """

    USD = "USD"
    COIN = "coin"
    OI = "OI"


@dataclass(frozen=True, slots=True)
class CvdRequest(Request["CvdView"]):
    """CVD lines of the markets of a base that a filter accepts, on bars of `bar_ns`.

    They begin anew every `reset_ns` (None: never) counted from 00:00 UTC, weeks from Monday; `bar_ns` should divide it.
    `anchor_ns` takes the place of resets: they begin there, rounded down to a bar. `by_size` asks for the lines of the
    size classes between `edges_usd`, `candles` for the extremes within bars. `mark_ns` is the length of the bars on
    which divergences from price are looked for (None: `bar_ns`), `extreme_bars` how many of them an extreme outdoes.
    `live_only` False sums all that was received instead of the markets that are live now.
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
class CvdCandles:
    """The aggregate of the perpetuals by bar: open is the close before (0 after a reset), `high` and `low` are it plus
    the largest and least running delta within the bar, in the order in which the trades were received.
    """

    open: Floats = field(default_factory=no_floats)
    high: Floats = field(default_factory=no_floats)
    low: Floats = field(default_factory=no_floats)


NO_CVD_CANDLES = CvdCandles()


@dataclass(frozen=True, slots=True, eq=False)
class CvdView:
    """All lines on one time axis. `bar_start_ns` are the starts of the bars that the values close.

    `segment` counts resets: no line leads from one segment into the next. The aggregates `perp` and `spot` are sums
    over the markets that are live now (over all, and not live, where none is); `difference` is perp minus spot.
    `sizes` are the classes of trade size of `perp`, smallest first; they add up to it. `diverged_ns` are the starts of
    closed bars of `mark_ns` with a new price extreme that CVD does not confirm, `diverged` 1 for a low, -1 for a high.
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
