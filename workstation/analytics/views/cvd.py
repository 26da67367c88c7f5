"""CVD lines: every market, all perpetuals, all spot, on one axis of bars."""

from __future__ import annotations

from collections.abc import Iterable
from itertools import pairwise

import numpy as np

from workstation.analytics.bars import frozen
from workstation.analytics.base import Base
from workstation.analytics.market import Market
from workstation.analytics.measures import Table
from workstation.analytics.views.candles import candle_lines
from workstation.analytics.views.footprint import gap_spans, market_bars
from workstation.analytics.volumes import DAY_NS
from workstation.readmodels import Bools, CvdLine, CvdRequest, CvdView, Floats, Freshness, Ints


def cvd_view(base: Base, request: CvdRequest, revision: int, now_ns: int) -> CvdView:
    """Lines of all markets of a base and their sums."""
    tables = {market.index: _table(base, market, request.bar_ns) for market in base.markets}
    starts = bar_axis(tables.values())
    sums = {market.index: on_axis(tables[market.index], starts, request) for market in base.markets}
    lines = [_line(market, sums[market.index], starts, request, now_ns) for market in base.markets]
    perps = [market for market in base.markets if market.instrument.kind.is_perp]
    spots = [market for market in base.markets if not market.instrument.kind.is_perp]
    live = sum(market.trades_freshness(now_ns) is Freshness.LIVE for market in perps)
    return CvdView(
        request=request,
        revision=revision,
        bar_start_ns=starts,
        lines=tuple(lines),
        perp=_sum(perps, sums, starts, request, now_ns, "perp"),
        spot=_sum(spots, sums, starts, request, now_ns, "spot"),
        gaps=gap_spans(base.markets),
        perp_live=live,
        perp_known=len(perps),
        now_ns=now_ns,
        candle_lines=candle_lines(base.markets, starts, request.bar_ns, request.in_usd),
    )


def bar_axis(tables: Iterable[Table]) -> Ints:
    """The sorted union of bar starts, from where on no table has dropped a bar."""
    known = [table for table in tables if len(table)]
    if not known:
        return frozen(np.empty(0, np.int64))
    starts = known[0].start_ns
    if not all(np.array_equal(starts, table.start_ns) for table in known[1:]):
        starts = np.unique(np.concatenate([table.start_ns for table in known]))
    since = max((int(table.start_ns[0]) for table in known if table.shelf.before.volume), default=0)
    return frozen(starts[np.searchsorted(starts, since) :].copy())


def on_axis(table: Table, starts: Ints, request: CvdRequest) -> Floats:
    """CVD of one market at the close of every bar of an axis; where it did not trade, it stays where it was."""
    if not len(table):
        return np.zeros(len(starts))
    sums = table.cvd("delta_usd" if request.in_usd else "delta", daily_reset=request.daily_reset)
    if np.array_equal(table.start_ns, starts):
        return sums
    at = np.searchsorted(table.start_ns, starts, "right") - 1
    none = at < 0
    if request.daily_reset:
        none |= table.start_ns[at] // DAY_NS != starts // DAY_NS
    return np.where(none, 0.0, sums[at])


def missing_on(market: Market, starts: Ints, bar_ns: int) -> Bools:
    """Bars that overlap a hole between received trades, lie before the first of them or after the last.

    A bar in which the trades ended for good, as far as is known, is partial but not missing: its sum is what was
    received. All are missing while nothing was received yet.
    """
    missing = np.zeros(len(starts), np.bool_)
    spans = market.coverage.received()
    for (_, begin), (end, _) in pairwise(spans):
        missing |= (starts < end) & (starts + bar_ns > begin)
    if not spans:
        missing[:] = market.coverage.began or market.last_price is None
    else:
        missing |= (starts + bar_ns <= spans[0][0]) | (starts > spans[-1][1])
    return missing


def _table(base: Base, market: Market, bar_ns: int) -> Table:
    series = market_bars(base, market, bar_ns)
    series.bars(base.watermark_ns, base.coverage_revision)
    return series.table()


def _line(market: Market, sums: Floats, starts: Ints, request: CvdRequest, now_ns: int) -> CvdLine:
    instrument = market.instrument
    values = sums.copy()
    values[missing_on(market, starts, request.bar_ns)] = np.nan
    return _frozen(
        CvdLine(
            label=f"{instrument.venue.value} {instrument.symbol}",
            venue=instrument.venue,
            kind=instrument.kind,
            perp=instrument.kind.is_perp,
            values=values,
            freshness=market.trades_freshness(now_ns),
        )
    )


def _sum(
    markets: list[Market],
    sums: dict[int, Floats],
    starts: Ints,
    request: CvdRequest,
    now_ns: int,
    label: str,
) -> CvdLine | None:
    """The sum of what was received; a bar is missing only where it is missing on every market."""
    if not markets:
        return None
    values = np.sum([sums[market.index] for market in markets], axis=0)
    missing = np.all([missing_on(market, starts, request.bar_ns) for market in markets], axis=0)
    values[missing] = np.nan
    freshness = {market.trades_freshness(now_ns) for market in markets}
    best = next(state for state in _BEST_FIRST if state in freshness)
    return _frozen(CvdLine(label, None, None, label == "perp", values, best))


_BEST_FIRST = (Freshness.LIVE, Freshness.STALE, Freshness.SYNCING, Freshness.LOST, Freshness.WAITING)


def _frozen(line: CvdLine) -> CvdLine:
    frozen(line.values)
    return line
