"""Estimated liquidation levels: where positions opened at assumed leverage would be liquidated (Guide: Definitions).

By minute bar and market, in this order: standing levels decay by their half-life; levels in rows that the bar's range
entered are removed (longs at or above its low, shorts at or below its high); a fall of open interest removes its share
of all levels; a rise adds levels at the VWAP of the trades since open interest was last published, longs by the share
of taker buys and shorts by that of taker sells, spread over tiers of leverage. A level already passed by the close is
removed at once. Added = touched + closed + decayed + standing, up to rounding.
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
STALE_BARS = 60  # no change is derived from open interest older than this
_EDGE_STEP = math.log(1.05)  # the grid's edges are powers of 1.05


def liquidation_prices(rules: LevelRules, inverse: Bools) -> Floats:
    """Liquidation price over entry price, (markets, sides, tiers), for isolated margin without fees.

    Linear long: (1 - 1/L) / (1 - m), short: (1 + 1/L) / (1 + m). Inverse, margined in coin, long:
    (1 + m) / (1 + 1/L), short: (1 - m) / (1 - 1/L). L is the leverage, m the maintenance margin.
    """
    part, m = 1 / np.array(rules.leverages), rules.maintenance
    linear = np.stack(((1 - part) / (1 - m), (1 + part) / (1 + m)))
    coin = np.stack(((1 + m) / (1 + part), (1 - m) / (1 - part)))
    return np.where(inverse[:, None, None], coin, linear)


@dataclass(frozen=True, slots=True)
class LevelGrid:
    """`count` price rows of `size` (quote per base coin); row r covers [(first + r) * size, ...)."""

    size: Fraction
    first: int
    count: int

    def rows(self, price: Floats) -> Ints:
        """Row of each price, counted from `first`; -1 for NaN."""
        known = np.isfinite(price)
        return np.where(
            known, np.floor(np.where(known, price, 0.0) / float(self.size)).astype(np.int64) - self.first, -1
        )


def grid_for(bars: LevelBars, rules: LevelRules, size: Fraction) -> LevelGrid:
    """Rows for all prices of the bars and their possible levels, extended in steps of 5 %."""
    factors = liquidation_prices(rules, np.array([False, True]))
    low, high = float(np.nanmin(bars.low)) * factors.min(), float(np.nanmax(bars.high)) * factors.max()
    bottom = math.exp(math.floor(math.log(low) / _EDGE_STEP) * _EDGE_STEP)
    top = math.exp(math.ceil(math.log(high) / _EDGE_STEP) * _EDGE_STEP)
    first = math.floor(bottom / float(size))
    return LevelGrid(size, first, math.ceil(top / float(size)) - first + 1)


class LevelModel:
    """The estimate after `done` bars: `standing` is (markets, 2, rows) in base coin, `changes` (markets,) counts."""

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
        self._since = np.zeros((4, len(inverse)))  # traded, bought, notional, assumed since the last open interest
        self._last = np.full(len(inverse), np.nan)
        self._last_bar = np.full(len(inverse), -STALE_BARS - 1)
        self._sums = np.zeros(5)  # added, touched, closed, decayed, assumed

    def __copy__(self) -> LevelModel:
        twin = object.__new__(LevelModel)
        for name, value in vars(self).items():
            setattr(twin, name, value.copy() if isinstance(value, np.ndarray) else value)
        return twin

    @property
    def ledger(self) -> LevelLedger:
        """Totals so far, base coin."""
        added, touched, closed, decayed, assumed = self._sums.tolist()
        return LevelLedger(added, touched, closed, decayed, float(self.standing.sum()), assumed)

    def step(self, bars: LevelBars, at: int) -> Floats:
        """Process the next bar, `at`; returns the levels at its close by row (base coin)."""
        before = self.standing.sum()
        self.standing *= self._decay
        self._sums[3] += before - self.standing.sum()
        self._touch(_extreme(bars.low[:, at], np.fmin), _extreme(bars.high[:, at], np.fmax))
        self._since += np.stack(
            (bars.traded[:, at], bars.bought[:, at], bars.notional[:, at], bars.half[:, at] * bars.traded[:, at])
        )
        open_interest = bars.open_interest[:, at]
        known = np.isfinite(open_interest)
        if known.any():
            self._move(open_interest, known, at)
            price = np.where(known, bars.close[at], np.nan)
            self._touch(price, price)
            self._last[known], self._last_bar[known] = open_interest[known], at
            self._since[:, known] = 0.0
        self.done = at + 1
        return np.asarray(self.standing.sum(axis=(0, 1)))

    def _touch(self, low: Floats, high: Floats) -> None:
        """Remove longs in the row of `low` and above, shorts in the row of `high` and below; NaN removes none."""
        lowest, highest = self.grid.rows(low), self.grid.rows(high)
        lowest[~np.isfinite(low)] = self.grid.count
        hit = np.stack((self._rows >= lowest[:, None], self._rows <= highest[:, None]), axis=1)
        self._sums[1] += self.standing[hit].sum()
        self.standing[hit] = 0.0

    def _move(self, open_interest: Floats, known: Bools, at: int) -> None:
        """Remove and add levels by the change of open interest."""
        fresh = known & np.isfinite(self._last) & (at - self._last_bar <= STALE_BARS)
        change = np.where(fresh, open_interest - self._last, 0.0)
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
    """Each market's extreme, that of all markets for one without trades."""
    return np.where(np.isnan(values), of.reduce(values), values)


class Levels:
    """The estimate over the finished bars, updated incrementally; restarted if an earlier bar or the grid changed."""

    def __init__(self, rules: LevelRules) -> None:
        self.rules = rules
        self.model: LevelModel | None = None
        self._seen: LevelBars | None = None
        self._history = np.zeros((0, 0), np.float32)

    def update(self, bars: LevelBars, size: Fraction, finished: int) -> Singles:
        """Process the first `finished` bars; returns the levels at each close, (bars, rows), base coin, read-only."""
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
        """The estimate after all bars, and the levels at the close of the unfinished ones. Call `update` first."""
        assert self.model is not None, "update comes first"
        twin = copy(self.model)
        columns = [twin.step(bars, at) for at in range(twin.done, len(bars))]
        return twin, np.array(columns, np.float32).reshape(-1, twin.grid.count)

    def _goes_on(self, bars: LevelBars, done: int) -> bool:
        seen = self._seen
        if seen is None or seen.first != bars.first or not np.array_equal(seen.inverse, bars.inverse):
            return False
        names = ("close", "high", "low", "traded", "bought", "notional", "half", "open_interest")
        return all(_same(getattr(seen, name)[..., :done], getattr(bars, name)[..., :done]) for name in names)


def _same(one: Floats, other: Floats) -> bool:
    return one.shape == other.shape and bool(np.array_equal(one, other, equal_nan=one.dtype != np.bool_))
