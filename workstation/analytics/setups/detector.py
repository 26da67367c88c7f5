"""The shape that all detectors have: what arms, what confirms, what invalidates, each with the numbers that decided.

A detector is a set of parameters and three functions of closed bars. It keeps no state: what it needs to remember of a
setup is in the numbers at its trigger.
"""

from __future__ import annotations

from typing import Any, NamedTuple, Protocol

import msgspec

from workstation.analytics.setups.facts import BarFacts, Past
from workstation.readmodels.session.setups import Detector, Numbers, SetupLevel


class Trigger(NamedTuple):
    """A setup that begins: its direction, the level it is at and the numbers."""

    direction: int
    level: SetupLevel
    numbers: Numbers


class Armed(NamedTuple):
    """A setup that waits, `bars` bars after its trigger (0: the bar of the trigger itself)."""

    trigger: Trigger
    bar: BarFacts
    bars: int
    since: Past  # the bars after the trigger, up to the one looked at, which is the last

    def number(self, name: str) -> float:
        """A number at the trigger, which is known."""
        value = dict(self.trigger.numbers)[name]
        assert value is not None
        return value


class Verdict(NamedTuple):
    """What decided, in words and numbers."""

    reason: str
    numbers: Numbers


class Rule(Protocol):
    """A detector. `patience` is after how many bars an armed setup expires."""

    @property
    def detector(self) -> Detector:
        """Which one it is."""

    @property
    def version(self) -> int:
        """Grows with every change of the rule."""

    @property
    def patience(self) -> int:
        """Bars that an armed setup may wait."""

    def trigger(self, past: Past, bar: BarFacts, direction: int) -> Trigger | None:
        """What this bar begins in a direction."""

    def invalidate(self, armed: Armed, bar: BarFacts) -> Verdict | None:
        """What this bar ends; asked before `confirm`, and not in the bar of the trigger."""

    def confirm(self, armed: Armed, past: Past, bar: BarFacts) -> Verdict | None:
        """What this bar confirms."""


def parameters(rule: Any) -> Numbers:
    """The parameters of a rule by name."""
    return tuple((name, float(value)) for name, value in msgspec.structs.asdict(rule).items())
