"""Unfinished auctions: closed bars that traded on both sides at their extreme."""

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
    yield BarSigns(sprites.UNFINISHED_HIGH, np.array([bar.unfinished_high for bar in bars], np.bool_), above=True)
    yield BarSigns(sprites.UNFINISHED_LOW, np.array([bar.unfinished_low for bar in bars], np.bool_), above=False)


def _rules(rules: FootprintRules, shown: bool, values: Values) -> FootprintRules:
    return replace(rules, unfinished_minimum=values["minimum"] or None)


STUDY = ChartStudy(
    name="unfinished",
    label="unfinished auctions",
    help="Brackets are unfinished auctions: both sides traded at the high or low of the bar.",
    group=Group.SIGNS,
    order=50,
    parameters=(Parameter("minimum", "minimum, 0: as imbalances", 0.0, Number(0.0, 1e9, 1.0, 3)),),
    rules=_rules,
    outputs=(Signs(_signs),),
)
