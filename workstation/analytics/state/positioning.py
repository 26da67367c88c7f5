"""OBI and taker flow of the markets of one base in steps of ten seconds: what the quadrant is made of.

OBI is sampled by the engine's clock, receive time; flow is counted by the venue time of the trades. Two days are kept,
an hour in one array, and copies share an array until one of them writes to it.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from workstation.readmodels.arrays import Floats, Ints
from workstation.readmodels.positions.quadrant import SAMPLE_NS

RETAINED_HOURS = 49
HOUR = 3_600_000_000_000 // SAMPLE_NS  # steps of an hour
_OBI, _DELTA, _VOLUME = range(3)
_SIGN = (0.0, 1.0, -1.0)


class Positioning:
    """Step k begins at k * 10 s. Its OBI is that of its beginning, its flow that of the trades in it."""

    def __init__(self) -> None:
        self.revision = 0
        self.first: int | None = None
        self.last = 0  # the newest sample
        self._hours: dict[int, Floats] = {}
        self._own: set[int] = set()
        self._open: dict[tuple[int, int], list[float]] = {}

    def __deepcopy__(self, memo: object) -> Positioning:
        copy = Positioning()
        self._own = set()
        copy.revision, copy.first, copy.last = self.revision, self.first, self.last
        copy._hours = self._hours.copy()
        copy._open = {key: sums.copy() for key, sums in self._open.items()}
        return copy

    def add_trade(self, market: int, side: int, ts_venue_ns: int, notional: float) -> None:
        """Count a trade; it shows with the next sample. `side` is 1 buy, 2 sell, 0 unknown."""
        key = (ts_venue_ns // SAMPLE_NS, market)
        sums = self._open.get(key)
        if sums is None:
            sums = self._open[key] = [0.0, 0.0]
        sums[0] += _SIGN[side] * notional
        sums[1] += notional

    def due(self, now_ns: int) -> range:
        """The samples that have passed since the last call, no more than are kept. The first call says from when on."""
        step = now_ns // SAMPLE_NS
        if not self.last:
            self.last = step
        return range(max(self.last + 1, step - RETAINED_HOURS * HOUR), step + 1)

    def sample(self, step: int, imbalances: Sequence[float]) -> None:
        """Keep the OBI of every market as of the beginning of a step, NaN where it is not known."""
        self.first = step if self.first is None else self.first
        self.last = step
        self._flush()
        if imbalances:
            self._hour(step // HOUR, len(imbalances))[step % HOUR, : len(imbalances), _OBI] = imbalances
        for hour in [hour for hour in self._hours if hour <= step // HOUR - RETAINED_HOURS]:
            del self._hours[hour]
        self.revision += 1

    def refill(self) -> None:
        """Trades of the past came in."""
        self._flush()
        self.revision += 1

    def columns(self, markets: Sequence[int], since: int, until: int) -> tuple[Floats, Floats, Floats]:
        """OBI, buy minus sell notional and notional of the steps [since, until): one row a market."""
        kept = np.zeros((3, len(markets), until - since))
        kept[_OBI] = np.nan
        for hour in range(since // HOUR, (until - 1) // HOUR + 1):
            found = self._hours.get(hour)
            if found is None:
                continue
            begin, end = max(since, hour * HOUR), min(until, (hour + 1) * HOUR)
            for row, market in enumerate(markets):
                if market < found.shape[1]:
                    kept[:, row, begin - since : end - since] = found[begin - hour * HOUR : end - hour * HOUR, market].T
        return kept[_OBI], kept[_DELTA], kept[_VOLUME]

    def _flush(self) -> None:
        oldest, newest = (self.last // HOUR - RETAINED_HOURS + 1) * HOUR, self.last + HOUR
        for (step, market), (delta, volume) in self._open.items():
            if oldest <= step <= newest:
                row = self._hour(step // HOUR, market + 1)[step % HOUR, market]
                row[_DELTA] += delta
                row[_VOLUME] += volume
        self._open.clear()

    def _hour(self, hour: int, markets: int) -> Floats:
        """The array of an hour, ours to write to, with room for this many markets."""
        found = self._hours.get(hour)
        have = 0 if found is None else found.shape[1]
        if found is None or have < markets:
            wider = np.zeros((HOUR, markets, 3))
            wider[:, :, _OBI] = np.nan
            if found is not None:
                wider[:, :have] = found
            found = self._hours[hour] = wider
        elif hour not in self._own:
            found = self._hours[hour] = found.copy()
        self._own.add(hour)
        return found


def window_sums(values: Floats, length: int) -> Floats:
    """Along the last axis: the sum of each entry and the `length` - 1 before it, of fewer at the beginning."""
    sums = np.cumsum(np.pad(values, [(0, 0)] * (values.ndim - 1) + [(length, 0)]), axis=-1)
    summed: Floats = sums[..., length:] - sums[..., :-length]
    return summed


def rolling_rank(values: Floats, at: Ints, length: int, percent: float, least: int) -> Floats:
    """Nearest-rank percentile of the absolute values that are known among the `length` that end at each index.

    NaN where fewer than `least` are known.
    """
    size = np.abs(values)
    ranked = np.full(len(at), np.nan)
    for place, index in enumerate(at.tolist()):
        part = size[max(index + 1 - length, 0) : index + 1]
        part = part[~np.isnan(part)]
        if len(part) >= least:
            rank = int(np.ceil(percent / 100 * len(part))) - 1
            ranked[place] = np.partition(part, rank)[rank]
    return ranked
