"""Liquidation sweep and reclaim: forced orders push price through a level and it comes back at once."""

from __future__ import annotations

import math

from workstation.analytics.setups.detector import Armed, Trigger, Verdict
from workstation.analytics.setups.facts import BASELINE, BarFacts, Past, told
from workstation.readmodels.session.setup_rules import SweepParameters
from workstation.readmodels.session.setups import Detector


class Sweep(SweepParameters, frozen=True):
    """Armed (rising; the mirror falls): a bar opens above a level, goes below it, and at least `spike` times the mean
    of the bars before, and at least `minimum` (quote), of longs is liquidated in it.

    Confirmed within `within` bars, that of the trigger included as 0: a close back above the level with positive delta,
    while open interest fell since the trigger, its bar included. Invalid: a close below the level on growing negative
    delta, or still below it when the time is over.
    """

    @property
    def detector(self) -> Detector:
        """Which one it is."""
        return Detector.SWEEP

    @property
    def version(self) -> int:
        """Of the rule."""
        return 1

    @property
    def patience(self) -> int:
        """Bars until the level has to be reclaimed."""
        return self.within

    def trigger(self, past: Past, bar: BarFacts, direction: int) -> Trigger | None:
        """A spike of liquidations through a level."""
        forced = bar.liquidated(direction)
        known = [one.liquidated(direction) for one in past[-BASELINE:]]
        known = [value for value in known if not math.isnan(value)]
        if len(known) < BASELINE or math.isnan(forced):
            return None
        mean = sum(known) / len(known)
        if forced < max(self.spike * mean, self.minimum):
            return None
        extreme = bar.extreme(-direction)
        passed = [
            level
            for level in bar.levels
            if direction * (bar.open - level.price) > 0 and direction * (extreme - level.price) < 0
        ]
        if not passed:
            return None
        level = min(passed, key=lambda one: (direction * one.price, one.kind.value))  # the furthest that it passed
        numbers = told(**_numbers(bar), liquidated=forced, usual_liquidated=mean, extreme=extreme)
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
        words = "stayed beyond on growing delta" if grew else "was not reclaimed in time"
        return Verdict(words, told(**_numbers(bar), delta_before=before.delta, level=level))

    def confirm(self, armed: Armed, past: Past, bar: BarFacts) -> Verdict | None:
        """Reclaimed, delta flipped, open interest lower."""
        direction, level = armed.trigger.direction, armed.trigger.level.price
        changes = [one.oi_change for one in (armed.bar, *armed.since) if not math.isnan(one.oi_change)]
        reclaimed = direction * (bar.close - level) > 0 and direction * bar.delta > 0
        if not reclaimed or not changes or not sum(changes) < 0:
            return None
        return Verdict("reclaimed, delta flipped, OI is lower", told(**_numbers(bar), oi_since_trigger=sum(changes)))


def _numbers(bar: BarFacts) -> dict[str, float]:
    numbers = {"open": bar.open, "high": bar.high, "low": bar.low, "close": bar.close, "delta": bar.delta}
    return {**numbers, "oi_change": bar.oi_change}
