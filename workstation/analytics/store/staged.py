"""The newest trades of a store before they are packed into a chunk: columns that grow, 34 bytes a trade."""

from __future__ import annotations

from array import array
from collections.abc import Iterable
from typing import Any

import numpy as np
import numpy.typing as npt

Row = tuple[int, int, float, float, int]  # ts_venue_ns, price ticks, size (base coin), notional (quote), lane
Column = npt.NDArray[Any]

_CODES = "qqddh"


class Staged:
    """Rows at the end of columns."""

    def __init__(self) -> None:
        self._columns: list[array[Any]] = [array(code) for code in _CODES]
        self._ts, self._ticks, self._size, self._notional, self._lane = self._columns

    def __len__(self) -> int:
        return len(self._ts)

    @property
    def first_ns(self) -> int | None:
        """The venue time of the first row."""
        return self._ts[0] if len(self._ts) else None

    def append(self, row: Row) -> None:
        """Add one."""
        ts, ticks, size, notional, lane = row
        self._ts.append(ts)
        self._ticks.append(ticks)
        self._size.append(size)
        self._notional.append(notional)
        self._lane.append(lane)

    def clear(self) -> None:
        """Forget all."""
        for column in self._columns:
            del column[:]

    def hold(self, columns: Iterable[Column]) -> None:
        """Hold these rows instead."""
        for own, column in zip(self._columns, columns, strict=True):
            own[:] = array(own.typecode, column.tobytes())

    def columns(self, begin: int = 0) -> tuple[Column, ...]:
        """Copies of the columns from a row on."""
        return tuple(np.array(column[begin:]) for column in self._columns)

    def copy(self) -> Staged:
        """An independent copy."""
        copy = Staged()
        for one, other in zip(copy._columns, self._columns, strict=True):
            one.extend(other)
        return copy
