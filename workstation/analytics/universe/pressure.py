"""The derivatives pressure score: what open interest, funding and premium say together of one side's stretch.

`signed = 100 * sum(w * tanh(x / scale)) / sum(w)` over the inputs that are known. It cannot fall when an input rises,
each input saturates, and one that is missing counts neither as zero nor at all: it lowers the confidence.
"""

from __future__ import annotations

from dataclasses import astuple

import numpy as np

from workstation.readmodels.arrays import Bools, Floats, Ints
from workstation.readmodels.universe.pressure import (
    NEUTRAL_BELOW,
    PRESSURE_SCALES,
    REGIMES,
    PressureColumns,
    PressureWeights,
    Regime,
)

# as fractions: at 0.067 % with OI up 2.5 % in a day the published regime is not crowded yet, at 0.093 % and 6.4 % it is
HIGH_FUNDING = 0.0005
AGAINST_FUNDING = 0.0002
RISING_DAY = 0.05
RISING_4H = 0.02

_SCALES = np.array(PRESSURE_SCALES)
_FOUR, _DAY, _FUNDING = 1, 2, 3
DEFAULT = PressureWeights()


def pressure(inputs: Floats, weights: PressureWeights = DEFAULT) -> PressureColumns:
    """Score rows of inputs (5, n) in the order of `PRESSURE_INPUTS`, fractions, NaN where one is not known."""
    parts, confidence = terms(inputs, np.array(astuple(weights)), _SCALES)
    signed = np.where(confidence > 0, np.nansum(parts, axis=0), np.nan)
    bias = bias_of(signed)
    columns = PressureColumns(signed, bias, regimes(inputs, bias), confidence, parts)
    for one in (columns.signed, columns.bias, columns.regime, columns.confidence, columns.parts):
        one.setflags(write=False)
    return columns


def terms(inputs: Floats, weights: Floats, scales: Floats) -> tuple[Floats, Floats]:
    """What each input adds to the score, in points, NaN where it is not known; and the weight that is known, of 1."""
    heavy = weights[:, None] * ~np.isnan(inputs)
    known = heavy.sum(axis=0)
    with np.errstate(divide="ignore", invalid="ignore"):
        parts = 100.0 * heavy * np.tanh(inputs / scales[:, None]) / known
    return parts, known / (weights.sum() or 1.0)


def bias_of(signed: Floats) -> Ints:
    """The sign of a score that is not small: 1 long, -1 short, 0 neutral or not known."""
    return np.where(abs(signed) >= NEUTRAL_BELOW, np.sign(signed), 0).astype(np.int64)


def regimes(inputs: Floats, bias: Ints) -> Ints:
    """The regime of each row, as its place in `REGIMES`; the later rule wins."""
    funding, rising = inputs[_FUNDING], _rising(inputs)
    found = np.full(bias.shape, REGIMES.index(Regime.BALANCED), dtype=np.int64)
    for chosen, regime in (
        (bias > 0, Regime.LONG_BUILDING),
        (bias < 0, Regime.SHORT_BUILDING),
        (rising & (bias * funding <= -AGAINST_FUNDING), Regime.SQUEEZE_RISK),
        (rising & (bias > 0) & (funding >= HIGH_FUNDING), Regime.LONG_CROWDED),
        (rising & (bias < 0) & (funding <= -HIGH_FUNDING), Regime.SHORT_RAMP),
    ):
        found[chosen] = REGIMES.index(regime)
    return found


def _rising(inputs: Floats) -> Bools:
    """Open interest is up on the day; on 4 h where the day is not known."""
    day, four = inputs[_DAY], inputs[_FOUR]
    return np.asarray((day >= RISING_DAY) | (np.isnan(day) & (four >= RISING_4H)))
