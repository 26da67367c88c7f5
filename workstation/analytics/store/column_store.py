"""Events in columns, in receive order, within a cap.

New rows are pending in growing columns until they are packed into immutable chunks: appending costs 0.5 us, copies
share the chunks, and the oldest chunk is dropped when the cap is reached.
"""

from collections import deque
from collections.abc import Callable, Iterator, Sequence
from copy import copy
from typing import Any, Generic, NamedTuple, Protocol, Self, TypeVar

import numpy as np
import numpy.typing as npt

from workstation.analytics.store.growing_columns import Column, GrowingColumns
from workstation.readmodels.arrays import Bools, Ints

CHUNK = 16_384
SLOW_CHUNK = 1_024  # for stores that fill slowly, because every checkpoint copies the pending rows
_DTYPES = {"q": "i8", "d": "f8", "h": "i2"}

Index = npt.NDArray[np.generic] | slice


class EventColumns(Protocol):
    """A named tuple of columns of equal length, the first venue time."""

    @property
    def ts(self) -> Ints:
        """Venue time of each row in ns."""

    def at(self, index: Index, /) -> Self:
        """The rows selected by indices or a slice."""

    def where(self, mask: Bools, /) -> Self:
        """The rows selected by a mask."""

    def __iter__(self) -> Iterator[Column]: ...


C = TypeVar("C", bound=EventColumns)


class Inserted(NamedTuple):
    """Where rows were inserted: rows before number `position` are unchanged, the others have a venue time of `since_ns`
    or later and are sorted by it.
    """

    since_ns: int
    position: int


class ColumnStore(Generic[C]):
    """The newest rows, up to `cap` and less than a chunk more. `total` counts all ever appended.

    `columns` constructs the named tuple, `codes` are the `array` type codes of its columns.
    """

    pending_type: type[GrowingColumns] = GrowingColumns

    def __init__(self, columns: Callable[..., C], codes: str, cap: int, chunk: int) -> None:
        self.total = 0
        self.chunk = chunk
        self._make, self._codes, self._cap = columns, codes, cap
        self._chunks: deque[C] = deque()
        self._bounds: deque[tuple[int, int]] = deque()
        self._pending = self.pending_type(codes)
        self._read: tuple[int, C] | None = None  # cached pending columns and the `total` they are of

    def __deepcopy__(self, memo: object) -> Self:
        made = copy(self)
        made._chunks, made._bounds, made._pending = self._chunks.copy(), self._bounds.copy(), self._pending.copy()
        return made

    def __len__(self) -> int:
        return len(self._chunks) * self.chunk + len(self._pending)

    @property
    def dropped_count(self) -> int:
        """Number of rows appended but no longer stored."""
        return self.total - len(self)

    @property
    def first_ns(self) -> int | None:
        """The earliest venue time in the store, None if it is empty."""
        return min((first for first, _ in self._bounds), default=self._pending.first_ns)

    def append(self, row: tuple[Any, ...]) -> None:
        self._pending.append(row)
        self.total += 1
        if len(self._pending) >= self.chunk:
            self._pack()

    def extend(self, columns: C) -> None:
        """Add many rows."""
        merged = joined(self._make, [self._pending_from(0), columns])
        whole = len(merged.ts) - len(merged.ts) % self.chunk
        for start in range(0, whole, self.chunk):
            self._store(merged.at(np.arange(start, start + self.chunk)))
        self._pending.replace(merged.at(slice(whole, None)))
        self.total += len(columns.ts)

    def last(self, count: int) -> C:
        """The newest `count` rows, oldest first."""
        count = max(count, 0)
        parts = [self._pending_columns(max(len(self._pending) - count, 0))]
        have = len(parts[0].ts)
        for chunk in reversed(self._chunks):
            if have >= count:
                break
            parts.append(chunk.at(slice(-(count - have), None)))
            have += len(parts[-1].ts)
        return joined(self._make, parts[::-1])

    def parts(self) -> Iterator[C]:
        """All stored rows, oldest first, chunk by chunk."""
        yield from self._chunks
        if self._pending:
            yield self._pending_columns()

    def after(self, position: int) -> Iterator[C]:
        """Stored rows from number `position` on, counted from the first ever appended (0), oldest first."""
        skip = max(position - self.dropped_count, 0)
        for at in range(skip // self.chunk, len(self._chunks)):
            yield self._chunks[at].at(slice(max(skip - at * self.chunk, 0), None))
        begin = max(skip - len(self._chunks) * self.chunk, 0)
        if begin < len(self._pending):
            yield self._pending_columns(begin)

    def between(self, start_ns: int, end_ns: int) -> Iterator[C]:
        """Stored rows with a venue time in [start, end), in store order."""
        overlap = [first < end_ns and last >= start_ns for first, last in self._bounds]
        chunks = [chunk for chunk, wanted in zip(self._chunks, overlap, strict=True) if wanted]
        for part in (*chunks, self._pending_columns()):
            inside = (part.ts >= start_ns) & (part.ts < end_ns)
            if inside.any():
                yield part.where(inside)

    def insert(self, columns: C) -> Inserted:
        """Insert older rows, at least one: all rows from the earliest of them on are sorted by venue time, of equal
        times the inserted ones first.
        """
        since = int(columns.ts.min())
        later = [self._pending_from(0)]
        while self._chunks and self._bounds[-1][1] >= since:
            later.insert(0, self._chunks.pop())
            self._bounds.pop()
        merged = joined(self._make, [columns, *later])
        self.total -= len(merged.ts) - len(columns.ts)
        position = self.total
        self._pending.clear()
        self._read = None
        self.extend(merged.at(np.argsort(merged.ts, kind="stable")))
        return Inserted(int(merged.ts.min()), position)

    def columns_of(self, rows: Sequence[tuple[Any, ...]]) -> C:
        cells = list(zip(*rows, strict=True)) if rows else [()] * len(self._codes)
        return self._make(*(np.array(column, _DTYPES[code]) for column, code in zip(cells, self._codes, strict=True)))

    def _pending_columns(self, begin: int = 0) -> C:
        """Pending rows from an index on; all of them are cached until `total` changes."""
        if self._read is not None and self._read[0] == self.total:
            return self._read[1].at(slice(begin, None)) if begin else self._read[1]
        if begin > len(self._pending) // 2:
            return self._pending_from(begin)
        whole = _frozen(self._pending_from(0))
        self._read = self.total, whole
        return whole.at(slice(begin, None)) if begin else whole

    def _pending_from(self, begin: int) -> C:
        return self._make(*self._pending.columns(begin))

    def _pack(self) -> None:
        self._store(self._pending_from(0))
        self._pending.clear()

    def _store(self, chunk: C) -> None:
        self._chunks.append(_frozen(chunk))
        self._bounds.append((int(chunk.ts.min()), int(chunk.ts.max())))
        while len(self._chunks) * self.chunk > self._cap:
            self._bounds.popleft()
            self._on_drop(self._chunks.popleft())

    def _on_drop(self, columns: C) -> None:
        """Called with the rows of a dropped chunk."""


def joined(make: Callable[..., C], parts: Sequence[C]) -> C:
    """Concatenate rows; `make` constructs the named tuple."""
    if len(parts) == 1:
        return parts[0]
    return make(*(np.concatenate(columns) for columns in zip(*parts, strict=True)))


def _frozen(columns: C) -> C:
    for column in columns:
        column.flags.writeable = False
    return columns
