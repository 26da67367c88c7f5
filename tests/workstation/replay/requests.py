"""A request of every kind that the engine answers, for every coin."""

from __future__ import annotations

from collections.abc import Iterator

from workstation.analytics.answers import ANSWERS
from workstation.analytics.engine import Engine
from workstation.readmodels.flow.chart import CellRequest
from workstation.readmodels.flow.heatmap import HeatCellRequest
from workstation.readmodels.flow.profile import ProfileRequest
from workstation.readmodels.markets import MarketFilter
from workstation.readmodels.request import Request, View

DAY_NS = 86_400_000_000_000


def all_requests(engine: Engine) -> Iterator[Request[View]]:
    """At least one request of each kind; of those about a coin one for each coin of the engine."""
    everything, now_ns = MarketFilter(perp=None), engine.now_ns
    for kind in ANSWERS:
        for base in engine.bases:
            if kind is CellRequest:
                yield CellRequest(base, everything, 10.0, 0, 1 << 40, now_ns - DAY_NS, now_ns + DAY_NS)
            elif kind is ProfileRequest:
                yield ProfileRequest(base, everything, 10.0, now_ns - DAY_NS, now_ns + DAY_NS)
            elif kind is HeatCellRequest:
                yield HeatCellRequest(base, None, everything, 10.0, 5, now_ns // 5_000_000_000 - 1, 6_000)
            else:
                yield kind(base=base)  # raises TypeError for a new kind that needs a line here
