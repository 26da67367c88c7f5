"""Bars where price made a new extreme and CVD did not."""

from collections.abc import Iterable

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
    if len(view.divergence) == len(view.bars):
        turn = view.divergence[part]
        yield BarSigns(sprites.DIVERGES_UP, turn > 0, above=False)
        yield BarSigns(sprites.DIVERGES_DOWN, turn < 0, above=True)


STUDY = ChartStudy(
    name="divergences",
    label="divergences",
    help="Triangles are divergences: price made a new high or low of N bars and CVD did not.",
    group=Group.SIGNS,
    order=45,
    shown=True,
    parameters=(rule_parameter("bars", "extreme of", "divergence_bars", Number(5, 200, 5, suffix=" bars")),),
    outputs=(Signs(_signs),),
)
