"""Candles for the time before the trades: one set for a footprint, and lines for the CVD where the taker is told."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from workstation.analytics.bars.bars import frozen
from workstation.analytics.state.base import Base
from workstation.analytics.state.candles import delta_of, summed
from workstation.analytics.state.market import Market
from workstation.readmodels.arrays import Ints
from workstation.readmodels.flow.candles import CandleColumns, CandleLine

FOREVER_NS = 1 << 62
_SUMS_KEPT = 16


def candles_before(base: Base, markets: Sequence[Market], first_ns: int | None, bar_ns: int) -> CandleColumns:
    """Bars of some markets that end before the first bar of trades, which begins at `first_ns`."""
    end_ns = FOREVER_NS if first_ns is None else first_ns
    key = (tuple(market.index for market in markets), bar_ns, end_ns)
    found = base.candle_sums.get(key)
    if found is None:
        parts = [market.candles.bars(bar_ns, end_ns) for market in markets]
        if len(base.candle_sums) >= _SUMS_KEPT:
            base.candle_sums.clear()
        found = base.candle_sums[key] = summed([part for part in parts if part is not None])
    return found


def candle_lines(markets: Sequence[Market], starts: Ints, bar_ns: int, in_usd: bool) -> tuple[CandleLine, ...]:
    """The running deltas before the axis of trades begins, of the markets whose venue tells the taker's part."""
    end_ns = int(starts[0]) if len(starts) else FOREVER_NS
    lines = []
    for market in markets:
        part = market.candles.bars(bar_ns, end_ns)
        if part is None:
            continue
        delta, instrument = delta_of(part, in_usd), market.instrument
        if not np.isnan(delta).any():
            sums = np.cumsum(delta)
            label = f"{instrument.venue} {instrument.symbol}"
            values = frozen(sums - sums[-1])
            lines.append(CandleLine(label, instrument.venue, instrument.kind, frozen(part.start), values))
    return tuple(lines)
