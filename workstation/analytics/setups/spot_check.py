"""Spot against perpetuals: a filter on the other detectors that marks what leverage does alone."""

from __future__ import annotations

import math

from workstation.analytics.setups.facts import BarFacts, Past, told
from workstation.readmodels.session.setup_rules import SpotParameters
from workstation.readmodels.session.setups import Numbers


class SpotCheck(SpotParameters, frozen=True):
    """Over the last `window` bars up to the trigger, and for a confirmed setup over those from the trigger to the
    confirmation: where CVD of the perpetuals moved and CVD of spot did not move the same way, it was leverage only.
    """

    @property
    def version(self) -> int:
        """Of the rule."""
        return 1

    def at_trigger(self, past: Past, bar: BarFacts) -> tuple[bool | None, Numbers]:
        """The verdict when a setup begins; None where spot is not known."""
        return _judged((*past[-self.window + 1 :], bar), "trigger")

    def at_confirmation(self, bars: Past) -> tuple[bool | None, Numbers]:
        """The verdict when it is confirmed, on the bars from its trigger on."""
        return _judged(bars, "confirmation")


def _judged(bars: Past, when: str) -> tuple[bool | None, Numbers]:
    perp, spot = sum(bar.delta for bar in bars), sum(bar.spot_delta for bar in bars)
    numbers = told(**{f"perp_cvd_to_{when}": perp, f"spot_cvd_to_{when}": spot})
    if math.isnan(spot):
        return None, numbers
    return perp != 0 and perp * spot <= 0, numbers
