"""Rows of a bar where one side traded several times what the other side did one row away."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

from widgets.panes.footprint.cells.rows import BarRows
from widgets.panes.footprint.studies.declaration import CellFlags, ChartStudy, Group, Number, Parameter, Values
from workstation.readmodels.arrays import Bools
from workstation.readmodels.flow.footprint import FootprintRules, MinimumMode, ZeroRule

_RULES = FootprintRules()


def _flags(rows: BarRows, values: Values) -> tuple[Bools, Bools]:
    return rows.sell_imbalance, rows.buy_imbalance


def _rules(rules: FootprintRules, shown: bool, values: Values) -> FootprintRules:
    return replace(
        rules,
        imbalance_ratio=values["ratio"],
        minimum_mode=values["minimum_mode"],
        minimum_volume=values["minimum_volume"],
        minimum_usd=values["minimum_usd"],
        minimum_percentile=values["minimum_percentile"],
        zero_rule=values["zero_rule"],
    )


def _always(values: Values, shown: Callable[[str], bool]) -> bool:
    return True  # stacked zones and unfinished auctions are judged by them as well


def _in_mode(mode: MinimumMode) -> Callable[[Values, Callable[[str], bool]], bool]:
    return lambda values, shown: values["minimum_mode"] is mode


STUDY = ChartStudy(
    name="imbalances",
    label="imbalances",
    help="A cell is imbalanced when its side is at least the ratio times the other side one row away (buys against "
    "the sells one row below, sells against the buys one row above) and has the minimum volume.",
    group=Group.SIGNS,
    order=10,
    shown=True,
    key="I",
    parameters=(
        Parameter("ratio", "ratio", _RULES.imbalance_ratio, Number(1.0, 20.0, 0.5, 1, suffix="x"), used=_always),
        Parameter(
            "minimum_mode",
            "minimum volume in",
            _RULES.minimum_mode,
            MinimumMode,
            texts={
                MinimumMode.BASE: "base coin",
                MinimumMode.USD: "USD",
                MinimumMode.PERCENTILE: "percentile of cells",
            },
            used=_always,
        ),
        Parameter(
            "minimum_volume",
            "base coin",
            _RULES.minimum_volume,
            Number(0.0, 1e9, 1.0, 3),
            used=_in_mode(MinimumMode.BASE),
        ),
        Parameter("minimum_usd", "USD", _RULES.minimum_usd, Number(0.0, 1e9, 10_000.0), used=_in_mode(MinimumMode.USD)),
        Parameter(
            "minimum_percentile",
            "percentile",
            _RULES.minimum_percentile,
            Number(0.0, 100.0, 5.0),
            used=_in_mode(MinimumMode.PERCENTILE),
        ),
        Parameter(
            "zero_rule",
            "zero on the other side",
            _RULES.zero_rule,
            ZeroRule,
            texts={ZeroRule.COUNT: "counts", ZeroRule.SKIP: "is skipped", ZeroRule.ONE_LOT: "is one lot"},
            used=_always,
        ),
    ),
    rules=_rules,
    outputs=(CellFlags(_flags),),
)
