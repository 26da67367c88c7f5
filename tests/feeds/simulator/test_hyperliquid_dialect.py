"""The simulated Hyperliquid, read by its adapter over loopback sockets, and its protocol without them."""

from __future__ import annotations

import json
from typing import Any

import pytest

from feeds.model.events import BookSnapshot, Funding, IndexPrice, MarkPrice, OpenInterest, Quote
from feeds.model.instrument import Venue
from feeds.simulator.catalogue.markets import markets_of
from feeds.simulator.dialect import SocketClosed
from feeds.simulator.hyperliquid.dialect import HyperliquidDialect
from feeds.simulator.hyperliquid.wire_format import SLOW_LEVELS
from feeds.simulator.market.spec import MS, SECOND
from feeds.simulator.simulation import Simulation
from tests.feeds.simulator.loopback import START_NS, Loopback, true_levels


@pytest.mark.asyncio
async def test_adapter_reads_books_and_volumes_as_the_ledger_has_them() -> None:
    async with Loopback(Venue("hyperliquid"), ("BTC", "ETH", "PEPE")) as line:
        await line.connect()
        await line.run(10.0)
        assert not line.core.feed.undecodable
        assert sum(len(line.received(simulated)) for simulated in line.markets) > 50
        for simulated in line.markets:
            assert line.volumes(simulated) == pytest.approx(line.traded(simulated), rel=1e-9)
            shown, truth = line.shown(simulated), true_levels(simulated, SLOW_LEVELS)
            assert shown[0] == pytest.approx(truth[0])
            assert shown[1] == pytest.approx(truth[1])
            assert line.count(simulated, BookSnapshot) >= 20
            assert line.count(simulated, Quote) > 5
            if simulated.perpetual is not None:
                market = line.market(simulated)
                assert market.mark == pytest.approx(simulated.perpetual.mark, rel=1e-4)
                assert market.open_interest == pytest.approx(
                    simulated.spec.base_size(1, 1) * simulated.perpetual.open_interest, rel=1e-3
                )
                for kind in (MarkPrice, IndexPrice, Funding, OpenInterest):
                    assert line.count(simulated, kind) >= 10


@pytest.mark.asyncio
async def test_the_fast_book_updates_the_top_between_slow_books() -> None:
    async with Loopback(Venue("hyperliquid"), ("BTC",)) as line:
        await line.connect()
        await line.run(2.5)
        for simulated in line.markets:
            shown, truth = line.shown(simulated), true_levels(simulated, 5)
            assert {price: shown[0][price] for price in truth[0]} == pytest.approx(truth[0])
            assert max(shown[0]) == max(truth[0])
            assert min(shown[1]) == min(truth[1])
            assert len(shown[0]) > 10


class Talk:
    """One socket without a network."""

    def __init__(self) -> None:
        markets = markets_of([Venue("hyperliquid")], ["BTC"])
        self.simulation = Simulation(3, START_NS, markets=markets, altcoins=(), warm_up_s=30)
        self.dialect = HyperliquidDialect(self.simulation)
        conversation = self.dialect.open("/linear/ws", {})
        assert conversation is not None
        self.conversation = conversation

    def say(self, request: object) -> list[Any]:
        text = request if isinstance(request, str) else json.dumps(request)
        return [json.loads(reply) for reply in self.conversation.receive(text, START_NS)]

    def subscribe(self, kind: str, coin: str = "BTC", method: str = "subscribe", **more: object) -> list[Any]:
        return self.say({"method": method, "subscription": {"type": kind, "coin": coin, **more}})

    def info(self, **request: object) -> Any:
        return json.loads(self.dialect.post("/spot/info", json.dumps(request).encode(), START_NS).body)


def test_acks_echo_the_defaults_and_are_followed_by_current_data() -> None:
    talk = Talk()
    ack, first = talk.subscribe("l2Book")
    assert ack["data"]["subscription"] == {
        "type": "l2Book", "coin": "BTC", "nSigFigs": None, "mantissa": None, "fast": False,
    }  # fmt: skip
    assert (first["channel"], len(first["data"]["levels"][0])) == ("l2Book", 20)
    _, fast = talk.subscribe("l2Book", fast=True)
    assert (fast["data"]["fast"], len(fast["data"]["levels"][1])) == (True, 5)
    _, backlog = talk.subscribe("trades")
    assert all(row["time"] <= START_NS // MS for row in backlog["data"])
    ids = [row["tid"] for row in backlog["data"]]
    assert len(set(ids)) == len(ids)
    assert ids != sorted(ids)
    (again,) = talk.subscribe("trades")
    assert again["data"].startswith("Already subscribed")
    assert talk.subscribe("trades", method="unsubscribe")[0]["data"]["method"] == "unsubscribe"
    assert talk.say({"method": "ping"}) == [{"channel": "pong"}]
    assert talk.say("{")[0]["channel"] == "error"
    assert talk.conversation.topics == {"hyperliquid/l2Book:BTC", "hyperliquid/l2BookFast:BTC"}


@pytest.mark.parametrize(("kind", "coin"), [("trades", "btc"), ("trades", "XYZ"), ("gossip", "BTC")])
def test_a_bad_subscription_drops_the_connection(kind: str, coin: str) -> None:
    with pytest.raises(SocketClosed) as cut:
        Talk().subscribe(kind, coin)
    assert cut.value.code == 1006


def test_a_minute_of_silence_ends_the_connection() -> None:
    talk = Talk()
    assert talk.conversation.tick(START_NS) == []
    assert talk.conversation.tick(START_NS + 60 * SECOND) == []
    with pytest.raises(SocketClosed):
        talk.conversation.tick(START_NS + 61 * SECOND)
    talk.say({"method": "ping"})
    assert talk.conversation.tick(START_NS + 62 * SECOND) == []
    assert talk.conversation.announce_maintenance(START_NS)[1].code == 1006


def test_info_requests() -> None:
    talk = Talk()
    assert talk.info(type="meta")["universe"][0]["name"] == "BTC"
    assert talk.info(type="spotMeta")["universe"][0]["name"] == "@142"
    meta, contexts = talk.info(type="metaAndAssetCtxs")
    assert len(meta["universe"]) == len(contexts)
    assert len(talk.info(type="l2Book", coin="BTC")["levels"][0]) == 20
    assert talk.info(type="l2Book", coin="XYZ") is None
    assert len(talk.info(type="recentTrades", coin="BTC")) == 10
    assert talk.info(type="fundingHistory", coin="BTC")
    assert "BTC" in talk.info(type="allMids")
    assert talk.info(type="exchangeStatus")["time"] == START_NS // MS
    post = talk.dialect.post
    assert post("/linear/info", b"{", 0).status == 400
    assert post("/linear/info", b'{"type":"x"}', 0).status == 422
    assert post("/linear/info", b'{"type":"recentTrades","coin":"XYZ"}', 0).status == 500
    assert post("/linear/else", b"{}", 0).status == 404
    assert talk.dialect.get("/linear/info", {}, 0).status == 405
    assert talk.dialect.open("/inverse/ws", {}) is None
    assert "Retry-After" not in talk.dialect.refusal(429, 60, 0).headers
