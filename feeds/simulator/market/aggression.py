"""Arrival and side of taker orders: quiet periods, one-sided episodes, and absorption by resting orders."""

import math

from feeds.model.events import Side
from feeds.simulator.market.draws import Draws
from feeds.simulator.market.spec import SECOND

_EXCITE = 0.22
_DECAY_S = 0.45
_ABSORBED = 0.12


class Aggression:
    """Taker flow of one base. `tilt` in [-1, 1] is the lean, positive to buying; `heat` multiplies the order rate.

    `absorbing` is the resting side that reloads during an absorbed episode, where the price hardly moves, else None.
    """

    def __init__(self, draws: Draws, start_ns: int) -> None:
        self._draws = draws
        self.tilt = 0.0
        self.heat = 0.8
        self.absorbing: Side | None = None
        self._until_ns = start_ns

    @property
    def impact(self) -> float:
        """A taker order's price impact as a fraction of the usual."""
        return 1.0 if self.absorbing is None else _ABSORBED

    def step(self, now_ns: int) -> None:
        """Begin or end an episode when it is due."""
        if now_ns < self._until_ns:
            return
        if self.tilt:
            self.tilt, self.heat, self.absorbing = 0.0, self._draws.between(0.5, 1.0), None
            self._until_ns = now_ns + int((2.0 + 8.0 * self._draws.exponential()) * SECOND)
        else:
            self._begin(now_ns)

    def _begin(self, now_ns: int) -> None:
        draws = self._draws
        self.tilt = draws.sign() * draws.between(0.45, 0.85)
        self.heat = draws.between(1.4, 3.2)
        if draws.chance(0.35):
            self.absorbing = Side.SELL if self.tilt > 0 else Side.BUY
        self._until_ns = now_ns + int(draws.between(1.5, 6.0) * SECOND)

    def side(self, draws: Draws) -> Side:
        return Side.BUY if draws.uniform() < 0.5 + 0.5 * self.tilt else Side.SELL


class Arrivals:
    """Self-exciting (Hawkes) arrivals of taker orders in one market; `rate` is orders a second."""

    def __init__(self, rate: float, draws: Draws) -> None:
        self._rate = rate
        self._draws = draws
        self._excited = 0.0

    def count(self, heat: float, dt_s: float) -> int:
        """Number of orders within the next `dt_s` seconds."""
        self._excited *= math.exp(-dt_s / _DECAY_S)
        count = self._draws.count(min(self._rate * heat * (1.0 + self._excited) * dt_s, 8.0))
        self._excited = min(self._excited + count * _EXCITE * 9.0 / self._rate, 6.0)
        return count
