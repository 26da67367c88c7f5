"""The fit on published rows: recovers known weights, and its out-of-fold accuracy."""

from __future__ import annotations

import math
import random
from dataclasses import astuple
from pathlib import Path

import numpy as np
import pytest

from workstation.analytics.universe.pressure import bias_of, pressure
from workstation.analytics.universe.pressure_fit import (
    PublishedRows,
    agreement,
    fit,
    in_folds,
    left_out,
    misses,
    one_by_one,
    spearman,
)
from workstation.cli.scoring import read
from workstation.readmodels.arrays import Floats
from workstation.readmodels.universe.pressure import PRESSURE_SCALES, PressureWeights

PUBLISHED = "pressure/published-2026-04-23-odd-ranks.csv"


@pytest.fixture(scope="module")
def published(data: Path) -> PublishedRows:
    return read(data / PUBLISHED).published()


def made(count: int, weights: Floats, scales: Floats, seed: int = 1) -> PublishedRows:
    """Rows with scores by the formula; the bias is published where the score is not small."""
    rng = random.Random(seed)
    inputs = np.array([[rng.gauss(0, 1.2) * scale for _ in range(count)] for scale in scales])
    signed = 100 * (weights @ np.tanh(inputs / scales[:, None])) / weights.sum()
    return PublishedRows(inputs, abs(signed), bias_of(signed))


def test_it_recovers_the_weights_behind_the_rows() -> None:
    weights, scales = np.array([20.0, 10.0, 30.0, 25.0, 15.0]), np.array([0.014, 0.05, 0.15, 0.0006, 0.003])
    found = fit(made(400, weights, scales))
    assert found.shares == pytest.approx(weights, rel=0.1)
    assert found.scales == pytest.approx(scales, rel=0.1)


def test_an_unpublished_input_stays_at_its_prior() -> None:
    rows = made(60, np.array([20.0, 1e-9, 30.0, 25.0, 25.0]), np.array(PRESSURE_SCALES))
    inputs = rows.inputs.copy()
    inputs[1] = np.nan
    found = fit(PublishedRows(inputs, rows.score, rows.bias))
    assert found.scales[1] == pytest.approx(0.041)
    assert found.shares[[0, 2, 3, 4]].sum() == pytest.approx(100)


def test_the_shipped_numbers_are_those_of_the_fit_rounded(published: PublishedRows) -> None:
    found, shipped = fit(published), astuple(PressureWeights())
    for at in (0, 2, 3, 4):
        assert shipped[at] == pytest.approx(found.shares[at], abs=0.5)
        assert PRESSURE_SCALES[at] == pytest.approx(found.scales[at], rel=0.03)


def test_rows_left_out_are_ranked_as_published(published: PublishedRows) -> None:
    count = len(published)
    deals = [one_by_one(count), *in_folds(count, 5), *in_folds(count, 3)]
    assert len(deals) == 11
    for folds in deals:
        found = agreement(left_out(published, folds), published)
        assert found.spearman >= 0.85
        assert found.bias >= 0.90
    shipped = agreement(pressure(published.inputs).signed, published)
    assert (shipped.spearman, shipped.bias) > (0.9, 0.9)


def test_shuffled_scores_cannot_be_predicted(published: PublishedRows) -> None:
    """With shuffled scores the fit finds nothing: the figures above are no artefact of the folds."""
    order = np.random.default_rng(3).permutation(len(published))
    shuffled = PublishedRows(published.inputs, published.score[order], published.bias[order])
    assert agreement(left_out(shuffled, one_by_one(len(shuffled))), shuffled).spearman < 0.5


def test_every_row_is_left_out_once() -> None:
    for folds in (one_by_one(34), *in_folds(34, 5)):
        assert sorted(np.concatenate(list(folds)).tolist()) == list(range(34))


def test_misses_carry_the_published_sign() -> None:
    rows = PublishedRows(np.zeros((5, 3)), np.array([10.0, 20.0, 5.0]), np.array([1, -1, 0]))
    assert misses(np.array([12.0, 3.0, -6.0]), rows).tolist() == [2.0, 23.0, -1.0]


def test_spearman_against_a_plain_reference() -> None:
    rng = random.Random(5)
    for _ in range(30):
        one, other = ([rng.randrange(6) for _ in range(12)] for _ in range(2))

        def ranks(values: list[int]) -> list[float]:
            return [sum(v < value for v in values) + (sum(v == value for v in values) + 1) / 2 for value in values]

        expected = float(np.corrcoef(ranks(one), ranks(other))[0, 1])
        assert spearman(np.array(one, float), np.array(other, float)) == pytest.approx(expected)
    assert math.isnan(spearman(np.ones(4), np.arange(4.0)))
