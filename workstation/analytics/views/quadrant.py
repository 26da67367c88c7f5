"""OBI against CVD of every base in focus, each scaled by its last 24 hours."""

from collections.abc import Mapping
from typing import NamedTuple

import numpy as np

from workstation.analytics.answer import Answer
from workstation.analytics.positions.blended_obi import blended
from workstation.analytics.state.base import Base
from workstation.analytics.state.market import Market
from workstation.analytics.state.positioning import HOUR, rolling_rank, window_sums
from workstation.readmodels.arrays import Bools, Floats, Ints, frozen
from workstation.readmodels.markets import Freshness
from workstation.readmodels.positions.quadrant import (
    CLIP,
    LEAST_SAMPLES,
    NEUTRAL,
    SAMPLE_NS,
    Quadrant,
    QuadrantDot,
    QuadrantRequest,
    QuadrantView,
)

FLOW_STEPS = 300_000_000_000 // SAMPLE_NS
SCALE_STEPS = 24 * HOUR
POINTS = 180  # most points of a trail
_PERCENT = 95.0


def quadrant_revision(bases: Mapping[str, Base]) -> int:
    """Changes with samples, trades and coverage of any base."""
    return sum(
        base.positioning.revision + base.trade_revision + base.freshness_revision + base.coverage_revision + 1
        for base in bases.values()
    )


def quadrant_view(bases: Mapping[str, Base], request: QuadrantRequest, now_ns: int) -> QuadrantView:
    """One dot per base with a market that the filter accepts."""
    chosen = [(base, base.chosen(request.markets)) for base in bases.values()]
    return QuadrantView(
        request=request,
        revision=quadrant_revision(bases),
        dots=tuple(_dot(base, markets, request, now_ns) for base, markets in chosen if markets),
        markets=tuple(market.state(now_ns) for _, markets in chosen for market in markets),
        now_ns=now_ns,
    )


def positions(base: Base, markets: list[Market], window_ns: int, since: int) -> tuple[Floats, Floats, Bools]:
    """OBI and CVD (USD) of the samples from `since` on, and a mask (markets, samples) of those included.

    OBI is weighted by taker flow of five minutes. CVD sums the markets with every trade of the window received.
    """
    until, steps = base.positioning.last + 1, window_ns // SAMPLE_NS
    begin = since - max(steps, FLOW_STEPS)
    obi, delta, volume = base.positioning.columns([market.index for market in markets], begin, until)
    starts = np.arange(begin, until) * SAMPLE_NS
    missing = np.array([_missing(market, starts) for market in markets])
    held, lost = (window_sums(values, steps)[:, :-1] for values in (delta, missing.astype(np.float64)))
    held, whole = held[:, since - begin - 1 :], lost[:, since - begin - 1 :] == 0.0
    flow = window_sums(volume, FLOW_STEPS)[:, since - begin - 1 : -1]
    cvd = np.where(whole.any(axis=0), np.where(whole, held, 0.0).sum(axis=0), np.nan)
    known = obi[:, since - begin :]
    return blended(known, flow), cvd, whole & np.isfinite(known)


def _missing(market: Market, starts: Ints) -> Bools:
    """Mask of steps with missing trades."""
    missing = np.ones(len(starts), np.bool_)
    for begin_ns, end_ns in market.coverage.received():
        missing &= (starts < begin_ns) | (starts + SAMPLE_NS > end_ns)
    return missing


class Trail(NamedTuple):
    """One entry per sample; `counted` is the number of markets with a live book and complete trades."""

    x: Floats
    y: Floats
    obi: Floats
    cvd: Floats
    obi_scale: Floats
    cvd_scale: Floats
    counted: Ints


def trail_of(base: Base, markets: list[Market], window_ns: int, steps: Ints) -> Trail:
    """Samples at ascending `steps`, each scaled by the 24 hours that end with it."""
    since = max(base.positioning.first or 0, int(steps[0]) - SCALE_STEPS + 1)
    obi, cvd, counted = positions(base, markets, window_ns, since)
    at = steps - since
    scales = [rolling_rank(values, at, SCALE_STEPS, _PERCENT, LEAST_SAMPLES) for values in (obi, cvd)]
    x, y = (_scaled(values[at], scale) for values, scale in zip((obi, cvd), scales, strict=True))
    x, y, obi, cvd, obi_scale, cvd_scale = (frozen(column) for column in (x, y, obi[at], cvd[at], *scales))
    return Trail(x, y, obi, cvd, obi_scale, cvd_scale, frozen(counted.sum(axis=0)[at]))


class _TrailCache:
    """The trail of one request, cached until the next sample."""

    def __init__(self) -> None:
        self._made_of: object = None
        self._trail: tuple[Ints, Trail] | None = None

    def trail(self, base: Base, markets: list[Market], request: QuadrantRequest, first: int) -> tuple[Ints, Trail]:
        """Times (ns) and samples of the trail."""
        begun = tuple(market.coverage.start_ns for market in markets)
        made_of = (base.positioning.revision, base.coverage_revision, begun)
        if self._trail is None or self._made_of != made_of:
            last, length = base.positioning.last, request.trail_ns // SAMPLE_NS
            steps = np.arange(max(first, last - length + 1), last + 1)
            steps = steps[(steps % max(length // POINTS, 1) == 0) | (steps == last)]
            trail = trail_of(base, markets, request.window_ns, steps)
            self._made_of, self._trail = made_of, (frozen(steps * SAMPLE_NS), trail)
        return self._trail


def _dot(base: Base, markets: list[Market], request: QuadrantRequest, now_ns: int) -> QuadrantDot:
    first = base.positioning.first
    if first is None:
        return _no_dot(base, len(markets))
    key = ("quadrant", request.markets, request.window_ns, request.trail_ns)
    found = base.find(key)
    cache = found if isinstance(found, _TrailCache) else base.keep(key, _TrailCache())
    ts_ns, trail = cache.trail(base, markets, request, first)
    freshness, reason = _freshness(markets, trail, request.window_ns, now_ns)
    return QuadrantDot(
        base.name,
        ts_ns,
        *trail[:-1],
        quadrant=quadrant_of(float(trail.x[-1]), float(trail.y[-1])),
        freshness=freshness,
        reason=reason,
        live=int(trail.counted[-1]),
        known=len(markets),
    )


def _no_dot(base: Base, known: int) -> QuadrantDot:
    none = frozen(np.empty(0))
    times = frozen(np.empty(0, np.int64))
    reason = "waiting for the first sample"
    return QuadrantDot(base.name, times, none, none, none, none, none, none, None, Freshness.WAITING, reason, 0, known)


def _scaled(values: Floats, scale: Floats) -> Floats:
    """Values over their scale, clipped to +-1.5; 0 where the scale is 0."""
    shares = np.divide(values, scale, out=np.zeros(len(values)), where=scale != 0.0)
    return np.clip(np.where(np.isnan(values), np.nan, shares), -CLIP, CLIP)


def quadrant_of(x: float, y: float) -> Quadrant | None:
    """Corner of a dot; neutral if either coordinate is small, None if one is NaN."""
    if np.isnan(x) or np.isnan(y):
        return None
    if abs(x) < NEUTRAL or abs(y) < NEUTRAL:
        return Quadrant.NEUTRAL
    if y > 0:
        return Quadrant.BUYERS if x > 0 else Quadrant.INTO_OFFERS
    return Quadrant.INTO_BIDS if x > 0 else Quadrant.SELLERS


def _freshness(markets: list[Market], trail: Trail, window_ns: int, now_ns: int) -> tuple[Freshness, str]:
    """Freshness of the newest sample, and the reason if it is not live."""
    if not any(market.trades_freshness(now_ns) is Freshness.LIVE for market in markets):
        return Freshness.STALE, "no live trades"
    if np.isnan(trail.obi[-1]):
        return Freshness.STALE, "no live book"
    if np.isnan(trail.cvd[-1]):
        return Freshness.SYNCING, f"trades are not complete over the last {window_ns // 60_000_000_000} min"
    if np.isnan(trail.obi_scale[-1]) or np.isnan(trail.cvd_scale[-1]):
        return Freshness.SYNCING, f"fewer than {LEAST_SAMPLES} samples of ten seconds to scale it by"
    return Freshness.LIVE, ""


ANSWERS = (
    Answer(
        QuadrantRequest,
        lambda state, _: quadrant_revision(state.bases),
        lambda state, request: quadrant_view(state.bases, request, state.now_ns),
    ),
)
