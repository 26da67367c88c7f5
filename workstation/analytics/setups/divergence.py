"""Delta divergence: price makes a new extreme at a level and CVD does not."""

from typing import ClassVar

from workstation.analytics.setups.detector import Armed, Trigger, Verdict
from workstation.analytics.setups.facts import BarFacts, Past, named_numbers, usual
from workstation.readmodels.session.setup_rules import DivergenceParameters
from workstation.readmodels.session.setups import Detector, SetupLevel


class Divergence(DivergenceParameters, frozen=True):
    """Armed (short; long is the mirror image): the high is above those of the previous `window` bars, the highest CVD
    at their closes exceeds the present CVD by at least `margin` usual volumes, and a level lies within `reach` usual
    ranges of the high.

    Confirmed by an exhaustion bar: less delta against the setup than the previous bar, and POC and close beyond the
    trigger's in the setup's direction. Invalidated: CVD makes the new extreme after all.
    """

    detector: ClassVar[Detector] = Detector.DIVERGENCE
    version: ClassVar[int] = 1  # stored with every event

    def trigger(self, past: Past, bar: BarFacts, direction: int) -> Trigger | None:
        """A new extreme of price without one of CVD."""
        volume, bar_range = usual(past, lambda one: one.volume), usual(past, lambda one: one.bar_range)
        if len(past) < self.window or not (volume > 0 and bar_range > 0):
            return None
        away = -direction  # the direction of the new extreme
        before = past[-self.window :]
        best = max(away * one.extreme(away) for one in before)
        highest = max(away * one.cvd for one in before)
        short = highest - away * bar.cvd
        if away * bar.extreme(away) <= best or short < self.margin * volume:
            return None
        level = self._near(bar, bar.extreme(away), bar_range)
        if level is None:
            return None
        numbers = named_numbers(
            **_numbers(bar),
            extreme=bar.extreme(away),
            extreme_before=away * best,
            cvd_extreme=away * highest,
            cvd_short_by=short,
            usual_volume=volume,
            usual_range=bar_range,
        )
        return Trigger(direction, level, numbers)

    def _near(self, bar: BarFacts, extreme: float, bar_range: float) -> SetupLevel | None:
        near = [level for level in bar.levels if abs(level.price - extreme) <= self.reach * bar_range]
        return min(near, key=lambda level: (abs(level.price - extreme), level.kind.value), default=None)

    def invalidate(self, armed: Armed, bar: BarFacts) -> Verdict | None:
        """CVD made the new extreme."""
        extreme = armed.number("cvd_extreme")
        if -armed.trigger.direction * (bar.cvd - extreme) < 0:
            return None
        return Verdict("CVD made the new extreme", named_numbers(**_numbers(bar), cvd_extreme=extreme))

    def confirm(self, armed: Armed, past: Past, bar: BarFacts) -> Verdict | None:
        """An exhaustion bar."""
        direction, before = armed.trigger.direction, past[-1] if past else armed.bar
        shrank = direction * (bar.delta - before.delta) > 0
        rolled = direction * (bar.poc - armed.bar.poc) > 0
        if not armed.bars or not (shrank and rolled) or direction * (bar.close - armed.bar.close) <= 0:
            return None
        numbers = named_numbers(**_numbers(bar), delta_before=before.delta, poc_at_trigger=armed.bar.poc)
        return Verdict("delta shrank and the POC rolled away", numbers)


def _numbers(bar: BarFacts) -> dict[str, float]:
    return {"high": bar.high, "low": bar.low, "close": bar.close, "delta": bar.delta, "cvd": bar.cvd, "poc": bar.poc}
