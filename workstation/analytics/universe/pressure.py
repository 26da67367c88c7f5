"""Derivatives pressure score: how stretched longs or shorts are by open interest, funding and premium.

`signed = 100 * sum(w * tanh(x / scale)) / sum(w)` over the known inputs. It rises with every input, each input
saturates, and a missing one is left out of both sums and lowers the confidence.
"""

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

# Fractions. Between published examples: funding 0.067 %, OI +2.5 % a day is not crowded; 0.093 % and +6.4 % is.
HIGH_FUNDING = 0.0005
AGAINST_FUNDING = 0.0002
RISING_DAY = 0.05
RISING_4H = 0.02

_SCALES = np.array(PRESSURE_SCALES)
_FOUR, _DAY, _FUNDING = 1, 2, 3
DEFAULT = PressureWeights()


def pressure(inputs: Floats, weights: PressureWeights = DEFAULT) -> PressureColumns:
    """Score n rows from inputs (5, n) in the order of `PRESSURE_INPUTS`: fractions, NaN where unknown. Read-only."""
    parts, confidence = terms(inputs, np.array(astuple(weights)), _SCALES)
    signed = np.where(confidence > 0, np.nansum(parts, axis=0), np.nan)
    bias = bias_of(signed)
    columns = PressureColumns(signed, bias, regimes(inputs, bias), confidence, parts)
    for one in (columns.signed, columns.bias, columns.regime, columns.confidence, columns.parts):
        one.setflags(write=False)
    return columns


def terms(inputs: Floats, weights: Floats, scales: Floats) -> tuple[Floats, Floats]:
    """Points that each input adds to the score (5, n), NaN where unknown, and the known share of the weights (n,)."""
    heavy = weights[:, None] * ~np.isnan(inputs)
    known = heavy.sum(axis=0)
    with np.errstate(divide="ignore", invalid="ignore"):
        parts = 100.0 * heavy * np.tanh(inputs / scales[:, None]) / known
    return parts, known / (weights.sum() or 1.0)


def bias_of(signed: Floats) -> Ints:
    """Bias of each score: 1 long, -1 short, 0 where its size is below `NEUTRAL_BELOW` or it is NaN."""
    return np.where(abs(signed) >= NEUTRAL_BELOW, np.sign(signed), 0).astype(np.int64)


def regimes(inputs: Floats, bias: Ints) -> Ints:
    """Regime of each row as its index in `REGIMES`; where several rules hold the later one wins."""
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
    """Mask: open interest rose over 24 h, or over 4 h where the 24 h change is NaN."""
    day, four = inputs[_DAY], inputs[_FOUR]
    return np.asarray((day >= RISING_DAY) | (np.isnan(day) & (four >= RISING_4H)))
