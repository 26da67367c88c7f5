"""Growing columns: the newest rows of a store before they are packed into a chunk."""

from array import array
from collections.abc import Iterable
from typing import Any, Self

import numpy as np
import numpy.typing as npt

Column = npt.NDArray[Any]


class GrowingColumns:
    """Rows in columns of some `array` type codes; the first column is venue time in ns."""

    def __init__(self, codes: str) -> None:
        self._codes = codes
        self._columns: list[array[Any]] = [array(code) for code in codes]

    def __len__(self) -> int:
        return len(self._columns[0])

    @property
    def first_ns(self) -> int | None:
        """The venue time of the first row, None without rows."""
        return self._columns[0][0] if len(self) else None

    def append(self, row: tuple[Any, ...]) -> None:
        for column, value in zip(self._columns, row, strict=True):
            column.append(value)

    def clear(self) -> None:
        for column in self._columns:
            del column[:]

    def replace(self, columns: Iterable[Column]) -> None:
        for own, column in zip(self._columns, columns, strict=True):
            own[:] = array(own.typecode, column.tobytes())

    def columns(self, begin: int = 0) -> tuple[Column, ...]:
        """Copies of the columns from a row on."""
        return tuple(np.array(column[begin:]) for column in self._columns)

    def copy(self) -> Self:
        copy = type(self)(self._codes)
        for one, other in zip(copy._columns, self._columns, strict=True):
            one.extend(other)
        return copy


class GrowingTrades(GrowingColumns):
    """Five growing columns, faster to append to, for trades."""

    def __init__(self, codes: str) -> None:
        super().__init__(codes)
        self._a, self._b, self._c, self._d, self._e = self._columns

    def append(self, row: tuple[Any, ...]) -> None:
        a, b, c, d, e = row
        self._a.append(a)
        self._b.append(b)
        self._c.append(c)
        self._d.append(d)
        self._e.append(e)
