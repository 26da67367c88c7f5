"""Price and pressure score of every coin each half minute of the last hour: the pressure table's sparklines.

The first and the last of `SPARKLINE_STEPS` values are an hour apart.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from workstation.readmodels.arrays import Floats

SPARKLINE_STEP_NS = 30_000_000_000
SPARKLINE_STEPS = 3_600_000_000_000 // SPARKLINE_STEP_NS + 1


class Sparklines:
    """One row (2, coins) per step. Recorded rows never change, so copies share them."""

    def __init__(self) -> None:
        self._step = 0
        self._rows: deque[NDArray[np.float32]] = deque(maxlen=SPARKLINE_STEPS)
        self._places: dict[str, int] = {}

    def __deepcopy__(self, memo: object) -> Sparklines:
        copy = Sparklines()
        copy._step, copy._rows, copy._places = self._step, self._rows.copy(), self._places
        return copy

    def due_ns(self, now_ns: int) -> int | None:
        """Time of the first unrecorded step before `now_ns`, None if there is none. The first call sets the start."""
        if not self._step:
            self._step = now_ns // SPARKLINE_STEP_NS
        return (self._step + 1) * SPARKLINE_STEP_NS if now_ns // SPARKLINE_STEP_NS > self._step else None

    def record(self, now_ns: int, coins: Sequence[str], price: Floats, score: Floats) -> None:
        """Record price and score (coins,) at the due step; later steps up to `now_ns` had no events and are NaN.

        Coins may only be added at the end.
        """
        if len(coins) != len(self._places):
            self._places = {coin: place for place, coin in enumerate(coins)}
        row: NDArray[np.float32] = np.array((price, score), dtype=np.float32)
        row.setflags(write=False)
        passed = now_ns // SPARKLINE_STEP_NS - self._step
        self._rows.append(row)
        self._rows.extend([np.full_like(row, np.nan)] * min(passed - 1, SPARKLINE_STEPS))
        self._step += passed

    def of(self, coins: Sequence[str]) -> tuple[Floats, Floats]:
        """Price and score, each (coins, steps), oldest first, NaN where unknown. Read-only."""
        places = np.array([self._places.get(coin, 1 << 30) for coin in coins], dtype=np.int64)
        found = np.full((2, len(places), len(self._rows)), np.nan)
        for step, row in enumerate(self._rows):
            seen = places < row.shape[1]
            found[:, seen, step] = row[:, places[seen]]
        found.setflags(write=False)
        return found[0], found[1]
