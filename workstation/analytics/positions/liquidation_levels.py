"""Estimated liquidation levels: what was opened, at what leverage, and where it would be closed by force.

By bar of a minute and market, in this order: everything standing decays by its half-life; levels in rows that the bar's
range entered are removed (longs at or above its low, shorts at or below its high); a fall of open interest removes its
share of all that stands; a rise opens as much at the VWAP of the trades since open interest was told last, longs by the
share that takers bought and shorts by the share that they sold, spread over tiers of leverage. A level that the close
has already passed is removed at once. Added = touched + closed + decayed + standing, to the last rounding.
"""

from __future__ import annotations

import math
from copy import copy
from dataclasses import dataclass
from fractions import Fraction

import numpy as np

from workstation.analytics.positions.level_bars import LevelBars
from workstation.readmodels.arrays import Bools, Floats, Ints
from workstation.readmodels.positions.liquidation_levels import MINUTE_NS, LevelLedger, LevelRules, Singles

LONG, SHORT = 0, 1
FORGOTTEN_BARS = 60  # open interest told longer ago says nothing of a change
_EDGE_STEP = math.log(1.05)  # the rows reach from and to powers of this


def liquidation_prices(rules: LevelRules, inverse: Bools) -> Floats:
    """Liquidation price over entry price: (market, side, tier), isolated margin and no fees.

    Linear long: (1 - 1/L) / (1 - m), short: (1 + 1/L) / (1 + m). Inverse, margined in coin, long:
    (1 + m) / (1 + 1/L), short: (1 - m) / (1 - 1/L). L is the leverage, m the maintenance margin.
    """
    part, m = 1 / np.array(rules.leverages), rules.maintenance
    linear = np.stack(((1 - part) / (1 - m), (1 + part) / (1 + m)))
    coin = np.stack(((1 + m) / (1 + part), (1 - m) / (1 - part)))
    return np.where(inverse[:, None, None], coin, linear)


@dataclass(frozen=True, slots=True)
class LevelGrid:
    """Rows of `size` from `first` on."""

    size: Fraction
    first: int
    count: int

    def rows(self, price: Floats) -> Ints:
        """The row of each price, counted from the first; NaN gives -1."""
        known = np.isfinite(price)
        return np.where(
            known, np.floor(np.where(known, price, 0.0) / float(self.size)).astype(np.int64) - self.first, -1
        )


def grid_for(bars: LevelBars, rules: LevelRules, size: Fraction) -> LevelGrid:
    """Rows for all prices seen and all levels they can have; a function of the extremes, in steps of 5 %."""
    factors = liquidation_prices(rules, np.array([False, True]))
    low, high = float(np.nanmin(bars.low)) * factors.min(), float(np.nanmax(bars.high)) * factors.max()
    bottom = math.exp(math.floor(math.log(low) / _EDGE_STEP) * _EDGE_STEP)
    top = math.exp(math.ceil(math.log(high) / _EDGE_STEP) * _EDGE_STEP)
    first = math.floor(bottom / float(size))
    return LevelGrid(size, first, math.ceil(top / float(size)) - first + 1)


class LevelModel:
    """The state after some bars: what stands by market, side and row (base coin), and the history of their sum."""

    def __init__(self, rules: LevelRules, grid: LevelGrid, inverse: Bools) -> None:
        self.grid = grid
        self.done = 0
        self.changes = np.zeros(len(inverse), np.int64)
        self._rules = rules
        self._inverse = inverse
        self._factors = liquidation_prices(rules, inverse)
        self._weights = np.array(rules.weights)
        self._decay = 0.5 ** (MINUTE_NS / rules.half_life_ns)
        self._rows = np.arange(grid.count)
        self.standing = np.zeros((len(inverse), 2, grid.count))
        self._since = np.zeros((4, len(inverse)))  # traded, bought, notional, of it assumed, since the last told
        self._last = np.full(len(inverse), np.nan)
        self._last_bar = np.full(len(inverse), -FORGOTTEN_BARS - 1)
        self._sums = np.zeros(5)  # added, touched, closed, decayed, assumed

    def __copy__(self) -> LevelModel:
        twin = object.__new__(LevelModel)
        for name, value in vars(self).items():
            setattr(twin, name, value.copy() if isinstance(value, np.ndarray) else value)
        return twin

    @property
    def ledger(self) -> LevelLedger:
        """What became of everything."""
        added, touched, closed, decayed, assumed = self._sums.tolist()
        return LevelLedger(added, touched, closed, decayed, float(self.standing.sum()), assumed)

    def step(self, bars: LevelBars, at: int) -> Floats:
        """Take the bar `at`, the next one; returns what stands at its close by row."""
        before = self.standing.sum()
        self.standing *= self._decay
        self._sums[3] += before - self.standing.sum()
        self._touch(_extreme(bars.low[:, at], np.fmin), _extreme(bars.high[:, at], np.fmax))
        self._since += np.stack(
            (bars.traded[:, at], bars.bought[:, at], bars.notional[:, at], bars.half[:, at] * bars.traded[:, at])
        )
        told = bars.interest[:, at]
        known = np.isfinite(told)
        if known.any():
            self._move(told, known, at)
            price = np.where(known, bars.close[at], np.nan)
            self._touch(price, price)
            self._last[known], self._last_bar[known] = told[known], at
            self._since[:, known] = 0.0
        self.done = at + 1
        return np.asarray(self.standing.sum(axis=(0, 1)))

    def _touch(self, low: Floats, high: Floats) -> None:
        """Remove the longs in the row of `low` and above, the shorts in that of `high` and below; NaN removes none."""
        lowest, highest = self.grid.rows(low), self.grid.rows(high)
        lowest[~np.isfinite(low)] = self.grid.count
        hit = np.stack((self._rows >= lowest[:, None], self._rows <= highest[:, None]), axis=1)
        self._sums[1] += self.standing[hit].sum()
        self.standing[hit] = 0.0

    def _move(self, told: Floats, known: Bools, at: int) -> None:
        """Close and open by the changes of open interest."""
        fresh = known & np.isfinite(self._last) & (at - self._last_bar <= FORGOTTEN_BARS)
        change = np.where(fresh, told - self._last, 0.0)
        self.changes += fresh & (change != 0)
        fallen = change < 0
        if fallen.any():
            share = np.minimum(-change[fallen] / self._last[fallen], 1.0)
            before = self.standing.sum()
            self.standing[fallen] *= (1 - share)[:, None, None]
            self._sums[2] += before - self.standing.sum()
        risen = np.flatnonzero((change > 0) & (self._since[0] > 0))
        if len(risen):
            self._open(risen, change[risen])

    def _open(self, markets: Ints, change: Floats) -> None:
        traded, bought, notional, assumed = self._since[:, markets]
        price = notional / traded
        size = np.where(self._inverse[markets], change / price, change)
        parts = np.stack((bought / traded, 1 - bought / traded), axis=1) * size[:, None]
        row = self.grid.rows(price[:, None, None] * self._factors[markets])
        where = (markets[:, None, None], np.arange(2)[None, :, None], np.clip(row, 0, self.grid.count - 1))
        np.add.at(self.standing, where, parts[:, :, None] * self._weights)
        self._sums[0] += size.sum()
        self._sums[4] += float((size * assumed / traded).sum())


def _extreme(values: Floats, of: np.ufunc) -> Floats:
    """The markets' own, where one did not trade that of the others."""
    return np.where(np.isnan(values), of.reduce(values), values)


class Levels:
    """The model over the finished bars, kept up to date; whatever it was made of changes, it is made anew."""

    def __init__(self, rules: LevelRules) -> None:
        self.rules = rules
        self.model: LevelModel | None = None
        self._seen: LevelBars | None = None
        self._history = np.zeros((0, 0), np.float32)

    def update(self, bars: LevelBars, size: Fraction, finished: int) -> Singles:
        """Go on to the first `finished` bars; returns what stood at the close of each: (bars, rows), read-only."""
        grid = grid_for(bars, self.rules, size)
        model = self.model
        if model is None or model.grid != grid or model.done > finished or not self._goes_on(bars, model.done):
            model = self.model = LevelModel(self.rules, grid, bars.inverse)
            self._history = np.zeros((0, grid.count), np.float32)
        if finished > len(self._history):
            room = np.zeros((max(finished - len(self._history), 240), grid.count), np.float32)
            self._history = np.concatenate((self._history, room))
        for at in range(model.done, finished):
            self._history[at] = model.step(bars, at)
        self._seen = bars
        history = self._history[:finished]
        history.flags.writeable = False
        return history

    def running(self, bars: LevelBars) -> tuple[LevelModel, Singles]:
        """The model after all bars, and what stands at the close of those that are not finished."""
        assert self.model is not None, "update comes first"
        twin = copy(self.model)
        columns = [twin.step(bars, at) for at in range(twin.done, len(bars))]
        return twin, np.array(columns, np.float32).reshape(-1, twin.grid.count)

    def _goes_on(self, bars: LevelBars, done: int) -> bool:
        """Whether the bars taken so far are still the same."""
        seen = self._seen
        if seen is None or seen.first != bars.first or not np.array_equal(seen.inverse, bars.inverse):
            return False
        names = ("close", "high", "low", "traded", "bought", "notional", "half", "interest")
        return all(_same(getattr(seen, name)[..., :done], getattr(bars, name)[..., :done]) for name in names)


def _same(one: Floats, other: Floats) -> bool:
    return one.shape == other.shape and bool(np.array_equal(one, other, equal_nan=one.dtype != np.bool_))
