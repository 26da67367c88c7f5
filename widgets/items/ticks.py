"""Round values and moments for axes and the grid lines under a chart."""

from __future__ import annotations

import math
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from widgets.theme import format as text_of

_SECOND = 1_000_000_000
_STEPS_S = (1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 900, 1800, 3600, 7200, 14400, 21600, 43200, 86400, 172800, 604800)


class Tick(NamedTuple):
    """A slot pointed out on the time axis; where a day begins the text is a date."""

    slot: float
    text: str
    is_day: bool
    centred: bool  # whether the text belongs under the middle of the bar that begins there


def value_ticks(bottom: float, top: float, height_px: float, spacing_px: float = 40.0) -> list[float]:
    """Round values (1, 2, 5 x 10^n) about `spacing_px` apart, ascending."""
    span = top - bottom
    if not (math.isfinite(span) and span > 0.0 and height_px > 0.0):
        return []
    raw = span * spacing_px / height_px
    magnitude = 10.0 ** math.floor(math.log10(raw))
    step = next(factor * magnitude for factor in (1, 2, 5, 10) if factor * magnitude >= raw * 0.999)
    first, last = math.ceil(bottom / step), math.floor(top / step)
    return [index * step for index in range(first, last + 1)] if last - first < 1000 else []


def time_ticks(start_ns: int, end_ns: int, width_px: float, spacing_px: float = 80.0) -> list[tuple[int, str, bool]]:
    """Round moments `spacing_px` or more apart: ns, text, whether a day begins there (the text is a date then)."""
    span_s = (end_ns - start_ns) / _SECOND
    if span_s <= 0.0 or width_px <= 0.0:
        return []
    wanted = span_s * spacing_px / width_px
    step_s = next((step for step in _STEPS_S if step >= wanted * 0.999), 604800 * math.ceil(wanted / 604800))
    step = step_s * _SECOND
    offset = text_of.moment(start_ns).utcoffset()
    ahead = int(offset.total_seconds()) * _SECOND if offset is not None else 0  # round hours of the person's clock
    first = -(-(start_ns + ahead) // step)
    return [_time_tick(index * step - ahead, step_s) for index in range(first, (end_ns + ahead) // step + 1)]


def _time_tick(ts_ns: int, step_s: int) -> tuple[int, str, bool]:
    moment = text_of.moment(ts_ns)
    if moment.hour == moment.minute == moment.second == 0:
        return ts_ns, f"{moment.day} {moment:%b}", True
    return ts_ns, moment.strftime("%H:%M:%S" if step_s < 60 else "%H:%M"), False


def run_ticks(
    first: int, starts: npt.NDArray[np.int64], left: float, right: float, width_px: float, spacing_px: float = 88.0
) -> list[Tick]:
    """Every so many bars, `spacing_px` or more apart, with the time at which they begin; a new day as a date.

    `starts` are the ns at which the slots from `first` on begin. A tick is the same wherever the chart is panned to.
    """
    if right <= left or width_px <= 0 or not len(starts):
        return []
    wanted = (right - left) * spacing_px / width_px
    magnitude = 10 ** max(0, math.floor(math.log10(max(wanted, 1.0))))
    step = next(factor * magnitude for factor in (1, 2, 5, 10) if factor * magnitude >= wanted * 0.999)
    begin = max(math.ceil(left / step) * step, -(-first // step) * step)
    end = min(math.floor(right), first + len(starts) - 1)
    found: list[Tick] = []
    day = text_of.moment(int(starts[begin - step - first])).date() if first <= begin - step <= end else None
    for slot in range(begin, end + 1, step):
        moment = text_of.moment(int(starts[slot - first]))
        new_day = day is not None and moment.date() != day
        day = moment.date()
        found.append(Tick(float(slot), f"{moment.day} {moment:%b}" if new_day else f"{moment:%H:%M:%S}", new_day, True))
    return found
