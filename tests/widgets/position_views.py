"""Synthetic premium, quadrant and funding views."""

from __future__ import annotations

import numpy as np

from feeds.model.instrument import MarketKind
from tests.widgets.market_views import MARKETS, NOW, PERPS
from workstation.readmodels.arrays import Floats
from workstation.readmodels.markets import Freshness
from workstation.readmodels.positions.funding import (
    Crowding,
    FundingRequest,
    FundingView,
    PositionGroup,
    PositionLine,
    PositionRow,
    Reading,
    SpanReading,
)
from workstation.readmodels.positions.premium import PremiumLine, PremiumRequest, PremiumView, PremiumWeights
from workstation.readmodels.positions.quadrant import Quadrant, QuadrantDot, QuadrantRequest, QuadrantView

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
        PremiumWeights.PUBLISHED,
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


def funding_view(bars: int = 120) -> FundingView:
    """Eight perpetuals: the third is crowded, the last stale."""
    rows = tuple(
        PositionRow(
            market=market,
            rate=0.0001 if at != 2 else 0.006,
            period_h=8.0,
            last_rate=0.00012,
            percentile=None,
            history_days=0.0,
            next_funding_ns=NOW + 2_780 * 1_000_000_000,
            open_interest=80_000.0 / (at + 1),
            open_interest_usd=5e9 / (at + 1),
            changes=(0.01, None, -0.02),
            ratio=1.6 if at == 2 else 1.1,
            crowding=Crowding.LONGS if at == 2 else None,
            stale=at == len(PERPS) - 1,
        )
        for at, market in enumerate(PERPS)
    )
    groups = tuple(
        PositionGroup(kind, 1.25e-5, 150_000.0, 9e9, (0.01, None, None), 4, 4)
        for kind in (MarketKind.LINEAR, MarketKind.INVERSE)
    )
    hour = 3_600_000_000_000
    spans = (
        SpanReading(hour, 0.01, 0.02, Reading.NEW_LONGS, 7, 8),
        SpanReading(4 * hour, None, 0.02, None, 7, 8),
        SpanReading(24 * hour, 0.01, -0.02, Reading.SHORTS_COVER, 8, 8),
    )
    rng = np.random.default_rng(6)
    held = 80_000.0 + np.cumsum(rng.normal(0, 30, (len(PERPS), bars)), axis=1)
    lines = tuple(PositionLine(market, one, one / 80_000 * 1e-5) for market, one in zip(PERPS, held, strict=True))
    counted = np.full(bars, len(PERPS))
    rates = np.full(bars, 1.2e-5)
    starts = NOW // MINUTE * MINUTE + (np.arange(bars) - bars + 1) * MINUTE
    total: Floats = held.sum(axis=0)
    return FundingView(FundingRequest("BTC"), 1, rows, groups, spans, starts, lines, total, counted, rates, -rates, NOW)
