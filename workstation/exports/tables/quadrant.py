"""Every sample of a base's OBI and CVD in the last day that the quadrant retains."""

from collections.abc import Iterator

import numpy as np

from workstation.analytics.state.base import Base
from workstation.analytics.state.positioning import HOUR
from workstation.analytics.views.quadrant import quadrant_of, trail_of
from workstation.exports.cells import Row, known
from workstation.exports.table import ExportSettings, Table, at_end, floats, integers, texts
from workstation.readmodels.markets import MarketFilter
from workstation.readmodels.positions.quadrant import SAMPLE_NS, QuadrantRequest


def _rows(base: Base, settings: ExportSettings, now_ns: int) -> Iterator[Row]:
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


TABLE = Table(
    "quadrant",
    (
        *(*integers("ts_ns"), *texts("base"), *floats("obi", "cvd_usd", "obi_scale", "cvd_scale", "x", "y")),
        *(*texts("quadrant"), *integers("live", "known")),
    ),
    at_end(_rows),
    """quadrant has the samples of every 10 s of the last day: obi of all perpetuals within 0.2 % of mid, weighted by
    the taker flow of 5 minutes; cvd_usd is their CVD of 5 minutes; x and y are both over their scale, the 95th
    percentile of the absolute value in 24 h; live of known perpetuals count.""",
)
