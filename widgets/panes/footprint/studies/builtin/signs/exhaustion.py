"""Closed bars where the side that made the extreme traded less and less towards it."""

from collections.abc import Iterable

import numpy as np

from widgets.items import sprites
from widgets.panes.footprint.studies.declaration import (
    BarSigns,
    ChartStudy,
    Group,
    Inputs,
    Number,
    Signs,
    rule_parameter,
)
from workstation.readmodels.flow.footprint import FootprintView


def _signs(inputs: Inputs, view: FootprintView, part: slice) -> Iterable[BarSigns]:
    bars = view.bars[part]
    yield BarSigns(sprites.EXHAUSTED_HIGH, np.array([bar.exhausted_high for bar in bars], np.bool_), above=True)
    yield BarSigns(sprites.EXHAUSTED_LOW, np.array([bar.exhausted_low for bar in bars], np.bool_), above=False)


STUDY = ChartStudy(
    name="exhaustion",
    label="exhaustion",
    help="Three shrinking lines mark exhaustion: volume of the side that made the extreme shrank towards it.",
    group=Group.SIGNS,
    order=55,
    parameters=(rule_parameter("rows", "over", "exhaustion_rows", Number(2, 10, 1, suffix=" rows")),),
    outputs=(Signs(_signs),),
)
