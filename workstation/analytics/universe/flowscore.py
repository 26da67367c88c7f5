"""Flow score: how far each coin's buying or selling pressure is from that of the universe (Guide: Definitions).

Each input is a robust z-score across all coins, (x - median) / (1.4826 MAD), clipped to +-3: the median is the
market-wide part, the z-score the coin's own. Inputs are positive under buying pressure: takers buy, longs pay funding,
shorts are liquidated, bids are larger.
"""

from dataclasses import astuple

import numpy as np

from workstation.readmodels.arrays import Floats, Ints
from workstation.readmodels.universe.pressure import FlowColumns, FlowWeights

MINIMUM_NAMES = 10
CLIP = 3.0
_NORMAL = 1.4826  # MAD times this is the standard deviation of a normal distribution
DEFAULT = FlowWeights()


def flow_score(values: Floats, weights: FlowWeights = DEFAULT) -> FlowColumns:
    """Score n coins from inputs (4, n) in the order of `FLOW_INPUTS`, NaN where unknown. Arrays are read-only."""
    z = np.array([robust_z(one) for one in values]).reshape(values.shape)
    signed = np.array(astuple(weights))
    known = (abs(signed)[:, None] * ~np.isnan(z)).sum(axis=0)
    with np.errstate(divide="ignore", invalid="ignore"):
        score = np.where(known > 0, np.nansum(signed[:, None] * z, axis=0) / known, np.nan)
    median = np.array([np.median(one[~np.isnan(one)]) if (~np.isnan(one)).any() else np.nan for one in values])
    columns = FlowColumns(score, ranks(score), known / (abs(signed).sum() or 1.0), z, values, median)
    for one in (columns.score, columns.rank, columns.confidence, columns.z, columns.values, columns.median):
        one.setflags(write=False)
    return columns


def robust_z(values: Floats, minimum: int = MINIMUM_NAMES) -> Floats:
    """Robust z-scores of `values` (n,), NaN ignored. All NaN if fewer than `minimum` are known or MAD is zero."""
    known = values[~np.isnan(values)]
    if len(known) < minimum:
        return np.full(values.shape, np.nan)
    median = np.median(known)
    spread = _NORMAL * np.median(abs(known - median))
    if not spread > 0:
        return np.full(values.shape, np.nan)
    return np.clip((values - median) / spread, -CLIP, CLIP)


def ranks(score: Floats) -> Ints:
    """Ranks (n,), 1 the highest; equal scores share the better rank, NaN has rank 0."""
    known = ~np.isnan(score)
    order = np.sort(score[known])
    found = np.zeros(score.shape, dtype=np.int64)
    found[known] = len(order) - np.searchsorted(order, score[known], side="right") + 1
    return found
