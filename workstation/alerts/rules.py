"""Evaluates alert rules: edge-triggered, with hysteresis, cool-down and once-per-bar. Times are data times."""

import math
from collections import deque
from collections.abc import Callable, Iterable
from decimal import Decimal

from workstation.readmodels.session.alerts import CHANGES, AlertRule, Condition, Fired, RuleState
from workstation.readmodels.session.setups import SessionKind

MINUTE_NS = 60_000_000_000
SECOND_NS = 1_000_000_000
Read = Callable[[str, AlertRule], float | None]


class Watch:
    """One rule on one base."""

    def __init__(self, rule: AlertRule, base: str) -> None:
        self.rule, self.base = rule, base
        self.value: float | None = None
        self.is_true: bool | None = None
        self.fired_ns: int | None = None
        self._past: deque[tuple[int, float]] = deque()
        self._above: bool | None = None

    def look(self, now_ns: int, value: float | None) -> bool:
        """Evaluate a value; True where the rule fires. None, NaN and infinity change nothing."""
        if value is None or not math.isfinite(value):
            self.value = None
            return False
        self.value = self._measured(now_ns, value)
        if self.value is None:
            return False
        before, self.is_true = self.is_true, self._judge(self.value)
        if before is not False or not self.is_true or self._is_silent(now_ns):
            return False
        self.fired_ns = now_ns
        return True

    def state(self) -> RuleState:
        return RuleState(self.base, self.value, self.is_true, self.fired_ns)

    def _measured(self, now_ns: int, value: float) -> float | None:
        """The value to compare: `value`, or its change over the window, None until a window has passed."""
        if self.rule.condition not in CHANGES:
            return value
        self._past.append((now_ns, value))
        begin_ns = now_ns - round(self.rule.window_s * SECOND_NS)
        while len(self._past) > 1 and self._past[1][0] <= begin_ns:
            self._past.popleft()
        return value - self._past[0][1] if self._past[0][0] <= begin_ns else None

    def _judge(self, value: float) -> bool:
        rule, slack = self.rule, self.rule.hysteresis if self.is_true else 0.0
        match rule.condition:
            case Condition.ABOVE | Condition.RISES:
                return value >= rule.value - slack
            case Condition.BELOW:
                return value <= rule.value + slack
            case Condition.FALLS:
                return value <= -rule.value + slack
            case Condition.MOVES:
                return abs(value) >= rule.value - slack
            case Condition.CROSSES:
                return self._crossed(value)

    def _crossed(self, value: float) -> bool:
        """Whether the value has just crossed the threshold, by at least the hysteresis."""
        rule, before = self.rule, self._above
        if before is None:
            self._above = value >= rule.value
        elif before and value < rule.value - rule.hysteresis:
            self._above = False
        elif not before and value >= rule.value + rule.hysteresis:
            self._above = True
        return before is not None and before != self._above

    def _is_silent(self, now_ns: int) -> bool:
        if self.fired_ns is None:
            return False
        if self.rule.once_per_bar and now_ns // MINUTE_NS == self.fired_ns // MINUTE_NS:
            return True
        return now_ns - self.fired_ns < self.rule.cool_down_s * SECOND_NS


class Alerts:
    """The rules and their states. `revision` grows with every evaluation and change."""

    def __init__(self, rules: Iterable[AlertRule] = ()) -> None:
        self.rules: tuple[AlertRule, ...] = tuple(rules)
        self.revision = 0
        self._watches: dict[tuple[int, str], Watch] = {}

    def set_rule(self, rule: AlertRule) -> AlertRule:
        """Replace the rule with the same id, or add it with a new one (id 0); its state is reset. Returns the rule."""
        if rule.id == 0:
            number = max((one.id for one in self.rules), default=0) + 1
            rule = AlertRule(number, *(getattr(rule, name) for name in rule.__slots__[1:]))
        self.rules = (
            tuple(rule if one.id == rule.id else one for one in self.rules)
            if any(one.id == rule.id for one in self.rules)
            else (*self.rules, rule)
        )
        self._forget(rule.id)
        return rule

    def remove_rule(self, number: int) -> None:
        self.rules = tuple(one for one in self.rules if one.id != number)
        self._forget(number)

    def restart(self) -> None:
        """Reset all states, because time jumped or the source changed."""
        self._watches.clear()
        self.revision += 1

    def look(self, read: Read, bases: Iterable[str], now_ns: int, session: SessionKind) -> list[Fired]:
        """Evaluate every rule that is on; returns those that fire."""
        listed, fired = list(bases), []
        self.revision += 1
        for rule in self.rules:
            for base in (rule.base,) if rule.base else listed:
                if not rule.on:
                    continue
                watch = self._watches.setdefault((rule.id, base), Watch(rule, base))
                if watch.look(now_ns, read(base, rule)):
                    assert watch.value is not None
                    text = f"{base} {rule.description}: {Decimal(f'{watch.value:.6g}'):,f}"
                    fired.append(Fired(now_ns, rule.id, base, watch.value, text, session))
        return fired

    def states(self) -> tuple[tuple[RuleState, ...], ...]:
        """The states of each rule, by base."""
        return tuple(
            tuple(watch.state() for (number, _), watch in self._watches.items() if number == rule.id)
            for rule in self.rules
        )

    def _forget(self, number: int) -> None:
        self._watches = {key: watch for key, watch in self._watches.items() if key[0] != number}
        self.revision += 1
