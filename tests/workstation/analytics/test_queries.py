"""Asking changes nothing: revisions and views are the same however often anybody asked before."""

from __future__ import annotations

import random
from copy import deepcopy

import pytest

from tests.views import assert_same_view
from tests.workstation.analytics.market_events import REQUESTS, SECOND, START, random_events
from workstation.analytics.answers import ANSWERS
from workstation.analytics.engine import Engine
from workstation.readmodels.flow.chart import CellRequest, QuotesRequest
from workstation.readmodels.flow.cvd import CvdChangeRequest
from workstation.readmodels.markets import MarketFilter
from workstation.readmodels.positions.funding import FundingRequest
from workstation.readmodels.request import Request, View
from workstation.readmodels.universe.pressure import PressureRequest
from workstation.readmodels.universe.universe import UniverseRequest

EVERY = (
    *REQUESTS,
    QuotesRequest("BTC"),
    CvdChangeRequest("BTC"),
    CellRequest("BTC", MarketFilter(perp=None), 1.0, 990, 1_010, START, START + 90_000 * SECOND),
    FundingRequest("BTC"),
    PressureRequest(),
    UniverseRequest(),
)


def digest(engine: Engine) -> list[tuple[int, View]]:
    """Everything that can be observed of an engine, asked of a copy."""
    copy = deepcopy(engine)
    return [(copy.revision(request), copy.view(request)) for request in EVERY]


def assert_same(one: Engine, other: Engine) -> None:
    for request, ours, theirs in zip(EVERY, digest(one), digest(other), strict=True):
        assert ours[0] == theirs[0], request
        assert_same_view(ours[1], theirs[1], repr(request))


def test_every_type_of_request_is_among_those_asked() -> None:
    assert {type(request) for request in EVERY} == set(ANSWERS)


@pytest.mark.parametrize("request_", EVERY, ids=repr)
def test_an_engine_without_events_answers_everything(request_: Request[View]) -> None:
    engine = Engine()
    view = engine.view(request_)
    assert view.request is request_
    assert view.revision == engine.revision(request_)


@pytest.mark.parametrize("seed", range(8))
def test_asking_changes_neither_the_state_nor_later_answers(seed: int) -> None:
    rng = random.Random(seed)
    asked, left_alone = Engine(), Engine()
    for at, event in enumerate(random_events(rng, 220)):
        step_ns = rng.choice((10_000_000, 400_000_000)) if rng.random() < 0.2 else 0
        for engine in (asked, left_alone):
            engine.apply(event)
            engine.advance(engine.now_ns + step_ns)
        for request in rng.choices(EVERY, k=rng.choice((0, 0, 3, 12))):
            revisions = {asked.revision(request) for _ in range(2)}
            assert asked.view(request).revision == asked.revision(request)
            assert len(revisions | {asked.revision(request)}) == 1
        if at % 40 == 0:
            assert_same(asked, left_alone)
    assert_same(asked, left_alone)
    for request in EVERY:
        assert asked.revision(request) == left_alone.revision(request), request
        assert_same_view(asked.view(request), left_alone.view(request), repr(request))
