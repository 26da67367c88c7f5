"""What a footprint pane keeps between runs, and the span that its profile sums."""

from __future__ import annotations

import logging
import math

import msgspec

from widgets.chart import TimeChart
from widgets.items.style import ProfileSpan, Style
from workstation.readmodels import BarKind, FootprintRules, Level

log = logging.getLogger(__name__)
_DAY_NS = 86_400_000_000_000


class FootprintState(msgspec.Struct):
    """How it was drawn and judged, and what was drawn on it."""

    style: Style
    rules: FootprintRules
    bar_ns: int
    levels: tuple[Level, ...] = ()
    bar_kind: BarKind = BarKind.TIME
    bar_size: float | None = None  # None is automatic


def remembered(
    style: Style,
    rules: FootprintRules,
    bar_ns: int,
    levels: tuple[Level, ...],
    bar_kind: BarKind,
    bar_size: float | None,
) -> dict[str, object]:
    """As values that JSON knows."""
    kept: dict[str, object] = msgspec.to_builtins(FootprintState(style, rules, bar_ns, levels, bar_kind, bar_size))
    return kept


def recalled(state: dict[str, object]) -> FootprintState | None:
    """The state again; None for what another version wrote."""
    if not state:
        return None
    if isinstance(levels := state.get("levels"), dict):  # as written before there were zones
        prices = [(base, price) for base, kept in levels.items() for price in kept]
        state = state | {"levels": [{"base": base, "low": price, "high": price} for base, price in prices]}
    try:
        return msgspec.convert(state, FootprintState)
    except msgspec.ValidationError as error:
        log.warning("the footprint's settings are not taken up: %s", error)
        return None


def profile_bounds(chart: TimeChart, span: ProfileSpan, latest_ns: int) -> tuple[int, int]:
    """Start and end in ns: the bars in sight, or the UTC day of the newest of them."""
    left, right = chart.visible
    start_ns, end_ns = chart.grid.ts_ns(math.floor(left)), chart.grid.ts_ns(math.ceil(right))
    if span is ProfileSpan.VISIBLE:
        return start_ns, end_ns
    day = (min(end_ns, latest_ns) - 1) // _DAY_NS
    return day * _DAY_NS, (day + 1) * _DAY_NS
