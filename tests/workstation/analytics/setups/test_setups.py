"""Detectors on synthetic trades: each triggers, confirms and invalidates, and ignores a near miss."""

from __future__ import annotations

import msgspec
import pytest

from feeds.model.events import Event, Trade, TradesLost
from tests.views import assert_same_view
from tests.workstation.analytics.market_events import (
    BINANCE,
    MINUTE,
    OKX_SPOT,
    SECOND,
    at_price,
    engine_of,
    mark,
    trade,
)
from tests.workstation.analytics.setups.setup_tapes import (
    BEGIN,
    BUY,
    SELL,
    Minute,
    Print,
    events_of,
    found,
    quiet,
    view_of,
)
from workstation.readmodels.session.setups import (
    HORIZONS_MIN,
    Detector,
    LevelKind,
    SetupEvent,
    SetupsRequest,
    SetupState,
    SetupsView,
)

BEFORE = 24
DIRECTIONS = pytest.mark.parametrize("direction", [1, -1])


def absorbed(sold: float = 20.0, bought: float = 4.0, close: float = -3) -> Minute:
    """A minute of selling into the low of the range that closes above it."""
    prints: list[Print] = [(-1, SELL, sold / 4), (-3, SELL, sold / 4), (-5, SELL, sold / 2), (-4, BUY, bought / 2)]
    return Minute([*prints, (close, BUY, bought / 2)], interest=1000.0)


def rising(rows: range, size: float = 5.0, sold: float = 1.0, interest: float = 1000.0) -> Minute:
    """A minute of buying row by row: stacked imbalances where it has four rows or more."""
    return Minute([(rows[0], SELL, sold), *((row, BUY, size) for row in rows)], interest=interest)


TURN = rising(range(-3, 1))


def only(events: list[SetupEvent]) -> SetupEvent:
    assert len(events) == 1, events
    return events[0]


def trigger_bar(event: SetupEvent) -> int:
    return (event.trigger_ns - BEGIN) // MINUTE - 1


@DIRECTIONS
def test_absorption_arms_confirms_and_invalidates(direction: int) -> None:
    def see(*after: Minute) -> list[SetupEvent]:
        return found([*quiet(), *after], Detector.ABSORPTION, direction)

    armed = only(see(absorbed()))
    assert trigger_bar(armed) == BEFORE
    assert armed.state is SetupState.ARMED
    assert armed.level.price == pytest.approx(100.0 - direction * 0.5)
    assert dict(armed.at_trigger)["volume_ratio"] == pytest.approx(24 / 11)
    assert see(absorbed(sold=8.0)) == []  # no heavy volume
    assert see(absorbed(bought=14.0)) == []  # not one-sided
    assert see(absorbed(close=-7)) == []  # a close beyond the level
    confirmed = only(see(absorbed(), TURN))
    assert confirmed.state is SetupState.CONFIRMED
    assert confirmed.confirmed_ns == confirmed.trigger_ns + MINUTE
    assert dict(confirmed.at_confirmation)["aggression"] == 1.0
    in_one_row = Minute([(-3, SELL, 1.0), (0, BUY, 20.0)], interest=1000.0)
    assert only(see(absorbed(), in_one_row)).state is SetupState.ARMED
    lost = only(see(absorbed(), Minute([(-3, SELL, 2.0), (-7, SELL, 2.0)]), TURN))
    assert (lost.state, lost.reason) == (SetupState.INVALIDATED, "closed beyond the level")
    assert lost.ended_ns == lost.trigger_ns + MINUTE
    waited = only(see(absorbed(), *quiet(5)))
    assert (waited.state, waited.reason) == (SetupState.EXPIRED, "neither in time")


@DIRECTIONS
def test_divergence_arms_confirms_and_invalidates(direction: int) -> None:
    """The tapes are of a new high that falls back; direction 1 is their mirror."""

    def see(*after: Minute) -> list[SetupEvent]:
        events = view_of(events_of([*quiet(), *after], -direction)).events
        return [one for one in events if one.detector is Detector.DIVERGENCE and one.direction == direction]

    def high(top: float = 8, bought: float = 1.0, sold: float = 6.0) -> Minute:
        return Minute([(5, SELL, sold / 2), (top, BUY, bought), (4, SELL, sold / 2)], interest=1000.0)

    falling = Minute([(3, SELL, 4.0), (2, SELL, 6.0), (1, SELL, 4.0)], interest=1000.0)
    armed = only(see(high()))
    assert trigger_bar(armed) == BEFORE
    assert dict(armed.at_trigger)["extreme_before"] == pytest.approx(100 - direction * 0.5)
    assert see(high(top=5)) == []  # no new extreme
    assert see(high(bought=9.0)) == []  # CVD made one as well
    assert see(high(top=18)) == []  # no level near
    confirmed = only(see(high(), falling))
    assert confirmed.state is SetupState.CONFIRMED
    milder = Minute([(3, SELL, 2.0), (2, SELL, 1.0)], interest=1000.0)
    assert only(see(high(), milder)).state is SetupState.ARMED  # more delta than the bar before
    bought = Minute([(5, BUY, 9.0), (6, BUY, 9.0)], interest=1000.0)
    lost = only(see(high(), bought))
    assert (lost.state, lost.reason) == (SetupState.INVALIDATED, "CVD made the new extreme")


@DIRECTIONS
def test_sweep_arms_confirms_and_invalidates(direction: int) -> None:
    def see(*after: Minute) -> list[SetupEvent]:
        return found([*quiet(), *after], Detector.SWEEP, direction)

    def swept(usd: float = 100_000.0, low: float = -10, close: float = -8, interest: float = 990.0) -> Minute:
        prints: list[Print] = [(-1, SELL, 3.0), (low, SELL, 5.0), (close, SELL, 1.0)]
        return Minute(prints, usd, interest)

    back = rising(range(-6, 0), interest=985.0)
    armed = only(see(swept()))
    assert (armed.state, trigger_bar(armed)) == (SetupState.ARMED, BEFORE)
    assert dict(armed.at_trigger)["liquidated"] == 100_000.0
    assert see(swept(usd=9_000.0)) == []  # no spike
    assert see(swept(low=-2, close=-1)) == []  # not through the level
    confirmed = only(see(swept(), back))
    assert confirmed.state is SetupState.CONFIRMED
    assert dict(confirmed.at_confirmation)["oi_since_trigger"] == pytest.approx(-15.0)
    more = rising(range(-6, 0), interest=1010.0)
    assert only(see(swept(interest=1000.0), more, more)).state is SetupState.EXPIRED  # OI is not lower
    still = Minute([(-9, SELL, 30.0), (-11, SELL, 5.0)], interest=980.0)
    lost = only(see(swept(), still))
    assert (lost.state, lost.reason) == (SetupState.INVALIDATED, "stayed beyond on growing delta")
    slack = Minute([(-9, BUY, 1.0), (-9, SELL, 1.0)], interest=980.0)
    assert only(see(swept(), slack)).state is SetupState.ARMED
    assert only(see(swept(), slack, slack)).reason == "was not reclaimed in time"
    late = only(see(swept(), slack, slack, back))
    assert late.state is SetupState.INVALIDATED


@DIRECTIONS
def test_a_sweep_may_be_reclaimed_in_its_own_bar(direction: int) -> None:
    prints: list[Print] = [(-1, SELL, 3.0), (-10, SELL, 5.0), (-2, BUY, 12.0)]
    event = only(found([*quiet(), Minute(prints, 100_000.0, 990.0)], Detector.SWEEP, direction))
    assert event.state is SetupState.CONFIRMED
    assert event.confirmed_ns == event.trigger_ns


@DIRECTIONS
def test_breakout_arms_confirms_and_invalidates(direction: int) -> None:
    def see(*after: Minute) -> list[SetupEvent]:
        return found([*quiet(), *after], Detector.BREAKOUT, direction)

    out = rising(range(5, 10))
    armed = only(see(out))
    assert (armed.state, trigger_bar(armed)) == (SetupState.ARMED, BEFORE)
    assert armed.level.kind is (LevelKind.RANGE_HIGH if direction > 0 else LevelKind.RANGE_LOW)
    assert dict(armed.at_trigger)["usual_delta"] == pytest.approx(1.0)
    assert see(rising(range(1, 6))) == []  # the edge itself is no break
    assert see(Minute([(5, SELL, 1.0), (9, BUY, 25.0)])) == []  # nothing stacked
    assert see(rising(range(5, 10), size=0.5, sold=1.0)) == []  # delta does not expand
    assert only(see(out, rising(range(9, 12)))).state is SetupState.CONFIRMED
    back = only(see(out, Minute([(6, SELL, 9.0), (4, SELL, 9.0)])))
    assert (back.state, back.reason) == (SetupState.INVALIDATED, "closed back in the range")
    idle = only(see(out, Minute([(9, BUY, 1.0), (9, SELL, 1.0)])))
    assert (idle.state, idle.reason) == (SetupState.INVALIDATED, "delta went flat")


@pytest.mark.parametrize(("spot", "verdict"), [(1.0, False), (-1.0, True), (None, None)])
def test_spot_check_marks_moves_of_leverage_only(spot: float | None, verdict: bool | None) -> None:
    events = events_of([*quiet(), rising(range(5, 10))])
    if spot is not None:
        at_ns = BEGIN + BEFORE * MINUTE
        side = BUY if spot > 0 else SELL
        events.insert(1, TradesLost(OKX_SPOT, BEGIN, 0, "begins"))
        events[1] = events[0].__class__(OKX_SPOT, BEGIN)  # its trades are live as well
        events.insert(2, trade(OKX_SPOT, BEGIN, 333, 1.0, BUY))
        events += [at_price(OKX_SPOT, at_ns, 99.9, 3.0, side), mark(OKX_SPOT, at_ns + 5 * MINUTE)]
    event = only([one for one in view_of(events).events if one.detector is Detector.BREAKOUT])
    assert event.leverage_only is verdict


def test_moves_are_measured_at_the_closes_of_the_horizons() -> None:
    away = [at % 7 - 3 for at in range(70)]
    minutes = [*quiet(), absorbed(), TURN, *(Minute([(row, BUY, 1.0), (row, SELL, 1.0)]) for row in away)]
    event = only(found(minutes, Detector.ABSORPTION, 1))
    closes = [minute.prints[-1][0] for minute in minutes]
    for at, minutes_after in enumerate(HORIZONS_MIN):
        for moves, since in ((event.moves, BEFORE), (event.moves_confirmed, BEFORE + 1)):
            move = (1000 + closes[since + minutes_after]) / (1000 + closes[since]) - 1
            assert moves[at] == pytest.approx(move, abs=1e-12)
    assert event.ended_ns == (event.confirmed_ns or 0) + 60 * MINUTE
    span = closes[BEFORE + 2 : BEFORE + 62]
    assert dict(event.at_end)["best_move"] == pytest.approx(max(span) / 1000, abs=1e-3)


@pytest.mark.parametrize("bar_ns", [20 * SECOND, MINUTE, 5 * MINUTE])
@pytest.mark.parametrize("silent", [(), (1,), (4, 5), (3, 4, 5, 14, 15, 16), tuple(range(2, 60))])
def test_moves_are_to_the_last_trade_before_the_horizon(bar_ns: int, silent: tuple[int, ...]) -> None:
    """Minutes without a trade, and bars longer than a horizon, lose no outcome."""
    tape = stretched(events_of([*quiet(), absorbed(), TURN])[:-1], bar_ns)
    begin_ns = BEGIN + (BEFORE + 2) * bar_ns
    for at in range(80):
        if at not in silent:
            tape.append(trade(BINANCE, begin_ns + at * MINUTE + 7 * SECOND, 1000 + at % 7 - 3, 1.0, 1 + at % 2))
    tape.append(mark(BINANCE, begin_ns + 90 * MINUTE))
    engine = engine_of(tape)
    view = engine.view(SetupsRequest("BTC", bar_ns))
    assert isinstance(view, SetupsView)
    trades = [one for one in tape if isinstance(one, Trade)]
    last_ns = trades[-1].ts_venue_ns // bar_ns * bar_ns + bar_ns
    checked = 0
    for event in view.events:
        for at, minutes_after in enumerate(HORIZONS_MIN):
            until_ns = event.trigger_ns + minutes_after * MINUTE
            if until_ns <= last_ns:
                price = [one.price for one in trades if one.ts_venue_ns < until_ns][-1]
                move = event.direction * (price / event.trigger_price - 1)
                assert event.moves[at] == pytest.approx(move, abs=1e-12)
                checked += 1
    assert checked >= len(HORIZONS_MIN)


def stretched(events: list[Event], bar_ns: int) -> list[Event]:
    """A tape of minutes as one of bars."""

    def at(ts_ns: int) -> int:
        return BEGIN + (ts_ns - BEGIN) * bar_ns // MINUTE

    times = ("ts_venue_ns", "ts_recv_ns")
    return [
        msgspec.structs.replace(one, **{name: at(getattr(one, name)) for name in times if hasattr(one, name)})
        for one in events
    ]


def test_missing_trades_expire_armed_setups_and_restart_the_baseline() -> None:
    tape = events_of([*quiet(), absorbed(), *quiet(30)])
    hole_ns = BEGIN + (BEFORE + 1) * MINUTE
    at = next(at for at, one in enumerate(tape) if getattr(one, "ts_venue_ns", 0) > hole_ns)
    tape.insert(at, TradesLost(BINANCE, hole_ns, None, "test"))
    view = view_of(tape)
    event = next(one for one in view.events if one.detector is Detector.ABSORPTION)
    assert event.state is not SetupState.CONFIRMED
    assert view.complete < view.closed
    # a bar with missing trades never triggers
    assert all(one.trigger_ns <= hole_ns for one in view.events)


def test_own_levels_come_before_all_others() -> None:
    events = events_of([*quiet(), absorbed()])
    view = view_of(events, levels=(99.5,))
    event = next(one for one in view.events if one.detector is Detector.ABSORPTION)
    assert event.level.kind is LevelKind.USER


def test_events_do_not_depend_on_how_often_the_view_is_requested() -> None:
    tape = events_of([*quiet(), absorbed(), TURN, rising(range(5, 10)), *quiet(20), absorbed(), *quiet(8)])
    engine, request = engine_of(()), SetupsRequest("BTC", MINUTE)
    for event in tape:
        engine.apply(event)
        engine.view(request)
    once = view_of(tape)
    assert len(once.events) >= 3
    often = engine.view(request)
    assert isinstance(often, SetupsView)
    assert_same_view(often.events, once.events)
    assert_same_view(engine.checkpoint().view(request), often)
