"""The simulated Deribit, read by its adapter over loopback sockets, and its protocol without them."""

from __future__ import annotations

import json
from typing import Any

import pytest

from feeds.model.events import BookLost, Funding, IndexPrice, Liquidation, MarkPrice, OpenInterest, Quote, TradesLost
from feeds.model.frame import Frame, FrameKind, open_frame
from feeds.model.instrument import MarketKind, Venue
from feeds.simulator.catalogue.markets import markets_of
from feeds.simulator.deribit.dialect import DeribitDialect
from feeds.simulator.dialect import SocketClosed
from feeds.simulator.market.spec import MS, SECOND
from feeds.simulator.simulation import Simulation
from feeds.venues import deribit
from feeds.venues.deribit.protocol import DeribitProtocol
from tests.feeds.simulator.loopback import START_NS, Loopback, true_levels


def check_books(line: Loopback) -> None:
    for simulated in line.markets:
        shown, truth = line.shown(simulated), true_levels(simulated, None)
        assert shown[0] == pytest.approx(truth[0])
        assert shown[1] == pytest.approx(truth[1])


@pytest.mark.asyncio
async def test_adapter_reads_books_and_volumes_as_the_ledger_has_them() -> None:
    async with Loopback(Venue("deribit"), ("BTC", "ETH", "PEPE")) as line:
        await line.connect()
        await line.run(5.0)
        assert not line.core.feed.undecodable
        assert sum(len(line.received(simulated)) for simulated in line.markets) > 50
        check_books(line)
        for simulated in line.markets:
            assert line.volumes(simulated) == pytest.approx(line.traded(simulated), rel=1e-9)
            assert line.count(simulated, BookLost, TradesLost) == 0
            market, perpetual = line.market(simulated), simulated.perpetual
            assert perpetual is not None
            assert market.mark == pytest.approx(perpetual.mark, rel=1e-4)
            assert market.funding is not None
            assert market.funding.rate == pytest.approx(perpetual.rate, abs=1e-7)
            lots, price = perpetual.open_interest, perpetual.mark / simulated.spec.tick
            assert market.open_interest == pytest.approx(simulated.spec.base_size(1, price) * lots, rel=1e-3)
            for kind in (MarkPrice, IndexPrice, Funding, OpenInterest, Quote):
                assert line.count(simulated, kind) >= 40


@pytest.mark.asyncio
async def test_a_broken_chain_reconnects_and_ends_in_the_true_book() -> None:
    async with Loopback(Venue("deribit"), ("BTC",)) as line:
        await line.connect()
        await line.run(0.5)
        (broken,) = (simulated for simulated in line.markets if simulated.spec.instrument.kind is MarketKind.INVERSE)
        data = {
            "timestamp": 1,
            "type": "change",
            "instrument_name": broken.spec.instrument.symbol,
            "bids": [],
            "asks": [],
        }
        change = {"channel": "book.BTC-PERPETUAL.100ms", "data": data | {"change_id": 1 << 60, "prev_change_id": 7}}
        payload = json.dumps({"jsonrpc": "2.0", "method": "subscription", "params": change}).encode()
        line.core.consume([Frame(line.clock.now_ns(), "deribit.inverse.all", FrameKind.TEXT, payload)])
        assert not line.market(broken).book.known
        assert line.count(broken, BookLost) == 1
        for connection, request in line.core.feed.take_requests():
            line.source.perform(connection, request)
        await line.until(line.is_ready)
        await line.run(1.0)
        check_books(line)
        assert line.count(broken, TradesLost) == 1, "the end of the first connection"


class Talk:
    """One socket without a network."""

    def __init__(self, **options: int) -> None:
        markets = markets_of([Venue("deribit")], ["BTC"])
        self.simulation = Simulation(
            3, START_NS, markets=markets, altcoins=(), warm_up_s=30, cascade_every_s=(2.0, 3.0)
        )
        self.dialect = DeribitDialect(self.simulation, **options)
        conversation = self.dialect.open("/inverse/ws/api/v2", {})
        assert conversation is not None
        self.conversation = conversation

    def call(self, method: str, **params: object) -> list[Any]:
        request = {"jsonrpc": "2.0", "id": 7, "method": method, "params": params}
        return [json.loads(reply) for reply in self.conversation.receive(json.dumps(request), START_NS)]

    def get(self, method: str, **query: str) -> Any:
        answer = self.dialect.get(f"/linear/api/v2/public/{method}", query, self.simulation.now_ns)
        return json.loads(answer.body)

    def run(self, seconds: float) -> None:
        now_ns = self.simulation.now_ns
        for step in range(round(seconds * 10)):
            moment = now_ns + (step + 1) * 100 * MS
            list(self.dialect.messages(self.simulation.advance(moment), moment, ()))


def test_unknown_channels_are_omitted_and_books_start_with_a_snapshot() -> None:
    talk = Talk()
    names = ["book.BTC-PERPETUAL.100ms", "bogus.channel", "ticker.BTC-PERPETUAL.100ms", "platform_state"]
    answer, snapshot = talk.call("public/subscribe", channels=names)
    assert answer["result"] == [names[0], *names[2:]]
    assert answer["id"] == 7
    assert snapshot["params"]["data"]["type"] == "snapshot"
    assert len(talk.call("public/subscribe", channels=names[:1])) == 1, "a second subscription brings no snapshot"
    received, why = talk.conversation.announce_maintenance(START_NS)
    assert json.loads(received[0])["params"]["data"] == {"maintenance": True}
    assert why.code == 1001
    assert talk.call("public/unsubscribe", channels=names)[0]["result"] == [names[0], *names[2:]]
    assert talk.conversation.topics == frozenset()


def test_invalid_requests_get_the_venues_errors() -> None:
    talk = Talk()
    assert talk.call("public/subscribe", channels=["book.BTC-PERPETUAL.raw"])[0]["error"]["code"] == 13778
    assert talk.call("public/subscribe", channels="x")[0]["error"]["code"] == -32602
    assert talk.call("public/set_heartbeat", interval=5)[0]["error"]["data"]["param"] == "interval"
    assert talk.call("public/dance")[0]["error"]["code"] == -32601
    assert json.loads(talk.conversation.receive("{", 0)[0])["error"]["code"] == -32700
    assert json.loads(talk.conversation.receive("[]", 0)[0])["error"]["code"] == -32600
    assert talk.get("ticker", instrument_name="X")["error"]["data"]["reason"] == "instrument not found"
    assert talk.dialect.get("/spot/api/v2/public/get_time", {}, 0).status == 404
    assert talk.dialect.post("/inverse/api/v2", b'{"method":"public/get_time"}', 0).status == 200
    assert talk.dialect.post("/inverse/api/v2", b"{", 0).status == 400
    assert b"10028" in talk.dialect.refusal(429, 1, 0).body
    assert talk.dialect.open("/spot/ws/api/v2", {}) is None


def test_heartbeats_must_be_answered() -> None:
    talk = Talk()
    assert talk.conversation.tick(START_NS + 3_600 * SECOND) == []
    assert talk.call("public/set_heartbeat", interval=30)[0]["result"] == "ok"
    assert talk.conversation.tick(START_NS + 29 * SECOND) == []
    (asked,) = talk.conversation.tick(START_NS + 30 * SECOND)
    assert json.loads(asked)["params"]["type"] == "test_request"
    assert talk.call("public/test")[0]["result"]["version"]
    assert talk.conversation.tick(START_NS + 60 * SECOND)
    with pytest.raises(SocketClosed) as ended:
        talk.conversation.tick(START_NS + 90 * SECOND)
    assert ended.value.code == 4000


def test_methods() -> None:
    talk = Talk()
    simulated = talk.get("get_instruments", currency="any", kind="future")["result"]
    assert {row["instrument_name"] for row in simulated} == {"BTC-PERPETUAL", "BTC_USDC-PERPETUAL"}
    book = talk.get("get_order_book", instrument_name="BTC-PERPETUAL", depth="5")["result"]
    assert len(book["bids"]) == 5
    assert book["bids"][0][0] < book["asks"][0][0]
    page = talk.get("get_last_trades_by_instrument", instrument_name="BTC-PERPETUAL", count="3")["result"]
    seqs = [row["trade_seq"] for row in page["trades"]]
    assert seqs == sorted(seqs, reverse=True)
    assert page["has_more"]
    since = str(seqs[-1])
    page = talk.get("get_last_trades_by_instrument", instrument_name="BTC-PERPETUAL", start_seq=since)["result"]
    assert [row["trade_seq"] for row in page["trades"]] == seqs[::-1]
    assert talk.get("get_time")["result"] == START_NS // MS


def test_liquidations_appear_late_and_add_up_to_the_ledger() -> None:
    talk = Talk(liquidation_delay_ns=5 * SECOND)
    talk.run(30.0)
    for kind in (MarketKind.INVERSE, MarketKind.LINEAR):
        (market,) = (m for m in talk.simulation.markets if m.spec.instrument.kind is kind)
        instrument = market.spec.instrument
        (spec,) = deribit.DRIVER.plan((instrument,))
        protocol = DeribitProtocol(spec)
        protocol.receive(open_frame(spec, START_NS))
        query = {"instrument_name": instrument.symbol, "start_timestamp": str(START_NS // MS), "count": "1000"}
        talk.run(6.0 if kind is MarketKind.INVERSE else 0.0)
        answer = talk.dialect.get(
            "/inverse/api/v2/public/get_last_trades_by_instrument_and_time", query, talk.simulation.now_ns
        )
        frame = Frame(START_NS, spec.name, FrameKind.HTTP, answer.body, f"liquidations/{instrument.symbol}")
        received = [event for event in protocol.receive(frame) if isinstance(event, Liquidation)]
        shown = [row for row in json.loads(answer.body)["result"]["trades"] if "liquidation" in row]
        assert len(received) == len(shown)
        late_ms = (talk.simulation.now_ns - 5 * SECOND) // MS
        assert all(row["timestamp"] <= late_ms for row in shown)
        lots = sum(event.notional if kind is MarketKind.INVERSE else event.size for event in received)
        assert lots / float(instrument.lot_size) <= market.tape.ledger.liquidation_lots + 0.5
        if kind is MarketKind.INVERSE:
            assert received
