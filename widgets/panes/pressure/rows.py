"""Which rows of the pressure table are shown, and in which order: pure functions of a view, a filter and sort keys."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

import numpy as np

from workstation.readmodels.arrays import Bools, Floats, Ints
from workstation.readmodels.universe.pressure import REGIMES, PressureView, Regime

POINTS, Z = -1, -2


class Sort(NamedTuple):
    """One sort key: a column index, and whether it sorts ascending."""

    column: int
    rising: bool


@dataclass(frozen=True, slots=True)
class Filter:
    """Which coins are listed. `bias` and `regime` None accept any; `wanted` are parts of names, of which one must
    match, empty accepts any; `venues` is the least number of live markets, `turnover` the least 24 h volume in USD.
    """

    wanted: tuple[str, ...] = ()
    bias: int | None = None
    regime: Regime | None = None
    venues: int = 0
    turnover: float = 0.0

    def accepts(self, view: PressureView) -> Bools:
        """A mask (coins,) over a view. An unknown number fails a filter on it."""
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


def search_terms(text: str) -> tuple[str, ...]:
    """The parts of names in a search text, upper case; separated by spaces, commas or semicolons."""
    return tuple(text.upper().replace(",", " ").replace(";", " ").split())


def ordered(coins: Ints, keys: Sequence[tuple[Floats, bool]]) -> Ints:
    """Coin indices sorted by (values, ascending) keys, the first key foremost. Stable; NaN sorts last either way."""
    if not len(keys):
        return coins
    columns = [values[coins] if rising else -values[coins] for values, rising in keys]
    return coins[np.lexsort([np.where(np.isnan(one), np.inf, one) for one in reversed(columns)])]


def pinned_first(coins: Ints, pinned: Bools) -> Ints:
    """Coin indices with the pinned ones first, otherwise in the same order; `pinned` is a mask over all coins."""
    above = pinned[coins]
    return np.concatenate((coins[above], coins[~above]))


@dataclass(slots=True)
class PressureRows:
    """The displayed rows as integer codes: coins, each followed by its detail rows if it is expanded.

    A code in [0, coins) is a coin, from `coins` on a market. Negative codes are the two rows of score terms below a
    coin: points of the pressure score (odd) and z of the flow score (even). `pins` is how many rows at the top belong
    to pinned coins.
    """

    coins: int = 0
    codes: Ints = field(default_factory=lambda: np.empty(0, dtype=np.int64))
    pins: int = 0

    def coin_of(self, row: int, base: Ints) -> int:
        """The index of the coin that a row belongs to; `base` has the coin of each market."""
        code = int(self.codes[row])
        if code < 0:
            return (-code - 1) // 2
        return code if code < self.coins else int(base[code - self.coins])

    def part_of(self, row: int) -> int:
        """POINTS or Z for a row of score terms, else 0."""
        code = int(self.codes[row])
        return 0 if code >= 0 else POINTS if -code % 2 else Z


def laid_out(coins: Ints, view: PressureView, expanded: Collection[str], pins: int) -> PressureRows:
    """The rows for these coins in their order, with the detail rows of those that are expanded."""
    symbols, base = view.universe.symbols, view.universe.markets.base
    if not expanded:
        return PressureRows(len(symbols), coins, pins)
    codes: list[int] = []
    pinned = 0
    for place, coin in enumerate(coins.tolist()):
        pinned = len(codes) if place == pins else pinned
        codes.append(coin)
        if symbols[coin] in expanded:
            codes += (-(2 * coin + 1), -(2 * coin + 2), *(len(symbols) + np.flatnonzero(base == coin)).tolist())
    return PressureRows(len(symbols), np.array(codes, dtype=np.int64), pinned if len(coins) > pins else len(codes))
