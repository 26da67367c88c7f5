"""The bars in sight as text for a spreadsheet: one line a bar, sizes in base coin."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable

from widgets import format as text_of
from workstation.readmodels import FootprintBar

COLUMNS = (
    "start_utc", "open", "high", "low", "close", "volume", "buy", "sell", "delta", "min_delta", "max_delta", "trades",
    "poc", "value_low", "value_high", "complete",
)  # fmt: skip


def bars_as_csv(bars: Iterable[FootprintBar], row_size: float) -> str:
    """Lines with a heading; prices of rows are their lower edges, that of the value area's top its upper edge."""
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\n")
    writer.writerow(COLUMNS)
    digits = text_of.decimals_of(row_size)
    for bar in bars:
        sizes = (bar.volume, bar.buy, bar.sell, bar.delta, bar.min_delta, bar.max_delta)
        rows = (bar.poc_row, bar.value_low_row, bar.value_high_row + 1)
        writer.writerow(
            (
                text_of.date_clock(bar.start_ns), bar.open, bar.high, bar.low, bar.close,
                *(round(value, 8) for value in sizes),
                bar.trades, *(round(row * row_size, digits) for row in rows), bar.complete,
            )
        )  # fmt: skip
    return out.getvalue()
