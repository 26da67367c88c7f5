"""How much of a footprint can be read at a size on screen: which level of detail, and how many rows are summed.

Rows are summed (exactly, on the grid anchored at price 0) before a level is given up. A finer level has to be 15 %
roomier to be entered than to stay, so that a slow zoom does not flicker.
"""

from dataclasses import dataclass
from enum import IntEnum

from widgets.panes.footprint.cells.style import CellMode

FACTORS = (1, 2, 5, 10, 20, 25, 50, 100)
HYSTERESIS = 1.15


class Detail(IntEnum):
    """What a bar shows, coarsest first."""

    CANDLES = 0
    MARKS = 1  # candle and POC
    BARS = 2  # volume by row without text
    DELTA = 3  # one delta number a row
    NUMBERS = 4  # sell x buy


_WIDTH_PX = {Detail.NUMBERS: 80.0, Detail.DELTA: 44.0, Detail.BARS: 18.0, Detail.MARKS: 8.0, Detail.CANDLES: 0.0}
_NUMBERS_PX = {
    CellMode.BID_ASK: 80.0,
    CellMode.LADDER: 80.0,
    CellMode.VOLUME_PROFILE: 60.0,
    CellMode.DELTA_PROFILE: 60.0,
    CellMode.DELTA: 44.0,
    CellMode.TOTAL: 44.0,
    CellMode.TRADES: 44.0,
}
_ROW_PX = {Detail.NUMBERS: 11.0, Detail.DELTA: 11.0, Detail.BARS: 4.0, Detail.MARKS: 3.0, Detail.CANDLES: 0.0}


@dataclass(frozen=True, slots=True)
class Choice:
    """A level and the number of rows summed into one."""

    detail: Detail
    factor: int


def choose(pitch_px: float, row_px: float, previous: Choice | None = None, mode: CellMode = CellMode.BID_ASK) -> Choice:
    """The finest level that fits bars `pitch_px` wide and rows `row_px` high, both in logical pixels."""
    for detail in sorted(Detail, reverse=True):
        finer = previous is not None and detail > previous.detail
        width_px = _NUMBERS_PX[mode] if detail is Detail.NUMBERS else _WIDTH_PX[detail]
        if pitch_px < width_px * (HYSTERESIS if finer else 1.0) or (detail is Detail.DELTA and not mode.pairs):
            continue
        factor = _factor(row_px, _ROW_PX[detail], None if previous is None else previous.factor, finer)
        if factor is not None:
            return Choice(detail, factor)
    return Choice(Detail.CANDLES, 1)


def _factor(row_px: float, needed_px: float, previous: int | None, finer: bool) -> int | None:
    """The fewest rows to sum, or None when even the most are too thin."""
    for factor in FACTORS:
        entering = previous is not None and (finer or factor < previous)
        if row_px * factor >= needed_px * (HYSTERESIS if entering else 1.0):
            return factor
    return None
