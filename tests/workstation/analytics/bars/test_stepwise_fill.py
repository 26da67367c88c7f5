"""Bars filled in steps: views have their progress, and the bars are bit-identical to those filled at once."""

from __future__ import annotations

import random
from collections.abc import Iterator
from dataclasses import replace

import pytest

from feeds.model.events import Trade, TradesFilled, TradesLive
from tests.views import assert_same_view
from tests.workstation.analytics.market_events import BINANCE, DAY, MINUTE, START, random_trades
from workstation.analytics.bars.series import FillSteps
from workstation.analytics.engine import Engine
from workstation.analytics.state.limits import Limits
from workstation.readmodels.flow.footprint import BarKind, BarRule, FootprintRequest, FootprintView
from workstation.readmodels.markets import MarketFilter

SMALL = Limits(chunk=64, filled_at_once=100, fill_steps=FillSteps(chunks=2, rule_chunks=2, closed_bars=20))
RULES = (
    BarRule(BarKind.TIME, MINUTE),
    BarRule(BarKind.TIME, MINUTE / 60),
    BarRule(BarKind.TICK, 7),
    BarRule(BarKind.VOLUME, 40.0),
    BarRule(BarKind.RANGE, 12.0),
    BarRule(BarKind.DELTA, 25.0),
)


def market(seed: int, count: int = 900) -> list[Trade]:
    """Trades of a quarter of an hour around midnight, some of them late."""
    return random_trades(random.Random(seed), count, start_ns=START + DAY - 4 * MINUTE, late=0.2, exact=False)


def engine_of(events: list[Trade], limits: Limits = SMALL) -> Engine:
    engine = Engine(limits)
    engine.apply(TradesLive(BINANCE, START))
    for event in events:
        engine.apply(event)
    return engine


def ask(engine: Engine, request: FootprintRequest) -> FootprintView:
    view = engine.view(request)
    assert isinstance(view, FootprintView)
    return view


def steps(engine: Engine, request: FootprintRequest) -> Iterator[FootprintView]:
    """Every answer up to the one with bars, each asked for because the revision moved."""
    before = None
    while True:
        revision = engine.revision(request)
        assert revision != before
        view = ask(engine, request)
        yield view
        if view.progress == 1.0:
            return
        before = revision
        engine.work([request.base])


def stepped(rule: BarRule, row_size: float | None) -> FootprintRequest:
    return FootprintRequest("BTC", MarketFilter(perp=None), row_size=row_size, rule=rule, in_steps=True)


@pytest.mark.parametrize("row_size", [None, 1.0])
@pytest.mark.parametrize("rule", RULES, ids=str)
def test_bars_filled_in_steps_are_the_same(rule: BarRule, row_size: float | None) -> None:
    events, request = market(1), stepped(rule, row_size)
    views = list(steps(engine_of(events), request))
    shares = [view.progress for view in views]
    assert len(shares) > 4
    assert shares == sorted(shares)
    assert not any(view.bars for view in views[:-1])
    whole = ask(engine_of(events), replace(request, in_steps=False))
    assert_same_view(replace(views[-1], request=whole.request), whole)


@pytest.mark.parametrize("rule", RULES, ids=str)
def test_trades_received_meanwhile_are_counted(rule: BarRule) -> None:
    events, request = market(2), stepped(rule, 1.0)
    engine, rest = engine_of(events[:600]), iter(events[600:])
    for view in steps(engine, request):
        if view.progress < 1.0:
            for event in (next(rest), next(rest)):
                engine.apply(event)
    for event in rest:
        engine.apply(event)
    engine.advance(events[-1].ts_recv_ns)
    whole = ask(engine_of(events), replace(request, in_steps=False))
    assert_same_view(ask(engine, request).bars, whole.bars)


def test_another_request_suspends_the_fill_and_the_first_resumes_it() -> None:
    engine, first, other = engine_of(market(3)), stepped(RULES[0], 1.0), stepped(RULES[2], 1.0)
    begun = [view.progress for _, view in zip(range(3), steps(engine, first), strict=False)]
    ask(engine, other)
    engine.work(["BTC"])
    assert ask(engine, first).progress == begun[-1] > 0.0
    assert ask(engine, other).progress > 0.0
    ask(engine, first)
    engine.work(["BTC"])
    assert ask(engine, first).progress > begun[-1]


def test_trades_backfilled_meanwhile_restart_the_fill() -> None:
    events, request = market(4), stepped(RULES[0], 1.0)
    engine = engine_of(events)
    before = [view.progress for _, view in zip(range(3), steps(engine, request), strict=False)]
    older = [trade for trade in market(5, 40) if trade.instrument is BINANCE]
    engine.apply(
        TradesFilled(BINANCE, events[-1].ts_recv_ns, older[0].ts_venue_ns, older[-1].ts_venue_ns, tuple(older))
    )
    assert ask(engine, request).progress < before[-1]
    *_, last = steps(engine, request)
    assert sum(bar.trades for bar in last.bars) == len(events) + len(older)


def test_a_request_without_steps_finishes_the_fill_at_once() -> None:
    events, request = market(6), stepped(RULES[0], 1.0)
    engine = engine_of(events)
    ask(engine, request)
    at_once = ask(engine, replace(request, in_steps=False))
    assert sum(bar.trades for bar in at_once.bars) == len(events)
    assert ask(engine, request).progress == 1.0


def test_few_trades_need_no_steps() -> None:
    assert ask(engine_of(market(7), Limits()), stepped(RULES[0], 1.0)).progress == 1.0
