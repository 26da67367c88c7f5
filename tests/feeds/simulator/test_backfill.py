"""History at the start and holes on the way are filled over sockets, with the simulator's own trades."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator

import pytest

from feeds.model.events import HistoryEnded, Side, Trade, TradesFilled, TradesLost
from feeds.model.frame import FrameKind
from feeds.model.instrument import MarketKind, Venue
from feeds.simulator.bybit.wire import MarketWire
from feeds.simulator.market.simulated import SimulatedMarket
from feeds.simulator.market.spec import MS
from feeds.simulator.service.faults import Fault, FaultKind
from feeds.venues.registry import VENUES
from tests.feeds.simulator.loopback import Loopback
from workstation.replay.core import Core

HISTORY_S = 40
TOPICS = {Venue("binance"): "@aggTrade", Venue("okx"): "/trades:", Venue("deribit"): "trades."}


def known(here: Loopback, simulated: SimulatedMarket) -> list[Trade]:
    """Every trade of a market that was received or fetched, ordered by time."""
    wanted = simulated.spec.instrument.id
    filled = [
        t for e in here.feed.events if isinstance(e, TradesFilled) and e.instrument.id == wanted for t in e.trades
    ]
    return sorted([*filled, *here.received(simulated)], key=lambda trade: trade.ts_venue_ns)


def fills(here: Loopback, simulated: SimulatedMarket) -> Iterator[tuple[int | str, float, bool]]:
    """The simulator's trades by the venue's ids: aggregates on Binance, else matches."""
    spec, tape = simulated.spec, simulated.tape
    if here.venue == Venue("binance"):
        for row in tape.aggregates.rows:
            yield row.aggregate_id, spec.base_size(row.lots, row.price), row.aggressor is Side.BUY
        return
    ids = {n: text for text, n in numbers(here, simulated).items()} if here.venue == Venue("bybit") else {}
    for fill in tape.trades.rows:
        yield ids.get(fill.trade_id, fill.trade_id), spec.base_size(fill.lots, fill.price), fill.aggressor is Side.BUY


def numbers(here: Loopback, simulated: SimulatedMarket) -> dict[int | str, int]:
    """The venue's text ids mapped to the simulator's trade ids."""
    if here.venue == Venue("bybit"):
        wire = MarketWire(simulated)
        return {wire.trade_id(fill): fill.trade_id for fill in simulated.tape.trades.rows}
    return {number: number for number, _, _ in fills(here, simulated)}


def assert_whole(here: Loopback, simulated: SimulatedMarket) -> None:
    """From the oldest known trade on, each is present exactly once and the sums equal the simulator's."""
    trades, number = known(here, simulated), numbers(here, simulated)
    ids = [number[trade.trade_id] for trade in trades]
    assert len(set(ids)) == len(ids), "a trade is known twice"
    first, last = min(ids), max(ids)
    truth = {number[n]: (base, is_buy) for n, base, is_buy in fills(here, simulated) if first < number[n] <= last}
    if here.venue != Venue("okx"):
        assert set(ids) - {first} == set(truth)
    trades = [trade for trade in trades if number[trade.trade_id] != first]
    for side in Side:
        mine = sum(trade.size for trade in trades if trade.aggressor is side)
        assert mine == pytest.approx(sum(base for base, is_buy in truth.values() if is_buy is (side is Side.BUY)))


async def connect(here: Loopback) -> None:
    """Advance the market meanwhile: Binance's books need changes to join."""
    async with asyncio.timeout(15):
        while not here.is_ready():
            await here.run(0.1)


def ended(here: Loopback) -> bool:
    return all(here.count(simulated, HistoryEnded) == 1 for simulated in here.markets)


@pytest.mark.parametrize("venue", [Venue("binance"), Venue("okx"), Venue("deribit"), Venue("bybit")])
async def test_history_equals_the_simulators_earlier_trades(venue: Venue) -> None:
    async with Loopback(venue, ["BTC"], history_s=HISTORY_S, warm_up_s=60) as here:
        await connect(here)
        await here.run(4)
        await here.until(lambda: ended(here))
        await here.run(1)
        for simulated in here.markets:
            assert_whole(here, simulated)
            (span,) = here.market(simulated).coverage.received()
            reached_s = (here.clock.now_ns() - span[0]) / 1e9
            deep = venue != Venue("bybit")
            assert (
                reached_s >= HISTORY_S
                if deep
                else reached_s > (1 if simulated.spec.instrument.kind is MarketKind.SPOT else 5)
            )
            assert here.count(simulated, TradesLost) == 0


@pytest.mark.parametrize("venue", [Venue("binance"), Venue("okx"), Venue("deribit")])
async def test_an_injected_gap_is_filled(venue: Venue) -> None:
    async with Loopback(venue, ["BTC"]) as here:
        await connect(here)
        await here.run(2)
        here.server.inject(Fault(kind=FaultKind.GAP, venue=venue, topic=TOPICS[venue], count=5))
        await here.run(4)
        lost = sum(here.count(simulated, TradesLost) for simulated in here.markets)
        assert lost
        assert sum(here.count(simulated, TradesFilled) for simulated in here.markets) >= lost
        for simulated in here.markets:
            assert_whole(here, simulated)
            assert here.market(simulated).coverage.gaps() == []


@pytest.mark.parametrize("venue", VENUES)
async def test_the_time_between_two_connections_is_filled(venue: Venue) -> None:
    async with Loopback(venue, ["BTC"]) as here:
        await connect(here)
        await here.run(3)
        here.server.inject(Fault(kind=FaultKind.DROP, venue=venue))
        await here.run(0.5)
        await connect(here)
        await here.run(4)
        for simulated in here.markets:
            if venue != Venue("hyperliquid"):
                assert_whole(here, simulated)
            assert here.market(simulated).coverage.gaps() == [], simulated.spec.instrument.id


@pytest.mark.parametrize("venue", [Venue("binance"), Venue("okx"), Venue("bybit")])
async def test_a_replay_of_the_received_frames_ends_in_the_same_state(venue: Venue) -> None:
    """Covers history, a rate limit, a dropped connection and candles; a replay sends no requests and has no timer."""
    async with Loopback(venue, ["BTC"], history_s=20, warm_up_s=60, candle_hours=1.0) as here:
        await connect(here)
        here.server.inject(Fault(kind=FaultKind.LIMIT, venue=venue, duration_s=0.5))
        await here.run(3)
        here.server.inject(Fault(kind=FaultKind.DROP, venue=venue))
        await here.run(0.5)
        await connect(here)
        await here.run(6)
        replayed = Core()
        replayed.consume([frame for frame in here.frames if frame.kind is not FrameKind.TIMER])
        assert replayed.feed.deduplicator.last_trades == here.feed.deduplicator.last_trades
        for simulated in here.markets:
            live, again = here.market(simulated), replayed.engine.market(simulated.spec.instrument.id)
            assert again is not None
            assert again.coverage == live.coverage
            assert len(again.candles) == len(live.candles)
            assert (again.history_ended, again.begun_ns) == (live.history_ended, live.begun_ns)
        (base,), (other,) = here.core.engine.bases.values(), replayed.engine.bases.values()
        assert len(base.trades) == len(other.trades) > 0
        for mine, its in zip(base.trades.last(1 << 30), other.trades.last(1 << 30), strict=True):
            assert (mine == its).all()


async def test_a_rate_limited_request_is_retried_later() -> None:
    async with Loopback(Venue("okx"), ["BTC"], history_s=HISTORY_S, warm_up_s=60) as here:
        await connect(here)
        here.server.inject(Fault(kind=FaultKind.LIMIT, venue=Venue("okx"), path="history-trades", duration_s=1.0))
        await here.run(1)
        assert not ended(here)
        await here.run(3)
        await here.until(lambda: here.clock.advance(50 * MS) or ended(here))
        for simulated in here.markets:
            assert_whole(here, simulated)
