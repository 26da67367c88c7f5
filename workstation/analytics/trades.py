"""Every trade of one base asset in receive order, in columns, within a cap: what all charts are binned from.

Trades are staged as tuples and packed into immutable numpy chunks, so appending costs 0.1 us, a checkpoint shares the
chunks instead of copying them, and the oldest chunk is dropped when the cap is reached. 33 bytes a trade: 132 MB for 4
million.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

CHUNK = 16_384
CAP = 4_000_000
BAR_CAP = 6_000  # bars of a series

Row = tuple[int, int, float, float, int]  # ts_venue_ns, price ticks, size (base coin), notional (quote), lane

_ROW = np.dtype([("ts", "i8"), ("ticks", "i8"), ("size", "f8"), ("notional", "f8"), ("lane", "i2")])


class Trades(NamedTuple):
    """Columns of consecutive trades. `lane` is 3 * market index + side, side being 0 unknown, 1 buy, 2 sell."""

    ts: npt.NDArray[np.int64]
    ticks: npt.NDArray[np.int64]
    size: npt.NDArray[np.float64]
    notional: npt.NDArray[np.float64]
    lane: npt.NDArray[np.int16]

    @property
    def market(self) -> npt.NDArray[np.int64]:
        """Market index of each trade."""
        return (self.lane // 3).astype(np.int64)

    @property
    def sign(self) -> npt.NDArray[np.int64]:
        """+1 for aggressive buys, -1 for sells, 0 where the venue did not say."""
        return np.array((0, 1, -1))[self.lane % 3]

    def where(self, mask: npt.NDArray[np.bool_]) -> Trades:
        """The trades under a mask."""
        return Trades(self.ts[mask], self.ticks[mask], self.size[mask], self.notional[mask], self.lane[mask])


class TradeStore:
    """The trades of a base. `total` counts all ever appended, dropped ones included."""

    def __init__(self, cap: int = CAP) -> None:
        self.total = 0
        self._cap = cap
        self._chunks: deque[npt.NDArray[np.void]] = deque()
        self._staged: list[Row] = []

    def __deepcopy__(self, memo: object) -> TradeStore:
        copy = TradeStore(self._cap)
        copy.total = self.total
        copy._chunks = self._chunks.copy()
        copy._staged = self._staged.copy()
        return copy

    def __len__(self) -> int:
        return sum(len(chunk) for chunk in self._chunks) + len(self._staged)

    def append(self, row: Row) -> None:
        """Add one trade."""
        self._staged.append(row)
        self.total += 1
        if len(self._staged) >= CHUNK:
            self._pack()

    def last(self, count: int) -> Trades:
        """The newest `count` trades, oldest of them first."""
        return _columns(self._tail(max(count, 0)))

    def parts(self) -> Iterator[Trades]:
        """All kept trades, oldest first, chunk by chunk."""
        for chunk in self._chunks:
            yield _columns(chunk)
        if self._staged:
            yield _columns(np.array(self._staged, dtype=_ROW))

    def merge(self, rows: list[Row]) -> None:
        """Put older trades where they belong: from the first of them on, everything is put in order of venue time."""
        if not rows:
            return
        since = min(row[0] for row in rows)
        later = [np.array(self._staged, dtype=_ROW)]
        while self._chunks and self._chunks[-1]["ts"].max() >= since:
            later.insert(0, self._chunks.pop())
        merged = np.concatenate((np.array(rows, dtype=_ROW), *later))
        merged = merged[np.argsort(merged["ts"], kind="stable")]
        whole = len(merged) - len(merged) % CHUNK
        for start in range(0, whole, CHUNK):
            self._keep(merged[start : start + CHUNK].copy())
        self._staged = merged[whole:].tolist()
        self.total += len(rows)

    def rescale(self, market: int, factor: int) -> None:
        """Write one market's prices in ticks `factor` times finer."""
        for at, chunk in enumerate(self._chunks):
            finer = chunk.copy()
            finer["ticks"][chunk["lane"] // 3 == market] *= factor
            finer.flags.writeable = False
            self._chunks[at] = finer
        self._staged = [
            (ts, ticks * factor if lane // 3 == market else ticks, size, notional, lane)
            for ts, ticks, size, notional, lane in self._staged
        ]

    def _tail(self, count: int) -> npt.NDArray[np.void]:
        parts = [np.array(self._staged[max(len(self._staged) - count, 0) :], dtype=_ROW)]
        have = len(parts[0])
        for chunk in reversed(self._chunks):
            if have >= count:
                break
            parts.append(chunk[-(count - have) :])
            have += len(parts[-1])
        return np.concatenate(parts[::-1])

    def _pack(self) -> None:
        self._keep(np.array(self._staged, dtype=_ROW))
        self._staged.clear()

    def _keep(self, chunk: npt.NDArray[np.void]) -> None:
        chunk.flags.writeable = False
        self._chunks.append(chunk)
        while len(self._chunks) * CHUNK > self._cap:
            self._chunks.popleft()


def _columns(rows: npt.NDArray[np.void]) -> Trades:
    return Trades(rows["ts"], rows["ticks"], rows["size"], rows["notional"], rows["lane"])
