"""A market simulated order by order: makers, takers and their book. Pure code, stepped by the `Simulation`."""

import math
from dataclasses import dataclass

from feeds.model.events import Side
from feeds.simulator.market.aggression import Aggression, Arrivals
from feeds.simulator.market.draws import Draws
from feeds.simulator.market.facts import Fact
from feeds.simulator.market.maker import Maker
from feeds.simulator.market.simulated import SimulatedMarket
from feeds.simulator.market.spec import SECOND, MarketSpec
from feeds.simulator.market.tape import Tape

_SWEEP = 0.25
_STRETCH = 1.0e-4
_STRETCH_S = 120.0
_OPENING = 0.25
_OPENING_S = 90.0
_POSITIONING_S = 600.0


@dataclass(frozen=True, slots=True)
class MarketConditions:
    """A base's inputs to its markets for a step: fair price, taker flow, activity factor, stress in [0, 1]."""

    price: float
    mood: Aggression
    heat: float
    stress: float


class Market(SimulatedMarket):
    """A market with a full order book, stepped every `spec.step_ns`."""

    spec: MarketSpec

    def __init__(
        self, index: int, spec: MarketSpec, tape: Tape, draws: Draws, price: float, now_ns: int, compression: int = 1
    ) -> None:
        self._fair = price
        self._stretch = 0.0
        self._opening_share = 0.0
        self.maker = Maker(spec, draws, math.floor(price / spec.tick))
        self._arrivals = Arrivals(spec.orders_per_s, draws)
        self._patience = spec.patience_ticks
        super().__init__(index, spec, tape, self.maker.open_book(), draws, now_ns, compression)

    def step(self, now_ns: int, dt_ns: int, conditions: MarketConditions, out: list[Fact]) -> float:
        """Simulate the `dt_ns` that end at `now_ns`. Returns the signed USD that takers traded, buys positive."""
        dt_s, since_ns, mood = dt_ns / SECOND, now_ns - dt_ns + 1, conditions.mood
        lag = self.spec.lag_s
        target = conditions.price * (1.0 + self.spec.basis + self._stretch)
        if self.perpetual is not None:
            self._stretch += -self._stretch * dt_s / _STRETCH_S
            self._stretch += _STRETCH * math.sqrt(2.0 * dt_s / _STRETCH_S) * self._draws.normal()
        self._fair += (target - self._fair) * (1.0 - math.exp(-dt_s / lag) if lag else 1.0)
        out += self.tape.close_due(since_ns)
        self._follow(since_ns, out)
        pushed = 0.0
        count = self._arrivals.count(conditions.heat * mood.heat * (1.0 + 2.0 * conditions.stress), dt_s)
        for moment in sorted(int(self._draws.uniform() * dt_ns) for _ in range(count)):
            pushed += self._take(since_ns + moment, mood, out)
        self.maker.step(self.book, now_ns, dt_s, conditions.heat, conditions.stress)
        self._emit_touch(now_ns, out)
        return pushed

    def _follow(self, now_ns: int, out: list[Fact]) -> None:
        """Move the anchor once the fair price is too far off: takers sweep part of it, makers cancel the rest."""
        maker, draws, fair = self.maker, self._draws, self._fair / self.spec.tick
        gap = fair - maker.anchor - 0.5
        if abs(gap) < self._patience:
            return
        self._patience = self.spec.patience_ticks * draws.between(0.4, 1.6)
        maker.anchor = math.floor(fair)
        if draws.chance(_SWEEP):
            side = Side.BUY if gap > 0 else Side.SELL
            lots = int(draws.lognormal(self.spec.touch_lots * 0.8, 1.0)) + 1
            self.execute(now_ns, side, lots, maker.anchor if gap > 0 else maker.anchor + 1, out)
        maker.withdraw(self.book)
        self._emit_touch(now_ns, out)

    def _take(self, ts_ns: int, mood: Aggression, out: list[Fact]) -> float:
        draws, spec = self._draws, self.spec
        side = mood.side(draws)
        lots = max(int(draws.lognormal(spec.order_lots, spec.order_sigma)), 1)
        far = int(spec.patience_ticks * 3.0)
        best = self.book.other(side).best
        fills = self.execute(ts_ns, side, lots, best + far if side is Side.BUY else best - far, out)
        if fills and mood.absorbing not in (None, side):
            self.maker.reload(self.book, mood.absorbing, *fills[0])
            self._emit_touch(ts_ns, out)
        filled = sum(size for _, size in fills)
        self._open_positions(filled * self._opening_share)
        return filled * self.lot_usd * (1.0 if side is Side.BUY else -1.0)

    def refine(self, factor: int) -> None:
        """Make the price step `factor` times finer; prices stay the same."""
        super().refine(factor)
        self.maker.refine(self.spec, factor)
        self._patience *= factor

    def second(self, now_ns: int, index: float) -> None:
        """Prune far levels, and redraw the share of flow that opens positions and the positioning, once a second."""
        self.maker.prune(self.book)
        draws = self._draws
        self._opening_share += (
            -self._opening_share / _OPENING_S + _OPENING * math.sqrt(2.0 / _OPENING_S) * draws.normal()
        )
        self._opening_share = min(max(self._opening_share, -0.9), 0.9)
        self.positioning += -self.positioning / _POSITIONING_S + 0.4 * math.sqrt(2.0 / _POSITIONING_S) * draws.normal()
        super().second(now_ns, index)
