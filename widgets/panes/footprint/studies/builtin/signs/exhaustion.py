"""Closed bars where the side that made the extreme traded less and less towards it."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace

import numpy as np

from widgets.items import sprites
from widgets.panes.footprint.studies.declaration import (
    BarSigns,
    ChartStudy,
    Group,
    Inputs,
    Number,
    Parameter,
    Signs,
    Values,
)
from workstation.readmodels.flow.footprint import FootprintRules, FootprintView


def _signs(inputs: Inputs, view: FootprintView, part: slice) -> Iterable[BarSigns]:
    bars = view.bars[part]
    yield BarSigns(sprites.EXHAUSTED_HIGH.at, np.array([bar.exhausted_high for bar in bars], np.bool_), above=True)
    yield BarSigns(sprites.EXHAUSTED_LOW.at, np.array([bar.exhausted_low for bar in bars], np.bool_), above=False)


def _rules(rules: FootprintRules, shown: bool, values: Values) -> FootprintRules:
    return replace(rules, exhaustion_rows=values["rows"])


STUDY = ChartStudy(
    name="exhaustion",
    label="exhaustion",
    help="Shrinking bars: the side that made the extreme ran dry.",
    group=Group.SIGNS,
    order=55,
    parameters=(Parameter("rows", "over", FootprintRules().exhaustion_rows, Number(2, 10, 1, suffix=" rows")),),
    rules=_rules,
    outputs=(Signs(_signs),),
)
