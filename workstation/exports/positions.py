"""Rows of premium and quadrant: functions of a base's state."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from feeds.model.events import OpenInterest
from workstation.analytics.state.base import Base
from workstation.analytics.state.positioning import HOUR
from workstation.analytics.views.premium import chosen, premium_view
from workstation.analytics.views.quadrant import quadrant_of, trail_of
from workstation.exports.cells import Row, known, names_of, number
from workstation.readmodels.markets import MarketFilter
from workstation.readmodels.positions.premium import PremiumRequest
from workstation.readmodels.positions.quadrant import SAMPLE_NS, QuadrantRequest


def premium_rows(base: Base, bar_ns: int, now_ns: int) -> Iterator[Row]:
    """Every perpetual by itself, then the dollar-margined, the coin-margined and all, at the close of each bar."""
    request = PremiumRequest(base.name, bar_ns)
    view = premium_view(base, request, 0, now_ns)
    perps, _ = chosen(base, request)
    lines = [(names_of(market.instrument), line.values) for market, line in zip(perps, view.lines, strict=True)]
    groups = (("linear", view.linear), ("inverse", view.inverse), ("perp", view.combined))
    lines += [((base.name, "all", kind, ""), values) for kind, values in groups]
    for names, values in lines:
        for start, value, spot in zip(view.bar_start_ns.tolist(), values.tolist(), view.spot.tolist(), strict=True):
            yield (start, *names, known(value), known(spot))


def quadrant_rows(base: Base) -> Iterator[Row]:
    """Every sample that is kept of the perpetuals of a base, those of the last day."""
    markets, positioning = base.chosen(MarketFilter()), base.positioning
    if not markets or positioning.first is None:
        return
    steps = np.arange(max(positioning.first, positioning.last - 24 * HOUR + 1), positioning.last + 1)
    trail = trail_of(base, markets, QuadrantRequest().window_ns, steps)
    columns = (trail.obi, trail.cvd, trail.obi_scale, trail.cvd_scale, trail.x, trail.y)
    rows = zip((steps * SAMPLE_NS).tolist(), *(column.tolist() for column in columns), trail.counted, strict=True)
    for ts_ns, *numbers, counted in rows:
        corner = quadrant_of(numbers[-2], numbers[-1])
        yield (ts_ns, base.name, *map(known, numbers), corner.value if corner else "", int(counted), len(markets))


def interest_row(event: OpenInterest) -> Row:
    """Open interest as a venue told it."""
    notional = None if event.notional is None else number(event.notional)
    return (event.ts_venue_ns, *names_of(event.instrument), number(event.open_interest), notional)
