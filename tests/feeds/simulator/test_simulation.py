"""The simulation: deterministic, books never crossed, ledgers equal to the sums of the facts."""

from __future__ import annotations

import pytest

from feeds.model.events import Side
from feeds.model.instrument import Venue
from feeds.simulator.catalogue.markets import markets_of
from feeds.simulator.market.book import Book
from feeds.simulator.market.derivatives import EIGHT_HOURS_NS, Perpetual
from feeds.simulator.market.facts import Aggregate, Fact, Fill, LiquidationOrder, Pulse, Touch
from feeds.simulator.market.spec import MS, SECOND
from feeds.simulator.simulation import Simulation
from tests.feeds.simulator.wire import START_NS


def lived(seconds: float, *, seed: int = 7, chunk_ms: int = 10, warm_up_s: int = 0) -> tuple[Simulation, list[Fact]]:
    markets = markets_of([Venue("binance")])
    simulation = Simulation(seed, START_NS, markets=markets, warm_up_s=warm_up_s, cascade_every_s=(4.0, 5.0))
    facts: list[Fact] = []
    for step in range(int(seconds * 1_000 / chunk_ms)):
        facts += simulation.advance(START_NS + (step + 1) * chunk_ms * MS)
    return simulation, facts


@pytest.fixture(scope="module")
def run() -> tuple[Simulation, list[Fact]]:
    return lived(20.0)


def test_same_seed_same_facts_however_it_is_advanced() -> None:
    assert lived(3.0, chunk_ms=10)[1] == lived(3.0, chunk_ms=250)[1]


def test_other_seed_other_facts() -> None:
    assert lived(1.0)[1] != lived(1.0, seed=8)[1]


def test_book_never_crosses_and_touches_differ(run: tuple[Simulation, list[Fact]]) -> None:
    last: dict[int, Touch] = {}
    for fact in run[1]:
        if isinstance(fact, Touch):
            assert fact.bid[0] < fact.ask[0]
            assert fact.bid[1] > 0
            assert fact.ask[1] > 0
            before = last.get(fact.market)
            assert before is None or (before.bid, before.ask) != (fact.bid, fact.ask)
            assert before is None or before.update_id < fact.update_id
            last[fact.market] = fact
    assert len(last) == 6


def test_ledger_is_the_sum_of_the_fills(run: tuple[Simulation, list[Fact]]) -> None:
    simulation, facts = run
    for market in simulation.markets:
        fills = [f for f in facts if isinstance(f, Fill) and f.market == market.index]
        ledger, spec = market.tape.ledger, market.spec
        assert [f.trade_id for f in fills] == list(range(ledger.first_trade_id, ledger.last_trade_id + 1))
        assert ledger.trades == len(fills) > 0
        for side, lots, size, notional in (
            (Side.BUY, ledger.buy_lots, ledger.buy_volume, ledger.buy_notional),
            (Side.SELL, ledger.sell_lots, ledger.sell_volume, ledger.sell_notional),
        ):
            own = [f for f in fills if f.aggressor is side]
            assert lots == sum(f.lots for f in own)
            assert size == pytest.approx(sum(spec.base_size(f.lots, f.price) for f in own))
            assert notional == pytest.approx(sum(spec.notional(f.lots, f.price) for f in own))


def test_aggregates_cover_the_fills_without_a_hole(run: tuple[Simulation, list[Fact]]) -> None:
    simulation, facts = run
    for market in simulation.markets:
        fills = {f.trade_id: f for f in facts if isinstance(f, Fill) and f.market == market.index}
        rows = [f for f in facts if isinstance(f, Aggregate) and f.market == market.index]
        expected_id, expected_first = market.spec.first_aggregate_id, market.spec.first_trade_id
        for row in rows:
            assert (row.aggregate_id, row.first_trade_id) == (expected_id, expected_first)
            parts = [fills[i] for i in range(row.first_trade_id, row.last_trade_id + 1)]
            assert row.lots == sum(part.lots for part in parts)
            assert {(part.price, part.aggressor) for part in parts} == {(row.price, row.aggressor)}
            expected_id, expected_first = row.aggregate_id + 1, row.last_trade_id + 1


def test_times_never_go_back_within_a_market(run: tuple[Simulation, list[Fact]]) -> None:
    simulation, facts = run
    for market in simulation.markets:
        for kind in (Fill, Touch, LiquidationOrder):
            times = [f.ts_ns for f in facts if isinstance(f, kind) and f.market == market.index]
            assert times == sorted(times)
            assert not times or START_NS < times[0] <= times[-1] <= START_NS + 20 * SECOND


def test_liquidations_are_matched_in_the_book(run: tuple[Simulation, list[Fact]]) -> None:
    simulation, facts = run
    liquidations = [f for f in facts if isinstance(f, LiquidationOrder)]
    assert len(liquidations) > 20
    traded = {(f.market, f.ts_ns, f.aggressor) for f in facts if isinstance(f, Fill)}
    for order in liquidations:
        assert (order.market, order.ts_ns, order.side) in traded
        assert simulation.markets[order.market].perpetual is not None
        within = order.average_price - order.limit_price
        assert within <= 0 if order.side is Side.BUY else within >= 0
    assert sum(m.tape.ledger.liquidation_orders for m in simulation.markets) == len(liquidations)


def test_pulses_are_every_100_ms(run: tuple[Simulation, list[Fact]]) -> None:
    pulses = [f.ts_ns for f in run[1] if isinstance(f, Pulse)]
    assert pulses == list(range(START_NS + 100 * MS, START_NS + 20 * SECOND + 1, 100 * MS))


def test_warm_up_precedes_the_start_and_is_in_the_ledger() -> None:
    simulation, _ = lived(0.5, warm_up_s=120)
    for market in simulation.markets:
        assert market.opening is not None
        assert market.opening.trades > 100
        assert market.tape.trades.rows[0].ts_ns < START_NS - 110 * SECOND
        last_warm = market.tape.trades.since(market.opening.last_trade_id, 1)[0]
        assert last_warm.ts_ns <= START_NS
        assert last_warm.price == pytest.approx(market.book.bids.best, rel=1e-3)


def test_funding_is_paid_at_the_turn_of_the_interval() -> None:
    perpetual = Perpetual(61_820.0, 61_800.0, 1_000.0, START_NS)
    due_ns, before = perpetual.next_funding_ns, len(perpetual.paid)
    perpetual.second(due_ns - SECOND, 61_830.0, 61_800.0)
    assert len(perpetual.paid) == before
    perpetual.second(due_ns, 61_830.0, 61_800.0)
    assert perpetual.paid[-1].ts_ns == due_ns
    assert perpetual.next_funding_ns == due_ns + EIGHT_HOURS_NS
    assert 61_800.0 < perpetual.mark < 61_830.0


def test_skip_jumps_without_simulating() -> None:
    simulation, _ = lived(0.1)
    simulation.skip(START_NS + 3_600 * SECOND)
    facts = simulation.advance(START_NS + 3_600 * SECOND + 20 * MS)
    assert all(f.ts_ns > START_NS + 3_600 * SECOND for f in facts)


def test_book_take_consumes_exactly_what_it_reports() -> None:
    book = Book((100, 5), (101, 7), 1, lambda: 1)
    assert book.put(Side.SELL, 103, 4)
    assert not book.put(Side.SELL, 100, 4)
    assert not book.put(Side.BUY, 100, 0)
    assert book.take(Side.BUY, 9, 102) == [(101, 7)]
    assert book.touch() == ((100, 5), (103, 4))
    assert book.take(Side.BUY, 99, 110) == [(103, 3)]
    assert book.update_id == 4


def test_bars_before_the_first_trade_are_consistent_and_join_it() -> None:
    simulation = Simulation(5, 1_790_000_000 * SECOND, warm_up_s=120, past_minutes=200)
    moves = {}
    for market in simulation.markets:
        if market.is_altcoin:
            continue
        bars, instrument = market.tape.bars.rows, market.spec.instrument
        past = bars[:200]
        assert [bar.open_ns for bar in past] == list(range(past[0].open_ns, bars[200].open_ns, 60 * SECOND))
        assert abs(past[-1].close - bars[200].open) <= 1
        assert all(bar.low <= min(bar.open, bar.close) <= max(bar.open, bar.close) <= bar.high for bar in past)
        assert all(0 < bar.buy_volume < bar.volume for bar in past)
        assert market.tape.ledger.trades == market.tape.ledger.last_trade_id - market.spec.first_trade_id + 1
        moves.setdefault(instrument.base, []).append([bar.close / past[-1].close for bar in past])
    for paths in moves.values():
        assert all(path == pytest.approx(paths[0], rel=2e-3) for path in paths)
