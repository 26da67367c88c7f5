"""What a footprint saved in earlier versions is read as what it meant."""

from __future__ import annotations

import json

import pytest
from pytestqt.qtbot import QtBot

from widgets.panes.footprint.cells.style import CellMode, Shading, Style
from widgets.panes.footprint.pane import FootprintPane
from widgets.panes.footprint.studies.builtin.levels.profile import ProfileSpan
from widgets.panes.footprint.studies.registry import builtin_studies
from widgets.panes.footprint.studies.setting import from_state
from workstation.readmodels.flow.drawings import Level
from workstation.readmodels.flow.footprint import (
    AbsorptionRule,
    BarKind,
    BarRule,
    FootprintRules,
    MinimumMode,
    PocTie,
    ValueAreaMode,
    ZeroRule,
)

# as version 0.1 wrote it, with nothing at its default
FORMER = {
    "style": {
        "mode": "delta",
        "shading": "fixed",
        "fixed_largest": 12.5,
        "imbalances": False,
        "poc": False,
        "naked_pocs": False,
        "value_area": False,
        "nodes": True,
        "zones": False,
        "profile": "session",
        "vwap": False,
        "vwap_bands": 3,
        "session_pocs": False,
        "divergences": False,
        "unfinished": True,
        "exhaustion": True,
        "liquidations": False,
        "setups": True,
        "bubbles": True,
        "bubble_usd": 250000.0,
        "last_line": False,
        "quote_lines": True,
        "mark_line": True,
        "rows": ["volume", "liq long $"],
    },
    "rules": {
        "imbalance_ratio": 4.0,
        "minimum_volume": 2.5,
        "zero_rule": "skip",
        "stack_length": 4,
        "value_area": 0.8,
        "poc_tie": "lowest",
        "value_area_mode": "two-row",
        "minimum_mode": "usd",
        "minimum_usd": 40000.0,
        "minimum_percentile": 75.0,
        "unfinished_minimum": 1.5,
        "exhaustion_rows": 6,
        "divergence_bars": 30,
        "naked_pocs": 120,
        "absorption": {"window_ns": 20000000000, "deviations": 2.5, "baseline_ns": 600000000000},
    },
    "bar_ns": 300000000000,
    "levels": [{"base": "BTC", "low": 61000.0, "high": 61100.0, "name": "supply"}],
    "bar_kind": "range",
    "bar_size": 40.0,
}
RULES = FootprintRules(
    imbalance_ratio=4.0,
    minimum_volume=2.5,
    zero_rule=ZeroRule.SKIP,
    stack_length=4,
    value_area=0.8,
    poc_tie=PocTie.LOWEST,
    value_area_mode=ValueAreaMode.TWO_ROW,
    minimum_mode=MinimumMode.USD,
    minimum_usd=40_000.0,
    minimum_percentile=75.0,
    unfinished_minimum=1.5,
    exhaustion_rows=6,
    divergence_bars=30,
    naked_pocs=120,
    absorption=AbsorptionRule(20_000_000_000, 2.5, 600_000_000_000),
)
HIDDEN = {
    "imbalances", "poc", "naked_pocs", "value_area", "zones", "vwap", "session_pocs", "divergences", "liquidations",
    "last_line",
}  # fmt: skip


def test_a_state_from_before_studies_were_declared_is_migrated(footprint: FootprintPane, qtbot: QtBot) -> None:
    footprint.restore(json.loads(json.dumps(FORMER)))
    rows = ("volume", "liq long $")
    assert footprint.item.style == Style(CellMode.DELTA, Shading.FIXED, 12.5, rows)
    settings = footprint.board.settings
    assert {study.name for study in settings.studies if not settings.shown(study.name)} == HIDDEN
    assert settings.values("vwap") == {"bands": 3}
    assert settings.values("big_trades") == {"minimum_usd": 250_000.0}
    assert settings.values("profile") == {"span": ProfileSpan.SESSION}
    assert footprint.toolbar.rules == RULES
    request = footprint.request()
    assert request is not None
    assert request.rules == RULES
    assert request.rule == BarRule(BarKind.RANGE, 40.0)
    assert footprint.toolbar.bars.bar_ns == 300_000_000_000
    assert footprint.tools.levels.all == (Level("BTC", 61_000.0, 61_100.0, "supply"),)
    again = FootprintPane("BTC")
    qtbot.addWidget(again)
    again.restore(json.loads(json.dumps(footprint.state())))
    assert again.state() == footprint.state()


@pytest.mark.parametrize(("profile", "absorption"), [("off", None), ("fixed span", {})])
def test_what_was_off_stays_off(footprint: FootprintPane, profile: str, absorption: object) -> None:
    style = FORMER["style"] | {"profile": profile}  # type: ignore[operator]
    rules = FORMER["rules"] | {"absorption": absorption, "unfinished_minimum": None}  # type: ignore[operator]
    footprint.restore(FORMER | {"style": style, "rules": rules})
    assert footprint.board.settings.shown("profile") is (profile != "off")
    assert footprint.board.settings.shown("absorptions") is (absorption is not None)
    assert footprint.toolbar.rules.unfinished_minimum is None


def test_levels_of_a_state_without_zones_are_read(footprint: FootprintPane) -> None:
    footprint.restore(FORMER | {"levels": {"BTC": [61_650.0]}})
    assert footprint.tools.levels.all == (Level("BTC", 61_650.0, 61_650.0),)


def test_values_out_of_range_are_limited_and_others_are_the_default() -> None:
    state = {
        "imbalances": {"shown": True, "values": {"ratio": 900.0, "zero_rule": "never"}},
        "vwap": {"shown": False, "values": {"bands": float("nan")}},
        "poc": 7,
        "of_a_file_that_is_away": {"shown": True, "values": {"x": 1}},
    }
    settings = from_state(builtin_studies(), state)
    assert settings.values("imbalances")["ratio"] == 20.0
    assert settings.values("imbalances")["zero_rule"] is ZeroRule.COUNT
    assert settings.values("vwap") == {"bands": 1}
    assert not settings.shown("vwap")
    assert settings.shown("poc")
    assert settings.to_state()["of_a_file_that_is_away"] == {"shown": True, "values": {"x": 1}}


@pytest.mark.parametrize("state", [{"style": 3}, {"style": 3, "rules": {}}, {"style": {}, "bar_ns": "long"}])
def test_a_state_that_cannot_be_read_changes_nothing(footprint: FootprintPane, state: dict[str, object]) -> None:
    before = footprint.state()
    footprint.restore(state)
    assert footprint.state() == before


def test_rows_that_there_are_not_are_left_out(footprint: FootprintPane) -> None:
    style = FORMER["style"] | {"rows": ["volume", "moon phase"]}  # type: ignore[operator]
    footprint.restore(FORMER | {"style": style})
    assert footprint.item.style.rows == ("volume",)
