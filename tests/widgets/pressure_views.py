"""Synthetic cross-sections of any size, scored as the engine scores them."""

from __future__ import annotations

from dataclasses import fields

import numpy as np

from feeds.model.instrument import MarketKind, Venue, instrument_id
from workstation.analytics.universe.flowscore import flow_score, ranks
from workstation.analytics.universe.pressure import pressure
from workstation.analytics.views.pressure import flow_inputs, pressure_inputs, summary
from workstation.readmodels.arrays import Floats
from workstation.readmodels.universe.pressure import PressureRequest, PressureView
from workstation.readmodels.universe.universe import UniverseColumns, UniverseMarkets, UniverseRequest, UniverseView

NOW = 1_760_000_000_123_000_000
VENUES = (Venue("binance"), Venue("bybit"), Venue("okx"))
_SIZES = {
    "price": 1.0, "change_24h": 0.04, "volume_24h": 1e6, "turnover_24h": 5e7, "funding_8h": 3e-4, "open_interest": 1e6,
    "open_interest_usd": 3e7, "interest_change_1h": 0.01, "interest_change_4h": 0.03, "interest_change_24h": 0.1,
    "premium": 1e-3, "taker_delta_5m": 0.2, "taker_delta_1h": 0.1, "liquidated_long_1h": 2e4,
    "liquidated_short_1h": 2e4, "imbalance": 0.3, "long_share": 0.5, "age_s": 0.3,
}  # fmt: skip
_POSITIVE = frozenset({"price", "volume_24h", "turnover_24h", "open_interest", "open_interest_usd", "age_s",
                       "liquidated_long_1h", "liquidated_short_1h"})  # fmt: skip


def columns(count: int, rng: np.random.Generator, missing: float = 0.05) -> UniverseColumns:
    """Numbers of a plausible size; a share of them is not known."""
    made: dict[str, Floats] = {}
    for field in fields(UniverseColumns):
        name, size = field.name, _SIZES[field.name]
        values = size * (rng.lognormal(0, 1, count) if name in _POSITIVE else rng.normal(0, 1, count))
        if name == "long_share":
            values = rng.uniform(0.3, 0.7, count)
        if name not in ("price", "age_s", "turnover_24h"):
            values[rng.random(count) < missing] = np.nan
        made[name] = values
    return UniverseColumns(**made)


def pressure_view(
    coins: int = 68,
    seed: int = 1,
    revision: int = 1,
    request: PressureRequest = PressureRequest(),
    missing: float = 0.05,
    steps: int = 40,
) -> PressureView:
    """A view of `coins` coins, `C0` and so on, BTC and ETH first, each on three venues."""
    rng = np.random.default_rng(seed)
    symbols = tuple(("BTC", "ETH", *(f"C{number}" for number in range(coins)))[:coins])
    field = _field(symbols, columns(coins, rng, missing), columns(3 * coins, rng, missing), revision)
    scored, flow = (
        pressure(pressure_inputs(field.columns), request.weights),
        flow_score(flow_inputs(field.columns), request.flow_weights),
    )
    walk = np.random.default_rng(7).normal(0, 3, (coins, steps)).cumsum(axis=1)
    return PressureView(
        request=request,
        revision=revision,
        universe=field,
        pressure=scored,
        market_pressure=pressure(pressure_inputs(field.markets.columns), request.weights),
        rank=ranks(scored.score),
        flow=flow,
        summary=summary(field, scored, flow),
        price_sparkline=100 + walk,
        score_sparkline=walk,
        sparkline_step_ns=30_000_000_000,
        now_ns=NOW,
    )


def _field(symbols: tuple[str, ...], ours: UniverseColumns, theirs: UniverseColumns, revision: int) -> UniverseView:
    coins, count = len(symbols), 3 * len(symbols)
    base = np.repeat(np.arange(coins), 3)
    venues = tuple(VENUES[at % 3] for at in range(count))
    numbers = {name: np.full(count, np.nan) for name in ("mark", "index", "funding", "interval_h", "bid", "ask")}
    numbers |= {name: np.full(count, np.nan) for name in ("bid_size", "ask_size", "taker_buy_24h")}
    markets = UniverseMarkets(
        ids=tuple(
            instrument_id(venue, MarketKind.LINEAR, f"{symbols[at // 3]}USDT") for at, venue in enumerate(venues)
        ),
        venues=venues,
        kinds=(MarketKind.LINEAR,) * count,
        base=base,
        columns=theirs,
        next_funding_ns=np.zeros(count, dtype=np.int64),
        **numbers,
    )
    live = np.full(coins, 3)
    return UniverseView(UniverseRequest(), revision, symbols, ours, live, np.full(coins, 3), markets, NOW, NOW)
