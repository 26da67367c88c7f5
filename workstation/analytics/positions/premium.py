"""Weighted premiums of perpetuals over spot: sums over arrays, one row a market and one column a bar."""

from __future__ import annotations

import numpy as np

from workstation.readmodels.arrays import Floats
from workstation.readmodels.flow.cells import nearest_rank

ZONES = {"BTC": 0.004}
_ZONE_PERCENT = 95.0
_LEAST_BARS = 60


def weighted_mean(values: Floats, weights: Floats) -> Floats:
    """Mean over the rows that are known, column by column; alike where they have no weight, NaN where none is known."""
    known = np.isfinite(values)
    shares = np.where(known, weights, 0.0)
    alike = known & (shares.sum(axis=0) <= 0.0)
    shares = np.where(alike, 1.0, shares)
    total = shares.sum(axis=0)
    summed = (np.where(known, values, 0.0) * shares).sum(axis=0)
    mean: Floats = np.divide(summed, total, out=np.full(len(total), np.nan), where=total > 0.0)
    return mean


def smoothed(values: Floats, length: int) -> Floats:
    """Exponential mean with the factor 2 / (length + 1); it begins anew after every NaN."""
    if length <= 1:
        return values
    factor, mean, means = 2.0 / (length + 1), float("nan"), []
    for value in values.tolist():
        mean = value if mean != mean or value != value else mean + factor * (value - mean)
        means.append(mean)
    return np.array(means)


def clamped(values: Floats, limit: float | None) -> Floats:
    """Values within +-limit; NaN stays."""
    return values if limit is None else np.clip(values, -limit, limit)


def zone_of(base: str, premium: Floats) -> float | None:
    """From which premium on it is large: 0.4 % for BTC, else the 95th percentile of at least 60 bars."""
    known = np.abs(premium[np.isfinite(premium)])
    if base in ZONES:
        return ZONES[base]
    return nearest_rank(known, _ZONE_PERCENT) if len(known) >= _LEAST_BARS else None
