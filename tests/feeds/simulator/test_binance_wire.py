"""The simulated Binance: books join by the official rule and equal the true book, streams have the venue's fields."""

from __future__ import annotations

import itertools
from typing import Any

import pytest

from tests.feeds.simulator.wire import MARKETS, START_NS, LocalBook, Tape

MINUTE_MS = 60_000


@pytest.fixture(scope="module")
def tape() -> Tape:
    tape = Tape(warm_up_s=180)
    tape.run(3.33)
    tape.snapshots = {  # type: ignore[attr-defined]
        (segment, symbol): tape.get(segment, "depth", symbol=symbol, limit="1000") for segment, symbol in MARKETS
    }
    tape.run(9.0)
    return tape


@pytest.mark.parametrize(("segment", "symbol"), MARKETS)
@pytest.mark.parametrize("speed", ["", "@100ms", "@0ms", "@500ms"])
def test_diffs_join_the_snapshot_and_end_in_the_true_book(segment: str, symbol: str, speed: str, tape: Tape) -> None:
    events = tape.stream(segment, f"{symbol.lower()}@depth{speed}")
    if segment == "spot" and speed in ("@0ms", "@500ms"):
        assert not events
        return
    book = LocalBook(segment, tape.snapshots[segment, symbol])  # type: ignore[attr-defined]
    tickers = {t["u"]: t for t in tape.stream(segment, f"{symbol.lower()}@bookTicker")}
    equal = 0
    for event in events:
        book.receive(event)
        if book.joined and (ticker := tickers.get(event["u"])) is not None:
            assert book.top() == (ticker["b"], ticker["B"], ticker["a"], ticker["A"])
            equal += 1
        if book.joined:
            bid, _, ask, _ = book.top()
            assert float(bid) < float(ask)
    assert book.joined
    if speed in ("@0ms", "@100ms"):
        assert equal > 3
    truth = tape.get(segment, "depth", symbol=symbol, limit="100")
    if truth["lastUpdateId"] == book.last:
        top = sorted(book.bids.items(), key=lambda row: -float(row[0]))[:100]
        assert [list(row) for row in top] == truth["bids"]


@pytest.fixture(scope="module")
def boundary() -> tuple[Tape, dict[tuple[str, str], LocalBook]]:
    """Three whole seconds, with snapshots taken in the middle of an interval."""
    tape = Tape(seed=11)
    tape.run(0.55)
    books = {(a, b): LocalBook(a, tape.get(a, "depth", symbol=b, limit="1000")) for a, b in MARKETS}
    tape.run(2.45)
    return tape, books


@pytest.mark.parametrize(("segment", "symbol"), MARKETS)
def test_chain_at_a_boundary_equals_the_true_book(
    segment: str, symbol: str, boundary: tuple[Tape, dict[tuple[str, str], LocalBook]]
) -> None:
    tape, book = boundary[0], boundary[1][segment, symbol]
    for event in tape.stream(segment, f"{symbol.lower()}@depth@100ms"):
        book.receive(event)
    truth = tape.get(segment, "depth", symbol=symbol, limit="1000")
    assert book.last == truth["lastUpdateId"]
    for side, rows in ((book.bids, truth["bids"]), (book.asks, truth["asks"])):
        worst = float(rows[-1][0])
        assert len(rows) > 300
        known = dict(rows)
        mine = {p: s for p, s in side.items() if p in known or (float(p) - worst) * (float(rows[0][0]) - worst) > 0}
        assert mine == known


def test_futures_ids_jump_and_spot_ids_do_not(tape: Tape) -> None:
    linear = tape.stream("linear", "btcusdt@depth@100ms")
    assert all(event["U"] > event["pu"] for event in linear)
    assert any(event["U"] > event["pu"] + 1 for event in linear)
    spot = tape.stream("spot", "btcusdt@depth@100ms")
    assert all(later["U"] == earlier["u"] + 1 for earlier, later in itertools.pairwise(spot))


FIELDS: list[tuple[str, str, dict[str, Any]]] = [
    ("linear", "btcusdt@trade", dict.fromkeys("eETstpqXm", object) | {"t": int, "p": str, "m": bool}),
    ("spot", "btcusdt@trade", dict.fromkeys("eEstpqTmM", object) | {"t": int, "p": str, "m": bool}),
    ("linear", "btcusdt@aggTrade", dict.fromkeys("eEaspfTlqm", object) | {"nq": str, "st": int}),
    ("inverse", "btcusd_perp@aggTrade", dict.fromkeys("eEaspfTlqm", object) | {"st": int}),
    ("spot", "ethusdt@aggTrade", dict.fromkeys("eEaspfTlqmM", object)),
    ("linear", "ethusdt@bookTicker", dict.fromkeys("eusbBaATE", object) | {"ps": str, "st": int}),
    ("spot", "ethusdt@bookTicker", dict.fromkeys("usbBaA", object)),
    ("inverse", "ethusd_perp@depth@100ms", dict.fromkeys("eETsUuba", object) | {"ps": str, "pu": int, "st": int}),
    ("spot", "ethusdt@depth@100ms", dict.fromkeys("eEsUuba", object)),
    ("spot", "ethusdt@depth20@100ms", {"lastUpdateId": int, "bids": list, "asks": list}),
    ("linear", "btcusdt@markPrice@1s", dict.fromkeys(("e", "E", "s", "p", "ap", "P", "i", "r", "T", "st"), object)),
    ("inverse", "btcusd_perp@markPrice@1s", dict.fromkeys(("e", "E", "s", "p", "P", "i", "r", "T", "st"), object)),
    ("linear", "btcusdt@forceOrder", {"e": str, "E": int, "o": dict}),
    ("linear", "btcusdt@kline_1m", {"e": str, "E": int, "s": str, "k": dict}),
]  # fmt: skip


@pytest.mark.parametrize(("segment", "stream", "fields"), FIELDS, ids=[f"{a}-{b}" for a, b, _ in FIELDS])
def test_field_sets(segment: str, stream: str, fields: dict[str, type], tape: Tape) -> None:
    messages = tape.stream(segment, stream)
    assert messages
    for message in messages:
        assert set(message) == set(fields)
        assert all(isinstance(message[name], kind) for name, kind in fields.items())


def test_number_formats(tape: Tape) -> None:
    def decimals(text: str) -> int:
        return len(text.partition(".")[2])

    wanted = {("linear", "BTCUSDT"): (2, 3), ("inverse", "BTCUSD_PERP"): (1, 0), ("spot", "BTCUSDT"): (8, 8)}
    for (segment, symbol), (price, size) in wanted.items():
        ticker = tape.stream(segment, f"{symbol.lower()}@bookTicker")[-1]
        assert [decimals(ticker[key]) for key in "bBaA"] == [price, size, price, size]


def test_trades_sum_to_the_ledger(tape: Tape) -> None:
    for segment, symbol in MARKETS:
        market = tape.market(segment, symbol)
        now, then = market.tape.ledger, market.opening
        trades = tape.stream(segment, f"{symbol.lower()}@trade")
        assert [t["t"] for t in trades] == list(range(then.last_trade_id + 1, now.last_trade_id + 1))
        lot = float(market.spec.instrument.lot_size)
        bought = sum(round(float(t["q"]) / lot) for t in trades if not t["m"])
        sold = sum(round(float(t["q"]) / lot) for t in trades if t["m"])
        assert (bought, sold) == (now.buy_lots - then.buy_lots, now.sell_lots - then.sell_lots)


def test_force_orders_are_throttled_to_the_latest_of_each_second(tape: Tape) -> None:
    received: dict[str, list[Any]] = {}
    for segment, symbol in MARKETS[:4]:
        received[symbol] = tape.stream(segment, f"{symbol.lower()}@forceOrder")
        pushed = [m["E"] // 1_000 for m in received[symbol]]
        assert len(pushed) == len(set(pushed))
        assert all(m["E"] - m["o"]["T"] <= 1_010 for m in received[symbol])
    hidden = sum(m.tape.ledger.liquidation_orders for m in tape.simulation.markets) - sum(map(len, received.values()))
    assert hidden > 0
    for host in ("linear", "inverse"):
        everyone = tape.stream(host, "!forceOrder@arr")
        assert sorted(m["o"]["T"] for m in everyone) == sorted(m["o"]["T"] for rows in received.values() for m in rows)


def test_mark_price_array_carries_both_universes(tape: Tape) -> None:
    rows = tape.stream("linear", "!markPrice@arr@1s")[0]
    assert [(row["s"], row["st"]) for row in rows] == [
        ("BTCUSDT", 1), ("ETHUSDT", 1), ("BTCUSD_PERP", 2), ("ETHUSD_PERP", 2),
    ]  # fmt: skip
    assert all(row["T"] > START_NS // 1_000_000 for row in rows)


@pytest.mark.parametrize(("segment", "symbol"), MARKETS)
def test_aggregate_backfill_pages_by_id_up_to_the_stream(segment: str, symbol: str, tape: Tape) -> None:
    live = tape.stream(segment, f"{symbol.lower()}@aggTrade")
    first = tape.market(segment, symbol).spec.first_aggregate_id
    rows: list[Any] = []
    while not rows or rows[-1]["a"] < live[-1]["a"]:
        rows += tape.get(segment, "aggTrades", symbol=symbol, fromId=str(first + len(rows)), limit="1000")
    assert [row["a"] for row in rows] == list(range(first, live[-1]["a"] + 1))
    assert all(later["f"] == earlier["l"] + 1 for earlier, later in itertools.pairwise(rows))
    assert [row["p"] for row in rows[-len(live) :]] == [event["p"] for event in live]
    middle = rows[len(rows) // 2]["T"]
    window = tape.get(segment, "aggTrades", symbol=symbol, startTime=str(middle), endTime=str(middle + 2_000))
    assert [row["a"] for row in window] == [r["a"] for r in rows if middle <= r["T"] <= middle + 2_000][:500]


@pytest.mark.parametrize(("segment", "symbol"), MARKETS)
def test_klines_are_the_sums_of_the_aggregates(segment: str, symbol: str, tape: Tape) -> None:
    market = tape.market(segment, symbol)
    start_ms = START_NS // 1_000_000 // MINUTE_MS * MINUTE_MS - MINUTE_MS
    rows = tape.get(segment, "klines", symbol=symbol, interval="1m", startTime=str(start_ms), limit="1")
    parts = [a for a in market.tape.aggregates.rows if start_ms <= a.ts_ns // 1_000_000 < start_ms + MINUTE_MS]
    lot = float(market.spec.instrument.lot_size)
    assert float(rows[0][5]) == pytest.approx(sum(a.lots for a in parts) * lot)
    assert float(rows[0][9]) == pytest.approx(sum(a.lots for a in parts if a.aggressor == "buy") * lot)
    assert rows[0][6] - rows[0][0] == MINUTE_MS - 1


def test_rest_routes_of_futures(tape: Tape) -> None:
    assert tape.get("linear", "premiumIndex", symbol="BTCUSDT")["nextFundingTime"] % 28_800_000 == 0
    assert [row["pair"] for row in tape.get("inverse", "premiumIndex")] == ["BTCUSD", "ETHUSD"]
    assert float(tape.get("linear", "openInterest", symbol="BTCUSDT")["openInterest"]) > 1_000
    assert tape.get("inverse", "openInterest", symbol="BTCUSD_PERP")["openInterest"].isdigit()
    rates = tape.get("linear", "fundingRate", symbol="ETHUSDT", limit="5")
    assert len(rates) == 5
    assert rates[0]["fundingTime"] < rates[-1]["fundingTime"]
    assert tape.get("linear", "fundingInfo") == []
    assert tape.get("spot", "ticker/24hr", symbol="BTCUSDT")["count"] > 100
    assert isinstance(tape.get("inverse", "ticker/24hr", symbol="BTCUSD_PERP"), list)
    assert tape.get("inverse", "trades", symbol="BTCUSD_PERP", limit="2")[0].keys() >= {"baseQty", "id"}


def test_exchange_info_has_the_fields_a_client_reads(tape: Tape) -> None:
    linear = tape.get("linear", "exchangeInfo")["symbols"][0]
    assert linear["contractType"] == "PERPETUAL"
    assert linear["status"] == "TRADING"
    assert linear["filters"][0]["tickSize"] == "0.10"
    assert linear["filters"][1]["stepSize"] == "0.001"
    inverse = tape.get("inverse", "exchangeInfo")["symbols"]
    assert [(s["contractStatus"], s["contractSize"]) for s in inverse] == [("TRADING", 100), ("TRADING", 10)]
    assert tape.get("spot", "exchangeInfo")["symbols"][0]["filters"][0]["tickSize"] == "0.01000000"


@pytest.mark.parametrize(
    ("path", "query", "status"),
    [
        ("/linear/fapi/v1/depth", {}, 400),
        ("/linear/fapi/v1/depth", {"symbol": "NOPE"}, 400),
        ("/linear/fapi/v1/depth", {"symbol": "BTCUSDT", "limit": "7"}, 400),
        ("/linear/fapi/v1/depth", {"symbol": "BTCUSDT", "limit": "x"}, 400),
        ("/linear/fapi/v1/klines", {"symbol": "BTCUSDT", "interval": "7m"}, 400),
        ("/linear/fapi/v1/aggTrades", {"symbol": "BTCUSDT", "fromId": "1", "startTime": "1"}, 400),
        ("/linear/fapi/v1/nothing", {}, 404),
        ("/spot/api/v3/premiumIndex", {}, 404),
        ("/linear/dapi/v1/time", {}, 404),
        ("/elsewhere", {}, 404),
    ],
)
def test_invalid_requests_get_the_venues_errors(path: str, query: dict[str, str], status: int, tape: Tape) -> None:
    assert tape.dialect.get(path, query, tape.now_ns).status == status


def test_request_weights_are_charged_to_a_shared_pool_and_run_out() -> None:
    tape = Tape(weight=30)
    query = {"symbol": "BTCUSDT", "limit": "1000"}
    first = tape.dialect.get("/linear/fapi/v1/depth", query, tape.now_ns)
    assert first.headers["X-MBX-USED-WEIGHT-1M"] == "20"
    second = tape.dialect.get("/inverse/dapi/v1/premiumIndex", {}, tape.now_ns)
    assert second.headers["X-MBX-USED-WEIGHT-1M"] == "30"
    third = tape.dialect.get("/linear/fapi/v1/time", {}, tape.now_ns)
    assert third.status == 429
    assert 0 < int(third.headers["Retry-After"]) <= 60
    assert tape.dialect.get("/spot/api/v3/time", {}, tape.now_ns).headers["X-MBX-USED-WEIGHT-1M"] == "1"
    assert tape.dialect.get("/linear/fapi/v1/time", {}, tape.now_ns + 60_000_000_000).status == 200
