"""Alert rules: edges, hysteresis, cool-down; what they read; what is kept; the webhook."""

from __future__ import annotations

import asyncio
import logging
from dataclasses import replace
from pathlib import Path

import pytest

from feeds.model.errors import TransportError
from tests.workstation.analytics.market_events import BINANCE, MINUTE, START, engine_of, snapshot
from tests.workstation.analytics.setups.setup_tapes import events_of, quiet
from tests.workstation.analytics.setups.test_setups import rising
from workstation.alerts.monitor import AlertMonitor
from workstation.alerts.quantities import Numbers
from workstation.alerts.rules import Alerts, Watch
from workstation.alerts.webhook import PAUSES_S, Webhook
from workstation.readmodels.session.alerts import AlertRule, AlertsRequest, Condition, Fired, Quantity
from workstation.readmodels.session.setups import SessionKind

S = 1_000_000_000
RULE = AlertRule(1, Quantity.PRICE, Condition.ABOVE, 10.0, cool_down_s=0.0)
URL = "https://person:word@hooks.example/secret-path?token=abc#part"


def fires(rule: AlertRule, values: list[float | None], step_s: float = 1.0) -> list[int]:
    watch = Watch(rule, "BTC")
    return [at for at, value in enumerate(values) if watch.look(START + round(at * step_s * S), value)]


@pytest.mark.parametrize(
    ("rule", "values", "expected"),
    [
        (RULE, [9, 10, 11, 12, 9, 10], [1, 5]),
        (RULE, [11, 12, 9, 11], [3]),  # true from the start is no edge
        (RULE, [9, None, 11, None, 12, 9, 11], [2, 6]),  # what is unknown changes nothing
        (replace(RULE, hysteresis=2.0), [9, 10, 9, 10, 8, 7.9, 10], [1, 6]),
        (replace(RULE, condition=Condition.BELOW), [11, 10, 9, 11, 10], [1, 4]),
        (replace(RULE, condition=Condition.CROSSES), [9, 11, 12, 9, 9, 11], [1, 3, 5]),
        (replace(RULE, condition=Condition.CROSSES, hysteresis=2.0), [9, 11, 12, 9, 7, 11], [2, 4]),
        (replace(RULE, cool_down_s=3.0), [9, 10, 9, 10, 9, 10], [1, 5]),
        (replace(RULE, condition=Condition.RISES, window_s=2.0), [0, 5, 9, 12, 20, 21], [4]),
        (replace(RULE, condition=Condition.FALLS, window_s=2.0), [50, 45, 45, 34, 20], [3]),
        (replace(RULE, condition=Condition.MOVES, window_s=1.0), [0, 1, 20, 21, 5], [2, 4]),
    ],
)
def test_a_rule_fires_when_it_becomes_true(rule: AlertRule, values: list[float | None], expected: list[int]) -> None:
    assert fires(rule, values) == expected


def test_once_a_bar_is_once_a_minute() -> None:
    values: list[float | None] = [9, 10] * 60
    assert fires(replace(RULE, once_per_bar=True), values, 2.0) == [1, 31, 61, 91]


def test_every_base_by_itself_and_a_jump_begins_anew() -> None:
    alerts = Alerts([replace(RULE, base="")])
    price = {"BTC": 9.0, "ETH": 20.0}
    alerts.look(lambda base, rule: price[base], price, START, SessionKind.REPLAY)
    price["BTC"] = 11.0
    fired = alerts.look(lambda base, rule: price[base], price, START + S, SessionKind.REPLAY)
    assert [(one.base, one.session) for one in fired] == [("BTC", SessionKind.REPLAY)]
    price["BTC"] = 9.0
    alerts.look(lambda base, rule: price[base], price, START + 2 * S, SessionKind.REPLAY)
    alerts.restart()
    price["BTC"] = 11.0
    assert alerts.look(lambda base, rule: price[base], price, START + 3 * S, SessionKind.REPLAY) == []


def test_every_quantity_is_that_of_its_pane() -> None:
    tape = events_of([*quiet(), rising(range(5, 10))])
    last = tape[-1].ts_recv_ns
    engine = engine_of([*tape, snapshot(BINANCE, last, [(1000, 3.0)], [(1001, 1.0)])])
    numbers = Numbers(engine)

    def read(quantity: Quantity, window_s: float = 60.0) -> float | None:
        return numbers.read("BTC", replace(RULE, quantity=quantity, window_s=window_s))

    assert read(Quantity.PRICE) == pytest.approx(100.9)
    bought = sum(5.0 * (100 + row / 10) for row in range(5, 10)) - 100.5
    assert read(Quantity.BAR_DELTA) == pytest.approx(bought)
    assert read(Quantity.CVD_CHANGE, 70.0) == pytest.approx(bought)
    assert read(Quantity.CVD_CHANGE, 60.0) == pytest.approx(bought + 100.5)  # the sale is 62 s old
    assert read(Quantity.CVD_CHANGE, 7200.0) is None  # trades of before were not received
    assert read(Quantity.OBI) == pytest.approx(50.0)
    assert read(Quantity.SPREAD) == pytest.approx(0.1 / 100.05 * 1e4)
    assert read(Quantity.SETUPS_ARMED) == 1.0
    assert read(Quantity.SETUPS_CONFIRMED) == 0.0
    for quantity in Quantity:
        read(quantity)
        assert Numbers(engine).read("DOGE", replace(RULE, quantity=quantity)) in (None, 0.0)


def test_rules_and_what_fired_are_there_after_a_restart(tmp_path: Path) -> None:
    tape = events_of([*quiet(4), rising(range(5, 10))])
    engine, monitor = engine_of(()), AlertMonitor(tmp_path)
    heard: list[Fired] = []
    monitor.on_fired = heard.append
    monitor.set_rule(replace(RULE, id=0, value=100.85))
    for event in tape:
        engine.apply(event)
        monitor.check(engine, ["BTC"], SessionKind.REPLAY, engine.now_ns, 1)
    assert len(heard) == 1
    assert heard[0].session is SessionKind.REPLAY
    monitor.close()
    again = AlertMonitor(tmp_path).view(AlertsRequest())
    assert again.fired == tuple(heard)
    assert [rule.value for rule in again.rules] == [100.85]


def test_rules_that_cannot_be_read_are_kept_aside(tmp_path: Path) -> None:
    (tmp_path / "alerts.json").write_text("[{]")
    monitor = AlertMonitor(tmp_path)
    assert "alerts.bad" in monitor.trouble
    assert (tmp_path / "alerts.bad").read_text() == "[{]"
    assert monitor.rules == ()


class Post:
    """A receiver that fails a number of times."""

    def __init__(self, failures: int, *, retryable: bool = True) -> None:
        self.failures, self.retryable = failures, retryable
        self.bodies: list[str] = []

    async def post(self, url: str, body: str) -> None:
        self.bodies.append(body)
        if len(self.bodies) <= self.failures:
            raise TransportError("the venue answered 500", url, retryable=self.retryable)


@pytest.mark.parametrize(
    ("failures", "retryable", "tries", "taken"),
    [(0, True, 1, True), (2, True, 3, True), (9, True, 1 + len(PAUSES_S), False), (9, False, 1, False)],
)
def test_the_webhook_tries_again_and_tells_no_secret(
    failures: int, retryable: bool, tries: int, taken: bool, caplog: pytest.LogCaptureFixture
) -> None:
    post, pauses = Post(failures, retryable=retryable), []

    async def pause(seconds: float) -> None:
        pauses.append(seconds)

    fired = Fired(START, 1, "BTC", 11.0, "BTC price", SessionKind.SIMULATED)
    with caplog.at_level(logging.INFO):
        assert asyncio.run(Webhook(post, pause).deliver(URL, fired)) is taken
    assert len(post.bodies) == tries
    assert pauses == list(PAUSES_S[: tries - 1])
    assert '"session":"simulated"' in post.bodies[0]
    assert bool(caplog.records) is not taken
    for word in ("secret", "token", "abc", "person", "word"):
        assert word not in caplog.text
    assert taken or "hooks.example" in caplog.text


def test_the_same_tape_fires_the_same_alerts() -> None:
    tape = events_of([*quiet(), rising(range(5, 10)), *quiet(3), rising(range(-12, -8))])

    def run() -> list[Fired]:
        engine, alerts = engine_of(()), Alerts([replace(RULE, value=100.3, hysteresis=0.1)])
        fired: list[Fired] = []
        for event in tape:
            engine.apply(event)
            fired += alerts.look(Numbers(engine).read, ["BTC"], engine.now_ns, SessionKind.REPLAY)
        return fired

    assert run() == run() != []
    assert run()[0].ts_ns - START > MINUTE
