"""Price levels known before each bar. A day that was received in part has the levels of that part."""

from collections import deque
from collections.abc import Iterator

import numpy as np

from workstation.readmodels.flow.cells import poc_index, value_area
from workstation.readmodels.flow.footprint import FootprintBar
from workstation.readmodels.flow.outliers import FEW_TRADES, has_jump
from workstation.readmodels.session.setups import LevelKind, SetupLevel

DAY_NS = 86_400_000_000_000
RANGE_BARS = 60
LEAST_BARS = 20  # bars of a day or range before its edges are levels
POCS = 80
POC_AGE = 10  # bars for which a POC must stay naked before it is a level


class _Day:
    """One UTC day so far: extremes and volume by row."""

    def __init__(self, day: int) -> None:
        self.day = day
        self.bars = self._trades = 0
        self.high, self.low = -np.inf, np.inf
        self._first_row = 0
        self._volume = np.empty(0)

    def take(self, bar: FootprintBar) -> None:
        self.bars += 1
        volume = bar.buy_volume + bar.sell_volume
        last = max(self._first_row + len(self._volume), bar.first_row + len(volume))
        if len(self._volume) and has_jump(min(self._first_row, bar.first_row), last):
            if bar.trades <= FEW_TRADES:
                return  # an outlier as a whole
            if self._trades <= FEW_TRADES:
                self._volume, self.high, self.low = np.empty(0), -np.inf, np.inf
        self._trades += bar.trades
        self.high = max(self.high, bar.plausible(bar.high))
        self.low = min(self.low, bar.plausible(bar.low))
        if not len(volume):
            return
        if not len(self._volume):
            self._first_row, self._volume = bar.first_row, np.zeros(len(volume))
        below = max(self._first_row - bar.first_row, 0)
        above = max(bar.first_row + len(volume) - self._first_row - len(self._volume), 0)
        if below or above:
            self._volume = np.pad(self._volume, (below, above))
            self._first_row -= below
        begin = bar.first_row - self._first_row
        self._volume[begin : begin + len(volume)] += volume

    def value_area(self) -> tuple[int, int] | None:
        """Lowest and highest row of the value area (Guide: Definitions), None without volume."""
        if not self._volume.any():
            return None
        low, high = value_area(self._volume, poc_index(self._volume))
        return self._first_row + low, self._first_row + high


class Levels:
    """Levels of a base, updated bar by bar. `row_size` is quote per base coin, `own` are the user's prices."""

    def __init__(self, row_size: float, own: tuple[float, ...] = ()) -> None:
        self._row_size = row_size
        self._own = tuple(SetupLevel(LevelKind.USER, price) for price in own)
        self._day: _Day | None = None
        self._prior: tuple[SetupLevel, ...] = ()
        self._range: deque[tuple[float, float]] = deque(maxlen=RANGE_BARS)
        self._pocs: deque[tuple[float, int]] = deque(maxlen=POCS)  # naked POCs: price, number of the bar
        self._count = 0

    def known(self, start_ns: int) -> tuple[SetupLevel, ...]:
        """Levels known before a bar that starts at `start_ns`, own levels first; one per price."""
        if self._day is not None and start_ns // DAY_NS != self._day.day:
            self._end_day(start_ns // DAY_NS)
        found: dict[float, SetupLevel] = {}
        for level in self._all():
            found.setdefault(level.price, level)
        return tuple(found.values())

    def take(self, bar: FootprintBar) -> None:
        """Add a closed bar; call `known` for its start first."""
        if self._day is None:
            self._day = _Day(bar.start_ns // DAY_NS)
        self._day.take(bar)
        low, high = bar.plausible(bar.low), bar.plausible(bar.high)
        self._range.append((low, high))
        naked = [(price, born) for price, born in self._pocs if not low <= price <= high]
        self._pocs.clear()
        self._pocs.extend((*naked, (self.middle(bar.poc_row), self._count)))
        self._count += 1

    def middle(self, row: int) -> float:
        return _price(row + 0.5, self._row_size)

    def _all(self) -> Iterator[SetupLevel]:
        yield from self._own
        yield from self._prior
        day = self._day
        if day is not None and day.bars >= LEAST_BARS:
            yield SetupLevel(LevelKind.SESSION_HIGH, day.high)
            yield SetupLevel(LevelKind.SESSION_LOW, day.low)
            yield from self._edges(day, LevelKind.VALUE_LOW, LevelKind.VALUE_HIGH)
        if len(self._range) >= LEAST_BARS:
            yield SetupLevel(LevelKind.RANGE_HIGH, max(high for _, high in self._range))
            yield SetupLevel(LevelKind.RANGE_LOW, min(low for low, _ in self._range))
        for price, born in self._pocs:
            if self._count - born > POC_AGE:
                yield SetupLevel(LevelKind.NAKED_POC, price)

    def _edges(self, day: _Day, low_kind: LevelKind, high_kind: LevelKind) -> Iterator[SetupLevel]:
        rows = day.value_area()
        if rows is not None:
            yield SetupLevel(low_kind, _price(rows[0], self._row_size))
            yield SetupLevel(high_kind, _price(rows[1] + 1, self._row_size))

    def _end_day(self, day: int) -> None:
        over = self._day
        assert over is not None
        self._prior = ()
        if over.bars >= LEAST_BARS and over.day == day - 1:
            extremes = SetupLevel(LevelKind.PRIOR_HIGH, over.high), SetupLevel(LevelKind.PRIOR_LOW, over.low)
            edges = self._edges(over, LevelKind.PRIOR_VALUE_LOW, LevelKind.PRIOR_VALUE_HIGH)
            self._prior = (*extremes, *edges)
        self._day = _Day(day)


def _price(row: float, row_size: float) -> float:
    """Price of a row, rounded to 12 digits: it is compared with prices of trades."""
    return float(f"{row * row_size:.12g}")
