"""Estimated liquidation levels through time and now, and real liquidations."""

from fractions import Fraction
from typing import Any

import numpy as np

from workstation.analytics.answer import of_base
from workstation.analytics.positions.level_bars import LevelBars, LevelInputs
from workstation.analytics.positions.liquidation_levels import LONG, SHORT, Levels
from workstation.analytics.state.base import Base
from workstation.analytics.state.derived_bars import round_step
from workstation.analytics.state.market import Market
from workstation.analytics.views.footprint import gap_spans, last_price
from workstation.readmodels.arrays import frozen
from workstation.readmodels.markets import MarketState
from workstation.readmodels.positions.liquidation_levels import (
    MINUTE_NS,
    LevelLedger,
    LevelSource,
    LiquidationLevelsRequest,
    LiquidationLevelsView,
)

GRACE_NS = 15_000_000_000  # a minute is finished so long after its end, to include late data
SHOWN_LIQUIDATIONS = 2_000


def liquidation_levels_view(
    base: Base, request: LiquidationLevelsRequest, revision: int, now_ns: int
) -> LiquidationLevelsView:
    """Estimated levels of a request; none without bars or open interest."""
    markets = [market for market in base.chosen(request.markets) if market.instrument.kind.is_perp]
    states = tuple(market.state(now_ns) for market in markets)
    bars = _inputs(base, markets).bars(base) if markets else None
    made = _empty(states) if bars is None else _made(base, request, bars, states)
    return LiquidationLevelsView(
        request=request,
        revision=revision,
        bar_ns=MINUTE_NS,
        **made,
        **_liquidations(base, markets, made["start_ns"]),
        gaps=gap_spans(markets),
        markets=states,
        last_price=last_price(markets),
        now_ns=now_ns,
    )


def _inputs(base: Base, markets: list[Market]) -> LevelInputs:
    key = ("level bars", tuple(market.index for market in markets))
    found = base.find(key)
    return found if isinstance(found, LevelInputs) else base.keep(key, LevelInputs(markets))


def _made(
    base: Base, request: LiquidationLevelsRequest, bars: LevelBars, states: tuple[MarketState, ...]
) -> dict[str, Any]:
    key = ("levels", request)
    found = base.find(key)
    levels = found if isinstance(found, Levels) else base.keep(key, Levels(request.rules))
    size = _row_size(base, request, bars)
    finished = min(max((base.watermark_ns - GRACE_NS) // MINUTE_NS - bars.first, 0), len(bars))
    history = levels.update(bars, size, finished)
    model, running = levels.running(bars)
    now = model.standing.sum(axis=0)
    counts = zip(states, model.changes.tolist(), strict=True)
    return {
        "start_ns": bars.first * MINUTE_NS,
        "row_size": float(size),
        "first_row": model.grid.first,
        "levels": history,
        "running": frozen(running),
        "long_now": frozen(now[LONG]),
        "short_now": frozen(now[SHORT]),
        "close": frozen(bars.close),
        "high": frozen(np.fmax.reduce(bars.high)),
        "low": frozen(np.fmin.reduce(bars.low)),
        "ledger": model.ledger,
        "sources": tuple(LevelSource(state, count) for state, count in counts),
    }


def _row_size(base: Base, request: LiquidationLevelsRequest, bars: LevelBars) -> Fraction:
    """A round step near `row_share` of the first price."""
    known = bars.close[np.isfinite(bars.close)]
    return round_step(Fraction(float(known[0]) * request.rules.row_share), base.largest_tick(base.alike))


def _empty(states: tuple[MarketState, ...]) -> dict[str, Any]:
    nothing = frozen(np.zeros(0))
    names = ("long_now", "short_now", "close", "high", "low")
    return {
        "start_ns": 0,
        "row_size": 1.0,
        "first_row": 0,
        "levels": frozen(np.zeros((0, 0), np.float32)),
        "running": frozen(np.zeros((0, 0), np.float32)),
        "ledger": LevelLedger(),
        "sources": tuple(LevelSource(state, 0) for state in states),
        **dict.fromkeys(names, nothing),
    }


def _liquidations(base: Base, markets: list[Market], since_ns: int) -> dict[str, Any]:
    """The largest real liquidations since the first bar; their price is notional over size."""
    wanted = [market.index for market in markets]
    parts = [part.where(np.isin(part.market, wanted) & (part.ts >= since_ns)) for part in base.liquidations.parts()]
    ts, size, usd, sign = (
        np.concatenate([np.zeros(0, kind), *(getattr(part, name) for part in parts)])
        for name, kind in (("ts", np.int64), ("size", np.float64), ("notional", np.float64), ("sign", np.int64))
    )
    largest = np.sort(np.argsort(-usd, kind="stable")[:SHOWN_LIQUIDATIONS])
    order = largest[np.argsort(ts[largest], kind="stable")]
    with np.errstate(divide="ignore", invalid="ignore"):
        price = usd[order] / size[order]
    return {
        "liquidation_ts_ns": frozen(ts[order]),
        "liquidation_price": frozen(price),
        "liquidation_usd": frozen(usd[order]),
        "liquidation_position": frozen(-sign[order]),
    }


ANSWERS = (of_base(LiquidationLevelsRequest, liquidation_levels_view, "flow_revision"),)
