"""Fits weights and scales of the pressure score to published rows and cross-validates them.

Weights (as shares) and scales are fitted in logarithms by damped Gauss-Newton steps on a Huber loss with a quadratic
prior. A row's published score has no sign where its bias is neutral: the model's own sign is used there. An input
absent from the rows, such as OI over 4 h, stays at its prior. Deterministic: folds are strides of rows.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass

import numpy as np

from workstation.analytics.universe.pressure import bias_of, terms
from workstation.readmodels.arrays import Floats, Ints

INPUTS = 5
USUAL_SHARES = (1.0, 0.8, 1.0, 1.0, 1.0)
USUAL_SCALES = (0.01, 0.041, 0.20, 0.0005, 0.004)
_START = np.log(np.array(USUAL_SHARES + USUAL_SCALES))
_PULL = np.array([1 / 0.5] * INPUTS + [1 / 0.3] * INPUTS) ** 2
_NOISE, _HUBER, _STEPS, _NUDGE = 6.0, 1.5, 60, 1e-5
_STRIDES = (1, 3, 5, 7, 9)


@dataclass(frozen=True, slots=True, eq=False)
class PublishedRows:
    """Published rows: inputs (5, n) as fractions (NaN unknown), score (n,) in [0, 100] without sign, bias (n,)."""

    inputs: Floats
    score: Floats
    bias: Ints

    def __len__(self) -> int:
        return len(self.score)

    def only(self, chosen: Ints) -> PublishedRows:
        return PublishedRows(self.inputs[:, chosen], self.score[chosen], self.bias[chosen])


@dataclass(frozen=True, slots=True, eq=False)
class Fit:
    """Shares (5,), summing to 100 over the published inputs, and scales (5,) as fractions."""

    shares: Floats
    scales: Floats

    def signed(self, inputs: Floats) -> Floats:
        """Signed scores (n,) in [-100, 100] of inputs (5, n)."""
        return _sum(inputs, self.shares, self.scales)


def fit(rows: PublishedRows) -> Fit:
    """Weights and scales of least cost."""
    place, damping = _START.copy(), 1.0
    cost = _cost(place, rows)
    for _ in range(_STEPS):
        curve, slope = _slopes(place, rows)
        while damping < 1e9:
            there = place - np.linalg.solve(curve + damping * np.diag(np.diag(curve)), slope)
            if (found := _cost(there, rows)) < cost:
                break
            damping *= 4
        else:
            break
        gained, place, cost, damping = cost - found, there, found, damping / 5
        if gained < 1e-9:
            break
    weights, scales = np.exp(place[:INPUTS]), np.exp(place[INPUTS:])
    published = ~np.isnan(rows.inputs).all(axis=1)
    return Fit(100 * weights / weights[published].sum(), scales)


def _sum(inputs: Floats, weights: Floats, scales: Floats) -> Floats:
    return np.asarray(np.nansum(terms(inputs, weights, scales)[0], axis=0))


def _signed(place: Floats, rows: PublishedRows) -> Floats:
    return _sum(rows.inputs, np.exp(place[:INPUTS]), np.exp(place[INPUTS:]))


def misses(signed: Floats, rows: PublishedRows) -> Floats:
    """Scores minus published scores, in points; a neutral published bias takes the sign of the model's score."""
    sign = np.where(rows.bias != 0, rows.bias, np.where(signed >= 0, 1, -1))
    return np.asarray(signed - sign * rows.score)


def _cost(place: Floats, rows: PublishedRows) -> float:
    miss = abs(misses(_signed(place, rows), rows)) / _NOISE
    losses = np.where(miss < _HUBER, miss**2 / 2, _HUBER * (miss - _HUBER / 2))
    return float(losses.sum() + ((place - _START) ** 2 * _PULL).sum() / 2)


def _slopes(place: Floats, rows: PublishedRows) -> tuple[Floats, Floats]:
    """Gauss-Newton matrix (10, 10) and gradient (10,) of the cost."""
    here = _signed(place, rows)
    miss = misses(here, rows) / _NOISE
    nudged = [_signed(place + _NUDGE * (np.arange(len(place)) == at), rows) for at in range(len(place))]
    change = (np.array(nudged) - here) / (_NUDGE * _NOISE)
    weight = np.minimum(1.0, _HUBER / np.maximum(abs(miss), 1e-12))
    away = (place - _START) * _PULL
    return (change * weight) @ change.T + np.diag(_PULL), change @ (weight * miss) + away


@dataclass(frozen=True, slots=True)
class Agreement:
    """Agreement with published scores.

    `spearman` is the rank correlation of unsigned scores, `bias` and `neutral` the share of equal biases among rows
    published with and without one (NaN without such rows), `miss` the mean absolute error in points.
    """

    spearman: float
    bias: float
    neutral: float
    miss: float


def agreement(signed: Floats, rows: PublishedRows) -> Agreement:
    """Compare signed scores (n,) with the published ones."""
    same, biased = bias_of(signed) == rows.bias, rows.bias != 0
    return Agreement(
        spearman(abs(signed), rows.score),
        float(same[biased].mean()) if biased.any() else np.nan,
        float(same[~biased].mean()) if (~biased).any() else np.nan,
        float(abs(misses(signed, rows)).mean()),
    )


def left_out(rows: PublishedRows, folds: Iterator[Ints], train: Callable[[PublishedRows], Fit] = fit) -> Floats:
    """Out-of-fold signed scores (n,): each row is scored by a fit to the other folds."""
    signed = np.full(len(rows), np.nan)
    for fold in folds:
        rest = np.setdiff1d(np.arange(len(rows)), fold)
        signed[fold] = train(rows.only(rest)).signed(rows.inputs[:, fold])
    return signed


def one_by_one(count: int) -> Iterator[Ints]:
    """Leave-one-out folds."""
    return (np.array([at]) for at in range(count))


def in_folds(count: int, folds: int) -> Iterator[Iterator[Ints]]:
    """Several partitions of the rows into folds."""
    for stride in _STRIDES:
        if np.gcd(stride, count) == 1:
            order = np.arange(count) * stride % count
            yield (part for part in np.array_split(order, folds))


def spearman(one: Floats, other: Floats) -> float:
    """Spearman's rank correlation, ties at their mean rank; NaN if either input is constant."""
    a, b = _ranks(one), _ranks(other)
    a, b = a - a.mean(), b - b.mean()
    scale = float(np.sqrt((a @ a) * (b @ b)))
    return float(a @ b) / scale if scale else np.nan


def _ranks(values: Floats) -> Floats:
    _, place, count = np.unique(values, return_inverse=True, return_counts=True)
    return np.asarray((np.cumsum(count) - (count - 1) / 2)[place])
