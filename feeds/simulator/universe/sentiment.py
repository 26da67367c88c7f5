"""The sentiment of each altcoin: quiet coins, crowded longs or shorts that build up, and their liquidations."""

import math

from feeds.model.events import Side
from feeds.simulator.market.draws import Draws
from feeds.simulator.market.spec import SECOND, AltcoinBase

_RELAX_S = 120.0
_FLUSH_EVERY_S = 1_500.0
_CROWDED = 0.6
_STRAY_PER_S = 0.01


class Sentiment:
    """One altcoin. `lean` in [-1, 1] is how one-sided its positions are (longs positive), `flow` that of takers.

    `lean` relaxes towards `target`, which is drawn again at `turn_ns`.

    Crowded positions build slowly, with premium, funding, open interest and price. Eventually they are flushed:
    liquidations of one side, a fast move against them, falling open interest. `flushing` is their order side, or None.
    """

    def __init__(self, spec: AltcoinBase, draws: Draws, now_ns: int) -> None:
        self.spec = spec
        self._draws = draws
        self.log_price = math.log(spec.price)
        self.bias = draws.normal() * 1.5e-4
        self.is_quiet = draws.chance(0.25)
        self.target = self._choose()
        self.lean = self.target * draws.between(0.6, 1.0)
        self.noise = 0.0
        self.turn_ns = now_ns + int(draws.between(60.0, 900.0) * SECOND)
        self._flush_end_ns = 0
        self.flushing: Side | None = None

    def _choose(self) -> float:
        draws = self._draws
        if self.is_quiet or draws.chance(0.4):
            return draws.between(-0.15, 0.15)
        return draws.between(0.6, 1.0) * (1.0 if draws.chance(0.6) else -1.0)

    @property
    def price(self) -> float:
        """Quote per coin."""
        return math.exp(self.log_price)

    @property
    def premium(self) -> float:
        """Premium of this base's perpetuals over the index, a fraction."""
        return self.bias + 9e-4 * self.lean

    @property
    def heat(self) -> float:
        """Turnover as a multiple of the usual."""
        return (0.25 if self.is_quiet else 1.0) * (1.0 + abs(self.lean)) * (5.0 if self.flushing else 1.0)

    @property
    def flow(self) -> float:
        """Net share of taker buying in [-1, 1]."""
        if self.flushing is not None:
            return 0.7 if self.flushing is Side.BUY else -0.7
        return min(max(0.22 * self.lean + self.noise, -0.9), 0.9)

    @property
    def opening_share(self) -> float:
        """The share of the turnover that opens positions; negative where it closes them."""
        return -0.35 if self.flushing else 0.35 * abs(self.lean) + 0.4 * self.noise

    def step(self, now_ns: int, market_move: float) -> list[tuple[Side, float]]:
        """Simulate one second, given Bitcoin's log move. Returns liquidations: order side and USD."""
        draws, spec = self._draws, self.spec
        self.noise += -self.noise / 20.0 + 0.06 * draws.normal()
        self.lean += (self.target - self.lean) / _RELAX_S
        quiet = 0.4 if self.is_quiet else 1.0
        self.log_price += spec.beta * market_move + quiet * spec.volatility * draws.normal() + 4e-6 * self.lean
        if now_ns >= self.turn_ns:
            self.target = self._choose()
            self.turn_ns = now_ns + int(draws.between(180.0, 1_200.0) * SECOND)
        return self._flush(now_ns) + self._stray()

    def _flush(self, now_ns: int) -> list[tuple[Side, float]]:
        draws = self._draws
        if self.flushing is None:
            if abs(self.lean) > _CROWDED and draws.chance(1.0 / _FLUSH_EVERY_S):
                self.flushing = Side.SELL if self.lean > 0 else Side.BUY
                self._flush_end_ns = now_ns + int(draws.between(12.0, 40.0) * SECOND)
                self.target = -0.2 * self.lean
            return []
        if now_ns >= self._flush_end_ns:
            self.flushing = None
            return []
        self.log_price += (1.0 if self.flushing is Side.BUY else -1.0) * abs(draws.normal()) * 1.2e-3
        self.lean *= 0.96
        usd = max(300.0, self.spec.day_usd * 4e-5)
        return [(self.flushing, draws.lognormal(usd, 1.2)) for _ in range(draws.count(6.0))]

    def _stray(self) -> list[tuple[Side, float]]:
        draws = self._draws
        if not draws.chance(_STRAY_PER_S):
            return []
        side = Side.SELL if draws.chance(0.5 + 0.3 * self.lean) else Side.BUY
        return [(side, draws.lognormal(max(150.0, self.spec.day_usd * 2e-6), 1.3))]
