"""The rows of bars in which something traded."""

from collections.abc import Iterator

import numpy as np

from workstation.analytics.state.base import Base
from workstation.exports.cells import Row, number
from workstation.exports.table import MARKET, ExportSettings, Table, at_end, booleans, floats, integers
from workstation.exports.tables.bars import market_bars


def _rows(base: Base, settings: ExportSettings, now_ns: int) -> Iterator[Row]:
    for names, row_size, bar in market_bars(base, settings, now_ns):
        traded = np.flatnonzero((bar.buy_volume > 0) | (bar.sell_volume > 0)).tolist()
        rows = [(bar.first_row + at, bar.sell_volume[at], bar.buy_volume[at]) for at in traded]
        rows += [(one.row, one.sell, one.buy) for one in bar.outliers]
        for row, sell, buy in sorted(rows):
            yield (bar.start_ns, *names, number(row * row_size), number(sell), number(buy), row == bar.poc_row)


TABLE = Table(
    "footprint",
    (*integers("bar_start_ns"), *MARKET, *floats("row_price", "sell", "buy"), *booleans("is_poc")),
    at_end(_rows),
    "row_price is the lower edge of a row.",
    is_default=True,
)
