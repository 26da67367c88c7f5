"""Books at a cadence, as they stood before the first frame at or after it, before they were lost and at the end."""

from collections.abc import Iterator
from typing import Any

from feeds.model.events import BookLost
from workstation.analytics.engine import Engine
from workstation.analytics.state.market import Market
from workstation.exports.cells import Row, names_of, number
from workstation.exports.table import (
    MARKET,
    Batches,
    ExportSettings,
    Schedule,
    Table,
    TableRows,
    floats,
    integers,
    texts,
)


class _BookRows(TableRows):
    event_types = (BookLost,)

    def __init__(self, settings: ExportSettings) -> None:
        self._levels = settings.book_levels
        self.schedule = Schedule(settings.every_ns)

    def sample(self, engine: Engine, ts_ns: int) -> Batches:
        for base in engine.bases.values():
            yield [row for market in base.markets for row in self._rows(market, ts_ns)]

    def before_event(self, engine: Engine, event: Any) -> Batches:
        market = engine.market(event.instrument.id)
        if market is not None:
            yield list(self._rows(market, event.ts_recv_ns))

    def at_end(self, engine: Engine, now_ns: int) -> Batches:
        return self.sample(engine, now_ns)

    def _rows(self, market: Market, ts_ns: int) -> Iterator[Row]:
        if not market.book.known:
            return
        instrument = market.instrument
        for side, book_side in (("bid", market.book.bids), ("ask", market.book.asks)):
            chosen = book_side.top(self._levels) if self._levels else book_side.levels()
            for level, (ticks, size) in enumerate(chosen):
                price = instrument.price_from_ticks(ticks)
                yield (ts_ns, *names_of(instrument), side, level, number(price), number(size))


TABLE = Table(
    "book",
    (*integers("ts_ns"), *MARKET, *texts("side"), *integers("level"), *floats("price", "size")),
    _BookRows,
    "side is bid or ask; level 0 is the best price.",
    is_default=True,
)
