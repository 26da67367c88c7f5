"""Alerts: rules over displayed numbers, their state, fired alerts; request and view. Rules are stored as JSON."""

from dataclasses import dataclass
from enum import StrEnum

from workstation.readmodels.request import Request
from workstation.readmodels.session.setups import SessionKind


class Quantity(StrEnum):
    """A displayed number of a base, in the unit of QUANTITY_UNITS."""

    PRICE = "price"
    CVD_CHANGE = "CVD change"  # over the window, all perpetuals
    BAR_DELTA = "delta of the bar"  # the live minute
    OBI = "OBI"
    SPREAD = "spread"
    FUNDING = "funding 8h"
    PREMIUM = "premium"
    OI_CHANGE = "OI change 1h"
    LONGS_1M = "longs liquidated 1m"
    LONGS_5M = "longs liquidated 5m"
    LONGS_1H = "longs liquidated 1h"
    SHORTS_1M = "shorts liquidated 1m"
    SHORTS_5M = "shorts liquidated 5m"
    SHORTS_1H = "shorts liquidated 1h"
    PRESSURE = "pressure score"
    FLOW = "flow score"
    AGE = "data age"
    SETUPS_ARMED = "setups armed"  # in the last two minutes, 1m bars
    SETUPS_CONFIRMED = "setups confirmed"
    SETUPS_INVALIDATED = "setups invalidated"


QUANTITY_UNITS: dict[Quantity, str] = {
    Quantity.PRICE: "USD",
    Quantity.CVD_CHANGE: "USD",
    Quantity.BAR_DELTA: "USD",
    Quantity.OBI: "%",
    Quantity.SPREAD: "bp",
    Quantity.FUNDING: "%",
    Quantity.PREMIUM: "bp",
    Quantity.OI_CHANGE: "%",
    **{one: "USD" for one in Quantity if "liquidated" in one.value},
    Quantity.PRESSURE: "points",
    Quantity.FLOW: "z",
    Quantity.AGE: "s",
    **{one: "setups" for one in Quantity if one.value.startswith("setups")},
}


class Condition(StrEnum):
    """Relation of a number to the rule's value."""

    ABOVE = "at or above"
    BELOW = "at or below"
    CROSSES = "crosses"  # either way
    RISES = "rises by"  # within the window
    FALLS = "falls by"
    MOVES = "moves by"  # either way


@dataclass(frozen=True, slots=True)
class AlertRule:
    """One rule; `value` and `hysteresis` are in the unit of the quantity.

    It fires when it becomes true, not while it stays true; it becomes false only `hysteresis` beyond the value on the
    other side. After firing it pauses for `cool_down_s` of data time, and with `once_per_bar` until the next minute.
    `base` empty: every coin in focus, independently. `window_s` is the span of changes over time.
    """

    id: int
    quantity: Quantity
    condition: Condition
    value: float
    base: str = ""
    hysteresis: float = 0.0
    window_s: float = 300.0
    cool_down_s: float = 60.0
    once_per_bar: bool = False
    on: bool = True

    @property
    def description(self) -> str:
        """The rule as text, without its base."""
        unit = QUANTITY_UNITS[self.quantity]
        needs = self.condition in CHANGES or self.quantity is Quantity.CVD_CHANGE
        span = f" in {self.window_s:g} s" if needs else ""
        return f"{self.quantity.value} {self.condition.value} {self.value:,.10g} {unit}{span}"


CHANGES = (Condition.RISES, Condition.FALLS, Condition.MOVES)


@dataclass(frozen=True, slots=True)
class Fired:
    """One fired alert. `ts_ns` is data time, `session` the kind of session."""

    ts_ns: int
    rule: int
    base: str
    value: float
    text: str
    session: SessionKind


@dataclass(frozen=True, slots=True)
class RuleState:
    """State of a rule for one base: present value, whether it is true (None: unknown), time of the last alert."""

    base: str
    value: float | None
    is_true: bool | None
    fired_ns: int | None


@dataclass(frozen=True, slots=True)
class AlertsRequest(Request["AlertsView"]):
    """All rules and the latest alerts."""

    base: str = ""


@dataclass(frozen=True, slots=True, eq=False)
class AlertsView:
    """Rules in order, each with its states by base; alerts newest first, at most 200."""

    request: AlertsRequest
    revision: int
    rules: tuple[AlertRule, ...] = ()
    states: tuple[tuple[RuleState, ...], ...] = ()
    fired: tuple[Fired, ...] = ()
    trouble: str = ""
