"""The flow score: how far each coin's buying or selling pressure is from that of the field now.

Each input is put as a robust z across all coins, (x - median) / (1.4826 MAD), clipped at 3, so that the market-wide
part (the median) is apart from what is the coin's own. All inputs are positive where buyers press: takers buy, longs
pay, shorts are forced out, bids are larger.
"""

from __future__ import annotations

from dataclasses import astuple

import numpy as np

from workstation.readmodels.arrays import Floats, Ints
from workstation.readmodels.universe.pressure import FlowColumns, FlowWeights

MINIMUM_NAMES = 10
CLIP = 3.0
_NORMAL = 1.4826
DEFAULT = FlowWeights()


def flow_score(values: Floats, weights: FlowWeights = DEFAULT) -> FlowColumns:
    """Score rows of inputs (4, n) in the order of `FLOW_INPUTS`, NaN where one is not known."""
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
    """The z of each value among those that are known; NaN for all where they are too few or where most are equal."""
    known = values[~np.isnan(values)]
    if len(known) < minimum:
        return np.full(values.shape, np.nan)
    median = np.median(known)
    spread = _NORMAL * np.median(abs(known - median))
    if not spread > 0:
        return np.full(values.shape, np.nan)
    return np.clip((values - median) / spread, -CLIP, CLIP)


def ranks(score: Floats) -> Ints:
    """1 for the highest; equal scores share the better rank, what is not known has 0."""
    known = ~np.isnan(score)
    order = np.sort(score[known])
    found = np.zeros(score.shape, dtype=np.int64)
    found[known] = len(order) - np.searchsorted(order, score[known], side="right") + 1
    return found
