"""OBI of every market and blended over venues, in every band, at a cadence."""

from __future__ import annotations

from collections.abc import Iterator

from workstation.analytics.engine import Engine
from workstation.analytics.state.base import Base
from workstation.analytics.views.ladder import blend, imbalances_of
from workstation.exports.cells import Row, known, names_of
from workstation.readmodels.flow.ladder import BANDS
from workstation.readmodels.markets import Freshness

OBI_COLUMNS = ("ts_ns", "base", "venue", "kind", "symbol", "band", "obi")
OBI_NOTE = """obi is (bid - ask) / (bid + ask) within mid +- band (a fraction), at most 200 levels a side, of live
books; venue `all` blends the perpetuals or the spot markets by what takers traded on each in five minutes."""


class ObiRows:
    """Rows at every multiple of a cadence, as the books stood before the first frame at or after it."""

    def __init__(self, every_ns: int) -> None:
        self._every_ns = every_ns
        self._next_ns = 0

    def due(self, engine: Engine, now_ns: int) -> Iterator[tuple[str, list[Row]]]:
        """The rows of a step that `now_ns` reaches."""
        if now_ns < self._next_ns:
            return
        at_ns, self._next_ns = self._next_ns, now_ns - now_ns % self._every_ns + self._every_ns
        if at_ns:
            for base in engine.bases.values():
                yield "obi", list(_rows(base, at_ns))


def _rows(base: Base, ts_ns: int) -> Iterator[Row]:
    for band in BANDS:
        for kind, perp in (("perp", True), ("spot", False)):
            chosen = [market for market in base.markets if market.instrument.kind.is_perp is perp]
            imbalances = imbalances_of(base, chosen, band, ts_ns)
            for market, one in zip(chosen, imbalances, strict=True):
                live = one.imbalance if one.market.book is Freshness.LIVE else None
                yield (ts_ns, *names_of(market.instrument), band, known(live))
            if chosen:
                yield (ts_ns, base.name, "all", kind, "", band, known(blend(imbalances)))
