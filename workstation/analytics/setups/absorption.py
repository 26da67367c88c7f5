"""Absorption at a level: aggressive volume hits a known level and price does not break it."""

from typing import ClassVar

from workstation.analytics.setups.detector import Armed, Trigger, Verdict
from workstation.analytics.setups.facts import BarFacts, Past, named_numbers, usual
from workstation.readmodels.session.setup_rules import AbsorptionParameters
from workstation.readmodels.session.setups import Detector, SetupLevel


class Absorption(AbsorptionParameters, frozen=True):
    """Armed: a bar opens on the setup's side of a level, comes within `reach` usual ranges of it, trades at least
    `volume_ratio` times the usual volume with a delta of at least `delta_share` of it against the level, does not close
    beyond the level and moves at most `progress` usual ranges towards it from open to close.

    Confirmed: a later bar with less aggressive volume against the level than the trigger bar, opposite delta, at least
    one stacked imbalance in the new direction and a close past the trigger's. Invalidated: a close beyond the level.
    """

    detector: ClassVar[Detector] = Detector.ABSORPTION
    version: ClassVar[int] = 1  # stored with every event

    def trigger(self, past: Past, bar: BarFacts, direction: int) -> Trigger | None:
        """Heavy aggressive volume against a level that holds."""
        volume, bar_range = usual(past, lambda one: one.volume), usual(past, lambda one: one.bar_range)
        if not (volume > 0 and bar_range > 0 and bar.volume >= self.volume_ratio * volume):
            return None
        against, progress = -direction * bar.delta, -direction * (bar.close - bar.open)
        if against < self.delta_share * bar.volume or progress > self.progress * bar_range:
            return None
        level = self._met(bar, direction, bar_range)
        if level is None:
            return None
        numbers = named_numbers(
            **_numbers(bar),
            usual_volume=volume,
            usual_range=bar_range,
            volume_ratio=bar.volume / volume,
            delta_share=against / bar.volume,
            progress=progress,
        )
        return Trigger(direction, level, numbers)

    def _met(self, bar: BarFacts, direction: int, bar_range: float) -> SetupLevel | None:
        """The level nearest the bar's extreme among those reached from the setup's side and held."""
        extreme = bar.extreme(-direction)
        met = [
            level
            for level in bar.levels
            if direction * (bar.open - level.price) > 0
            and direction * (bar.close - level.price) >= 0
            and direction * (extreme - level.price) <= self.reach * bar_range
        ]
        return min(met, key=lambda level: (abs(level.price - extreme), level.kind.value), default=None)

    def invalidate(self, armed: Armed, bar: BarFacts) -> Verdict | None:
        """A close beyond the level."""
        level = armed.trigger.level.price
        if armed.trigger.direction * (bar.close - level) >= 0:
            return None
        return Verdict("closed beyond the level", named_numbers(**_numbers(bar), level=level))

    def confirm(self, armed: Armed, past: Past, bar: BarFacts) -> Verdict | None:
        """Aggressive volume fades, delta flips, stacked imbalances in the new direction."""
        direction = armed.trigger.direction
        aggression, before = (one.sell if direction > 0 else one.buy for one in (bar, armed.bar))
        turned = direction * bar.delta > 0 and bar.stacks(direction) > 0 and aggression < before
        if not armed.bars or not turned or direction * (bar.close - armed.bar.close) <= 0:
            return None
        numbers = named_numbers(
            **_numbers(bar), stacks=bar.stacks(direction), aggression=aggression, aggression_before=before
        )
        return Verdict("aggression faded, delta flipped, stacked imbalances", numbers)


def _numbers(bar: BarFacts) -> dict[str, float]:
    extremes = {"open": bar.open, "high": bar.high, "low": bar.low, "close": bar.close}
    return {**extremes, "volume": bar.volume, "delta": bar.delta}
