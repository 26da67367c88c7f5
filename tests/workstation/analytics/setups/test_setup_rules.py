"""Parameters of the detectors: ranges, effect, saved state."""

from __future__ import annotations

import math

import msgspec
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from tests.workstation.analytics.market_events import MINUTE
from tests.workstation.analytics.setups.setup_tapes import events_of, quiet
from tests.workstation.analytics.setups.test_setups import absorbed
from workstation.analytics.engine import Engine
from workstation.readmodels.session.setup_rules import SetupRules, setup_parameters, setup_rules_of, setup_rules_state
from workstation.readmodels.session.setups import Detector, SetupEvent, SetupsRequest, SetupsView

PARAMETERS = tuple(setup_parameters())


def seen(rules: SetupRules) -> list[SetupEvent]:
    engine = Engine()
    for event in events_of([*quiet(), absorbed(), *quiet(2)]):
        engine.apply(event)
    view = engine.view(SetupsRequest("BTC", MINUTE, (), rules))
    assert isinstance(view, SetupsView)
    return [event for event in view.events if event.detector is Detector.ABSORPTION]


def test_a_detector_uses_the_parameters_it_is_given() -> None:
    (usual,) = seen(SetupRules())
    assert dict(usual.at_trigger)["volume_ratio"] == pytest.approx(24 / 11)
    (loose,) = seen(SetupRules().with_value("absorption", "volume_ratio", 2.1))
    assert dict(loose.parameters)["volume_ratio"] == 2.1
    assert seen(SetupRules().with_value("absorption", "volume_ratio", 2.3)) == []


def test_the_receipt_names_every_parameter_of_its_rule() -> None:
    (event,) = seen(SetupRules().with_value("spot", "window", 9))
    named = dict(event.parameters)
    assert named["spot_check_window"] == 9
    assert {one.name for one in PARAMETERS if one.rule == "absorption"} <= set(named)


def test_every_default_lies_within_its_range() -> None:
    for one in PARAMETERS:
        assert one.low <= SetupRules().value(one.rule, one.name) <= one.high
        assert one.title
        assert one.help.endswith(".")


@given(st.sampled_from(PARAMETERS), st.floats(0, 1))
def test_saved_state_holds_only_changed_parameters(one: object, share: float) -> None:
    assert isinstance(one, type(PARAMETERS[0]))
    value = one.low + share * (one.high - one.low)
    rules = SetupRules().with_value(one.rule, one.name, round(value) if one.whole else value)
    state = setup_rules_state(rules)
    assert setup_rules_of(msgspec.json.decode(msgspec.json.encode(state))) == rules
    assert (state == {}) == (rules == SetupRules())
    assert sum(map(len, state.values())) <= 1


NAMES = st.sampled_from(["absorption", "sweep", "window", "within", "spike", "x"])
LEAVES = st.none() | st.booleans() | st.floats() | st.text()
JSON = st.recursive(LEAVES, lambda inner: st.lists(inner) | st.dictionaries(NAMES, inner))


@example({"sweep": {"spike": math.nan}})
@example({"sweep": {"spike": 0.5}})
@example({"sweep": {"within": 2.5}})
@given(JSON)
def test_invalid_saved_rules_become_the_defaults(state: object) -> None:
    rules = setup_rules_of(state)
    assert all(one.low <= rules.value(one.rule, one.name) <= one.high for one in PARAMETERS)
