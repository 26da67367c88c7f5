"""The fair price of each base asset: correlated moves, clustered volatility, permanent and transient taker impact."""

import math

from feeds.simulator.market.draws import Draws
from feeds.simulator.market.spec import BaseSpec

_REVERSION_S = 9.0
_TRANSIENT = 0.4
_SPILL = 0.5
_REGIME_S = 40.0
_REGIME_SIGMA = 0.55


class FairPrice:
    """The fair price of one base, followed by all its markets. `taker_impact` scales the impact of taker orders."""

    def __init__(self, spec: BaseSpec) -> None:
        self.spec = spec
        self.taker_impact = 1.0
        self._permanent = math.log(spec.price)
        self._transient = 0.0

    @property
    def value(self) -> float:
        """Quote per base coin."""
        return math.exp(self._permanent + self._transient)

    def push(self, move: float) -> None:
        """Shift the log price by `move`; a part of it reverts within seconds."""
        self._permanent += move * (1.0 - _TRANSIENT)
        self._transient += move * _TRANSIENT

    def drift(self, move: float, dt_s: float) -> None:
        """Add a log move and let the transient impact decay."""
        self._permanent += move
        self._transient *= math.exp(-dt_s / _REVERSION_S)


class Prices:
    """All bases together. `heat` is the shared volatility regime, 1 on average, up to about 4."""

    def __init__(self, specs: tuple[BaseSpec, ...], draws: Draws) -> None:
        self.bases = {spec.name: FairPrice(spec) for spec in specs}
        self._draws = draws
        self._log_heat = 0.0

    @property
    def heat(self) -> float:
        """The volatility regime as a factor on standard deviations."""
        return math.exp(self._log_heat)

    def step(self, dt_s: float) -> None:
        draws, root = self._draws, math.sqrt(dt_s)
        self._log_heat += -self._log_heat * dt_s / _REGIME_S
        self._log_heat += _REGIME_SIGMA * math.sqrt(2.0 / _REGIME_S) * root * draws.normal()
        common, scale = draws.normal(), root * self.heat
        for base in self.bases.values():
            spec = base.spec
            own = math.sqrt(1.0 - spec.beta**2) * draws.normal()
            base.drift(spec.volatility * scale * (spec.beta * common + own), dt_s)

    def impact(self, name: str, signed_usd: float) -> None:
        """Apply the impact of taker flow in one base (buys positive), which spills over to the others."""
        base = self.bases[name]
        move = base.spec.impact * base.taker_impact * signed_usd / 1e6
        for other_name, other in self.bases.items():
            other.push(move if other_name == name else move * _SPILL * other.spec.beta)
