"""What the pressure table's sparklines show: price and pressure score of every coin, twice a minute for an hour."""

from __future__ import annotations

from collections import deque
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from workstation.readmodels.arrays import Floats

TRAIL_STEP_NS = 30_000_000_000
TRAIL_STEPS = 120


class Trails:
    """Rows of (2, coins) at every step passed. A row that was kept does not change, so copies share it."""

    def __init__(self) -> None:
        self._step = 0
        self._rows: deque[NDArray[np.float32]] = deque(maxlen=TRAIL_STEPS)
        self._places: dict[str, int] = {}

    def __deepcopy__(self, memo: object) -> Trails:
        copy = Trails()
        copy._step, copy._rows, copy._places = self._step, self._rows.copy(), self._places
        return copy

    def due_ns(self, now_ns: int) -> int | None:
        """The first step that was passed and not kept, None while there is none. The first call only says from when
        on.
        """
        if not self._step:
            self._step = now_ns // TRAIL_STEP_NS
        return (self._step + 1) * TRAIL_STEP_NS if now_ns // TRAIL_STEP_NS > self._step else None

    def keep(self, now_ns: int, coins: Sequence[str], price: Floats, score: Floats) -> None:
        """Keep what stood at the step that was due; nothing was heard at those passed after it.

        Coins may be added, at the end; they keep their places.
        """
        if len(coins) != len(self._places):
            self._places = {coin: place for place, coin in enumerate(coins)}
        row: NDArray[np.float32] = np.array((price, score), dtype=np.float32)
        row.setflags(write=False)
        passed = now_ns // TRAIL_STEP_NS - self._step
        self._rows.append(row)
        self._rows.extend([np.full_like(row, np.nan)] * min(passed - 1, TRAIL_STEPS))
        self._step += passed

    def of(self, coins: Sequence[str]) -> tuple[Floats, Floats]:
        """Price and score (coins, steps), oldest first, NaN where one was not known."""
        places = np.array([self._places.get(coin, 1 << 30) for coin in coins], dtype=np.int64)
        found = np.full((2, len(places), len(self._rows)), np.nan)
        for step, row in enumerate(self._rows):
            seen = places < row.shape[1]
            found[:, seen, step] = row[:, places[seen]]
        found.setflags(write=False)
        return found[0], found[1]
