"""Premium of perpetuals over spot (Guide: Definitions), by market and weighted by volume, on one axis of bars."""

from collections.abc import Sequence

import numpy as np

from feeds.model.instrument import MarketKind
from workstation.analytics.answer import of_base
from workstation.analytics.positions.premium import clamped, smoothed, weighted_mean, zone_of
from workstation.analytics.positions.prices import Prices, prices_of
from workstation.analytics.state.base import Base
from workstation.analytics.state.market import Market
from workstation.analytics.views.footprint import gap_spans
from workstation.readmodels.arrays import Floats, frozen
from workstation.readmodels.positions.premium import (
    PremiumLine,
    PremiumRequest,
    PremiumSource,
    PremiumView,
    PremiumWeights,
)


def premium_view(base: Base, request: PremiumRequest, revision: int, now_ns: int) -> PremiumView:
    """Premium of all perpetuals of a base over the volume-weighted spot price."""
    perps, spots = chosen(base, request)
    prices = prices_of(base, [*perps, *spots], request.bar_ns)
    price = prices.close if request.source is PremiumSource.CLOSE else prices.ohlc4
    spot = weighted_mean(price[len(perps) :], prices.seen[len(perps) :])
    each = price[: len(perps)] / spot - 1.0
    by, weights = _weights(perps, prices)
    every = np.array([market.instrument.kind is not MarketKind.SPOT for market in perps], np.bool_)
    linear = np.array([market.instrument.kind is MarketKind.LINEAR for market in perps], np.bool_)
    raw = [weighted_mean(each[rows], weights[rows]) for rows in (every, linear, every & ~linear)]
    combined, in_usd, in_coin = (_drawn(values, request) for values in raw)
    return PremiumView(
        request=request,
        revision=revision,
        bar_start_ns=frozen(prices.starts),
        combined=combined,
        linear=in_usd,
        inverse=in_coin,
        spot=frozen(spot),
        lines=tuple(
            PremiumLine(market.state(now_ns), _drawn(values, request), frozen(weight))
            for market, values, weight in zip(perps, each, weights, strict=True)
        ),
        spots=tuple(market.state(now_ns) for market in spots),
        weights=by,
        zone=zone_of(base.name, raw[0]),
        gaps=gap_spans([*perps, *spots]),
        now_ns=now_ns,
    )


def chosen(base: Base, request: PremiumRequest) -> tuple[list[Market], list[Market]]:
    """The selected perpetuals and the spot markets."""
    wanted = [
        market
        for market in base.alike
        if market.instrument.kind.is_perp and (request.venues is None or market.instrument.venue in request.venues)
    ]
    return wanted, [market for market in base.alike if not market.instrument.kind.is_perp]


def _weights(perps: Sequence[Market], prices: Prices) -> tuple[PremiumWeights, Floats]:
    """Weights (perpetuals, bars): published 24 h volume if every perpetual with a price has it, else received."""
    priced = [bool(np.isfinite(row).any()) for row in prices.close[: len(perps)]]
    volumes = [market.day.volume_24h if market.day is not None else 0.0 for market in perps]
    seen = prices.seen[: len(perps)].copy()
    if not any(priced) or any(has and not volume > 0.0 for has, volume in zip(priced, volumes, strict=True)):
        return PremiumWeights.RECEIVED, seen
    return PremiumWeights.PUBLISHED, np.repeat(np.array(volumes)[:, None], seen.shape[1], axis=1)


def _drawn(values: Floats, request: PremiumRequest) -> Floats:
    return frozen(clamped(smoothed(values, request.smoothing), request.clamp).copy())


ANSWERS = (of_base(PremiumRequest, premium_view, "day_revision"),)
