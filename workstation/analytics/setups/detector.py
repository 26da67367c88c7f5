"""The interface of detectors: what arms, confirms and invalidates a setup, each with the numbers that decided.

A detector is a set of parameters and three pure functions of closed bars; what a setup needs later is among the numbers
at its trigger.
"""

from typing import Any, NamedTuple, Protocol

import msgspec

from workstation.analytics.setups.facts import BarFacts, Past
from workstation.readmodels.session.setups import Detector, Numbers, SetupLevel


class Trigger(NamedTuple):
    """The start of a setup: direction (+1 up, -1 down), level and numbers."""

    direction: int
    level: SetupLevel
    numbers: Numbers


class Armed(NamedTuple):
    """An armed setup, `bars` bars after its trigger (0: in the trigger bar itself)."""

    trigger: Trigger
    bar: BarFacts
    bars: int
    since: Past  # bars after the trigger up to and including the current one

    def number(self, name: str) -> float:
        """A number at the trigger. Raises KeyError for an unknown name."""
        value = dict(self.trigger.numbers)[name]
        assert value is not None
        return value


class Verdict(NamedTuple):
    """Why a setup ended or confirmed, as text and numbers."""

    reason: str
    numbers: Numbers


class Rule(Protocol):
    """A detector and its parameters."""

    @property
    def detector(self) -> Detector:
        """The kind of setup."""

    @property
    def version(self) -> int:
        """Increases with every change of the rule."""

    @property
    def patience(self) -> int:
        """Bars after which an armed setup expires."""

    def trigger(self, past: Past, bar: BarFacts, direction: int) -> Trigger | None:
        """The setup that this bar triggers in a direction, or None."""

    def invalidate(self, armed: Armed, bar: BarFacts) -> Verdict | None:
        """Why this bar invalidates the setup, or None; called before `confirm`, not for the trigger bar."""

    def confirm(self, armed: Armed, past: Past, bar: BarFacts) -> Verdict | None:
        """Why this bar confirms the setup, or None."""


def parameters(rule: Any) -> Numbers:
    return tuple((name, float(value)) for name, value in msgspec.structs.asdict(rule).items())
