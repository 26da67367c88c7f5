"""The heatmap's request at a zoom: seconds per column, ticks per row, and whole tiles over the visible range."""

import math
from dataclasses import replace

from widgets.theme import format as text_of
from workstation.readmodels.flow.heatmap import COLUMN_NS, TILE_COLUMNS, TILE_ROWS, HeatmapRequest

MULTIPLES = (1, 2, 5, 10, 20, 50, 100, 200, 500, 1_000)
_MOST_SECONDS = 64
_COLUMN_PX = (1.5, 2.0, 4.5)  # least, preferred and most before another length is chosen
_ROW_PX = (2.0, 3.0, 9.0)


def seconds_for(pitch: float, before: int) -> int:
    """Seconds per column, a power of two, where one second is `pitch` pixels wide; `before` while that fits."""
    least, wanted, most = _COLUMN_PX
    if least <= before * pitch and (before == 1 or before * pitch <= most):
        return before
    seconds = 1
    while seconds * pitch < wanted and seconds < _MOST_SECONDS:
        seconds *= 2
    return seconds


def multiple_for(tick_px: float, before: int, fixed: int | None = None) -> int:
    """Ticks per row where one tick is `tick_px` high; `fixed` is only raised if rows were thinner than a pixel."""
    least, wanted, most = _ROW_PX
    if fixed is not None:
        return fixed if fixed * tick_px >= 1.0 else rounded_up(1.0 / tick_px)
    if least <= before * tick_px and (before == 1 or before * tick_px <= most):
        return before
    return rounded_up(wanted / tick_px)


def rounded_up(wanted: float) -> int:
    """The smallest of 1, 2, 5, 10, 20, 50 ... that is not below `wanted`."""
    if not wanted > 1:
        return 1
    power = 10 ** math.floor(math.log10(wanted))
    return int(next(factor * power for factor in (1, 2, 5, 10) if factor * power >= wanted * (1 - 1e-9)))


def row_size_of(tick: float, multiple: int) -> float:
    return round(tick * multiple, text_of.decimals_of(tick))


def over(
    request: HeatmapRequest, start_ns: int, end_ns: int, low: float, high: float, row_size: float
) -> HeatmapRequest:
    """The request for whole tiles over a visible range, so that it rarely changes."""
    width = TILE_COLUMNS * request.seconds * COLUMN_NS
    height = TILE_ROWS * row_size
    first, last = math.floor(low / height), math.floor(high / height)
    return replace(
        request,
        row_size=row_size,
        start_ns=max(start_ns // width * width, 0),
        end_ns=(end_ns // width + 1) * width,
        low=(first + 0.5) * height,
        high=(last + 0.5) * height,
    )
