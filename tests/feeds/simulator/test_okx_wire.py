"""The simulated OKX without sockets: message shapes as captured, linked books, answers as on the venue."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from feeds.simulator.catalogue.markets import markets_of
from feeds.simulator.dialect import SocketClosed
from feeds.simulator.market.spec import MS, SECOND
from feeds.simulator.okx.conversation import OkxConversation
from feeds.simulator.okx.dialect import OkxDialect
from feeds.simulator.simulation import Simulation

START_NS = 1_790_000_000_000 * MS
SWAP, INVERSE, SPOT = "BTC-USDT-SWAP", "BTC-USD-SWAP", "BTC-USDT"


class Session:
    """A simulation, its OKX dialect and one socket on it."""

    def __init__(self, warm_up_s: int = 0) -> None:
        self.simulation = Simulation(
            7, START_NS, markets=markets_of(["okx"]), warm_up_s=warm_up_s, cascade_every_s=(2.0, 3.0)
        )
        self.dialect = OkxDialect(self.simulation)
        socket = self.dialect.open("/linear/ws/v5/public", {})
        assert isinstance(socket, OkxConversation)
        self.socket = socket
        self.received: list[dict[str, Any]] = []

    @property
    def now_ns(self) -> int:
        return self.simulation.now_ns

    def ask(self, op: str, *args: dict[str, str], name: str | None = "a1") -> list[dict[str, Any]]:
        request = ({} if name is None else {"id": name}) | {"op": op, "args": list(args)}
        replies = [json.loads(reply) for reply in self.socket.receive(json.dumps(request), self.now_ns)]
        self.received += replies
        return replies

    def run(self, seconds: float) -> list[dict[str, Any]]:
        end_ns, received = self.now_ns + int(seconds * SECOND), []
        while self.now_ns < end_ns:
            facts = self.simulation.advance(self.now_ns + 20 * MS)
            for message in self.dialect.messages(facts, self.now_ns, self.socket.topics):
                received.append(json.loads(self.socket.frame(message)))
        self.received += received
        return received

    def get(self, route: str, host: str = "linear", **query: str) -> Any:
        answer = self.dialect.get(f"/{host}/api/v5/{route}", query, self.now_ns)
        assert answer.status == 200
        body = json.loads(answer.body)
        assert set(body) == {"code", "data", "msg"}
        return body["data"] if body["code"] == "0" else body["code"]


def channel(name: str, symbol: str = SWAP) -> dict[str, str]:
    kind = "instType" if name in ("liquidation-orders", "instruments") else "instId"
    return {"channel": name, kind: symbol}


def test_every_channel_gets_its_own_ack() -> None:
    session = Session()
    replies = session.ask("subscribe", channel("trades"), channel("index-tickers", "BTC-USDT"))
    assert replies[0] == {"id": "a1", "event": "subscribe", "arg": channel("trades"), "connId": replies[0]["connId"]}
    assert [reply.get("event", "push") for reply in replies] == ["subscribe", "subscribe", "push"]
    (left,) = session.ask("unsubscribe", channel("trades"), name=None)
    assert left == {"event": "unsubscribe", "arg": channel("trades"), "connId": replies[0]["connId"]}


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("nonsense", "60012"),
        ("[]", "60012"),
        ('{"op":"login","args":[{}]}', "60019"),
        ('{"op":"subscribe","args":[]}', "60013"),
        ('{"op":"subscribe","args":[{"instId":"X"}]}', "60013"),
        ('{"id":"a-b","op":"subscribe","args":[{"channel":"trades","instId":"BTC-USDT"}]}', "60033"),
        ('{"op":"subscribe","args":[{"channel":"trades","instId":"NOPE-USDT"}]}', "60018"),
        ('{"op":"subscribe","args":[{"channel":"mark-price","instId":"BTC-USDT"}]}', "60018"),
        ('{"op":"subscribe","args":[{"channel":"books-l2-tbt","instId":"BTC-USDT"}]}', "64003"),
    ],
)
def test_invalid_requests_get_the_venues_errors(text: str, code: str) -> None:
    (reply,) = (json.loads(reply) for reply in Session().socket.receive(text, START_NS))
    assert (reply["event"], reply["code"]) == ("error", code)
    assert {"msg", "connId"} < set(reply)


def test_pings_are_text_and_an_idle_connection_is_closed() -> None:
    socket = Session().socket
    assert socket.receive("ping", START_NS) == ["pong"]
    assert socket.tick(START_NS) == []
    assert socket.tick(START_NS + 29 * SECOND) == []
    socket.receive("ping", START_NS + 29 * SECOND)
    assert socket.tick(START_NS + 31 * SECOND) == []
    with pytest.raises(SocketClosed, match="30s") as expelled:
        socket.tick(START_NS + 61 * SECOND)
    assert expelled.value.code == 4004


def test_480_requests_an_hour() -> None:
    session = Session()
    for _ in range(480):
        session.ask("subscribe", channel("trades"))
    assert session.ask("subscribe", channel("trades"))[0]["code"] == "60014"


def test_an_upgrade_is_announced() -> None:
    (notice,), why = Session().socket.announce_maintenance(START_NS)
    assert json.loads(notice)["code"] == "64008"
    assert why.code == 1001


@pytest.mark.parametrize("symbol", [SWAP, INVERSE, SPOT, "ETH-USDT-SWAP"])
def test_books_link_and_equal_the_quotes(symbol: str) -> None:
    session = Session()
    session.run(0.55)
    session.ask("subscribe", channel("books", symbol), channel("bbo-tbt", symbol))
    session.run(4)
    session.ask("unsubscribe", channel("books", symbol))
    session.ask("subscribe", channel("books", symbol))
    session.run(2)
    last, snapshots, equal = None, 0, 0
    book: dict[str, dict[str, str]] = {"bids": {}, "asks": {}}
    quotes = {
        message["data"][0]["seqId"]: (message["data"][0]["bids"][0], message["data"][0]["asks"][0])
        for message in session.received
        if message.get("arg", {}).get("channel") == "bbo-tbt" and "data" in message
    }
    for message in session.received:
        if "action" not in message:
            continue
        (row,) = message["data"]
        if message["action"] == "snapshot":
            assert row["prevSeqId"] == -1
            assert len(row["bids"]) <= 400
            snapshots, book = snapshots + 1, {"bids": {}, "asks": {}}
        else:
            assert row["prevSeqId"] == last
        last = row["seqId"]
        for side in book:
            for price, size, zero, orders in row[side]:
                assert (zero, size == "0") == ("0", orders == "0")
                if size == "0":
                    del book[side][price]
                else:
                    book[side][price] = size
        bid, ask = max(book["bids"], key=float), min(book["asks"], key=float)
        assert float(bid) < float(ask)
        if last in quotes:
            equal += 1
            assert [quotes[last][0][:2], quotes[last][1][:2]] == [[bid, book["bids"][bid]], [ask, book["asks"][ask]]]
    assert (snapshots, equal > 3) == (2, True)


def test_a_book_without_changes_sends_keep_alives() -> None:
    session = Session()
    session.ask("subscribe", channel("books"))
    books = session.dialect.wires[SWAP].books
    now_ns = session.now_ns + 61 * SECOND
    payload = books.keep_alive(now_ns)
    assert payload is not None
    (row,) = json.loads(payload)["data"]
    assert (row["asks"], row["bids"], row["seqId"] == row["prevSeqId"]) == ([], [], True)
    assert books.keep_alive(now_ns + SECOND) is None


def test_trades_count_their_matches() -> None:
    session = Session()
    for symbol in (SWAP, INVERSE, SPOT):
        session.ask("subscribe", channel("trades", symbol))
    session.run(6)
    for symbol in (SWAP, INVERSE, SPOT):
        rows = [
            row
            for message in session.received
            if message["arg"] == channel("trades", symbol)
            for row in message.get("data", [])
        ]
        ledger = session.dialect.wires[symbol].fmt.market.tape.ledger
        assert rows
        last = ledger.first_trade_id - 1
        for row in rows:
            assert int(row["tradeId"]) - int(row["count"]) == last
            last = int(row["tradeId"])
        assert last == ledger.last_trade_id
        lot = float(session.dialect.wires[symbol].fmt.lot)
        assert sum(float(row["sz"]) for row in rows) == pytest.approx((ledger.buy_lots + ledger.sell_lots) * lot)


def test_liquidations_start_with_recent_ones() -> None:
    session = Session()
    session.run(14)
    _, *cached = session.ask("subscribe", channel("liquidation-orders", "SWAP"))
    assert len(cached) == 1
    before_ms = session.now_ns // MS
    assert all(int(detail["ts"]) <= before_ms for row in cached[0]["data"] for detail in row["details"])
    fresh = session.run(14)
    assert fresh
    for message in fresh:
        (row,) = message["data"]
        (detail,) = row["details"]
        assert detail["posSide"] == {"buy": "short", "sell": "long"}[detail["side"]]
        assert int(detail["ts"]) > before_ms


def shapes(message: Any) -> Any:
    """Field names in order and types of values, recursively; one element stands for a list."""
    if isinstance(message, dict):
        return {name: shapes(value) for name, value in message.items()}
    return [shapes(message[0])] if isinstance(message, list) and message else type(message).__name__


CHANNELS = ["trades", "books", "bbo-tbt", "mark-price", "funding-rate", "open-interest", "index-tickers"]


@pytest.mark.parametrize("name", CHANNELS)
def test_messages_have_the_shape_of_the_captures(name: str, data: Path) -> None:
    session = Session()
    session.ask("subscribe", channel(name, SPOT if name == "index-tickers" else SWAP))
    session.run(4)
    captured: dict[tuple[str, str], Any] = {}
    for file in ("raw_md_stream.jsonl", "raw_perp_stream.jsonl"):
        for line in (data / "frames" / "okx" / file).read_bytes().splitlines():
            message = json.loads(line.split(b"\t", 1)[1])
            captured.setdefault((message["arg"]["channel"], message.get("event", message.get("action", ""))), message)
    published = {message.get("event", message.get("action", "")): message for message in reversed(session.received)}
    assert len(published) >= 2
    for kind, message in published.items():
        assert shapes(message) == shapes(captured[name, kind])
        assert list(message["data"][0] if "data" in message else message) == list(
            captured[name, kind]["data"][0] if "data" in message else captured[name, kind]
        )


@pytest.mark.parametrize(
    ("file", "symbol"),
    [
        ("instruments_btc_usdt_swap.json", SWAP),
        ("instruments_btc_usd_swap.json", INVERSE),
        ("instruments_btc_usdt_spot_demo.json", SPOT),
    ],
)
def test_instruments_equal_those_of_the_venue(file: str, symbol: str, data: Path) -> None:
    (real,) = json.loads((data / "frames" / "okx" / file).read_bytes())["data"]
    (row,) = Session().get("public/instruments", instType=real["instType"], instId=symbol)
    assert set(row) <= set(real)
    same = ("baseCcy", "quoteCcy", "ctType", "ctVal", "ctMult", "ctValCcy", "settleCcy", "tickSz", "lotSz", "uly")
    assert {name: row[name] for name in same} == {name: real[name] for name in same}


def test_rest() -> None:
    session = Session(warm_up_s=60)
    session.run(1)
    assert session.get("public/time") == [{"ts": str(session.now_ns // MS)}]
    assert len(session.get("public/instruments", instType="SWAP")) == 4
    assert {row["instId"] for row in session.get("public/mark-price", instType="SWAP")} >= {SWAP, INVERSE}
    assert session.get("public/funding-rate", instId=SWAP)[0]["method"] == "current_period"
    assert len(session.get("public/funding-rate", instId="ANY")) == 4
    assert session.get("public/open-interest", instType="SWAP", instId=INVERSE)[0]["instId"] == INVERSE
    assert {row["instId"] for row in session.get("market/index-tickers", quoteCcy="USD")} == {"BTC-USD", "ETH-USD"}
    history = session.get("public/funding-rate-history", instId=SWAP, limit="3")
    assert [row["fundingTime"] for row in history] == sorted((row["fundingTime"] for row in history), reverse=True)
    (book,) = session.get("market/books", instId=SWAP, sz="5")
    assert (len(book["bids"]), len(book["asks"])) == (5, 5)
    trades = session.get("market/trades", instId=SWAP, limit="20")
    assert int(trades[0]["tradeId"]) > int(trades[-1]["tradeId"])


def test_history_pages_by_match() -> None:
    session = Session(warm_up_s=120)
    page = session.get("market/history-trades", instId=SWAP, type="1")
    older = session.get("market/history-trades", instId=SWAP, type="1", after=page[-1]["tradeId"])
    ids = [int(row["tradeId"]) for row in page + older]
    assert ids == list(range(ids[0], ids[0] - 200, -1))
    earlier = session.get("market/history-trades", instId=SWAP, type="2", after=page[-1]["ts"], limit="10")
    assert all(int(row["ts"]) < int(page[-1]["ts"]) for row in earlier)


@pytest.mark.parametrize(
    ("route", "query", "code"),
    [
        ("market/books", {}, "50014"),
        ("market/books", {"instId": "NOPE"}, "51001"),
        ("market/trades", {"instId": SWAP, "limit": "x"}, "51000"),
        ("public/instruments", {}, "51000"),
    ],
)
def test_invalid_rest_requests_get_the_venues_errors(route: str, query: dict[str, str], code: str) -> None:
    assert Session().get(route, **query) == code


def test_unknown_routes_are_not_found() -> None:
    dialect = Session().dialect
    assert dialect.open("/linear/ws/v5/business", {}) is None
    assert dialect.get("/linear/api/v5/market/nothing", {}, 0).status == 404
    assert dialect.get("/nothing/api/v5/public/time", {}, 0).status == 404
    assert json.loads(dialect.refusal(429, 3, 0).body)["code"] == "50011"
