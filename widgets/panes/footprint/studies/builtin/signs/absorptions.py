"""Absorptions: rows where aggressors of one side traded far more than usual and price went no further."""

from collections.abc import Iterable
from dataclasses import replace

import numpy as np

from widgets.items import sprites
from widgets.panes.footprint.studies.declaration import (
    ChartStudy,
    Group,
    Inputs,
    Number,
    Parameter,
    PriceSigns,
    Signs,
    Values,
)
from workstation.readmodels.flow.footprint import AbsorptionRule, FootprintRules, FootprintView

_RULE = AbsorptionRule()


def _signs(inputs: Inputs, view: FootprintView, part: slice) -> Iterable[PriceSigns]:
    """A dot at the row and the middle of the window of each absorption."""
    found = view.absorptions
    side = np.array([1 if one.buy else -1 for one in found], np.int64)
    sign = np.where(side > 0, sprites.ABSORBED_BUY, sprites.ABSORBED_SELL).astype(np.int64)
    slot = inputs.chart.grid.slots(np.array([(one.from_ns + one.until_ns) // 2 for one in found], np.int64))
    price = np.array([(one.row + 0.5) * view.row_size for one in found], np.float64)
    yield PriceSigns(sign, slot, price, side)


def _rules(rules: FootprintRules, shown: bool, values: Values) -> FootprintRules:
    return replace(rules, absorption=AbsorptionRule(**values) if shown else None)


STUDY = ChartStudy(
    name="absorptions",
    label="absorptions",
    help="Ringed dots are absorptions: aggressors traded far more than usual there and price went no further.",
    group=Group.STUDIES,
    order=65,
    parameters=(
        Parameter("window_ns", "window", _RULE.window_ns, Number(1, 120, 1, factor=1e-9, suffix=" s")),
        Parameter("deviations", "mean +", _RULE.deviations, Number(1, 6, 0.5, 1, suffix=" SD")),
        Parameter("baseline_ns", "over", _RULE.baseline_ns, Number(5, 240, 5, factor=1 / 60e9, suffix=" min")),
    ),
    rules=_rules,
    outputs=(Signs(_signs),),
)
