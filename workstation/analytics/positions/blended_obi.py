"""OBI over several venues: a mean weighted by what takers trade on each."""

from __future__ import annotations

from workstation.analytics.positions.premium import weighted_mean
from workstation.readmodels.arrays import Floats


def blended(imbalances: Floats, taker_flow: Floats) -> Floats:
    """OBI of each column over the markets (rows) whose OBI is known, weighted by their taker flow."""
    return weighted_mean(imbalances, taker_flow)
