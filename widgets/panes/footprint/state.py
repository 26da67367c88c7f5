"""What a footprint pane saves with a workspace, and how states of earlier versions are read."""

import logging
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import msgspec

from widgets.panes.footprint.cells.statistics import NAMES
from widgets.panes.footprint.cells.style import Style
from widgets.panes.footprint.settings import STYLE_OPTIONS
from widgets.panes.footprint.studies.declaration import Number
from workstation.readmodels.flow.drawings import Level
from workstation.readmodels.flow.footprint import BarKind

log = logging.getLogger(__name__)
_LARGEST = 1e12

# Before there were declarations, a study was a field of the style, and its parameters were fields of style and rules.
_FORMER_SHOWN = {
    name: name
    for name in (
        "imbalances", "poc", "naked_pocs", "value_area", "nodes", "zones", "vwap", "session_pocs", "divergences",
        "unfinished", "exhaustion", "liquidations", "setups", "last_line", "quote_lines", "mark_line",
    )
} | {"bubbles": "big_trades"}  # fmt: skip
_FORMER_VALUES = {
    "style.vwap_bands": ("vwap", "bands"),
    "style.bubble_usd": ("big_trades", "minimum_usd"),
    "rules.imbalance_ratio": ("imbalances", "ratio"),
    "rules.minimum_mode": ("imbalances", "minimum_mode"),
    "rules.minimum_volume": ("imbalances", "minimum_volume"),
    "rules.minimum_usd": ("imbalances", "minimum_usd"),
    "rules.minimum_percentile": ("imbalances", "minimum_percentile"),
    "rules.zero_rule": ("imbalances", "zero_rule"),
    "rules.stack_length": ("zones", "length"),
    "rules.value_area": ("value_area", "share"),
    "rules.value_area_mode": ("value_area", "mode"),
    "rules.poc_tie": ("poc", "tie"),
    "rules.unfinished_minimum": ("unfinished", "minimum"),
    "rules.exhaustion_rows": ("exhaustion", "rows"),
    "rules.divergence_bars": ("divergences", "bars"),
    "rules.naked_pocs": ("naked_pocs", "bars"),
}


class FootprintState(msgspec.Struct):
    """`studies` is `{name: {"shown": bool, "values": {parameter: value}}}`; a `bar_size` of None is automatic."""

    style: Style
    bar_ns: int
    studies: dict[str, dict[str, Any]] = {}
    levels: tuple[Level, ...] = ()
    bar_kind: BarKind = BarKind.TIME
    bar_size: float | None = None

    def as_json(self) -> dict[str, object]:
        state: dict[str, object] = msgspec.to_builtins(self)
        return state


def read_state(state: dict[str, object]) -> FootprintState | None:
    """The state again, its numbers within what can be set; None, logged, for one that cannot be read."""
    if not state:
        return None
    try:
        return _bounded(msgspec.convert(_migrated(state), FootprintState))
    except (msgspec.ValidationError, AttributeError, TypeError) as error:
        log.warning("the saved settings of a footprint cannot be read: %s", error)
        return None


def _migrated(state: dict[str, object]) -> dict[str, object]:
    if isinstance(levels := state.get("levels"), dict):  # as written before there were zones
        prices = [(base, price) for base, saved in levels.items() if isinstance(saved, list) for price in saved]
        state = state | {"levels": [{"base": base, "low": price, "high": price} for base, price in prices]}
    if isinstance(state.get("rules"), dict) and "studies" not in state:
        state = state | {"studies": studies_of_former(state)}
    return state


def studies_of_former(state: Mapping[str, Any]) -> dict[str, dict[str, Any]]:
    """The settings of studies in a state that has `style` and `rules` instead."""
    style, rules = state.get("style", {}), state["rules"]
    found: dict[str, dict[str, Any]] = {}

    def of(name: str) -> dict[str, Any]:
        return found.setdefault(name, {"values": {}})

    for field, name in _FORMER_SHOWN.items():
        if field in style:
            of(name)["shown"] = style[field]
    for path, (name, parameter) in _FORMER_VALUES.items():
        owner, _, field = path.partition(".")
        value = (style if owner == "style" else rules).get(field)
        if value is not None:
            of(name)["values"][parameter] = value
    if "profile" in style:
        of("profile")["shown"] = style["profile"] != "off"
        if style["profile"] != "off":
            of("profile")["values"]["span"] = style["profile"]
    of("absorptions")["shown"] = rules.get("absorption") is not None
    of("absorptions")["values"].update(rules.get("absorption") or {})
    return found


def _bounded(state: FootprintState) -> FootprintState:
    for option in STYLE_OPTIONS:
        if isinstance(kind := option.kind, Number):
            low, high = kind.low / kind.factor, kind.high / kind.factor
            value = min(max(getattr(state.style, option.field), low), high)
            state.style = replace(state.style, **{option.field: value})
    state.style = replace(state.style, rows=tuple(name for name in state.style.rows if name in NAMES))
    state.levels = tuple(level for level in state.levels if 0 < level.low <= level.high < _LARGEST)
    if state.bar_size is not None and not 0 < state.bar_size < _LARGEST:
        state.bar_size = None
    return state
