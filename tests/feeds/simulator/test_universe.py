"""Altcoin markets and the other venues: listings, sentiment, open interest that follows the trades, price grids."""

from __future__ import annotations

import itertools
import json
from collections import Counter

import pytest

from feeds.model.events import Side
from feeds.model.instrument import MarketKind, Venue
from feeds.simulator.binance.dialect import BinanceDialect
from feeds.simulator.catalogue.markets import MARKETS, markets_of
from feeds.simulator.market.draws import Draws
from feeds.simulator.market.facts import Aggregate, Fact, Fill, GridChanged, LiquidationOrder, Touch
from feeds.simulator.market.market import Market
from feeds.simulator.market.spec import MS, SECOND
from feeds.simulator.simulation import Simulation
from feeds.simulator.universe.listings import ALTCOIN_BASES, ALTCOINS, altcoins_of
from feeds.simulator.universe.sentiment import Sentiment
from tests.feeds.simulator.wire import START_NS, Everything


def lived(simulation: Simulation, seconds: float) -> list[Fact]:
    return simulation.advance(simulation.now_ns + int(seconds * SECOND))


@pytest.fixture(scope="module")
def world() -> tuple[Simulation, list[Fact]]:
    simulation = Simulation(7, START_NS, altcoins=ALTCOINS, warm_up_s=0, cascade_every_s=(3.0, 4.0))
    return simulation, lived(simulation, 12.0)


def test_five_venues_and_sixty_bases() -> None:
    heavy = Counter((spec.instrument.venue, spec.instrument.kind) for spec in MARKETS)
    assert heavy[Venue("bybit"), MarketKind.INVERSE] == heavy[Venue("okx"), MarketKind.SPOT] == 2
    assert heavy[Venue("hyperliquid"), MarketKind.LINEAR] == heavy[Venue("deribit"), MarketKind.INVERSE] == 2
    simulated = Counter(spec.instrument.venue for spec in ALTCOINS if spec.instrument.kind is MarketKind.LINEAR)
    assert simulated[Venue("binance")] >= 60
    assert (
        simulated[Venue("bybit")]
        > simulated[Venue("okx")]
        > simulated[Venue("hyperliquid")]
        > simulated[Venue("deribit")]
        > 5
    )
    assert len({spec.instrument.id for spec in (*MARKETS, *ALTCOINS)}) == len(MARKETS) + len(ALTCOINS)
    assert all(spec.instrument.venue == Venue("okx") for spec in (*markets_of(["okx"]), *altcoins_of(["okx"])))
    assert {spec.instrument.base for spec in altcoins_of(bases=["SOL"])} == {"SOL"}


@pytest.mark.parametrize(
    ("symbol", "tick", "price_step", "size_step"),
    [
        ("BTC-USDT-SWAP.okx.linear", 0.1, 0.1, 0.01),
        ("BTC-USD-SWAP.okx.inverse", 0.1, 0.1, 0.1),
        ("BTCUSD.bybit.inverse", 0.1, 0.1, 1),
        ("BTC-PERPETUAL.deribit.inverse", 0.5, 0.5, 10),
        ("BTC.hyperliquid.linear", 1, 1, 0.00001),
        ("1000PEPEUSDT.binance.linear", 1e-10, 1e-7, 1),
        ("SHIB1000USDT.bybit.linear", 1e-9, 1e-6, 10),
        ("kPEPE.hyperliquid.linear", 1e-9, 1e-6, 1),
        ("PEPE-USDT-SWAP.okx.linear", 1e-10, 1e-10, 0.1),
        ("1INCHUSDT.binance.linear", 1e-5, 1e-5, 1),
    ],
)
def test_grids_are_those_of_the_venues(symbol: str, tick: float, price_step: float, size_step: float) -> None:
    (spec,) = (spec for spec in (*MARKETS, *ALTCOINS) if spec.instrument.id == symbol)
    assert spec.tick == pytest.approx(tick)
    assert float(spec.price_step) == pytest.approx(price_step)
    assert float(spec.size_step) == pytest.approx(size_step)


def test_okx_contracts_are_hundredths_of_a_coin() -> None:
    (swap,) = (spec for spec in MARKETS if spec.instrument.symbol == "BTC-USDT-SWAP")
    assert swap.base_size(100, 600_000) == pytest.approx(0.01)
    assert swap.notional(100, 600_000) == pytest.approx(600.0)
    (inverse,) = (spec for spec in MARKETS if spec.instrument.symbol == "BTC-PERPETUAL")
    assert inverse.notional(75, 123_600) == pytest.approx(750.0)


def test_every_market_trades_and_its_ledger_is_the_sum_of_its_fills(world: tuple[Simulation, list[Fact]]) -> None:
    simulation, facts = world
    fills: dict[int, list[Fill]] = {}
    for fact in facts:
        if isinstance(fact, Fill):
            fills.setdefault(fact.market, []).append(fact)
    touched = {fact.market for fact in facts if isinstance(fact, Touch)}
    assert touched == {market.index for market in simulation.markets}
    for market in simulation.markets:
        own, ledger = fills.get(market.index, []), market.tape.ledger
        assert [fill.trade_id for fill in own] == list(range(ledger.first_trade_id, ledger.last_trade_id + 1))
        assert ledger.buy_lots == sum(fill.lots for fill in own if fill.aggressor is Side.BUY)
        assert [fill.ts_ns for fill in own] == sorted(fill.ts_ns for fill in own)
        bid, ask = market.book.touch()
        assert 0 < bid[0] < ask[0]
    assert sum(1 for market in simulation.markets if market.tape.ledger.trades) > 0.95 * len(simulation.markets)


def test_venues_agree_on_a_price_within_their_basis(world: tuple[Simulation, list[Fact]]) -> None:
    mids: dict[str, list[float]] = {}
    for market in world[0].markets:
        mids.setdefault(market.spec.instrument.base, []).append(market.mid)
    for prices in mids.values():
        assert max(prices) / min(prices) < 1.006
    btc = mids["BTC"]
    assert len(set(btc)) > 5


def test_open_interest_changes_by_no_more_than_was_traded(world: tuple[Simulation, list[Fact]]) -> None:
    moved = 0
    for market in world[0].markets:
        if market.perpetual is None:
            continue
        change = market.perpetual.open_interest - market.spec.open_interest
        assert abs(change) <= market.tape.ledger.buy_lots + market.tape.ledger.sell_lots
        moved += change != 0
    assert moved > 200


def test_sentiment_differs_across_coins(world: tuple[Simulation, list[Fact]]) -> None:
    perps = [(m, m.perpetual) for m in world[0].markets if m.is_altcoin and m.perpetual is not None]
    rates = [perp.rate * 8.0 * 3_600 * SECOND / perp.interval_ns for _, perp in perps]
    assert sum(rate > 4e-4 for rate in rates) > 15
    assert sum(rate < -4e-4 for rate in rates) > 15
    assert {perp.interval_ns // (3_600 * SECOND) for _, perp in perps} == {1, 4, 8}
    assert sum(market.positioning > 0.5 for market, _ in perps) > 20
    assert sum(abs(market.positioning) < 0.15 for market, _ in perps) > 40


def test_crowded_positions_are_liquidated() -> None:
    sentiment = Sentiment(ALTCOIN_BASES[0], Draws(3), START_NS)
    sentiment.lean = sentiment.target = 0.95
    now_ns, liquidations = START_NS, []
    for _ in range(20_000):
        now_ns += SECOND
        sentiment.lean, before = max(sentiment.lean, 0.0), sentiment.flushing
        sentiment.turn_ns = now_ns + SECOND * 10
        if before is None:
            sentiment.target = 0.95
        orders = sentiment.step(now_ns, 0.0)
        if sentiment.flushing is not None:
            liquidations += [side for side, _ in orders]
        elif before is not None:
            break
    assert len(liquidations) > 20
    assert liquidations.count(Side.SELL) > 0.95 * len(liquidations)


def test_altcoin_markets_are_deterministic_by_seed_whatever_is_requested() -> None:
    def facts(asks: bool, seed: int = 7) -> list[Fact]:
        simulation = Simulation(
            seed, START_NS, markets=markets_of(["binance"]), altcoins=altcoins_of(bases=["SOL", "WIF"]), warm_up_s=0
        )
        out = lived(simulation, 2.0)
        if asks:
            simulation.markets[-1].series.rows(300 * SECOND, 0, 1 << 62, 5)
        return out + lived(simulation, 3.0)

    assert facts(False) == facts(True)
    assert facts(False) != facts(False, seed=8)


def test_liquidations_reach_every_venue() -> None:
    simulation = Simulation(7, START_NS, warm_up_s=0, cascade_every_s=(3.0, 4.0))
    facts = lived(simulation, 25.0)
    struck = Counter(
        simulation.markets[f.market].spec.instrument.venue for f in facts if isinstance(f, LiquidationOrder)
    )
    assert struck[Venue("binance")] > struck[Venue("hyperliquid")]
    assert {Venue("binance"), Venue("bybit"), Venue("okx")} <= set(struck)


def test_statistics_cover_a_week_and_end_at_the_present() -> None:
    simulation = Simulation(7, START_NS, markets=markets_of(["binance"], ["BTC"]), warm_up_s=0)
    perp = simulation.markets[0]
    rows = perp.series.rows(300 * SECOND, 0, 1 << 62, 500)
    assert len(rows) == 500
    assert all(later.ts_ns - earlier.ts_ns == 300 * SECOND for earlier, later in itertools.pairwise(rows))
    assert rows[-1].ts_ns <= START_NS < rows[-1].ts_ns + 300 * SECOND
    assert rows[-1].open_interest == pytest.approx(perp.spec.open_interest, rel=0.02)
    hours = perp.series.rows(3_600 * SECOND, 0, 1 << 62, 5)
    assert all(row.ts_ns % (3_600 * SECOND) == 0 for row in hours)
    assert hours[-1].buy_lots > rows[-1].buy_lots


def test_compressed_funding_is_paid_often() -> None:
    simulation = Simulation(
        7, START_NS, markets=markets_of(["binance"], ["BTC"]), warm_up_s=0, funding_compression=7_200
    )
    perpetual = simulation.markets[0].perpetual
    assert perpetual is not None
    before = perpetual.paid[-1].ts_ns
    lived(simulation, 9.0)
    assert perpetual.interval_ns == 4 * SECOND
    assert perpetual.paid[-1].ts_ns >= before + 8 * SECOND


def test_a_finer_tick_keeps_all_prices() -> None:
    simulation = Simulation(
        7, START_NS, markets=markets_of(["binance"], ["BTC"]), altcoins=altcoins_of(["binance"], ["SOL"]), warm_up_s=30
    )
    dialect = BinanceDialect(simulation)
    lived(simulation, 1.0)
    for market in (simulation.markets[0], simulation.markets[-1]):
        before, low = market.mid, market.day.low * market.spec.tick
        simulation.refine(market)
        assert market.mid == pytest.approx(before)
        assert market.day.low * market.spec.tick == pytest.approx(low)
        assert market.tape.trades.rows[-1].price * market.spec.tick == pytest.approx(before, rel=1e-2)
    facts = lived(simulation, 3.0)
    assert sum(isinstance(fact, GridChanged) for fact in facts) == 2
    assert all(fact.bid[0] < fact.ask[0] for fact in facts if isinstance(fact, Touch))
    published = [
        m for m in dialect.messages(facts, simulation.now_ns, Everything()) if m.topic.endswith("!contractInfo")
    ]
    assert {json.loads(m.payload)["s"] for m in published} == {"BTCUSDT", simulation.markets[-1].spec.instrument.symbol}
    body = json.loads(dialect.get("/linear/fapi/v1/exchangeInfo", {}, simulation.now_ns).body)
    assert body["symbols"][0]["filters"][0]["tickSize"] == "0.01"
    depth = json.loads(dialect.get("/linear/fapi/v1/depth", {"symbol": "BTCUSDT"}, simulation.now_ns).body)
    assert 50_000 < float(depth["bids"][0][0]) < 70_000


def test_aggregates_of_altcoin_markets_are_contiguous(world: tuple[Simulation, list[Fact]]) -> None:
    expected: dict[int, int] = {}
    for fact in world[1]:
        if isinstance(fact, Aggregate) and world[0].markets[fact.market].is_altcoin:
            spec = world[0].markets[fact.market].spec
            assert fact.first_trade_id == expected.get(fact.market, spec.first_trade_id)
            expected[fact.market] = fact.last_trade_id + 1
    assert len(expected) > 250


def test_spoofed_walls_are_cancelled_before_the_price_arrives(world: tuple[Simulation, list[Fact]]) -> None:
    simulation = Simulation(7, START_NS, markets=markets_of(["binance"], ["BTC"]), warm_up_s=0)
    market = simulation.markets[0]
    assert isinstance(market, Market)
    walls: dict[tuple[Side, int], int] = {}
    gone = 0
    for _ in range(900):
        simulation.advance(simulation.now_ns + 100 * MS)
        spoofs = market.maker.spoofs
        gone += len(walls.keys() - spoofs.keys())
        walls = dict(spoofs)
        assert all(abs(price - market.book.bids.best) > 3 for _, price in walls)
    assert gone >= 2
