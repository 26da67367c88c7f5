"""Breakout with delta: price leaves a range on expanding delta with stacked imbalances."""

from typing import ClassVar

from workstation.analytics.setups.detector import Armed, Trigger, Verdict
from workstation.analytics.setups.facts import BarFacts, Past, named_numbers, usual
from workstation.readmodels.session.setup_rules import BreakoutParameters
from workstation.readmodels.session.setups import Detector, LevelKind, SetupLevel


class Breakout(BreakoutParameters, frozen=True):
    """Armed: a bar closes outside the range of the previous `window` bars, which is at most `height` usual bar ranges
    high, with a delta in that direction of at least `expansion` times the usual and a stacked imbalance.

    Confirmed: a later bar closes further out than the trigger with delta in the same direction. Invalidated: a close
    back in the range, or a bar whose absolute delta is below `flat` of the trigger's.
    """

    detector: ClassVar[Detector] = Detector.BREAKOUT
    version: ClassVar[int] = 1  # stored with every event

    def trigger(self, past: Past, bar: BarFacts, direction: int) -> Trigger | None:
        """A close outside the range on expanding delta."""
        bar_range, delta = usual(past, lambda one: one.bar_range), usual(past, lambda one: abs(one.delta))
        if len(past) < self.window or not (bar_range > 0 and delta > 0):
            return None
        before = past[-self.window :]
        high, low = max(one.high for one in before), min(one.low for one in before)
        edge = high if direction > 0 else low
        out = direction * (bar.close - edge) > 0 and high - low <= self.height * bar_range
        if not out or direction * bar.delta < self.expansion * delta or not bar.stacks(direction):
            return None
        numbers = named_numbers(
            **_numbers(bar),
            range_high=high,
            range_low=low,
            usual_range=bar_range,
            usual_delta=delta,
            stacks=bar.stacks(direction),
        )
        kind = LevelKind.RANGE_HIGH if direction > 0 else LevelKind.RANGE_LOW
        return Trigger(direction, SetupLevel(kind, edge), numbers)

    def invalidate(self, armed: Armed, bar: BarFacts) -> Verdict | None:
        """Back in the range, or delta is flat."""
        level = armed.trigger.level.price
        back = armed.trigger.direction * (bar.close - level) <= 0
        if not back and abs(bar.delta) >= self.flat * abs(armed.bar.delta):
            return None
        reason = "closed back in the range" if back else "delta went flat"
        return Verdict(reason, named_numbers(**_numbers(bar), level=level, delta_at_trigger=armed.bar.delta))

    def confirm(self, armed: Armed, past: Past, bar: BarFacts) -> Verdict | None:
        """Price and delta continue in the direction of the breakout."""
        direction = armed.trigger.direction
        further = direction * (bar.close - armed.bar.close) > 0 and direction * bar.delta > 0
        return Verdict("went on with delta", named_numbers(**_numbers(bar))) if armed.bars and further else None


def _numbers(bar: BarFacts) -> dict[str, float]:
    return {"high": bar.high, "low": bar.low, "close": bar.close, "volume": bar.volume, "delta": bar.delta}
