"""Round values and moments for axes and the grid lines under a chart."""

import math
from itertools import pairwise
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from widgets.theme import format as text_of

_SECOND = 1_000_000_000
_DAY = 86_400 * _SECOND
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
    """Moments that are round on the user's clock, about `spacing_px` apart or more: ns, text, whether a day begins.

    The text is a date where a day begins. Clocks that change within the span change the ticks from then on.
    """
    span_s = (end_ns - start_ns) / _SECOND
    if span_s <= 0.0 or width_px <= 0.0:
        return []
    wanted = span_s * spacing_px / width_px
    step_s = next((step for step in _STEPS_S if step >= wanted * 0.999), 604800 * math.ceil(wanted / 604800))
    step = step_s * _SECOND
    offsets = _offsets(start_ns - max(step, _DAY), end_ns, max(step, _DAY))
    found = sorted({ts for ahead in offsets for ts in _round_moments(start_ns - step, end_ns, step, ahead)})
    return [_time_tick(ts, step_s) for ts in _apart(found, step * 7 // 10) if ts >= start_ns]


def _apart(moments: list[int], least_ns: int) -> list[int]:
    """The moments without those that follow another at once, as the second 02:00 where clocks are put back."""
    return [ts for before, ts in pairwise((-least_ns, *moments)) if ts - before >= least_ns]


def _offsets(start_ns: int, end_ns: int, every_ns: int) -> set[int]:
    """How far the user's clock is ahead of UTC, in ns, in a span: more than one value where clocks change."""
    return {_ahead(ts) for ts in (*range(start_ns, end_ns, every_ns), end_ns)}


def _ahead(ts_ns: int) -> int:
    offset = text_of.moment(ts_ns).utcoffset()
    return int(offset.total_seconds()) * _SECOND if offset is not None else 0


def _round_moments(start_ns: int, end_ns: int, step: int, ahead: int) -> list[int]:
    """The moments that are round on a clock `ahead` of UTC, while the user's clock is; and where clocks skip the
    midnight of that clock, the moment at which the day begins.
    """
    first, last = -(-(start_ns + ahead) // step), (end_ns + ahead) // step
    moments = (index * step - ahead for index in range(first, last + 1))
    return [ts for ts in moments if _ahead(ts) == ahead or (_ahead(ts - 1) == ahead and _begins_day(ts))]


def _begins_day(ts_ns: int) -> bool:
    return text_of.moment(ts_ns - 1).date() < text_of.moment(ts_ns).date()


def _time_tick(ts_ns: int, step_s: int) -> tuple[int, str, bool]:
    moment = text_of.moment(ts_ns)
    if _begins_day(ts_ns):
        return ts_ns, text_of.day(ts_ns), True
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
