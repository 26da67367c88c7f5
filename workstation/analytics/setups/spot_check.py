"""Spot against perpetuals: marks setups in which only the leveraged market moved."""

import math
from typing import ClassVar

from workstation.analytics.setups.facts import BarFacts, Past, named_numbers
from workstation.readmodels.net import net, settled
from workstation.readmodels.session.setup_rules import SpotParameters
from workstation.readmodels.session.setups import Numbers


class SpotCheck(SpotParameters, frozen=True):
    """Leverage only: CVD of the perpetuals moved and CVD of spot did not move in the same direction.

    Compared over the last `window` bars up to the trigger, and for a confirmed setup from trigger to confirmation.
    """

    version: ClassVar[int] = 1  # stored with every event

    def at_trigger(self, past: Past, bar: BarFacts) -> tuple[bool | None, Numbers]:
        """Leverage only at the trigger, None where spot is unknown, and the numbers compared."""
        return _judged((*past[-self.window + 1 :], bar), "trigger")

    def at_confirmation(self, bars: Past) -> tuple[bool | None, Numbers]:
        """The same from the trigger to the confirmation; `bars` begin with the trigger bar."""
        return _judged(bars, "confirmation")


def _judged(bars: Past, when: str) -> tuple[bool | None, Numbers]:
    perp = net(math.fsum(bar.buy for bar in bars), math.fsum(bar.sell for bar in bars))
    spot = settled(math.fsum(bar.spot_delta for bar in bars), math.fsum(abs(bar.spot_delta) for bar in bars))
    numbers = named_numbers(**{f"perp_cvd_to_{when}": perp, f"spot_cvd_to_{when}": spot})
    if math.isnan(spot):
        return None, numbers
    return perp != 0 and perp * spot <= 0, numbers
