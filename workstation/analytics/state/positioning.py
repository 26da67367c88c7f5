"""OBI and taker flow of the markets of one base in steps of ten seconds: the input of the positioning quadrant.

OBI is sampled at receive time, flow counted at the venue time of the trades. Two days are retained, one array per hour,
copied on write.
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
    """Step k is [10 k, 10 k + 10) s since the epoch: OBI at its beginning, flow (quote) of the trades in it."""

    def __init__(self, hours: int = RETAINED_HOURS) -> None:
        self._retained = hours
        self.revision = 0
        self.first: int | None = None
        self.last = 0  # the newest sample
        self._hours: dict[int, Floats] = {}
        self._own: set[int] = set()
        self._open: dict[tuple[int, int], list[float]] = {}

    def __deepcopy__(self, memo: object) -> Positioning:
        copy = Positioning(self._retained)
        self._own = set()
        copy.revision, copy.first, copy.last = self.revision, self.first, self.last
        copy._hours = self._hours.copy()
        copy._open = {key: sums.copy() for key, sums in self._open.items()}
        return copy

    @property
    def hours(self) -> int:
        return len(self._hours)

    @property
    def pending(self) -> int:
        """How many sums of a market in a step wait for the next sample."""
        return len(self._open)

    def add_trade(self, market: int, side: int, ts_venue_ns: int, notional: float) -> None:
        """Count a trade, visible from the next sample on. `side` is 1 buy, 2 sell, 0 unknown."""
        key = (ts_venue_ns // SAMPLE_NS, market)
        sums = self._open.get(key)
        if sums is None:
            sums = self._open[key] = [0.0, 0.0]
        sums[0] += _SIGN[side] * notional
        sums[1] += notional

    def due(self, now_ns: int) -> range:
        """Steps to sample since the last one, within the retained span. The first call sets the start."""
        step = now_ns // SAMPLE_NS
        if not self.last:
            self.last = step
        return range(max(self.last + 1, step - self._retained * HOUR), step + 1)

    def sample(self, step: int, imbalances: Sequence[float]) -> None:
        """Store the OBI of every market at the beginning of a step, NaN where unknown."""
        self.first = step if self.first is None else self.first
        self.last = step
        self._flush()
        if imbalances:
            self._hour(step // HOUR, len(imbalances))[step % HOUR, : len(imbalances), _OBI] = imbalances
        for hour in [hour for hour in self._hours if hour <= step // HOUR - self._retained]:
            del self._hours[hour]
        self.revision += 1

    def refill(self) -> None:
        """Publish counted trades of the past at once."""
        self._flush()
        self.revision += 1

    def columns(self, markets: Sequence[int], since: int, until: int) -> tuple[Floats, Floats, Floats]:
        """OBI (NaN unknown), buy minus sell notional and total notional (quote): (markets, steps [since, until))."""
        columns = np.zeros((3, len(markets), until - since))
        columns[_OBI] = np.nan
        for hour in range(since // HOUR, (until - 1) // HOUR + 1):
            found = self._hours.get(hour)
            if found is None:
                continue
            begin, end = max(since, hour * HOUR), min(until, (hour + 1) * HOUR)
            for row, market in enumerate(markets):
                if market < found.shape[1]:
                    columns[:, row, begin - since : end - since] = found[
                        begin - hour * HOUR : end - hour * HOUR, market
                    ].T
        return columns[_OBI], columns[_DELTA], columns[_VOLUME]

    def _flush(self) -> None:
        oldest, newest = (self.last // HOUR - self._retained + 1) * HOUR, self.last + HOUR
        for (step, market), (delta, volume) in self._open.items():
            if oldest <= step <= newest:
                row = self._hour(step // HOUR, market + 1)[step % HOUR, market]
                row[_DELTA] += delta
                row[_VOLUME] += volume
        self._open.clear()

    def _hour(self, hour: int, markets: int) -> Floats:
        """The writable array of an hour, with room for this many markets."""
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
    """Rolling sums of `length` entries along the last axis, of fewer at the beginning."""
    sums = np.cumsum(np.pad(values, [(0, 0)] * (values.ndim - 1) + [(length, 0)]), axis=-1)
    summed: Floats = sums[..., length:] - sums[..., :-length]
    return summed


def rolling_rank(values: Floats, at: Ints, length: int, percent: float, least: int) -> Floats:
    """Nearest-rank percentile of the absolute values among the `length` that end at each index of `at`, NaN ignored.

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
