"""Pressure score: monotone, saturating, missing inputs left out; regimes and bands as published."""

from __future__ import annotations

import math
from dataclasses import astuple
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from workstation.analytics.universe.pressure import NEUTRAL_BELOW, bias_of, pressure
from workstation.readmodels.universe.pressure import (
    PRESSURE_INPUTS,
    PRESSURE_SCALES,
    REGIMES,
    PressureColumns,
    PressureWeights,
    Regime,
    band,
)

known = st.floats(-2, 2).filter(lambda value: value == 0 or abs(value) > 1e-6)
inputs = st.lists(st.one_of(known, st.just(math.nan)), min_size=5, max_size=5)
weights = st.lists(st.floats(0.1, 100), min_size=5, max_size=5)


def scored(*rows: list[float], by: PressureWeights = PressureWeights()) -> PressureColumns:
    return pressure(np.array(rows).T, by)


def plainly(row: list[float], by: PressureWeights) -> float:
    """The formula of one row, term by term."""
    terms = [
        (weight, math.tanh(value / scale))
        for value, weight, scale in zip(row, astuple(by), PRESSURE_SCALES, strict=True)
        if not math.isnan(value)
    ]
    return 100 * sum(w * t for w, t in terms) / sum(w for w, _ in terms) if terms else math.nan


@given(st.lists(inputs, min_size=1, max_size=8), weights)
def test_the_score_is_the_formula_row_by_row(rows: list[list[float]], chosen: list[float]) -> None:
    by = PressureWeights(*chosen)
    found = scored(*rows, by=by)
    for at, row in enumerate(rows):
        assert found.signed[at] == pytest.approx(plainly(row, by), nan_ok=True)
        share = sum(w for w, value in zip(chosen, row, strict=True) if not math.isnan(value)) / sum(chosen)
        assert found.confidence[at] == pytest.approx(share)
        if share:
            assert float(np.nansum(found.parts[:, at])) == pytest.approx(found.signed[at])
            assert 0 <= found.score[at] <= 100.0000001


@given(inputs, weights, st.integers(0, 4), st.lists(known, min_size=2, max_size=6))
def test_it_never_falls_when_an_input_rises(
    row: list[float], chosen: list[float], at: int, values: list[float]
) -> None:
    rising = [[*row[:at], value, *row[at + 1 :]] for value in sorted(values)]
    found = scored(*rising, by=PressureWeights(*chosen)).signed
    assert all(after >= before - 1e-9 for before, after in pairwise(found))


@given(inputs, weights)
def test_the_mirror_of_a_row_has_the_mirrored_score(row: list[float], chosen: list[float]) -> None:
    found = scored(row, [-value for value in row], by=PressureWeights(*chosen))
    assert found.signed[0] == pytest.approx(-found.signed[1], nan_ok=True)
    assert found.bias[0] == -found.bias[1]


@given(inputs, st.integers(0, 4))
def test_a_missing_input_is_not_a_zero(row: list[float], at: int) -> None:
    """Without an input the score is the mean of the others; a zero would draw it towards the middle."""
    rest = [value if number != at else math.nan for number, value in enumerate(row)]
    zero = [value if number != at else 0.0 for number, value in enumerate(row)]
    found = scored(rest, zero)
    if np.isnan(rest).all():
        assert math.isnan(found.signed[0])
        assert (found.bias[0], found.confidence[0]) == (0, 0.0)
    else:
        assert abs(found.signed[0]) >= abs(found.signed[1])
        assert found.confidence[0] < found.confidence[1]


def test_no_weight_at_all_is_no_score() -> None:
    found = scored([0.1] * 5, by=PressureWeights(0, 0, 0, 0, 0))
    assert math.isnan(found.signed[0])
    assert found.confidence[0] == 0
    with pytest.raises(ValueError, match="negative"):
        PressureWeights(-1)


def test_no_rows() -> None:
    found = pressure(np.empty((len(PRESSURE_INPUTS), 0)))
    assert len(found.signed) == len(found.regime) == 0


def test_bias_is_the_sign_of_what_is_not_small() -> None:
    edge = NEUTRAL_BELOW
    assert bias_of(np.array([edge, -edge, edge - 0.01, 0.01 - edge, math.nan])).tolist() == [1, -1, 0, 0, 0]


@pytest.mark.parametrize(
    ("row", "regime"),
    [
        ([0.004, math.nan, 0.064, 0.00093, 0.0032], Regime.LONG_CROWDED),
        ([0.004, math.nan, 0.04, 0.00093, 0.0032], Regime.LONG_BUILDING),  # OI does not rise enough
        ([0.004, math.nan, 0.064, 0.00045, 0.0032], Regime.LONG_BUILDING),  # nor is this funding high
        ([0.004, 0.03, math.nan, 0.00093, 0.0032], Regime.LONG_CROWDED),  # 4 h is used while 24 h is unknown
        ([0.004, 0.01, math.nan, 0.00093, 0.0032], Regime.LONG_BUILDING),
        ([-0.02, math.nan, 0.47, -0.0056, -0.013], Regime.SHORT_RAMP),
        ([-0.02, math.nan, 0.14, -0.00027, -0.0028], Regime.SHORT_BUILDING),  # shorts who pay a little
        ([0.01, 0.02, 0.3, -0.0004, 0.0], Regime.SQUEEZE_RISK),
        ([0.01, 0.02, 0.3, -0.0001, 0.0], Regime.LONG_BUILDING),
        ([-0.01, -0.02, -0.1, 0.0, 0.0], Regime.SHORT_BUILDING),
        ([0.0, 0.0, 0.0, 0.00005, 0.0], Regime.BALANCED),
        ([math.nan] * 5, Regime.BALANCED),
    ],
)
def test_regimes(row: list[float], regime: Regime) -> None:
    assert REGIMES[scored(row).regime[0]] is regime


def test_bands() -> None:
    names = [band(score) for score in (0, 14.9, 15, 34.9, 35, 59.9, 60, 100)]
    assert names == ["neutral", "neutral", "lean", "lean", "stretched", "stretched", "stressed", "stressed"]
