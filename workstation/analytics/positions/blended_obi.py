"""OBI over several markets: a mean weighted by taker flow."""

from workstation.analytics.positions.premium import weighted_mean
from workstation.readmodels.arrays import Floats


def blended(imbalances: Floats, taker_flow: Floats) -> Floats:
    """Mean OBI by column over the markets (rows) with known OBI, weighted by taker flow; NaN where none is known."""
    return weighted_mean(imbalances, taker_flow)
