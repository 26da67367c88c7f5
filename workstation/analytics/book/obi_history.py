"""OBI of one market once a second in every band, with the taker flow by which markets are weighted."""

from __future__ import annotations

from collections import deque

import numpy as np

from workstation.readmodels.arrays import Floats, frozen
from workstation.readmodels.flow.ladder import BANDS

OBI_SECONDS = 1_800
FLOW_S = 300
RETAINED_SECONDS = OBI_SECONDS + FLOW_S
_CHUNK = 300
_NOTHING = np.empty((0, len(BANDS) + 1))

Sample = tuple[float, ...]  # OBI by band, then cumulative taker notional (quote)


class ObiHistory:
    """Samples of half an hour and the five minutes before, in chunks that checkpoints share."""

    def __init__(self) -> None:
        self._chunks: deque[Floats] = deque(maxlen=-(-RETAINED_SECONDS // _CHUNK))
        self._newest: list[Sample] = []
        self._dropped = False

    def __deepcopy__(self, memo: object) -> ObiHistory:
        copy = ObiHistory()
        copy._chunks, copy._newest, copy._dropped = self._chunks.copy(), self._newest.copy(), self._dropped
        return copy

    def __len__(self) -> int:
        return len(self._chunks) * _CHUNK + len(self._newest)

    def add(self, imbalances: tuple[float, ...], taken: float, seconds: int = 1) -> None:
        """Append equal seconds: OBI by band (NaN unknown) and cumulative taker notional."""
        while seconds > 0:
            fitting = min(seconds, _CHUNK - len(self._newest))
            self._newest += [(*imbalances, taken)] * fitting
            seconds -= fitting
            if len(self._newest) == _CHUNK:
                self._dropped |= len(self._chunks) == self._chunks.maxlen
                self._chunks.append(frozen(np.array(self._newest)))
                self._newest.clear()

    def series(self, band: float) -> tuple[Floats, Floats]:
        """OBI of a band and taker notional of the five minutes before, by second of the newest half hour.

        OBI is NaN where unknown, and everywhere for a band that is not in `BANDS`.
        """
        newest = np.array(self._newest) if self._newest else _NOTHING
        rows = np.concatenate((*self._chunks, newest)) if self._chunks else newest
        taken = rows[:, -1]
        before = np.zeros(len(taken))
        before[FLOW_S:] = taken[:-FLOW_S] if len(taken) > FLOW_S else 0.0
        if self._dropped:
            before[:FLOW_S] = taken[:1]
        imbalance = rows[:, BANDS.index(band)] if band in BANDS else np.full(len(rows), np.nan)
        return imbalance[-OBI_SECONDS:], (taken - before)[-OBI_SECONDS:]


def blended(imbalances: Floats, flow: Floats) -> Floats:
    """Mean OBI over markets (rows) by second, weighted by flow (equally without any); NaN where none is known."""
    known = ~np.isnan(imbalances)
    weights = np.where(known, flow, 0.0)
    weights = np.where(weights.sum(axis=0) > 0, weights, known)
    total = weights.sum(axis=0)
    summed = (weights * np.where(known, imbalances, 0.0)).sum(axis=0)
    mean: Floats = np.divide(summed, total, out=np.full(len(total), np.nan), where=total > 0)
    return mean
