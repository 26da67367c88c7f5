"""OBI of every market and blended over venues, in every band, at a cadence."""

from collections.abc import Iterator

from workstation.analytics.engine import Engine
from workstation.analytics.state.base import Base
from workstation.analytics.views.ladder import blend, imbalances_of
from workstation.exports.cells import Row, known, names_of
from workstation.exports.table import MARKET, Batches, ExportSettings, Schedule, Table, TableRows, floats, integers
from workstation.readmodels.flow.ladder import BANDS
from workstation.readmodels.markets import Freshness


class _ObiRows(TableRows):
    def __init__(self, settings: ExportSettings) -> None:
        self.schedule = Schedule(settings.every_ns)

    def sample(self, engine: Engine, ts_ns: int) -> Batches:
        for base in engine.bases.values():
            yield list(_rows(base, ts_ns))


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


TABLE = Table(
    "obi",
    (*integers("ts_ns"), *MARKET, *floats("band", "obi")),
    _ObiRows,
    """obi is (bid - ask) / (bid + ask) within mid +- band (a fraction), at most 200 levels a side, of live books; venue
    `all` blends the perpetuals or the spot markets by what takers traded on each in five minutes.""",
)
