"""Bars where price made a new extreme and CVD did not."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace

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
    if len(view.divergence) == len(view.bars):
        turn = view.divergence[part]
        yield BarSigns(sprites.DIVERGES_UP.at, turn > 0, above=False)
        yield BarSigns(sprites.DIVERGES_DOWN.at, turn < 0, above=True)


def _rules(rules: FootprintRules, shown: bool, values: Values) -> FootprintRules:
    return replace(rules, divergence_bars=values["bars"])


STUDY = ChartStudy(
    name="divergences",
    label="divergences",
    help="Triangles: price made a new extreme of N bars and CVD did not.",
    group=Group.SIGNS,
    order=45,
    shown=True,
    parameters=(Parameter("bars", "extreme of", FootprintRules().divergence_bars, Number(5, 200, 5, suffix=" bars")),),
    rules=_rules,
    outputs=(Signs(_signs),),
)
