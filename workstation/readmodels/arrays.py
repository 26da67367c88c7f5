"""Types of arrays in views, and the empty ones. Arrays in views are read-only."""

from typing import TypeVar

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]
Bools = npt.NDArray[np.bool_]

A = TypeVar("A", bound=np.ndarray)


def no_floats() -> Floats:
    """Return the shared empty array, read-only, float64."""
    return _NO_FLOATS


def no_ints() -> Ints:
    """Return the shared empty array, read-only, int64."""
    return _NO_INTS


def no_bools() -> Bools:
    """Return the shared empty array, read-only, bool."""
    return _NO_BOOLS


_NO_FLOATS, _NO_INTS, _NO_BOOLS = np.empty(0), np.empty(0, np.int64), np.empty(0, np.bool_)
for _empty in (_NO_FLOATS, _NO_INTS, _NO_BOOLS):
    _empty.flags.writeable = False


def frozen(array: A) -> A:
    """Make an array read-only, as everything in a view is. Returns the same array."""
    array.flags.writeable = False
    return array
