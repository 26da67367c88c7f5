"""The bars in sight as rows for a spreadsheet."""

import math
from collections.abc import Mapping

from widgets.pane import Table
from widgets.theme import format as text_of
from workstation.readmodels.arrays import Floats
from workstation.readmodels.flow.footprint import FootprintBar, FootprintView

BAR_COLUMNS = (
    "start_utc", "open", "high", "low", "close", "volume", "buy", "sell", "delta", "min_delta", "max_delta", "trades",
    "poc", "value_low", "value_high", "complete", "cvd", "oi_change", "long_liquidated_usd", "short_liquidated_usd",
)  # fmt: skip
_OF_VIEW = ("cvd", "oi_change", "long_liquidated_usd", "short_liquidated_usd")


def bars_as_table(view: FootprintView, part: slice, more: Mapping[str, Floats]) -> Table:
    """One row a bar, sizes in base coin, liquidations in quote, then the figures of studies, (n,) for all bars each.

    Prices of rows are their lower edges, that of the value area's top its upper edge; NaN is an empty cell.
    """
    columns = [getattr(view, name) for name in _OF_VIEW] + list(more.values())
    rows = tuple(
        (*_own(bar, view.row_size), *(_at(column, part.start + at) for column in columns))
        for at, bar in enumerate(view.bars[part])
    )
    return Table((*BAR_COLUMNS, *more), rows)


def _own(bar: FootprintBar, row_size: float) -> tuple[str | int | float | None, ...]:
    digits = text_of.decimals_of(row_size)
    sizes = (bar.volume, bar.buy, bar.sell, bar.delta, bar.min_delta, bar.max_delta)
    rows = (bar.poc_row, bar.value_low_row, bar.value_high_row + 1)
    return (
        text_of.date_clock(bar.start_ns), bar.open, bar.high, bar.low, bar.close,
        *(round(value, 8) for value in sizes), bar.trades,
        *(round(row * row_size, digits) for row in rows), str(bar.complete),
    )  # fmt: skip


def _at(column: Floats, index: int) -> float | None:
    value = float(column[index]) if index < len(column) else math.nan
    return None if math.isnan(value) else float(f"{value:.12g}")
