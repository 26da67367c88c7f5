"""Bar series of a base, created on first request and updated by the base."""

from collections.abc import Iterable
from fractions import Fraction
from statistics import median

from workstation.analytics.bars.flows import Flows
from workstation.analytics.bars.rule_bars import RuleBarSeries
from workstation.analytics.bars.series import BarMarket, BarSeries
from workstation.analytics.bars.stepwise_fill import StepwiseFill
from workstation.analytics.bars.volumes import TakerFlow
from workstation.analytics.state.base import Base
from workstation.analytics.state.market import Market
from workstation.analytics.store.coverage import FOREVER_NS
from workstation.analytics.store.row_grid import ONE_ROW, RowGrid, row_grid
from workstation.readmodels.arrays import Floats, Ints
from workstation.readmodels.flow.footprint import BarKind, BarRule, FootprintBar, FootprintRequest, FootprintRules
from workstation.readmodels.markets import MarketFilter

ROWS_A_BAR = 30  # at most in a typical bar; rounding up to a 1-2-5 step leaves at least 12
HOUR_NS = 3_600_000_000_000
DEFAULT_RULES = FootprintRules()
_STEPS = (1, 2, 5)


def row_grids(chosen: list[Market], row_size: Fraction) -> dict[int, RowGrid]:
    """Row grid by market index."""
    return {market.index: row_grid(market.instrument, row_size) for market in chosen}


def bar_series(base: Base, markets: MarketFilter, rule: BarRule, rules: FootprintRules = DEFAULT_RULES) -> BarSeries:
    """Bars without price rows, of the markets that a filter accepts."""
    return _filled(base, ("bars", markets, rule, rules), base.chosen(markets), rule, None, rules)


def chosen_row_size(base: Base, request: FootprintRequest, chosen: list[Market]) -> Fraction:
    """Row size of a request (quote per base coin), derived from the bars if it has none."""
    if request.row_size is not None:
        return Fraction(str(request.row_size))
    series = bar_series(base, request.markets, request.bar_rule)
    bars = series.bars(base.watermark_ns, base.coverage_revision)
    reference_ns = base.watermark_ns - base.watermark_ns % HOUR_NS
    return series.closed_bars.cached(reference_ns, lambda: auto_row_size(bars, base.largest_tick(chosen), reference_ns))


def row_series(base: Base, request: FootprintRequest, chosen: list[Market], row_size: Fraction) -> BarSeries:
    key = ("footprint", request.markets, request.bar_rule, row_size, request.rules)
    return _filled(base, key, chosen, request.bar_rule, row_size, request.rules)


def _filled(
    base: Base,
    key: tuple[object, ...],
    chosen: list[Market],
    rule: BarRule,
    row_size: Fraction | None,
    rules: FootprintRules,
) -> BarSeries:
    found = base.find(key)
    if isinstance(found, BarSeries):
        return found
    if isinstance(found, StepwiseFill):
        return base.derive(key, found.end(base.trades), found.series.markets)
    series = _empty_series(base, chosen, rule, row_size, rules)
    series.fill_from(base.trades)
    return base.derive(key, series, series.markets)


def _share_of(
    base: Base,
    key: tuple[object, ...],
    chosen: list[Market],
    rule: BarRule,
    row_size: Fraction | None,
    rules: FootprintRules,
) -> float:
    """Share of `_filled` done, 0 to 1; begins it if needed."""
    found = base.find(key)
    if isinstance(found, BarSeries):
        return 1.0
    if not isinstance(found, StepwiseFill):
        found = StepwiseFill(_empty_series(base, chosen, rule, row_size, rules), base.trades)
        base.begin(key, found)
    return found.share


def _empty_series(
    base: Base, chosen: list[Market], rule: BarRule, row_size: Fraction | None, rules: FootprintRules
) -> BarSeries:
    markets = {
        market.index: BarMarket(
            market.instrument.tick,
            row_grid(market.instrument, row_size) if row_size is not None else ONE_ROW,
            market.coverage,
        )
        for market in chosen
    }
    limits = base.limits
    if rule.kind is BarKind.TIME:
        return BarSeries(int(rule.size), markets, rules, limits.bars, limits.bars_before, limits.fill_steps)
    return RuleBarSeries(rule, markets, rules, limits.bars, limits.bars_before, limits.fill_steps)


def sliding_flow(base: Base, window_ns: int) -> TakerFlow:
    """Taker notional of all markets over the last `window_ns` of venue time."""
    key = ("flow", window_ns)
    found = base.find(key)
    if not isinstance(found, TakerFlow):
        found = TakerFlow(len(base.markets), window_ns)
        for part in base.trades.between(base.watermark_ns - window_ns, FOREVER_NS):
            found.fill(part)
        base.derive(key, found, range(len(base.markets)))
    return found


def bar_flows(
    base: Base, request: FootprintRequest, chosen: list[Market], starts: Ints
) -> tuple[Floats, Floats, Floats]:
    """Change of open interest (base coin), longs and shorts liquidated (quote notional) in each bar of the request.

    `starts` are starts of bars in ns; the columns have its length, NaN where unknown.
    """
    perps = tuple(market.index for market in chosen if market.instrument.kind.is_perp)
    key = ("flows", perps, request.bar_rule)
    found = base.find(key)
    flows = found if isinstance(found, Flows) else base.keep(key, Flows(perps))
    rule = request.bar_rule
    bar_ns = int(rule.size) if rule.kind is BarKind.TIME else None
    return flows.columns((base.open_interest, base.liquidations), base.flow_revision, base.since_ns, starts, bar_ns)


def share_filled(base: Base, request: FootprintRequest, chosen: list[Market]) -> float:
    """Share of the bars of a request that is built, 0 to 1. Begins bars over many trades; `Base.work` continues."""
    if len(base.trades) < base.limits.filled_at_once:
        return 1.0
    rule = request.bar_rule
    if request.row_size is not None:
        row_size, passes, passed = Fraction(str(request.row_size)), 1, 0
    else:
        key: tuple[object, ...] = ("bars", request.markets, rule, DEFAULT_RULES)
        share = _share_of(base, key, chosen, rule, None, DEFAULT_RULES)
        if share < 1.0:
            return share / 2
        row_size, passes, passed = chosen_row_size(base, request, chosen), 2, 1
    key = ("footprint", request.markets, rule, row_size, request.rules)
    share = _share_of(base, key, chosen, rule, row_size, request.rules)
    return (passed + share) / passes


def auto_row_size(bars: Iterable[FootprintBar], tick: Fraction, reference_ns: int) -> Fraction:
    """A 1-2-5 multiple of the tick that gives a typical bar 12 to 30 rows.

    Based on the median range of up to 60 closed bars before the last full hour or, with fewer than five of those, of
    the first 1, 2, 4, 8 ... bars: a pure function of the bars that seldom changes.
    """
    closed = [bar for bar in bars if bar.closed]
    hour = reference_ns - reference_ns % HOUR_NS
    sample = [bar for bar in closed if bar.end_ns <= hour][-60:]
    if len(sample) < 5:
        sample = closed[: 1 << (len(closed).bit_length() - 1)] if closed else []
    ranges = [bar.high - bar.low for bar in sample]
    return round_step(Fraction(median(ranges) / ROWS_A_BAR) if ranges else tick * 10, tick)


def round_step(wanted: Fraction, tick: Fraction) -> Fraction:
    """The smallest 1-2-5 multiple of the tick that is at least `wanted`."""
    multiple = 1
    while True:
        for step in _STEPS:
            if multiple * step * tick >= wanted:
                return multiple * step * tick
        multiple *= 10
