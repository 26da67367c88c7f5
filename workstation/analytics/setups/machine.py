"""State machine that runs the detectors over closed bars. Deterministic: the same bars give the same events.

At a bar with missing trades armed setups expire and the baseline of usual values starts again. A move after a setup is
to the last trade before its horizon, whether or not a bar ends there.
"""

from collections.abc import Callable
from dataclasses import dataclass, replace

from msgspec.structs import astuple

from workstation.analytics.setups.absorption import Absorption
from workstation.analytics.setups.breakout import Breakout
from workstation.analytics.setups.detector import Armed, Rule, Trigger, Verdict, parameters
from workstation.analytics.setups.divergence import Divergence
from workstation.analytics.setups.facts import BarFacts, named_numbers
from workstation.analytics.setups.spot_check import SpotCheck
from workstation.analytics.setups.sweep import Sweep
from workstation.readmodels.session.setup_rules import LOOK_BACK_BARS, SetupRules
from workstation.readmodels.session.setups import HORIZONS_MIN, SetupEvent, SetupState

Moves = tuple[float | None, ...]
MINUTE_NS = 60_000_000_000
PriceBefore = Callable[[int], float | None]
"""The price of the last trade before a time (ns, by the venues' clocks); None where trades are missing."""


@dataclass(slots=True)
class _Waiting:
    """An armed setup: index of its event, and the bars since its trigger."""

    at: int
    rule: Rule
    trigger: Trigger
    bar: BarFacts
    since: list[BarFacts]


@dataclass(slots=True)
class _Measured:
    """An event with moves still open. `best` and `worst` are moves since confirmation, as fractions."""

    at: int
    best: float = 0.0
    worst: float = 0.0


class SetupMachine:
    """`events` are all so far, oldest first, updated in place as setups proceed."""

    def __init__(
        self,
        base: str,
        bar_ns: int,
        row_size: float,
        rules: SetupRules,
        price_before: PriceBefore,
    ) -> None:
        self.events: list[SetupEvent] = []
        self._base, self._bar_ns, self._row_size = base, bar_ns, row_size
        self._rules, self._check = detectors(rules), SpotCheck(*astuple(rules.spot))
        self._price_before = price_before
        self._past: list[BarFacts] = []
        self._waiting: list[_Waiting] = []
        self._measured: list[_Measured] = []

    def step(self, bar: BarFacts) -> None:
        """Process the next closed bar."""
        self._measure(bar)
        if not bar.complete:
            self._lose(bar)
            return
        self._judge(bar)
        self._arm(bar)
        self._past.append(bar)
        del self._past[:-LOOK_BACK_BARS]

    # --- armed setups

    def _lose(self, bar: BarFacts) -> None:
        for one in self._waiting:
            self._end(one, SetupState.EXPIRED, bar, Verdict("trades are missing", named_numbers(close=bar.close)))
        self._waiting, self._past = [], []

    def _judge(self, bar: BarFacts) -> None:
        self._waiting = [one for one in self._waiting if self._still_waits(one, bar)]

    def _still_waits(self, one: _Waiting, bar: BarFacts) -> bool:
        one.since.append(bar)
        armed = Armed(one.trigger, one.bar, len(one.since), one.since)
        if (verdict := one.rule.invalidate(armed, bar)) is not None:
            self._end(one, SetupState.INVALIDATED, bar, verdict)
        elif (verdict := one.rule.confirm(armed, self._past, bar)) is not None:
            self._confirm(one, bar, verdict)
        elif armed.bars >= one.rule.patience:
            self._end(
                one,
                SetupState.EXPIRED,
                bar,
                Verdict("neither in time", named_numbers(close=bar.close, delta=bar.delta)),
            )
        else:
            return True
        return False

    def _arm(self, bar: BarFacts) -> None:
        for rule in self._rules:
            for direction in (1, -1):
                if any(one.rule is rule and one.trigger.direction == direction for one in self._waiting):
                    continue
                trigger = rule.trigger(self._past, bar, direction)
                if trigger is not None:
                    self._begin(rule, trigger, bar)

    def _begin(self, rule: Rule, trigger: Trigger, bar: BarFacts) -> None:
        verdict, numbers = self._check.at_trigger(self._past, bar)
        self.events.append(
            SetupEvent(
                base=self._base,
                bar_ns=self._bar_ns,
                detector=rule.detector,
                version=rule.version,
                parameters=(*parameters(rule), ("spot_check_window", self._check.window), ("row_size", self._row_size)),
                direction=trigger.direction,
                level=trigger.level,
                state=SetupState.ARMED,
                trigger_ns=bar.end_ns,
                trigger_price=bar.close,
                at_trigger=trigger.numbers,
                leverage_only=verdict,
                spot_check=numbers,
            )
        )
        one = _Waiting(len(self.events) - 1, rule, trigger, bar, [])
        self._measured.append(_Measured(one.at))
        confirmed = rule.confirm(Armed(trigger, bar, 0, []), self._past, bar)
        if confirmed is not None:
            self._confirm(one, bar, confirmed)
        else:
            self._waiting.append(one)

    def _confirm(self, one: _Waiting, bar: BarFacts, verdict: Verdict) -> None:
        event = self.events[one.at]
        leverage, numbers = self._check.at_confirmation((one.bar, *one.since))
        self.events[one.at] = replace(
            event,
            state=SetupState.CONFIRMED,
            confirmed_ns=bar.end_ns,
            confirmed_price=bar.close,
            at_confirmation=verdict.numbers,
            leverage_only=leverage,
            spot_check=(*event.spot_check, *numbers),
            reason=verdict.reason,
        )

    def _end(self, one: _Waiting, state: SetupState, bar: BarFacts, verdict: Verdict) -> None:
        self.events[one.at] = replace(
            self.events[one.at], state=state, ended_ns=bar.end_ns, at_end=verdict.numbers, reason=verdict.reason
        )

    # --- what price did

    def _measure(self, bar: BarFacts) -> None:
        self._measured = [one for one in self._measured if self._still_measured(one, bar)]

    def _still_measured(self, one: _Measured, bar: BarFacts) -> bool:
        event = self.events[one.at]
        moves = self._moved(event.moves, event.direction, event.trigger_ns, event.trigger_price, bar)
        since = event.moves_confirmed
        if event.confirmed_ns is not None and event.confirmed_price is not None:
            since = self._moved(since, event.direction, event.confirmed_ns, event.confirmed_price, bar)
            ends = [event.direction * (price / event.confirmed_price - 1) for price in (bar.high, bar.low)]
            one.best, one.worst = max(one.best, *ends), min(one.worst, *ends)
        if (moves, since) != (event.moves, event.moves_confirmed):
            event = self.events[one.at] = replace(event, moves=moves, moves_confirmed=since)
        last_ns = (event.confirmed_ns or event.trigger_ns) + HORIZONS_MIN[-1] * MINUTE_NS
        if bar.end_ns < last_ns:
            return True
        if event.confirmed_ns is not None:
            numbers = named_numbers(close=bar.close, best_move=one.best, worst_move=one.worst)
            self.events[one.at] = replace(event, ended_ns=bar.end_ns, at_end=numbers)
        return event.state is SetupState.ARMED

    def _moved(self, moves: Moves, direction: int, begin_ns: int, price: float, bar: BarFacts) -> Moves:
        """`moves` with the horizons filled in that this bar has reached."""
        return tuple(
            self._move(direction, price, until_ns) if move is None and until_ns <= bar.end_ns else move
            for move, until_ns in zip(moves, (begin_ns + one * MINUTE_NS for one in HORIZONS_MIN), strict=True)
        )

    def _move(self, direction: int, price: float, until_ns: int) -> float | None:
        later = self._price_before(until_ns)
        return None if later is None else direction * (later / price - 1)


def detectors(rules: SetupRules) -> tuple[Rule, ...]:
    """The four detectors with these parameters."""
    return (
        Absorption(*astuple(rules.absorption)),
        Divergence(*astuple(rules.divergence)),
        Sweep(*astuple(rules.sweep)),
        Breakout(*astuple(rules.breakout)),
    )
