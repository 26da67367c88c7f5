"""An export table: the last price of every market. This file is all that it takes."""

from __future__ import annotations

from collections.abc import Iterator

from workstation.analytics.state.base import Base
from workstation.exports.cells import Row, known, names_of
from workstation.exports.table import MARKET, ExportSettings, Table, at_end, floats, integers


def _rows(base: Base, settings: ExportSettings, now_ns: int) -> Iterator[Row]:
    for market in base.markets:
        yield (now_ns, *names_of(market.instrument), known(market.last_price))


TABLE = Table(
    "last_prices",
    (*integers("ts_ns"), *MARKET, *floats("price")),
    at_end(_rows),
    "price is that of the last trade, empty where none was received.",
)
