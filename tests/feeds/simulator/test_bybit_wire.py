"""The simulated Bybit without sockets: acks, update chains and fields as captured, REST in the venue's envelope."""

from __future__ import annotations

import json
from typing import Any

import pytest

from feeds.model.instrument import MarketKind, Venue
from feeds.simulator.bybit.conversation import BybitConversation
from feeds.simulator.bybit.dialect import BybitDialect
from feeds.simulator.catalogue.markets import markets_of
from feeds.simulator.market.facts import Fill, LiquidationOrder
from feeds.simulator.market.spec import MS
from feeds.simulator.simulation import Simulation
from feeds.venues.bybit.instruments import instruments_from_info

START_NS = 1_790_000_000_000 * MS
CATEGORIES = ("linear", "inverse", "spot")


class Talk:
    """One socket without a network, and every message sent on it."""

    def __init__(self, world: World, category: str) -> None:
        found = world.dialect.open(f"/{category}/v5/public/{category}", {})
        assert isinstance(found, BybitConversation)
        self.conversation = found
        self.world = world
        self.received: list[dict[str, Any]] = []

    def ask(self, request: Any) -> list[dict[str, Any]]:
        """Send one request and return its replies."""
        sent = request if isinstance(request, str) else json.dumps(request)
        replies = [json.loads(text) for text in self.conversation.receive(sent, self.world.now_ns)]
        self.received += replies
        return replies

    def subscribe(self, *names: str, req_id: str = "1") -> list[dict[str, Any]]:
        return self.ask({"req_id": req_id, "op": "subscribe", "args": list(names)})

    def of(self, name: str) -> list[dict[str, Any]]:
        return [message for message in self.received if message.get("topic") == name]


class World:
    """A simulation of Bybit alone and its sockets."""

    def __init__(self) -> None:
        markets = markets_of([Venue("bybit")])
        self.simulation = Simulation(7, START_NS, markets=markets, warm_up_s=0, cascade_every_s=(2.0, 3.0))
        self.dialect = BybitDialect(self.simulation)
        self.talks: list[Talk] = []
        self.facts: list[Any] = []

    @property
    def now_ns(self) -> int:
        return self.simulation.now_ns

    def open(self, category: str) -> Talk:
        self.talks.append(Talk(self, category))
        return self.talks[-1]

    def run(self, seconds: float, chunk_ms: int = 10) -> None:
        end_ns = self.now_ns + int(seconds * 1_000) * MS
        while self.now_ns < end_ns:
            now_ns = self.now_ns + chunk_ms * MS
            facts = self.simulation.advance(now_ns)
            self.facts += facts
            wanted = {topic: None for talk in self.talks for topic in talk.conversation.topics}
            for message in self.dialect.messages(facts, now_ns, wanted):
                for talk in self.talks:
                    if message.topic in talk.conversation.topics:
                        talk.received.append(json.loads(talk.conversation.frame(message)))

    def get(self, route: str, **query: Any) -> Any:
        answer = self.dialect.get(f"/linear/v5/market/{route}", {k: str(v) for k, v in query.items()}, self.now_ns)
        assert answer.status == 200
        return json.loads(answer.body)

    def market(self, category: str, symbol: str) -> Any:
        for market in self.simulation.markets:
            if (market.spec.instrument.kind.value, market.spec.instrument.symbol) == (category, symbol):
                return market
        raise KeyError(symbol)


@pytest.fixture
def world() -> World:
    return World()


# requests


def test_acks_have_the_shapes_of_the_capture(world: World) -> None:
    linear, spot = world.open("linear"), world.open("spot")
    (ack,) = linear.subscribe("publicTrade.BTCUSDT", req_id="t1")
    assert ack | {"conn_id": ""} == {
        "success": True, "ret_msg": "", "conn_id": "", "req_id": "t1", "op": "subscribe",
    }  # fmt: skip
    assert list(ack) == ["success", "ret_msg", "conn_id", "req_id", "op"]
    (ack,) = spot.subscribe("publicTrade.BTCUSDT")
    assert (ack["success"], ack["ret_msg"]) == (True, "subscribe")
    for talk in (linear, spot):
        (pong,) = talk.ask({"req_id": "p1", "op": "ping"})
        assert (pong["success"], pong["ret_msg"], pong["op"], pong["req_id"]) == (True, "pong", "ping", "p1")
        (ack,) = talk.ask({"op": "unsubscribe", "args": ["publicTrade.BTCUSDT"]})
        assert (ack["success"], ack["op"], talk.conversation.topics) == (True, "unsubscribe", frozenset())


def test_first_snapshots_precede_the_ack_on_derivatives_and_follow_it_on_spot(world: World) -> None:
    snapshot, ack = world.open("linear").subscribe("orderbook.200.BTCUSDT")
    assert ("topic" in snapshot, "success" in ack) == (True, True)
    ack, snapshot = world.open("spot").subscribe("orderbook.200.BTCUSDT")
    assert ("topic" in snapshot, "success" in ack) == (True, True)


@pytest.mark.parametrize(
    ("category", "name", "text"),
    [
        ("linear", "orderbook.200.NOPEUSDT", "error:handler not found,topic:orderbook.200.NOPEUSDT"),
        ("linear", "orderbook.500.BTCUSDT", "error:handler not found,topic:orderbook.500.BTCUSDT"),
        ("inverse", "publicTrade.BTCUSDT", "error:handler not found,topic:publicTrade.BTCUSDT"),
        ("spot", "orderbook.50.NOSUCHSYM", "Invalid symbol :[orderbook.50.NOSUCHSYM]"),
        ("spot", "allLiquidation.BTCUSDT", "Invalid symbol :[allLiquidation.BTCUSDT]"),
    ],
)
def test_one_bad_topic_fails_its_request(category: str, name: str, text: str, world: World) -> None:
    talk = world.open(category)
    good = "publicTrade.BTCUSD" if category == "inverse" else "publicTrade.BTCUSDT"
    (ack,) = talk.subscribe(good, name)
    assert (ack["success"], ack["ret_msg"]) == (False, text)
    assert talk.conversation.topics == frozenset()


def test_a_repeated_topic_and_an_eleventh_spot_argument_are_refused(world: World) -> None:
    talk = world.open("spot")
    talk.subscribe("publicTrade.BTCUSDT")
    (ack,) = talk.subscribe("publicTrade.BTCUSDT")
    assert (ack["success"], ack["ret_msg"]) == (False, "error:already subscribed,topic:publicTrade.BTCUSDT")
    (ack,) = talk.subscribe(*["publicTrade.ETHUSDT"] * 11)
    assert not ack["success"]


@pytest.mark.parametrize("request_text", ["{", "5", "[]", '{"op":"dance"}', '{"op":"subscribe"}', '{"op":5,"args":[]}'])
def test_malformed_requests_are_refused(request_text: str, world: World) -> None:
    (ack,) = world.open("linear").ask(request_text)
    assert ack["success"] is False


# topics


@pytest.mark.parametrize("category", CATEGORIES)
@pytest.mark.parametrize("depth", [50, 200, 1000])
def test_books_chain_by_one_and_end_in_the_true_window(category: str, depth: int, world: World) -> None:
    symbol = "BTCUSD" if category == "inverse" else "BTCUSDT"
    first, second = world.open(category), world.open(category)
    name = f"orderbook.{depth}.{symbol}"
    first.subscribe(name)
    world.run(1.0)
    second.subscribe(name)
    world.run(2.0)
    market = world.market(category, symbol)
    for talk in (first, second):
        snapshot, *deltas = talk.of(name)
        assert (snapshot["type"], {delta["type"] for delta in deltas}) == ("snapshot", {"delta"})
        numbers = [message["data"]["u"] for message in talk.of(name)]
        assert numbers == list(range(numbers[0], numbers[0] + len(numbers)))
        sides = {side: dict(snapshot["data"][side]) for side in "ba"}
        for delta in deltas:
            for side in "ba":
                sides[side] |= dict(delta["data"][side])
                sides[side] = {price: size for price, size in sides[side].items() if float(size)}
        for side, half in (("b", market.book.bids), ("a", market.book.asks)):
            step, lot = market.spec.tick, float(market.spec.size_step)
            received = {round(float(price) / step): round(float(size) / lot) for price, size in sides[side].items()}
            assert received == dict(half.top(depth))
    assert first.of(name)[-1] == second.of(name)[-1]
    head = ["topic", "ts", "type", "data", "cts"] if category == "spot" else ["topic", "type", "ts", "data", "cts"]
    assert list(first.of(name)[0]) == head


def test_a_finer_price_step_keeps_the_chain(world: World) -> None:
    talk = world.open("linear")
    talk.subscribe("orderbook.200.BTCUSDT", "tickers.BTCUSDT", "publicTrade.BTCUSDT")
    world.run(1.0)
    market = world.market("linear", "BTCUSDT")
    before = market.spec.tick
    world.simulation.refine(market)
    world.run(1.0)
    assert market.spec.tick == pytest.approx(before / 10)
    snapshot, *deltas = talk.of("orderbook.200.BTCUSDT")
    bids: dict[float, str] = {}
    for message in (snapshot, *deltas):
        bids |= {float(price): size for price, size in message["data"]["b"]}
    received = {round(price / market.spec.tick) for price, size in bids.items() if float(size)}
    assert received == dict(market.book.bids.top(200)).keys()


def test_depth_1_is_snapshots_of_the_touch(world: World) -> None:
    talk = world.open("linear")
    talk.subscribe("orderbook.1.ETHUSDT")
    world.run(1.0)
    received = talk.of("orderbook.1.ETHUSDT")
    assert len(received) > 5
    assert {message["type"] for message in received} == {"snapshot"}
    assert all(len(message["data"]["b"]) == len(message["data"]["a"]) == 1 for message in received)
    numbers = [message["data"]["u"] for message in received]
    assert numbers == list(range(numbers[0], numbers[0] + len(numbers)))


@pytest.mark.parametrize("category", CATEGORIES)
def test_every_fill_is_published_once_with_a_unique_id(category: str, world: World) -> None:
    symbol = "BTCUSD" if category == "inverse" else "BTCUSDT"
    talk = world.open(category)
    talk.subscribe(f"publicTrade.{symbol}")
    world.run(6.0)
    market = world.market(category, symbol)
    fills = [fact for fact in world.facts if isinstance(fact, Fill) and fact.market == market.index]
    rows = [row for message in talk.of(f"publicTrade.{symbol}") for row in message["data"]]
    assert len({row["i"] for row in rows}) == len(rows) == len(fills) > 5
    for row, fill in zip(rows, fills, strict=True):
        assert float(row["p"]) == pytest.approx(fill.price * market.spec.tick)
        assert float(row["v"]) == pytest.approx(fill.lots * float(market.spec.size_step))
        assert (row["S"].lower(), row["T"]) == (fill.aggressor.value, fill.ts_ns // MS)
    captured = {"T", "s", "S", "v", "p", "i", "BT", "RPI", "seq"}
    assert set(rows[0]) == (captured if category == "spot" else captured | {"L"})
    assert rows[0]["i"].isdecimal() == (category == "spot")


def test_every_liquidation_is_published_within_half_a_second_with_the_side_of_its_position(world: World) -> None:
    talk = world.open("linear")
    names = ["allLiquidation.BTCUSDT", "allLiquidation.ETHUSDT"]
    talk.subscribe(*names)
    world.run(12.0)
    for name in names:
        market = world.market("linear", name.partition(".")[2])
        liquidations = [
            fact for fact in world.facts if isinstance(fact, LiquidationOrder) and fact.market == market.index
        ]
        due_ns = world.now_ns - world.now_ns % (500 * MS)
        liquidations = [fact for fact in liquidations if fact.ts_ns <= due_ns]
        rows = [row for message in talk.of(name) for row in message["data"]]
        assert [(row["S"], row["T"]) for row in rows] == [
            ({"sell": "Buy", "buy": "Sell"}[fact.side.value], fact.ts_ns // MS) for fact in liquidations
        ]
        assert all(message["ts"] % 500 == 0 for message in talk.of(name))
    assert any(talk.of(name) for name in names)


CAPTURED_TICKER = {
    "symbol", "tickDirection", "price24hPcnt", "lastPrice", "prevPrice24h", "highPrice24h", "lowPrice24h",
    "prevPrice1h", "markPrice", "indexPrice", "openInterest", "openInterestValue", "turnover24h", "volume24h",
    "fundingIntervalHour", "fundingCap", "singleOpenInterest", "singleOpenInterestValue", "nextFundingTime",
    "fundingRate", "bid1Price", "bid1Size", "ask1Price", "ask1Size", "preOpenPrice", "preQty", "curPreListingPhase",
}  # fmt: skip


@pytest.mark.parametrize("category", ["linear", "inverse"])
def test_tickers_start_with_a_snapshot_followed_by_changed_fields(category: str, world: World) -> None:
    symbol = "ETHUSD" if category == "inverse" else "ETHUSDT"
    talk = world.open(category)
    talk.subscribe(f"tickers.{symbol}")
    world.run(2.5)
    snapshot, *deltas = (message["data"] for message in talk.of(f"tickers.{symbol}"))
    assert set(snapshot) == CAPTURED_TICKER
    merged = dict(snapshot)
    for delta in deltas:
        assert len(delta) < len(CAPTURED_TICKER)
        assert ("bid1Price" in delta) == ("bid1Size" in delta)
        merged |= delta
    assert 5 < len(deltas) <= 25
    now = world.get("tickers", category=category, symbol=symbol)["result"]["list"][0]
    assert merged | {"tickDirection": ""} == now | {"tickDirection": ""}
    assert float(now["openInterest"]) == pytest.approx(2 * float(now["singleOpenInterest"]))


def test_spot_tickers_always_carry_all_fields(world: World) -> None:
    talk = world.open("spot")
    talk.subscribe("tickers.BTCUSDT")
    world.run(3.0)
    received = talk.of("tickers.BTCUSDT")
    assert {message["type"] for message in received} == {"snapshot"}
    assert len({frozenset(message["data"]) for message in received}) == 1
    assert "markPrice" not in received[0]["data"]


# REST


def test_instruments_are_listed_by_pages_and_read_back(world: World) -> None:
    for kind in MarketKind:
        bodies = [world.dialect.get("/spot/v5/market/instruments-info", {"category": kind.value}, world.now_ns).body]
        simulated = [m.spec.instrument for m in world.simulation.markets if m.spec.instrument.kind is kind]
        assert sorted(instruments_from_info(kind, bodies), key=str) == sorted(simulated, key=str)
    first = world.get("instruments-info", category="linear", limit=1)["result"]
    second = world.get("instruments-info", category="linear", limit=1, cursor=first["nextPageCursor"])["result"]
    assert first["nextPageCursor"]
    assert [page["list"][0]["symbol"] for page in (first, second)] == ["BTCUSDT", "ETHUSDT"]
    assert second["nextPageCursor"] == ""


def test_rest_answers_come_in_the_envelope(world: World) -> None:
    world.run(3.0)
    time = world.get("time")
    assert list(time) == ["retCode", "retMsg", "result", "retExtInfo", "time"]
    assert time["result"]["timeNano"] == str(world.now_ns)
    rows = world.get("recent-trade", category="linear", symbol="BTCUSDT", limit=5)["result"]["list"]
    assert [int(row["time"]) for row in rows] == sorted((int(row["time"]) for row in rows), reverse=True)
    book = world.get("orderbook", category="spot", symbol="BTCUSDT", limit=3)["result"]
    assert (len(book["b"]), len(book["a"])) == (3, 3)
    interest = world.get("open-interest", category="linear", symbol="BTCUSDT", intervalTime="5min", limit=4)["result"]
    assert len(interest["list"]) == 4
    assert float(interest["list"][0]["openInterest"]) == 2 * float(interest["list"][0]["singleOpenInterest"])
    funding = world.get("funding/history", category="inverse", symbol="BTCUSD", limit=3)["result"]["list"]
    times = [int(row["fundingRateTimestamp"]) for row in funding]
    assert times == sorted(times, reverse=True)
    (ratio,) = world.get("account-ratio", category="linear", symbol="BTCUSDT", period="1h", limit=1)["result"]["list"]
    assert float(ratio["buyRatio"]) + float(ratio["sellRatio"]) == pytest.approx(1.0)


@pytest.mark.parametrize(
    ("route", "query"),
    [
        ("tickers", {}),
        ("recent-trade", {"category": "linear", "symbol": "NOPE"}),
        ("recent-trade", {"category": "spot", "symbol": "BTCUSDT", "limit": 61}),
        ("funding/history", {"category": "linear", "symbol": "BTCUSDT", "startTime": 5}),
        ("open-interest", {"category": "linear", "symbol": "BTCUSDT", "intervalTime": "7min"}),
        ("open-interest", {"category": "spot", "symbol": "BTCUSDT", "intervalTime": "5min"}),
    ],
)
def test_an_error_is_a_200_with_a_nonzero_code(route: str, query: dict[str, Any], world: World) -> None:
    assert world.get(route, **query)["retCode"] == 10_001


def test_unknown_paths_are_404_and_rate_limits_have_their_code(world: World) -> None:
    assert world.dialect.get("/linear/v5/market/nothing", {}, 0).status == 404
    assert world.dialect.get("/nowhere/v5/market/time", {}, 0).status == 404
    assert world.dialect.open("/linear/v5/public/option", {}) is None
    assert world.dialect.post("/linear/v5/market/time", b"", 0).status == 405
    assert json.loads(world.dialect.refusal(429, 3, 0).body)["retCode"] == 10_006
    assert world.dialect.refusal(418, 600, 0).status == 403
