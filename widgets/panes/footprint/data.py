"""The bars in sight as rows for a spreadsheet: one a bar, sizes in base coin, liquidations in quote."""

from __future__ import annotations

import math

from widgets.pane import Table
from widgets.theme import format as text_of
from workstation.readmodels.arrays import Floats
from workstation.readmodels.flow.footprint import FootprintBar, FootprintView

COLUMNS = (
    "start_utc", "open", "high", "low", "close", "volume", "buy", "sell", "delta", "min_delta", "max_delta", "trades",
    "poc", "value_low", "value_high", "complete", "cvd", "oi_change", "long_liquidated_usd", "short_liquidated_usd",
    "vwap",
)  # fmt: skip
_TOLD = ("cvd", "oi_change", "long_liquidated_usd", "short_liquidated_usd", "vwap")


def bars_as_table(view: FootprintView, part: slice) -> Table:
    """Prices of rows are their lower edges, that of the value area's top its upper edge; what is not known is empty."""
    rows = tuple(
        (*_own(bar, view.row_size), *(_told(getattr(view, name), part.start + at) for name in _TOLD))
        for at, bar in enumerate(view.bars[part])
    )
    return Table(COLUMNS, rows)


def _own(bar: FootprintBar, row_size: float) -> tuple[str | int | float | None, ...]:
    digits = text_of.decimals_of(row_size)
    sizes = (bar.volume, bar.buy, bar.sell, bar.delta, bar.min_delta, bar.max_delta)
    rows = (bar.poc_row, bar.value_low_row, bar.value_high_row + 1)
    return (
        text_of.date_clock(bar.start_ns), bar.open, bar.high, bar.low, bar.close,
        *(round(value, 8) for value in sizes), bar.trades,
        *(round(row * row_size, digits) for row in rows), str(bar.complete),
    )  # fmt: skip


def _told(column: Floats, index: int) -> float | None:
    value = float(column[index]) if index < len(column) else math.nan
    return None if math.isnan(value) else round(value, 8)
