"""Buy minus sell volume without the rounding noise of the sums: bought 0.1 and 0.2, sold 0.3 is 0, not 5.6e-17."""

from typing import overload

import numpy as np

from workstation.readmodels.arrays import Floats

NOISE = 1e-12
"""Differences up to this part of the volume are noise: a sum of a million sizes is exact to about 1e-13."""


@overload
def net(buy: float, sell: float) -> float: ...
@overload
def net(buy: Floats, sell: Floats) -> Floats: ...
def net(buy: float | Floats, sell: float | Floats) -> float | Floats:
    """Buy minus sell; 0.0 where that is noise beside their sum, NaN where either is."""
    if isinstance(buy, np.ndarray) or isinstance(sell, np.ndarray):
        return settled(np.asarray(buy - sell), np.asarray(buy + sell))
    return settled(buy - sell, buy + sell)


@overload
def settled(delta: float, volume: float) -> float: ...
@overload
def settled(delta: Floats, volume: Floats) -> Floats: ...
def settled(delta: float | Floats, volume: float | Floats) -> float | Floats:
    """A delta that was summed within `volume`; 0.0 where it is noise beside it."""
    if isinstance(delta, np.ndarray):
        return np.where(np.abs(delta) <= NOISE * volume, 0.0, delta)
    return 0.0 if abs(delta) <= NOISE * volume else delta
