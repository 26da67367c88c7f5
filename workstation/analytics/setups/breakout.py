"""Breakout with delta: a range is left on expanding delta with stacked imbalances."""

from __future__ import annotations

from workstation.analytics.setups.detector import Armed, Trigger, Verdict
from workstation.analytics.setups.facts import BarFacts, Past, told, usual
from workstation.readmodels.session.setup_rules import BreakoutParameters
from workstation.readmodels.session.setups import Detector, LevelKind, SetupLevel


class Breakout(BreakoutParameters, frozen=True):
    """Armed: a bar closes outside the range of the `window` bars before, which was at most `height` usual ranges high,
    with a delta in that direction of at least `expansion` times the usual one and a stacked imbalance.

    Confirmed: a later bar closes further out than the trigger with delta the same way. Invalid: a close back in the
    range, or a bar whose delta is flat: less than `flat` of the trigger's, either way.
    """

    @property
    def detector(self) -> Detector:
        """Which one it is."""
        return Detector.BREAKOUT

    @property
    def version(self) -> int:
        """Of the rule."""
        return 1

    def trigger(self, past: Past, bar: BarFacts, direction: int) -> Trigger | None:
        """A close outside the range on expanding delta."""
        spread, delta = usual(past, lambda one: one.spread), usual(past, lambda one: abs(one.delta))
        if len(past) < self.window or not (spread > 0 and delta > 0):
            return None
        before = past[-self.window :]
        high, low = max(one.high for one in before), min(one.low for one in before)
        edge = high if direction > 0 else low
        out = direction * (bar.close - edge) > 0 and high - low <= self.height * spread
        if not out or direction * bar.delta < self.expansion * delta or not bar.stacks(direction):
            return None
        numbers = told(
            **_numbers(bar),
            range_high=high,
            range_low=low,
            usual_range=spread,
            usual_delta=delta,
            stacks=bar.stacks(direction),
        )
        kind = LevelKind.RANGE_HIGH if direction > 0 else LevelKind.RANGE_LOW
        return Trigger(direction, SetupLevel(kind, edge), numbers)

    def invalidate(self, armed: Armed, bar: BarFacts) -> Verdict | None:
        """Back in the range, or nobody follows."""
        level = armed.trigger.level.price
        back = armed.trigger.direction * (bar.close - level) <= 0
        if not back and abs(bar.delta) >= self.flat * abs(armed.bar.delta):
            return None
        words = "closed back in the range" if back else "delta went flat"
        return Verdict(words, told(**_numbers(bar), level=level, delta_at_trigger=armed.bar.delta))

    def confirm(self, armed: Armed, past: Past, bar: BarFacts) -> Verdict | None:
        """Others follow."""
        direction = armed.trigger.direction
        further = direction * (bar.close - armed.bar.close) > 0 and direction * bar.delta > 0
        return Verdict("went on with delta", told(**_numbers(bar))) if armed.bars and further else None


def _numbers(bar: BarFacts) -> dict[str, float]:
    return {"high": bar.high, "low": bar.low, "close": bar.close, "volume": bar.volume, "delta": bar.delta}
