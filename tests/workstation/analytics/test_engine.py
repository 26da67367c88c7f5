"""The engine as a whole: any order of events, revisions, independent checkpoints, bounded memory."""

from __future__ import annotations

import random
from collections.abc import Iterator
from typing import Any

import numpy as np
import pytest

from feeds.model.events import (
    BookDelta,
    BookLost,
    BookSnapshot,
    Event,
    Funding,
    IndexPrice,
    Liquidation,
    OpenInterest,
    Quote,
    Side,
    Trade,
    TradesFilled,
    TradesLive,
    TradesLost,
)
from tests.views import assert_same_view
from tests.workstation.analytics.market_events import (
    BINANCE,
    BYBIT,
    MARKETS,
    MINUTE,
    REQUESTS,
    SECOND,
    START,
    delta,
    engine_of,
    mark,
    market,
    random_events,
    random_trades,
    same_content,
    snapshot,
    trade,
)
from workstation.analytics.bars.series import BAR_CAP, BARS_BEFORE, BarSeries
from workstation.analytics.bars.volumes import RowVolumes, TakerFlow
from workstation.analytics.book.obi_history import RETAINED_SECONDS
from workstation.analytics.engine import Engine
from workstation.analytics.state.base import DERIVED_LIMIT, UNREQUESTED_NS
from workstation.analytics.state.limits import DEFAULT_LIMITS, Limits
from workstation.analytics.store.trades import DAY_NS
from workstation.analytics.studies.tape import MEAN_S, PACE_S, Pace
from workstation.readmodels.flow.cvd import CvdRequest, CvdUnit, CvdView
from workstation.readmodels.flow.footprint import FootprintRequest, FootprintView
from workstation.readmodels.flow.ladder import LadderRequest
from workstation.readmodels.flow.tape import TapeRequest
from workstation.readmodels.markets import Freshness
from workstation.readmodels.positions.liquidation_levels import LiquidationLevelsRequest
from workstation.readmodels.positions.liquidations import LiquidationsRequest
from workstation.readmodels.positions.quadrant import QuadrantRequest
from workstation.readmodels.request import Request, View
from workstation.readmodels.session.setups import SetupsRequest

EMPTY_REQUESTS: tuple[Request[View], ...] = (
    FootprintRequest("DOGE"),
    FootprintRequest("DOGE", row_size=0.5),
    CvdRequest("DOGE"),
    LadderRequest("DOGE"),
    LadderRequest("DOGE", market=BINANCE.id),
    TapeRequest("DOGE"),
)


def views_of(engine: Engine) -> list[Any]:
    return [engine.view(request) for request in REQUESTS]


def assert_same_views(one: Engine, other: Engine) -> None:
    for ours, theirs in zip(views_of(one), views_of(other), strict=True):
        assert_same_view(ours, theirs, type(ours).__name__)


@pytest.mark.parametrize("request_", EMPTY_REQUESTS)
def test_an_unknown_base_has_an_empty_view(request_: Request[View]) -> None:
    engine = engine_of([trade(BINANCE, START, 10_000)])
    view: Any = engine.view(request_)
    assert view.request is request_
    assert view.revision == engine.revision(request_) == -1
    for name in ("bars", "lines", "markets", "imbalances"):
        assert getattr(view, name, ()) == ()
    for name in ("gaps", "bar_start_ns", "ts_venue_ns", "price", "imbalance_history"):
        assert len(getattr(view, name, ())) == 0
    for name in ("bid", "ask", "sold", "bought", "profile"):
        assert not np.any(getattr(view, name, 0))
    for name in ("perp", "spot", "best_bid", "best_ask", "weighted_mid", "imbalance", "last_price"):
        assert getattr(view, name, None) is None
    engine.apply(trade(market(base="DOGE"), START, 10))
    assert engine.revision(request_) != -1


@pytest.mark.parametrize("seed", range(10))
def test_any_order_of_events_is_taken(seed: int) -> None:
    rng = random.Random(seed)
    events = random_events(rng, 300)
    rng.shuffle(events)
    engine = Engine()
    for at, event in enumerate(events):
        engine.apply(event)
        if at % 25 == 0:
            views_of(engine)
    views_of(engine)


@pytest.mark.parametrize("seed", range(6))
def test_equal_revisions_mean_equal_views(seed: int) -> None:
    rng = random.Random(seed)
    engine = Engine()
    seen: dict[Request[View], dict[int, Any]] = {request: {} for request in REQUESTS}
    for event in random_events(rng, 220):
        engine.apply(event)
        if rng.random() < 0.2:
            engine.advance(engine.now_ns + rng.choice((10_000_000, 400_000_000)))
        for request in REQUESTS:
            view = engine.view(request)
            assert view.revision == engine.revision(request)
            earlier = seen[request].setdefault(view.revision, view)
            if earlier is not view and not same_content(earlier, view):
                pytest.fail(f"{type(view).__name__} changed without a new revision after {event}")


def test_a_revision_changes_only_with_what_a_view_shows() -> None:
    live = [TradesLive(instrument, START) for instrument in MARKETS]
    books = [snapshot(instrument, START, [(9, 1.0)], [(11, 1.0)]) for instrument in MARKETS]
    trades: list[Event] = [trade(instrument, START, 10) for instrument in MARKETS]
    engine = engine_of([*live, *books, *trades])
    now = START + 1_000

    def changed(event: Event) -> list[bool]:
        before = [engine.revision(request) for request in REQUESTS]
        engine.apply(event)
        return [old != engine.revision(request) for old, request in zip(before, REQUESTS, strict=True)]

    unseen: list[Event] = [
        Quote(BINANCE, now, now, 9, 1.0, 11, 1.0),
        IndexPrice(BINANCE, now, now, 10.0),
        Funding(BINANCE, now, now, 1e-4, None),
    ]
    for event in unseen:
        assert not any(changed(event))
    in_interest = [isinstance(request, CvdRequest) and request.unit is CvdUnit.OI for request in REQUESTS]
    assert changed(OpenInterest(BINANCE, now, now, 5.0)) == in_interest
    of_a_chart = [
        isinstance(request, FootprintRequest | LiquidationLevelsRequest | SetupsRequest) and request.base == "BTC"
        for request in REQUESTS
    ]
    of_the_chart = [chart or line for chart, line in zip(of_a_chart, in_interest, strict=True)]
    assert changed(OpenInterest(BINANCE, now, now, 7.0)) == of_the_chart
    of_the_list = [isinstance(request, LiquidationsRequest) for request in REQUESTS]
    by_liquidation = changed(Liquidation(BINANCE, now, now, 10.0, 1.0, 10.0, Side.SELL))
    of_the_tape = [
        isinstance(request, TapeRequest) and request.detail and request.base == "BTC" for request in REQUESTS
    ]
    assert by_liquidation == [any(flags) for flags in zip(of_the_chart, of_the_list, of_the_tape, strict=True)]
    of_the_ladder = [isinstance(request, LadderRequest) for request in REQUESTS]
    assert changed(delta(BINANCE, now, [(9, 2.0)], [])) == of_the_ladder
    assert changed(snapshot(BINANCE, now, [(9, 2.0)], [])) == of_the_ladder
    of_the_base = [request.base == "BTC" for request in REQUESTS]
    for event in (trade(BINANCE, now, 10), mark(BINANCE, now), BookLost(BINANCE, now, "gap")):
        assert changed(event) == of_the_base
    assert changed(TradesLost(BINANCE, now, "gap")) == of_the_base
    of_all_bases = [isinstance(request, QuadrantRequest) for request in REQUESTS]
    assert changed(trade(market(base="ETH"), now, 10)) == of_all_bases


def test_a_market_without_events_becomes_stale_with_a_new_revision() -> None:
    engine = engine_of([TradesLive(BINANCE, START), trade(BINANCE, START, 10_000)])
    request = FootprintRequest("BTC")
    before = engine.revision(request)
    engine.advance(START + 10 * SECOND + SECOND // 2)
    assert engine.revision(request) != before
    view = engine.view(request)
    assert isinstance(view, FootprintView)
    assert view.markets[0].trades is Freshness.STALE


def test_time_never_runs_backwards() -> None:
    engine = engine_of([trade(BINANCE, START, 10_000)])
    engine.advance(START + MINUTE)
    engine.advance(START)
    assert engine.now_ns == START + MINUTE


@pytest.mark.parametrize("seed", range(6))
def test_views_do_not_depend_on_earlier_requests(seed: int) -> None:
    rng = random.Random(seed)
    watched, unwatched, copied = Engine(), Engine(), Engine()
    events = random_events(rng, 260)
    for event in events:
        for engine in (watched, unwatched, copied):
            engine.apply(event)
        if rng.random() < 0.4:
            watched.view(rng.choice(REQUESTS))
        if rng.random() < 0.03:
            copied = copied.checkpoint()
            views_of(copied)
    assert_same_views(watched, unwatched)
    assert_same_views(copied, unwatched)


@pytest.mark.parametrize("seed", range(4))
def test_a_checkpoint_is_independent(seed: int) -> None:
    rng = random.Random(seed)
    events = random_events(rng, 240)
    engine = engine_of(events[:120])
    copy, before = engine.checkpoint(), views_of(engine)
    for event in events[120:]:
        engine.apply(event)
    views_of(engine)
    for ours, theirs in zip(views_of(copy), before, strict=True):
        assert_same_view(ours, theirs)
    for event in events[120:]:
        copy.apply(event)
    assert_same_views(copy, engine)
    assert [item.id for item in copy.instruments()] == [item.id for item in engine.instruments()]


def test_a_checkpoint_leaves_each_market_in_its_base() -> None:
    copy = engine_of([trade(BINANCE, START, 10_000), trade(BYBIT, START, 4_000)]).checkpoint()
    assert copy.market(BINANCE.id) is copy.bases["BTC"].markets[0]
    assert copy.market(BYBIT.id) is copy.bases["BTC"].markets[1]


def test_bars_of_a_market_that_joins_late_are_those_of_all_trades() -> None:
    first = random_trades(random.Random(1), 80, markets=(BINANCE,))
    second = random_trades(random.Random(2), 80, start_ns=START + 10 * MINUTE)
    watched = engine_of(first)
    views_of(watched)
    for event in second:
        watched.apply(event)
    assert_same_views(watched, engine_of([*first, *second]))


def test_trades_fetched_afterwards_are_counted() -> None:
    trades = random_trades(random.Random(3), 200, markets=(BINANCE,), late=0.0)
    live = TradesLive(BINANCE, START)
    whole = engine_of([live, *trades])
    since, until = trades[50].ts_venue_ns, trades[120].ts_venue_ns
    filled = TradesFilled(BINANCE, trades[-1].ts_recv_ns, since, until, tuple(trades[50:120]))
    patched = engine_of([live, *trades[:50], TradesLost(BINANCE, since, "gap"), live, *trades[120:]])
    views_of(patched)
    patched.apply(filled)
    for request in (FootprintRequest("BTC", row_size=1.0), CvdRequest("BTC"), TapeRequest("BTC")):
        ours: Any = patched.view(request)
        theirs: Any = whole.view(request)
        for name in ("bars", "bar_start_ns", "ts_venue_ns", "size"):
            if hasattr(ours, name):
                assert_same_view(_sums(getattr(ours, name)), _sums(getattr(theirs, name)), name)


def filled_up(seed: int, limits: Limits = DEFAULT_LIMITS) -> Iterator[Engine]:
    """An engine that is watched, whenever some trades of its last minutes came in afterwards."""
    rng, engine = random.Random(seed), Engine(limits)
    for at, event in enumerate(random_trades(rng, 600, late=0.1, exact=False, span_ns=30 * MINUTE)):
        engine.apply(event)
        if rng.random() < 0.2:
            engine.view(rng.choice(REQUESTS))
        if at % 100 == 99:
            about = random_trades(rng, 9, start_ns=event.ts_recv_ns - 4 * MINUTE, span_ns=4 * MINUTE, exact=False)
            chosen = rng.choice(MARKETS)
            found = tuple(trade for trade in about if trade.instrument is chosen)
            engine.apply(TradesFilled(chosen, event.ts_recv_ns, about[0].ts_venue_ns, event.ts_recv_ns, found))
            yield engine


@pytest.mark.parametrize("seed", range(3))
def test_derived_objects_amended_by_backfilled_trades_equal_rebuilt_ones(seed: int) -> None:
    for engine in filled_up(seed, Limits(chunk=32)):
        assert_same_views(engine, engine.checkpoint())


@pytest.mark.parametrize("seed", range(3))
def test_amended_objects_equal_rebuilt_ones_after_drops(seed: int) -> None:
    for engine in filled_up(seed, Limits(trades=200, bars=3, chunk=32, bars_before=3)):
        for request in (FootprintRequest("BTC", row_size=1.0), CvdRequest("BTC"), LadderRequest("BTC")):
            ours: Any = engine.view(request)
            theirs: Any = engine.checkpoint().view(request)
            assert_same_view(getattr(ours, "bars", ()), getattr(theirs, "bars", ()))
            assert_same_view(getattr(ours, "sold", ()), getattr(theirs, "sold", ()))
            for one, other in zip(getattr(ours, "lines", ()), getattr(theirs, "lines", ()), strict=True):
                common = min(len(one.values), len(other.values)) - 1  # of the first bar, trades may be dropped
                assert one.values[-common:] == pytest.approx(other.values[-common:], nan_ok=True)


@pytest.mark.parametrize("seed", range(4))
def test_nothing_of_what_was_dropped_is_lost_when_older_trades_come_in(seed: int) -> None:
    rng, engine, seen = random.Random(seed), Engine(Limits(trades=64, chunk=32)), list[Trade]()
    bars, lines = FootprintRequest("BTC", row_size=1.0), CvdRequest("BTC", unit=CvdUnit.COIN, reset_ns=None)
    for at, event in enumerate(random_trades(rng, 400, late=0.1, span_ns=20 * MINUTE)):
        engine.apply(event)
        seen.append(event)
        if at % 50 == 49:
            engine.view(lines), engine.view(bars)
            since_ns = event.ts_recv_ns - 6 * MINUTE
            found = random_trades(rng, 4, (BINANCE,), 6 * MINUTE, since_ns)
            engine.apply(TradesFilled(BINANCE, event.ts_recv_ns, since_ns, event.ts_recv_ns, tuple(found)))
            seen += found
            footprint, cvd = engine.view(bars), engine.view(lines)
            assert isinstance(footprint, FootprintView)
            assert isinstance(cvd, CvdView)
            assert cvd.perp is not None
            assert cvd.perp.values[-1] == delta_of(seen)
            assert footprint.cvd[-1] == delta_of(seen, footprint.bars[-1].start_ns // DAY_NS * DAY_NS)


def delta_of(trades: list[Trade], since_ns: int = 0) -> float:
    """Buy minus sell size of the perpetuals' trades."""
    signs = {Side.BUY: 1, Side.SELL: -1, None: 0}
    perps = [one for one in trades if one.instrument.kind.is_perp and one.ts_venue_ns >= since_ns]
    return sum(signs[one.aggressor] * one.size for one in perps)


def test_trades_fetched_afterwards_leave_earlier_bars_as_they_are() -> None:
    trades = random_trades(random.Random(5), 600, markets=(BINANCE,), late=0.0)
    engine, request = engine_of(trades[:550] + trades[560:], Limits(chunk=32)), FootprintRequest("BTC", row_size=1.0)
    before: Any = engine.view(request)
    since_ns, until_ns = trades[550].ts_venue_ns, trades[560].ts_venue_ns
    engine.apply(TradesFilled(BINANCE, trades[-1].ts_recv_ns, since_ns, until_ns, tuple(trades[550:560])))
    after: Any = engine.view(request)
    assert sum(bar.trades for bar in after.bars) == sum(bar.trades for bar in before.bars) + 10
    assert [one is other for one, other in zip(after.bars, before.bars, strict=True)] == [True] * 9 + [False]


def _sums(value: Any) -> Any:
    if isinstance(value, tuple):
        return tuple((bar.start_ns, bar.buy, bar.sell, bar.trades, bar.open, bar.close) for bar in value)
    return value


def test_unknown_kinds_of_events_are_ignored() -> None:
    engine = Engine()
    for event in random_events(random.Random(4), 200):
        if not isinstance(event, (Trade, BookDelta, BookSnapshot)) and not hasattr(event, "instrument"):
            engine.apply(event)
    assert engine.bases == {}


def test_nothing_grows_without_bound() -> None:
    """A hundred thousand events, looked at once an hour."""
    engine = Engine()
    now = START
    for at in range(25_000):
        now += SECOND
        engine.apply(trade(BINANCE, now, 10_000 + at % 50, 1.0, 1 + at % 2))
        engine.apply(delta(BINANCE, now, [(9_000 + at % 900, at % 3 / 2)], []))
        engine.apply(Liquidation(BINANCE, now, now, 1_000.0, 1.0, 1_000.0, Side.SELL))
        engine.apply(TradesLive(BINANCE, now) if at % 2 else TradesLost(BINANCE, now, "gap"))
        if at % 5_000 == 0:
            engine.apply(snapshot(BINANCE, now, [(9_000, 1.0)], [(10_100, 1.0)]))
        if at % 3_600 == 0:
            for request in (FootprintRequest("BTC", bar_ns=SECOND, row_size=1.0), CvdRequest("BTC", SECOND), *REQUESTS):
                engine.view(request)
    base = engine.bases["BTC"]
    assert len(base.liquidations) <= 25_000
    assert all(RETAINED_SECONDS <= len(market.obi) <= RETAINED_SECONDS + 300 for market in base.markets)
    assert all(len(market.fills) <= 20 for market in base.markets)
    coverage = base.markets[0].coverage
    assert len(coverage.spans) == 2_000
    assert len(base.markets[0].book.bids) <= 900
    view = engine.view(FootprintRequest("BTC", bar_ns=SECOND, row_size=1.0))
    assert isinstance(view, FootprintView)
    assert len(view.bars) == BAR_CAP
    kinds = {type(derived) for derived in base.derived}
    assert kinds >= {RowVolumes, TakerFlow, Pace, BarSeries}
    for derived in base.derived:
        if isinstance(derived, RowVolumes | TakerFlow):
            assert derived.trades_in_window <= 600
        elif isinstance(derived, Pace):
            assert derived.seconds_retained <= 2 * (MEAN_S + PACE_S) + 1
        elif isinstance(derived, BarSeries):
            assert derived.open_count + len(derived.closed_bars) <= BAR_CAP + BARS_BEFORE


def test_derived_objects_no_longer_requested_are_dropped() -> None:
    trades = random_trades(random.Random(6), 30)
    engine = engine_of(trades)
    wanted = FootprintRequest("BTC", row_size=1.0)
    for size in range(1, 20):
        engine.view(FootprintRequest("BTC", row_size=float(size)))
    base, now_ns = engine.bases["BTC"], trades[-1].ts_recv_ns
    assert max(base.updated_per_market) == 19
    for second in range(0, 2 * UNREQUESTED_NS // SECOND, 60):
        engine.advance(now_ns + second * SECOND)
        engine.view(wanted)
    assert max(base.updated_per_market) == 1


def test_the_number_of_derived_objects_is_bounded() -> None:
    engine = engine_of(random_trades(random.Random(5), 30))
    wanted = FootprintRequest("BTC", row_size=1.0)
    first = engine.view(wanted)
    for at in range(200):
        engine.view(FootprintRequest("BTC", row_size=1.0 + at))
        engine.view(wanted)
    base = engine.bases["BTC"]
    assert len(base.derived) == DERIVED_LIMIT
    assert max(base.updated_per_market) <= DERIVED_LIMIT
    again = engine.view(wanted)
    assert isinstance(first, FootprintView)
    assert isinstance(again, FootprintView)
    assert again.bars is first.bars
