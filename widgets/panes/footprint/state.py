"""What a footprint pane keeps between runs, and the span that its profile sums."""

from __future__ import annotations

import logging
import math
from dataclasses import replace
from typing import Any

import msgspec

from widgets.chart.chart import TimeChart
from widgets.panes.footprint.cells.style import ProfileSpan, Style
from widgets.panes.footprint.options import COLUMNS, Number
from workstation.readmodels.flow.drawings import Level
from workstation.readmodels.flow.footprint import BarKind, FootprintRules

log = logging.getLogger(__name__)
_DAY_NS = 86_400_000_000_000
_LARGEST = 1e12


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
    """The state again, its numbers within what can be set; None for what another version wrote."""
    if not state:
        return None
    if isinstance(levels := state.get("levels"), dict):  # as written before there were zones
        prices = [(base, price) for base, kept in levels.items() if isinstance(kept, list) for price in kept]
        state = state | {"levels": [{"base": base, "low": price, "high": price} for base, price in prices]}
    try:
        return _bounded(msgspec.convert(state, FootprintState))
    except msgspec.ValidationError as error:
        log.warning("the footprint's settings are not taken up: %s", error)
        return None


def _bounded(state: FootprintState) -> FootprintState:
    rules = state.rules
    if rules.absorption is not None:
        rules = replace(rules, absorption=_within(rules.absorption, "absorption"))
    least = rules.unfinished_minimum
    state.style = _within(state.style, "style")
    state.rules = replace(_within(rules, "rules"), unfinished_minimum=None if least is None else max(least, 0.0))
    state.levels = tuple(level for level in state.levels if 0 < level.low <= level.high < _LARGEST)
    if state.bar_size is not None and not 0 < state.bar_size < _LARGEST:
        state.bar_size = None
    return state


def _within(part: Any, name: str) -> Any:
    """A part of the settings with each number within the bounds that the settings offer."""
    changes = {}
    for option in (option for _, column in COLUMNS for option in column):
        owner, _, field = option.path.partition(".")
        if owner == name and isinstance(kind := option.kind, Number):
            value = getattr(part, field)
            low, high = kind.least / kind.factor, kind.most / kind.factor
            changes[field] = type(value)(min(max(value, low), high))
    return replace(part, **changes)


def profile_bounds(chart: TimeChart, span: ProfileSpan, latest_ns: int) -> tuple[int, int]:
    """Start and end in ns: the bars in sight, or the UTC day of the newest of them."""
    left, right = chart.visible
    start_ns, end_ns = chart.grid.ts_ns(math.floor(left)), chart.grid.ts_ns(math.ceil(right))
    if span is ProfileSpan.VISIBLE:
        return start_ns, end_ns
    day = (min(end_ns, latest_ns) - 1) // _DAY_NS
    return day * _DAY_NS, (day + 1) * _DAY_NS
