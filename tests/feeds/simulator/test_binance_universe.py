"""Binance's all-market streams of the simulator, listings with multipliers, tickers, statistics."""

from __future__ import annotations

import itertools
import json
from typing import Any

import pytest

from feeds.model.instrument import Venue
from feeds.simulator.binance.dialect import BinanceDialect
from feeds.simulator.catalogue.markets import markets_of
from feeds.simulator.simulation import Simulation
from feeds.simulator.universe.listings import altcoins_of
from feeds.venues.binance.instruments import instruments_from_exchange_info
from tests.feeds.simulator.wire import START_NS, Everything

SECONDS = 6


class World:
    """Binance with all its markets after some seconds, and the messages it published by topic."""

    def __init__(self) -> None:
        ours = [Venue("binance")]
        simulation = Simulation(7, START_NS, markets=markets_of(ours), altcoins=altcoins_of(ours),
                                warm_up_s=0)  # fmt: skip
        self.simulation, self.dialect = simulation, BinanceDialect(simulation)
        self.published: dict[str, list[Any]] = {}
        for step in range(SECONDS * 10):
            now_ns = START_NS + (step + 1) * 100_000_000
            for message in self.dialect.messages(simulation.advance(now_ns), now_ns, Everything()):
                self.published.setdefault(message.topic, []).append(json.loads(message.payload))

    def get(self, path: str, **query: str) -> Any:
        answer = self.dialect.get(path, query, self.simulation.now_ns)
        assert answer.status == 200, answer.body
        return json.loads(answer.body)


@pytest.fixture(scope="module")
def world() -> World:
    return World()


def test_the_driver_reads_the_listing_back(world: World) -> None:
    for segment, path in (("linear", "/linear/fapi/v1/exchangeInfo"), ("inverse", "/inverse/dapi/v1/exchangeInfo")):
        body = world.dialect.get(path, {}, world.simulation.now_ns).body
        ours = {m.spec.instrument.id: m.spec.instrument for m in world.simulation.markets
                if m.spec.instrument.kind == segment}  # fmt: skip
        read = {i.id: i for i in instruments_from_exchange_info(body, next(iter(ours.values())).kind)}
        assert read.keys() == ours.keys()
        for name, instrument in ours.items():
            assert read[name] == instrument, name


def test_mark_prices_of_all_markets_are_in_one_message(world: World) -> None:
    rows = world.published["binance/linear/!markPrice@arr@1s"][0]
    assert len(rows) == sum(1 for m in world.simulation.markets if m.perpetual)
    assert {row["st"] for row in rows} == {1, 2}


@pytest.mark.parametrize("stream", ["!ticker@arr", "!miniTicker@arr"])
def test_tickers_cover_both_futures_universes_but_not_spot(stream: str, world: World) -> None:
    rows = world.published[f"binance/linear/{stream}"]
    assert len(rows) == SECONDS
    assert {row["s"] for row in rows[0]} >= {"BTCUSDT", "SOLUSDT", "1000PEPEUSDT", "SOLUSD_PERP"}
    assert rows == world.published[f"binance/inverse/{stream}"]
    sol = next(row for row in rows[0] if row["s"] == "SOLUSDT")
    assert float(sol["l"]) <= float(sol["c"]) <= float(sol["h"])
    assert 5e8 < float(sol["q"]) < 1e10
    assert all("ps" in row for row in rows[0] if row["st"] == 2)


def test_spot_has_mini_tickers_only(world: World) -> None:
    assert "binance/spot/!ticker@arr" not in world.published
    assert {row["s"] for row in world.published["binance/spot/!miniTicker@arr"][0]} == {"BTCUSDT", "ETHUSDT"}


def test_book_tickers_are_sent_every_five_seconds_one_a_message(world: World) -> None:
    rows = world.published["binance/linear/!bookTicker"]
    perps = sum(1 for m in world.simulation.markets if m.perpetual)
    assert len(rows) == perps
    assert len({row["s"] for row in rows}) == perps
    assert all(float(row["b"]) < float(row["a"]) for row in rows)


def test_altcoin_markets_have_books_and_trades(world: World) -> None:
    depth = world.published["binance/linear/wifusdt@depth@100ms"]
    assert all(later["pu"] == earlier["u"] for earlier, later in itertools.pairwise(depth))
    assert world.published["binance/linear/wifusdt@aggTrade"]
    book = world.get("/linear/fapi/v1/depth", symbol="WIFUSDT", limit="20")
    assert len(book["bids"]) >= 5
    assert book["lastUpdateId"] == depth[-1]["u"]


def test_funding_info_lists_only_other_intervals(world: World) -> None:
    rows = {row["symbol"]: row["fundingIntervalHours"] for row in world.get("/linear/fapi/v1/fundingInfo")}
    assert rows["WIFUSDT"] == 4
    assert "BTCUSDT" not in rows
    premium = {row["symbol"]: row for row in world.get("/linear/fapi/v1/premiumIndex")}
    assert len(premium) > 60
    assert premium["WIFUSDT"]["nextFundingTime"] % (4 * 3_600_000) == 0
    paid = world.get("/linear/fapi/v1/fundingRate", symbol="WIFUSDT", limit="2")
    assert paid[1]["fundingTime"] - paid[0]["fundingTime"] == 4 * 3_600_000


def test_statistics_of_usd_margined_markets(world: World) -> None:
    query = {"symbol": "SOLUSDT", "period": "5m", "limit": "3"}
    rows = world.get("/linear/futures/data/openInterestHist", **query)
    assert [set(row) for row in rows] == [{"symbol", "sumOpenInterest", "sumOpenInterestValue", "timestamp"}] * 3
    now = float(world.get("/linear/fapi/v1/openInterest", symbol="SOLUSDT")["openInterest"])
    assert float(rows[-1]["sumOpenInterest"]) == pytest.approx(now, rel=0.03)
    assert float(rows[-1]["sumOpenInterestValue"]) / now == pytest.approx(145.0, rel=0.1)
    for route in ("globalLongShortAccountRatio", "topLongShortAccountRatio", "topLongShortPositionRatio"):
        row = world.get(f"/linear/futures/data/{route}", **query)[-1]
        assert set(row) == {"symbol", "longShortRatio", "longAccount", "shortAccount", "timestamp"}
        assert float(row["longAccount"]) + float(row["shortAccount"]) == pytest.approx(1.0)
    row = world.get("/linear/futures/data/takerlongshortRatio", **query)[-1]
    assert float(row["buyVol"]) / float(row["sellVol"]) == pytest.approx(float(row["buySellRatio"]), rel=1e-3)


def test_statistics_of_coin_margined_markets(world: World) -> None:
    query = {"pair": "SOLUSD", "period": "1h", "limit": "2", "contractType": "PERPETUAL"}
    row = world.get("/inverse/futures/data/openInterestHist", **query)[-1]
    assert float(row["sumOpenInterest"]) * 10 / float(row["sumOpenInterestValue"]) == pytest.approx(145.0, rel=0.1)
    row = world.get("/inverse/futures/data/takerBuySellVol", **query)[-1]
    assert row.keys() >= {"pair", "contractType", "takerBuyVol", "takerBuyVolValue", "takerSellVol"}
    row = world.get("/inverse/futures/data/topLongShortPositionRatio", **query)[-1]
    assert row.keys() >= {"pair", "longPosition", "shortPosition"}


@pytest.mark.parametrize(
    ("path", "query"),
    [
        ("/linear/futures/data/openInterestHist", {"symbol": "NOPE", "period": "5m"}),
        ("/linear/futures/data/openInterestHist", {"symbol": "SOLUSDT", "period": "7m"}),
        ("/linear/futures/data/openInterestHist", {"period": "5m"}),
        ("/linear/futures/data/nothing", {"symbol": "SOLUSDT", "period": "5m"}),
        ("/spot/futures/data/openInterestHist", {"symbol": "BTCUSDT", "period": "5m"}),
    ],
)
def test_bad_statistics_requests_get_the_venues_errors(path: str, query: dict[str, str], world: World) -> None:
    assert world.dialect.get(path, query, world.simulation.now_ns).status in (400, 404)


def test_day_tickers_over_rest(world: World) -> None:
    rows = world.get("/linear/fapi/v1/ticker/24hr")
    assert len(rows) > 60
    row = world.get("/linear/fapi/v1/ticker/24hr", symbol="1000PEPEUSDT")
    assert float(row["weightedAvgPrice"]) == pytest.approx(float(row["lastPrice"]), rel=0.3)
    inverse = world.get("/inverse/dapi/v1/ticker/24hr", symbol="SOLUSD_PERP")[0]
    assert float(inverse["weightedAvgPrice"]) == pytest.approx(145.0, rel=0.2)
    assert world.get("/linear/fapi/v1/ticker/bookTicker", symbol="SOLUSDT").keys() >= {"bidPrice", "askQty", "time"}
