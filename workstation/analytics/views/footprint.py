"""The footprint view: bars with judged cells over a filtered set of markets."""

from __future__ import annotations

from collections.abc import Iterable
from fractions import Fraction
from statistics import median

import numpy as np

from workstation.analytics.bars.bars import frozen
from workstation.analytics.bars.filling import MUCH, Filling
from workstation.analytics.bars.flows import Flows
from workstation.analytics.bars.measures import vwap
from workstation.analytics.bars.runs import RunSeries
from workstation.analytics.bars.series import BarSeries
from workstation.analytics.state.base import Base
from workstation.analytics.state.market import ONE_ROW, Market, RowGrid, row_grid
from workstation.analytics.studies.absorption import Absorptions
from workstation.analytics.studies.profile import SessionPocs
from workstation.analytics.views.candles import candles_before
from workstation.readmodels.arrays import Floats, Ints
from workstation.readmodels.flow.candles import NO_CANDLES, CandleColumns
from workstation.readmodels.flow.footprint import (
    Absorption,
    BarKind,
    BarRule,
    FootprintBar,
    FootprintRequest,
    FootprintRules,
    FootprintView,
    NakedPoc,
)
from workstation.readmodels.markets import MarketFilter

ROWS_A_BAR = 30  # at most; the next step of 1-2-5 gives 12 at least
HOUR_NS = 3_600_000_000_000
DEFAULT_RULES = FootprintRules()
_STEPS = (1, 2, 5)


def footprint_view(base: Base, request: FootprintRequest, revision: int, now_ns: int) -> FootprintView:
    """Bars, gaps and states for a footprint chart; while they are made in steps, only how far that is."""
    chosen = base.chosen(request.markets)
    share = _step(base, request, chosen) if request.in_steps else 1.0
    if share < 1.0:
        base.work_revision += 1
        states = tuple(market.state(now_ns) for market in chosen)
        return FootprintView(request, revision, 0.0, (), states, gap_spans(chosen), now_ns=now_ns, progress=share)
    row_size = _row_size(base, request, chosen)
    series = row_series(base, request, chosen, row_size)
    bars = series.bars(base.watermark_ns, base.coverage_revision)
    first_ns = bars[0].start_ns if bars else None
    live = series.live()
    shown = len(bars) - len(live)
    marks, table = series.marks(), series.table()
    measures = (table.cvd(), *vwap(table, request.vwap_anchor_ns))
    cvd, average, deviation = (frozen(column[len(table) - len(bars) :]) for column in measures)
    interest, longs, shorts = bar_flows(base, request, chosen, table.start_ns[len(table) - len(bars) :])
    return FootprintView(
        request=request,
        revision=revision,
        row_size=float(row_size),
        bars=bars,
        markets=tuple(market.state(now_ns) for market in chosen),
        gaps=gap_spans(chosen),
        last_price=last_price(chosen),
        now_ns=now_ns,
        minimum_volume=bars[-1].minimum_volume if bars else request.rules.minimum_volume,
        zones=marks.zones(live, shown),
        naked_pocs=marks.pocs(live, shown),
        session_pocs=_session_pocs(base, chosen, row_size),
        absorptions=_absorptions(base, request, chosen, row_size, bars[0].start_ns if bars else 0),
        cvd=cvd,
        oi_change=interest,
        long_liquidated_usd=longs,
        short_liquidated_usd=shorts,
        divergence=frozen(marks.divergence(shown, len(live))),
        vwap=average,
        vwap_deviation=deviation,
        candles=_candles(base, request, chosen, first_ns),
    )


def _candles(base: Base, request: FootprintRequest, chosen: list[Market], first_ns: int | None) -> CandleColumns:
    rule = request.bar_rule
    return candles_before(base, chosen, first_ns, int(rule.size)) if rule.kind is BarKind.TIME else NO_CANDLES


def bar_flows(
    base: Base, request: FootprintRequest, chosen: list[Market], starts: Ints
) -> tuple[Floats, Floats, Floats]:
    """Change of open interest, longs and shorts liquidated in the bars that start then; NaN where unknown."""
    perps = tuple(market.index for market in chosen if market.instrument.kind.is_perp)
    key = ("flows", perps, request.bar_rule)
    found = base.find(key)
    flows = found if isinstance(found, Flows) else base.keep(key, Flows(perps))
    rule = request.bar_rule
    bar_ns = int(rule.size) if rule.kind is BarKind.TIME else None
    return flows.columns((base.interest, base.forced), base.flow_revision, base.since_ns, starts, bar_ns)


def _session_pocs(base: Base, chosen: list[Market], row_size: Fraction) -> tuple[NakedPoc, ...]:
    grids = row_grids(chosen, row_size)
    key = ("sessions", tuple(grids), row_size)
    found = base.find(key)
    pocs = found if isinstance(found, SessionPocs) else base.keep(key, SessionPocs(grids))
    pocs.update(base.trades)
    return pocs.view()


def _absorptions(
    base: Base, request: FootprintRequest, chosen: list[Market], row_size: Fraction, since_ns: int
) -> tuple[Absorption, ...]:
    rule = request.rules.absorption
    if rule is None:
        return ()
    grids = row_grids(chosen, row_size)
    key = ("absorptions", tuple(grids), row_size, rule)
    found = base.find(key)
    absorptions = found if isinstance(found, Absorptions) else base.keep(key, Absorptions(grids, rule))
    absorptions.update(base.trades, base.watermark_ns)
    return absorptions.since(since_ns)


def row_grids(chosen: list[Market], row_size: Fraction) -> dict[int, RowGrid]:
    """The grid of each market by its index."""
    return {market.index: row_grid(market.instrument, row_size) for market in chosen}


def bar_series(base: Base, markets: MarketFilter, rule: BarRule, rules: FootprintRules = DEFAULT_RULES) -> BarSeries:
    """Bars without price rows."""
    return _made(base, ("bars", markets, rule, rules), base.chosen(markets), rule, None, rules)


def gap_spans(markets: Iterable[Market]) -> Ints:
    """Spans of venue time in which trades of any of the markets are missing: (n, 2), ordered by start."""
    spans = sorted({span for market in markets for span in market.coverage.gaps()})
    return frozen(np.array(spans, np.int64).reshape(-1, 2))


def auto_row_size(bars: Iterable[FootprintBar], tick: Fraction, reference_ns: int) -> Fraction:
    """A round multiple of the tick that gives a typical bar 12 to 30 rows.

    Judged on up to 60 closed bars before the last full hour, or, while there are fewer than five of those, on the first
    1, 2, 4, 8 ... bars: a pure function of the bars that changes seldom.
    """
    closed = [bar for bar in bars if bar.closed]
    hour = reference_ns - reference_ns % HOUR_NS
    sample = [bar for bar in closed if bar.end_ns <= hour][-60:]
    if len(sample) < 5:
        sample = closed[: 1 << (len(closed).bit_length() - 1)] if closed else []
    ranges = [bar.high - bar.low for bar in sample]
    return round_step(Fraction(median(ranges) / ROWS_A_BAR) if ranges else tick * 10, tick)


def round_step(wanted: Fraction, tick: Fraction) -> Fraction:
    """The 1-2-5 multiple of the tick nearest above `wanted`."""
    multiple = 1
    while True:
        for step in _STEPS:
            if multiple * step * tick >= wanted:
                return multiple * step * tick
        multiple *= 10


def _step(base: Base, request: FootprintRequest, chosen: list[Market]) -> float:
    """Count some more of the stored trades where that is much to do. Returns the share that is done."""
    if len(base.trades) < MUCH:
        return 1.0
    rule = request.bar_rule
    if request.row_size is not None:
        row_size, passes, passed = Fraction(str(request.row_size)), 1, 0
    else:
        key: tuple[object, ...] = ("bars", request.markets, rule, DEFAULT_RULES)
        share = _advance(base, key, chosen, rule, None, DEFAULT_RULES)
        if share < 1.0:
            return share / 2
        row_size, passes, passed = _row_size(base, request, chosen), 2, 1
    key = ("footprint", request.markets, rule, row_size, request.rules)
    share = _advance(base, key, chosen, rule, row_size, request.rules)
    return (passed + share) / passes


def _row_size(base: Base, request: FootprintRequest, chosen: list[Market]) -> Fraction:
    if request.row_size is not None:
        return Fraction(str(request.row_size))
    series = bar_series(base, request.markets, request.bar_rule)
    bars = series.bars(base.watermark_ns, base.coverage_revision)
    reference_ns = base.watermark_ns - base.watermark_ns % HOUR_NS
    return series.shelf.once(reference_ns, lambda: auto_row_size(bars, base.largest_tick(chosen), reference_ns))


def row_series(base: Base, request: FootprintRequest, chosen: list[Market], row_size: Fraction) -> BarSeries:
    """The bars that a request asks for, with rows."""
    key = ("footprint", request.markets, request.bar_rule, row_size, request.rules)
    return _made(base, key, chosen, request.bar_rule, row_size, request.rules)


def _made(
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
    if isinstance(found, Filling):
        return base.derive(key, found.end(base.trades), found.series.markets)
    series = _empty(base, chosen, rule, row_size, rules)
    series.fill_from(base.trades)
    return base.derive(key, series, series.markets)


def _advance(
    base: Base,
    key: tuple[object, ...],
    chosen: list[Market],
    rule: BarRule,
    row_size: Fraction | None,
    rules: FootprintRules,
) -> float:
    """One step of what `_made` does; the share that is done."""
    found = base.find(key)
    if isinstance(found, BarSeries):
        return 1.0
    if not isinstance(found, Filling):
        found = base.keep(key, Filling(_empty(base, chosen, rule, row_size, rules), base.trades))
    if found.step():
        base.derive(key, found.end(base.trades), found.series.markets)
    return found.share


def _empty(
    base: Base, chosen: list[Market], rule: BarRule, row_size: Fraction | None, rules: FootprintRules
) -> BarSeries:
    grids = {
        market.index: (market, row_grid(market.instrument, row_size) if row_size is not None else ONE_ROW)
        for market in chosen
    }
    if rule.kind is BarKind.TIME:
        return BarSeries(int(rule.size), grids, rules, base.limits.bars)
    return RunSeries(rule, grids, rules, base.limits.bars)


def last_price(markets: Iterable[Market]) -> float | None:
    """The price of the trade received last."""
    known = [market for market in markets if market.last_price is not None]
    return max(known, key=lambda market: market.last_trade_ns).last_price if known else None
