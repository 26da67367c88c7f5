"""Big prints for the bubbles of a chart."""

from __future__ import annotations

from workstation.analytics.bars.bars import frozen
from workstation.analytics.state.base import Base
from workstation.analytics.views.tape import big_prints_of, prices_of
from workstation.readmodels.flow.big_trades import BigTrades, BigTradesRequest


def big_trades_view(base: Base, request: BigTradesRequest, revision: int, now_ns: int) -> BigTrades:
    """The largest prints of a span of time at or above the threshold, in the order of the store."""
    found = big_prints_of(base, request.markets, request.minimum_usd)
    prints = found.largest(request.start_ns, request.end_ns, request.count)
    return BigTrades(
        request=request,
        revision=revision,
        threshold_usd=found.threshold(),
        ts_venue_ns=frozen(prints.ts),
        price=frozen(prices_of(base, prints.ticks, prints.market)),
        notional=frozen(prints.notional),
        side=frozen(prints.sign),
        market=frozen(prints.market),
        markets=tuple(state.state(now_ns) for state in base.markets),
    )
