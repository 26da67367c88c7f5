"""Synthetic premium and quadrant views."""

from __future__ import annotations

import numpy as np

from tests.widgets.market_views import MARKETS, NOW, PERPS
from workstation.readmodels import (
    Floats,
    Freshness,
    PremiumLine,
    PremiumRequest,
    PremiumView,
    PremiumWeights,
    Quadrant,
    QuadrantDot,
    QuadrantRequest,
    QuadrantView,
)

MINUTE = 60_000_000_000
STEP = 10_000_000_000


def premium_view(bars: int = 60, scale: float = 3e-4, request: PremiumRequest | None = None) -> PremiumView:
    """Premiums that wander around zero; minutes 20 to 24 are missing."""
    request = request or PremiumRequest("BTC")
    rng = np.random.default_rng(4)
    start = NOW // MINUTE * MINUTE - bars * MINUTE
    lines = np.cumsum(rng.normal(0, scale / 4, (len(PERPS), bars)), axis=1) if bars else np.empty((len(PERPS), 0))
    lines[:, 20:25] = np.nan
    mean: Floats = lines.mean(axis=0)
    return PremiumView(
        request,
        1,
        start + np.arange(bars) * MINUTE,
        mean,
        lines[::2].mean(axis=0),
        lines[1::2].mean(axis=0),
        np.full(bars, 61_650.0),
        tuple(PremiumLine(market, line, np.ones(bars)) for market, line in zip(PERPS, lines, strict=True)),
        tuple(market for market in MARKETS if not market.kind.is_perp),
        PremiumWeights.TOLD,
        0.004,
        np.empty((0, 2), np.int64),
        NOW,
    )


def dot(base: str, x: float, y: float, freshness: Freshness = Freshness.LIVE, count: int = 180) -> QuadrantDot:
    """A dot with a trail that ends at a place."""
    rng = np.random.default_rng(len(base))
    ts_ns = NOW // STEP * STEP + (np.arange(count) - count + 1) * STEP
    walk = np.clip(np.cumsum(rng.normal(0, 0.08, (2, count)), axis=1), -1.4, 1.4)
    walk[:, -1:] = [[x], [y]]
    obi, cvd = walk[0] * 0.2, walk[1] * 1e7
    corner = Quadrant.BUYERS if x > 0 and y > 0 else Quadrant.SELLERS
    scales = np.full(count, 0.2), np.full(count, 1e7)
    reason = "" if freshness is Freshness.LIVE else "no live book"
    return QuadrantDot(base, ts_ns, walk[0], walk[1], obi, cvd, *scales, corner, freshness, reason, 8, 8)


def quadrant_view(*dots: QuadrantDot, request: QuadrantRequest | None = None) -> QuadrantView:
    """A view of these dots."""
    return QuadrantView(request or QuadrantRequest(), 1, dots, PERPS, NOW)
