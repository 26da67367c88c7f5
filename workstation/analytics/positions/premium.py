"""Weighted premium of perpetuals over spot (Guide: Definitions); arrays are (markets, bars)."""

import numpy as np

from workstation.readmodels.arrays import Floats
from workstation.readmodels.flow.cells import nearest_rank

ZONES = {"BTC": 0.004}
_ZONE_PERCENT = 95.0
_LEAST_BARS = 60


def weighted_mean(values: Floats, weights: Floats) -> Floats:
    """Weighted mean over the rows by column, NaN values ignored; unweighted where weights are 0, NaN without values."""
    known = np.isfinite(values)
    shares = np.where(known, weights, 0.0)
    alike = known & (shares.sum(axis=0) <= 0.0)
    shares = np.where(alike, 1.0, shares)
    total = shares.sum(axis=0)
    summed = (np.where(known, values, 0.0) * shares).sum(axis=0)
    mean: Floats = np.divide(summed, total, out=np.full(len(total), np.nan), where=total > 0.0)
    return mean


def smoothed(values: Floats, length: int) -> Floats:
    """Exponential moving average with the factor 2 / (length + 1), restarted after every NaN."""
    if length <= 1:
        return values
    factor, mean, means = 2.0 / (length + 1), float("nan"), []
    for value in values.tolist():
        mean = value if mean != mean or value != value else mean + factor * (value - mean)
        means.append(mean)
    return np.array(means)


def clamped(values: Floats, limit: float | None) -> Floats:
    """Values clipped to +-limit; NaN stays."""
    return values if limit is None else np.clip(values, -limit, limit)


def zone_of(base: str, premium: Floats) -> float | None:
    """Threshold of a large premium: 0.4 % for BTC, else the 95th percentile of its size; None with under 60 bars."""
    known = np.abs(premium[np.isfinite(premium)])
    if base in ZONES:
        return ZONES[base]
    return nearest_rank(known, _ZONE_PERCENT) if len(known) >= _LEAST_BARS else None
