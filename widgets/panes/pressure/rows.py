"""Which rows of the pressure table are shown, and in which order. Pure functions of a view and a person's wishes."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

import numpy as np

from workstation.readmodels.arrays import Bools, Floats, Ints
from workstation.readmodels.universe.pressure import REGIMES, PressureView, Regime

POINTS, Z = -1, -2


class Sort(NamedTuple):
    """One key of the order: a column's number, and whether the smallest comes first."""

    column: int
    rising: bool


@dataclass(frozen=True, slots=True)
class Filter:
    """What a coin must be to be listed; `bias` None is any, `wanted` empty is any name, several are any of them."""

    wanted: tuple[str, ...] = ()
    bias: int | None = None
    regime: Regime | None = None
    venues: int = 0
    turnover: float = 0.0

    def accepts(self, view: PressureView) -> Bools:
        """A mask over the coins of a view. What is not known fails a filter on it."""
        coins = view.universe
        chosen = coins.live >= self.venues
        if self.turnover:
            chosen &= coins.columns.turnover_24h >= self.turnover
        if self.bias is not None:
            chosen &= (view.pressure.bias == self.bias) & ~np.isnan(view.pressure.signed)
        if self.regime is not None:
            chosen &= (view.pressure.regime == REGIMES.index(self.regime)) & ~np.isnan(view.pressure.signed)
        if self.wanted:
            chosen &= np.array([any(text in name for text in self.wanted) for name in coins.symbols], dtype=bool)
        return chosen


def words(text: str) -> tuple[str, ...]:
    """What is looked for in names: words, whatever separates them."""
    return tuple(text.upper().replace(",", " ").replace(";", " ").split())


def ordered(coins: Ints, keys: Sequence[tuple[Floats, bool]]) -> Ints:
    """Coins sorted by several keys, the first one foremost; stable, and what is not known comes last either way."""
    if not len(keys):
        return coins
    columns = [values[coins] if rising else -values[coins] for values, rising in keys]
    return coins[np.lexsort([np.where(np.isnan(one), np.inf, one) for one in reversed(columns)])]


def pinned_first(coins: Ints, pinned: Bools) -> Ints:
    """The pinned ones before all others, both in the order they had."""
    above = pinned[coins]
    return np.concatenate((coins[above], coins[~above]))


@dataclass(slots=True)
class PressureRows:
    """The rows as they stand: coins and what is unfolded below them, as codes.

    A code from 0 on is a coin, from `coins` on a market. Below 0 are the two rows that take a coin's scores apart:
    its points of pressure and its z of flow. `pins` is how many rows the pinned coins take, at the top.
    """

    coins: int = 0
    codes: Ints = field(default_factory=lambda: np.empty(0, dtype=np.int64))
    pins: int = 0

    def coin_of(self, row: int, base: Ints) -> int:
        """The coin that a row belongs to; `base` tells it of markets."""
        code = int(self.codes[row])
        if code < 0:
            return (-code - 1) // 2
        return code if code < self.coins else int(base[code - self.coins])

    def part_of(self, row: int) -> int:
        """POINTS or Z for a row that takes a score apart, else 0."""
        code = int(self.codes[row])
        return 0 if code >= 0 else POINTS if -code % 2 else Z


def laid_out(coins: Ints, view: PressureView, unfolded: Collection[str], pins: int) -> PressureRows:
    """Coins in their order with what is unfolded below each."""
    symbols, base = view.universe.symbols, view.universe.markets.base
    if not unfolded:
        return PressureRows(len(symbols), coins, pins)
    codes: list[int] = []
    pinned = 0
    for place, coin in enumerate(coins.tolist()):
        pinned = len(codes) if place == pins else pinned
        codes.append(coin)
        if symbols[coin] in unfolded:
            codes += (-(2 * coin + 1), -(2 * coin + 2), *(len(symbols) + np.flatnonzero(base == coin)).tolist())
    return PressureRows(len(symbols), np.array(codes, dtype=np.int64), pinned if len(coins) > pins else len(codes))
