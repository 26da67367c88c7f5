"""Liquidation sweep and reclaim: liquidations push price through a level and it returns at once."""

import math
from typing import ClassVar

from workstation.analytics.setups.detector import Armed, Trigger, Verdict
from workstation.analytics.setups.facts import BASELINE, BarFacts, Past, named_numbers
from workstation.readmodels.session.setup_rules import SweepParameters
from workstation.readmodels.session.setups import Detector


class Sweep(SweepParameters, frozen=True):
    """Armed (long; short is the mirror image): a bar opens above a level and trades below it, and longs liquidated in
    it are at least `spike` times the mean of the previous bars and at least `minimum` (quote notional).

    Confirmed within `within` bars (trigger bar: 0): a close back above the level with positive delta, and open interest
    lower than before the trigger bar. Invalidated: a close below the level on growing negative delta, or no reclaim
    within `within` bars.
    """

    detector: ClassVar[Detector] = Detector.SWEEP
    version: ClassVar[int] = 1  # stored with every event

    @property
    def patience(self) -> int:
        """Bars within which the level has to be reclaimed."""
        return self.within

    def trigger(self, past: Past, bar: BarFacts, direction: int) -> Trigger | None:
        """A spike of liquidations through a level."""
        liquidated = bar.liquidated(direction)
        known = [one.liquidated(direction) for one in past[-BASELINE:]]
        known = [value for value in known if not math.isnan(value)]
        if len(known) < BASELINE or math.isnan(liquidated):
            return None
        mean = math.fsum(known) / len(known)
        if liquidated < max(self.spike * mean, self.minimum):
            return None
        extreme = bar.extreme(-direction)
        passed = [
            level
            for level in bar.levels
            if direction * (bar.open - level.price) > 0 and direction * (extreme - level.price) < 0
        ]
        if not passed:
            return None
        level = min(passed, key=lambda one: (direction * one.price, one.kind.value))  # the furthest level swept
        numbers = named_numbers(**_numbers(bar), liquidated=liquidated, usual_liquidated=mean, extreme=extreme)
        return Trigger(direction, level, numbers)

    def invalidate(self, armed: Armed, bar: BarFacts) -> Verdict | None:
        """Price stays beyond the level."""
        direction, level = armed.trigger.direction, armed.trigger.level.price
        if direction * (bar.close - level) >= 0:
            return None
        before = armed.since[-2] if len(armed.since) > 1 else armed.bar
        grew = direction * bar.delta < min(direction * before.delta, 0.0)
        if not grew and armed.bars < self.within:
            return None
        reason = "stayed beyond on growing delta" if grew else "was not reclaimed in time"
        return Verdict(reason, named_numbers(**_numbers(bar), delta_before=before.delta, level=level))

    def confirm(self, armed: Armed, past: Past, bar: BarFacts) -> Verdict | None:
        """Reclaimed, delta flipped, open interest lower."""
        direction, level = armed.trigger.direction, armed.trigger.level.price
        changes = [one.oi_change for one in (armed.bar, *armed.since) if not math.isnan(one.oi_change)]
        reclaimed = direction * (bar.close - level) > 0 and direction * bar.delta > 0
        if not reclaimed or not changes or not math.fsum(changes) < 0:
            return None
        return Verdict(
            "reclaimed, delta flipped, OI is lower", named_numbers(**_numbers(bar), oi_since_trigger=math.fsum(changes))
        )


def _numbers(bar: BarFacts) -> dict[str, float]:
    numbers = {"open": bar.open, "high": bar.high, "low": bar.low, "close": bar.close, "delta": bar.delta}
    return {**numbers, "oi_change": bar.oi_change}
