"""CVD lines of markets, perpetuals, spot, their difference and size classes, on one axis of bars."""

import math
from collections.abc import Collection, Sequence
from dataclasses import dataclass, replace
from itertools import pairwise

import numpy as np

from workstation.analytics.answer import Answer, State, base_of, base_revision
from workstation.analytics.bars.deltas import ALL_SIZES, COIN, USD, DeltaBars, DeltaPath
from workstation.analytics.bars.marks import Marks
from workstation.analytics.bars.series import BarSeries
from workstation.analytics.state.base import Base
from workstation.analytics.state.derived_bars import bar_series, sliding_flow
from workstation.analytics.state.market import Market, missing_bars
from workstation.analytics.views.chart import candle_lines
from workstation.analytics.views.footprint import gap_spans
from workstation.readmodels.arrays import Bools, Floats, Ints, frozen
from workstation.readmodels.flow.candles import CandleLine
from workstation.readmodels.flow.cvd import (
    DAY_NS,
    NO_CVD_CANDLES,
    WEEK_NS,
    CvdCandles,
    CvdChange,
    CvdChangeRequest,
    CvdLine,
    CvdRequest,
    CvdUnit,
    CvdView,
)
from workstation.readmodels.flow.footprint import BarRule, FootprintRules
from workstation.readmodels.markets import Freshness
from workstation.readmodels.net import net, settled

_MONDAY_NS = 4 * DAY_NS  # the epoch was a Thursday
_BEST_FIRST = (Freshness.LIVE, Freshness.STALE, Freshness.SYNCING, Freshness.LOST, Freshness.WAITING)


def cvd_view(base: Base, request: CvdRequest, revision: int, now_ns: int) -> CvdView:
    """CVD lines of the chosen markets of a base and their sums."""
    chosen = base.chosen(request.markets)
    sums = _Sums(base, request, now_ns)
    perps = [market for market in chosen if market.instrument.kind.is_perp]
    spots = [market for market in chosen if not market.instrument.kind.is_perp]
    perp, spot = sums.total(perps, "perp"), sums.total(spots, "spot")
    return CvdView(
        request=request,
        revision=revision,
        bar_start_ns=sums.starts,
        lines=tuple(sums.line(market) for market in chosen),
        perp=perp,
        spot=spot,
        gaps=gap_spans(chosen),
        perp_live=sum(market.trades_freshness(now_ns) is Freshness.LIVE for market in perps),
        perp_known=len(perps),
        now_ns=now_ns,
        candle_lines=_candle_lines(chosen, sums.starts, request),
        segment=sums.segment,
        difference=_difference(perp, spot),
        sizes=sums.sizes(perps) if request.by_size else (),
        candles=sums.candles(perps, perp) if request.candles and perp is not None else NO_CVD_CANDLES,
        **_divergences(base, request, perps),
        markets=tuple(market.state(now_ns) for market in chosen),
    )


def segments(starts: Ints, request: CvdRequest) -> Ints:
    """Number of resets up to each bar (bars,)."""
    if request.anchor_ns is not None:
        return (starts >= request.anchor_ns - request.anchor_ns % request.bar_ns).astype(np.int64)
    if request.reset_ns is None:
        return np.zeros(len(starts), np.int64)
    offset_ns = _MONDAY_NS if request.reset_ns % WEEK_NS == 0 else 0
    periods = (starts - offset_ns) // request.reset_ns
    return np.cumsum(np.diff(periods, prepend=periods[:1]) != 0)


def counted(markets: Sequence[Market], request: CvdRequest, now_ns: int) -> list[Market]:
    """Markets in a sum: the live ones, or all if none is live."""
    live = [market for market in markets if market.trades_freshness(now_ns) is Freshness.LIVE]
    return live if live and request.live_only else list(markets)


@dataclass(frozen=True, slots=True)
class _Scale:
    """Unit column of a line and its factor; NaN without open interest to divide by."""

    unit: int
    factor: float


class _Sums:
    """Running sums over the bars of a request."""

    def __init__(self, base: Base, request: CvdRequest, now_ns: int) -> None:
        self._base, self._request, self._now_ns = base, request, now_ns
        self._bars = _delta_bars(base, request)
        self.starts = frozen(self._bars.start_ns.copy())
        self.segment = frozen(segments(self.starts, request))
        self._edges = [0, *(np.flatnonzero(np.diff(self.segment)) + 1).tolist(), len(self.starts)]

    def line(self, market: Market) -> CvdLine:
        instrument = market.instrument
        values, missing = self._scaled([market], ALL_SIZES), self._lacking(market)
        values[missing] = np.nan
        label = _label(market)
        return CvdLine(
            label,
            instrument.venue,
            instrument.kind,
            instrument.kind.is_perp,
            frozen(values),
            market.trades_freshness(self._now_ns),
            frozen(missing),
            (label,),
        )

    def total(self, markets: list[Market], label: str, size_class: int = ALL_SIZES) -> CvdLine | None:
        """A sum: its bars are marked where any market in it lacks trades, and NaN where all do."""
        if not markets:
            return None
        summed = counted(markets, self._request, self._now_ns)
        values = self._scaled(summed, size_class)
        lacking = np.array([self._lacking(market) for market in summed])
        values[lacking.all(axis=0)] = np.nan
        began = np.array([market.coverage.began for market in summed])
        missing = np.asarray(lacking[began].any(axis=0) if began.any() else lacking.all(axis=0))
        states = {market.trades_freshness(self._now_ns) for market in summed}
        best = next(state for state in _BEST_FIRST if state in states)
        names = tuple(map(_label, summed))
        perp = markets[0].instrument.kind.is_perp
        return CvdLine(label, None, None, perp, frozen(values), best, frozen(missing), names)

    def sizes(self, markets: list[Market]) -> tuple[CvdLine, ...]:
        lines = (self.total(markets, str(at), at) for at in range(len(self._request.edges_usd) + 1))
        return tuple(line for line in lines if line is not None)

    def candles(self, markets: list[Market], total: CvdLine) -> CvdCandles:
        """Extremes of a sum within its bars."""
        summed = self._divisible(counted(markets, self._request, self._now_ns))
        scale = self._scale(summed)
        path = _delta_path(self._base, self._request, summed, scale.unit, self.starts)
        up, down = path.extremes(self.starts)
        closes = self._running(summed, ALL_SIZES, scale.unit)
        opens = np.concatenate((closes[:1] - self._deltas(summed, ALL_SIZES, scale.unit)[:1], closes[:-1]))
        opens[self._edges[1:-1]] = 0.0
        columns = [column * scale.factor for column in (opens, opens + up, opens + down)]
        for column in columns:
            column[np.isnan(total.values)] = np.nan
        return CvdCandles(*map(frozen, columns))

    def _scaled(self, markets: list[Market], size_class: int) -> Floats:
        markets = self._divisible(markets)
        scale = self._scale(markets)
        return self._running(markets, size_class, scale.unit) * scale.factor

    def _running(self, markets: list[Market], size_class: int, unit: int) -> Floats:
        total: Floats = np.zeros(
            (2, len(self.starts))
        )  # bought and sold: their difference has no noise of many small ones
        for market in markets:
            values = self._bars.of(market.index, size_class, unit)
            for number, (begin, end) in enumerate(pairwise(self._edges)):
                opening = self._opening(market.index, size_class, unit) if number == 0 else np.zeros(2)
                total[:, begin:end] += np.cumsum(np.column_stack((opening, values[:, begin:end])), axis=1)[:, 1:]
        running: Floats = net(total[0], total[1])
        return running

    def _deltas(self, markets: list[Market], size_class: int, unit: int) -> Floats:
        sides = sum((self._bars.of(market.index, size_class, unit) for market in markets), np.zeros((2, 1)))
        deltas: Floats = net(sides[0], sides[1])
        return deltas

    def _opening(self, market: int, size_class: int, unit: int) -> Floats:
        """Bought and sold in the first segment before the first bar (2,); NaN before an anchor."""
        request, first_ns = self._request, int(self.starts[0]) if len(self.starts) else 0
        since_ns = 0
        if request.anchor_ns is not None:
            since_ns = request.anchor_ns - request.anchor_ns % request.bar_ns
            if first_ns < since_ns:
                return np.full(2, np.nan)
        elif request.reset_ns is not None:
            offset_ns = _MONDAY_NS if request.reset_ns % WEEK_NS == 0 else 0
            since_ns = first_ns - (first_ns - offset_ns) % request.reset_ns
        return self._bars.before(since_ns, market, size_class, unit)

    def _lacking(self, market: Market) -> Bools:
        return missing_bars(market, self.starts, self._request.bar_ns)

    def _divisible(self, markets: list[Market]) -> list[Market]:
        """Markets of a sum; in per cent of open interest only those with known open interest."""
        if self._request.unit is not CvdUnit.OI:
            return markets
        return [market for market in markets if market.open_interest or not market.instrument.kind.is_perp]

    def _scale(self, markets: list[Market]) -> _Scale:
        if self._request.unit is not CvdUnit.OI:
            return _Scale(USD if self._request.unit is CvdUnit.USD else COIN, 1.0)
        divided = markets
        if markets and not markets[0].instrument.kind.is_perp:
            perps = [market for market in self._base.alike if market.instrument.kind.is_perp]
            divided = counted(perps, self._request, self._now_ns)
        interest = math.fsum(market.open_interest or 0.0 for market in divided)
        return _Scale(COIN, 100.0 / interest if interest else np.nan)


def _difference(perp: CvdLine | None, spot: CvdLine | None) -> CvdLine | None:
    if perp is None or spot is None:
        return None
    worst = max(perp.freshness, spot.freshness, key=_BEST_FIRST.index)
    values = settled(perp.values - spot.values, np.abs(perp.values) + np.abs(spot.values))
    missing = perp.missing | spot.missing
    return CvdLine(
        "perp - spot", None, None, True, frozen(values), worst, frozen(missing), (*perp.summed, *spot.summed)
    )


def _label(market: Market) -> str:
    return f"{market.instrument.venue} {market.instrument.symbol}"


def _delta_bars(base: Base, request: CvdRequest) -> DeltaBars:
    edges = request.edges_usd if request.by_size else ()
    key = ("deltas", request.bar_ns, edges)
    found = base.find(key)
    if not isinstance(found, DeltaBars):
        found = base.keep(key, DeltaBars(len(base.markets), request.bar_ns, edges, base.limits.bars))
    found.update(base.trades)
    return found


def _delta_path(base: Base, request: CvdRequest, markets: Collection[Market], unit: int, starts: Ints) -> DeltaPath:
    indices = tuple(market.index for market in markets)
    key = ("delta path", indices, request.bar_ns, unit)
    found = base.find(key)
    if not isinstance(found, DeltaPath):
        found = base.keep(key, DeltaPath(indices, request.bar_ns, unit))
    found.update(base.trades, int(starts[0]) if len(starts) else 0)
    return found


def _divergences(base: Base, request: CvdRequest, perps: list[Market]) -> dict[str, Ints]:
    """Divergences of closed bars, as on the footprint of the same markets."""
    if not perps:
        return {}
    rule = BarRule(size=request.mark_ns or request.bar_ns)
    rules = FootprintRules(divergence_bars=request.extreme_bars)
    series = bar_series(base, replace(request.markets, perp=True), rule, rules)
    bars = series.bars(base.watermark_ns, base.coverage_revision)
    closed = len(bars) - len(series.live())
    marks = series.marks()
    return series.closed_bars.cached(("diverged", closed), lambda: _diverged(series, marks, closed))


def _diverged(series: BarSeries, marks: Marks, closed: int) -> dict[str, Ints]:
    """Starts and signs of the divergences among the newest `closed` bars."""
    signs = marks.divergence(closed, 0)
    at = np.flatnonzero(signs)
    starts = series.closed_bars.numbers.times[len(series.closed_bars) - closed :, 0]
    return {"diverged_ns": frozen(starts[at]), "diverged": frozen(signs[at])}


def _candle_lines(chosen: list[Market], starts: Ints, request: CvdRequest) -> tuple[CandleLine, ...]:
    if request.unit is CvdUnit.OI:
        return ()
    return candle_lines(chosen, starts, request.bar_ns, request.unit is CvdUnit.USD)


_plain_revision, _interest_revision = base_revision(), base_revision("flow_revision")


def cvd_revision(state: State, request: CvdRequest) -> int:
    """Includes changes of open interest if the unit is per cent of it."""
    base = state.bases.get(request.base)
    if base is None or request.unit is not CvdUnit.OI:
        return _plain_revision(state, request)
    return _interest_revision(state, request) + sum(market.open_interest is not None for market in base.markets)


def cvd_change(base: Base | None, request: CvdChangeRequest, revision: int) -> CvdChange:
    """Net taker flow of the markets that have every trade of the window."""
    if base is None:
        return CvdChange(request, revision, None)
    now_ns, since_ns = base.watermark_ns, base.watermark_ns - request.window_ns
    whole = [one.index for one in base.chosen(request.markets) if one.coverage.covers(since_ns, now_ns)]
    return CvdChange(request, revision, sliding_flow(base, request.window_ns).net(now_ns, whole) if whole else None)


ANSWERS = (
    Answer(
        CvdChangeRequest,
        _plain_revision,
        lambda state, request: cvd_change(state.bases.get(request.base), request, _plain_revision(state, request)),
    ),
    Answer(
        CvdRequest,
        cvd_revision,
        lambda state, request: cvd_view(base_of(state, request), request, cvd_revision(state, request), state.now_ns),
    ),
)
