"""Liquidation cascades: bursts of liquidations of one side in one base that rise, peak and fade."""

import math
from dataclasses import dataclass

from feeds.model.events import Side
from feeds.simulator.market.draws import Draws
from feeds.simulator.market.spec import SECOND, BaseSpec

_ORDERS_PER_S = 12.0


@dataclass(frozen=True, slots=True)
class PlannedLiquidation:
    """A liquidation to execute. `side` is the order's; `usd` the notional; `inverse` the kind of perpetual."""

    base: str
    side: Side
    usd: float
    inverse: bool


class Cascades:
    """The schedule of all liquidations. `every_s` is the range of seconds between the starts of two cascades."""

    def __init__(self, bases: tuple[BaseSpec, ...], draws: Draws, start_ns: int, every_s: tuple[float, float]) -> None:
        self._bases = bases
        self._draws = draws
        self._every_s = every_s
        self._base = bases[0]
        self._side = Side.SELL
        self._begin_ns = start_ns + int(draws.between(0.3, 0.6) * every_s[0] * SECOND)
        self._length_ns = 0
        self._order_usd = 0.0

    def stress(self, base: str, now_ns: int) -> float:
        """The intensity of a cascade in this base: 0 outside, 1 at the peak."""
        elapsed = now_ns - self._begin_ns
        if base != self._base.name or not 0 <= elapsed < self._length_ns:
            return 0.0
        return math.sin(math.pi * elapsed / self._length_ns)

    def orders(self, now_ns: int, dt_s: float) -> list[PlannedLiquidation]:
        """The liquidations of the next `dt_s` seconds."""
        draws = self._draws
        if not self._length_ns and now_ns >= self._begin_ns:
            self._start()
        elif self._length_ns and now_ns >= self._begin_ns + self._length_ns:
            self._length_ns = 0
            self._begin_ns += int(draws.between(*self._every_s) * SECOND)
        orders = self._stray(dt_s)
        mean = _ORDERS_PER_S * self.stress(self._base.name, now_ns) * dt_s
        for _ in range(draws.count(mean) if mean else 0):
            usd = draws.lognormal(self._order_usd, 1.1)
            orders.append(PlannedLiquidation(self._base.name, self._side, usd, draws.chance(0.2)))
        return orders

    def _start(self) -> None:
        draws = self._draws
        self._base = self._bases[min(int(draws.uniform() ** 1.6 * len(self._bases)), len(self._bases) - 1)]
        self._side = Side.SELL if draws.chance(0.55) else Side.BUY
        self._length_ns = int(draws.between(3.0, 7.0) * SECOND)
        orders = _ORDERS_PER_S * 2.0 / math.pi * self._length_ns / SECOND
        self._order_usd = self._base.liquidation_usd * draws.between(0.6, 1.6) / orders / 1.8

    def _stray(self, dt_s: float) -> list[PlannedLiquidation]:
        if not self._draws.chance(dt_s / 9.0):
            return []
        base = self._bases[int(self._draws.uniform() * len(self._bases))]
        side = Side.SELL if self._draws.chance(0.5) else Side.BUY
        return [PlannedLiquidation(base.name, side, self._draws.lognormal(6_000.0, 1.3), self._draws.chance(0.2))]
