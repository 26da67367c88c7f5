"""Scripted faults on one line, the delivery journal, and both over real sockets."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from typing import Any

import aiohttp
import msgspec
import pytest
import pytest_asyncio

from feeds.model.instrument import Venue
from feeds.simulator.market.draws import Draws
from feeds.simulator.market.spec import SECOND
from feeds.simulator.service.clients import half_of
from feeds.simulator.service.faults import Fault, FaultKind, Faults, Frame, Line, Schedule, fault_of
from feeds.simulator.service.journal import Ranges, traded
from feeds.simulator.service.server import Server, serve

FRAMES = [Frame(f"{number}", "a/trade" if number % 2 else "a/depth", (0, number, number)) for number in range(6)]
STREAMS = "btcusdt@aggTrade/ethusdt@aggTrade/solusdt@aggTrade"


def carried(*faults: Fault, at_s: float = 0.0) -> list[str]:
    line = Line()
    for fault in faults:
        line.begin(fault, 0)
    return [out.text for frame in FRAMES for out in line.carry(frame, int(at_s * SECOND))]


def test_a_line_without_faults_changes_nothing() -> None:
    assert carried() == list("012345")


def test_gap_loses_duplicate_repeats_and_reorder_swaps() -> None:
    assert carried(Fault(kind=FaultKind.GAP, count=2)) == list("2345")
    assert carried(Fault(kind=FaultKind.GAP, topic="trade")) == list("02345")
    assert carried(Fault(kind=FaultKind.DUPLICATE, count=2)) == list("00112345")
    assert carried(Fault(kind=FaultKind.REORDER)) == list("102345")
    assert carried(Fault(kind=FaultKind.REORDER, count=2)) == list("103245")


def test_stall_loses_all_until_it_ends() -> None:
    stall = Fault(kind=FaultKind.STALL, duration_s=2.0)
    assert carried(stall, at_s=1.9) == []
    assert carried(stall, at_s=2.0) == list("012345")


def test_garbage_is_inserted_and_no_frame_is_lost() -> None:
    out = carried(Fault(kind=FaultKind.GARBAGE, count=3))
    assert [text for text in out if text in set("012345")] == list("012345")
    assert len(out) == 9


def test_half_a_frame_announces_more_than_it_carries() -> None:
    assert half_of("abcd") == b"\x81\x04ab"
    assert half_of("x" * 300)[:4] == b"\x81\x7e\x01\x2c"
    assert len(half_of("x" * 300)) == 4 + 150
    assert half_of("x" * 70_000)[:2] == b"\x81\x7f"


def test_refusals_last_for_their_duration() -> None:
    faults = Faults()
    faults.begin(Fault(kind=FaultKind.BAN, venue=Venue("binance"), path="fapi", duration_s=2.5), 0, (), ())
    assert faults.refusal("binance", "linear/fapi/v1/depth", 1) == (418, 3)
    assert faults.refusal("binance", "spot/api/v3/depth", 1) is None
    assert faults.refusal("bybit", "fapi", 1) is None
    assert faults.refusal("binance", "linear/fapi/v1/depth", 3 * SECOND) is None


def test_a_query_becomes_a_fault() -> None:
    fault = fault_of({"kind": "gap", "venue": "okx", "count": "3", "duration_s": "1.5"})
    assert fault == Fault(kind=FaultKind.GAP, venue=Venue("okx"), count=3, duration_s=1.5)
    with pytest.raises(msgspec.ValidationError):
        fault_of({"kind": "earthquake"})


def test_the_schedule_is_deterministic_by_seed_and_has_the_given_rate() -> None:
    def lived(seed: int) -> list[tuple[int, Fault]]:
        schedule, connections = Schedule(10.0, Draws(seed), 0), [(1, Venue("binance")), (2, Venue("bybit"))]
        times = range(0, 2_000 * SECOND, SECOND // 10)
        return [(now_ns, fault) for now_ns in times if (fault := schedule.due(now_ns, connections))]

    assert lived(1) == lived(1) != lived(2)
    assert 140 < len(lived(1)) < 270


def test_ranges_merge_and_list_what_is_missing() -> None:
    ranges = Ranges([(5, 9), (12, 12), (10, 11), (20, 30), (1, 2)])
    assert ranges.rows == [(1, 2), (5, 12), (20, 30)]
    assert ranges.missing(0, 33) == [(0, 0), (3, 4), (13, 19), (31, 33)]
    assert ranges.missing(6, 12) == []
    assert Ranges().missing(3, 2) == []


@pytest_asyncio.fixture
async def server() -> AsyncIterator[Server]:
    async with await serve(0, warm_up_s=0, venues=("binance",), bases=("BTC", "ETH", "SOL")) as server:
        yield server


@pytest_asyncio.fixture
async def http(server: Server) -> AsyncIterator[aiohttp.ClientSession]:
    async with aiohttp.ClientSession(server.url) as session:
        yield session


async def read(socket: aiohttp.ClientWebSocketResponse, seconds: float) -> list[Any]:
    """All JSON messages of some seconds."""
    out: list[Any] = []
    loop = asyncio.get_running_loop()
    end = loop.time() + seconds
    while (left := end - loop.time()) > 0:
        try:
            message = await socket.receive(timeout=left)
        except TimeoutError:
            break
        if message.type is not aiohttp.WSMsgType.TEXT:
            break
        out.append(json.loads(message.data)["data"])
    return out


def ids(rows: list[Any], symbol: str) -> list[tuple[int, int]]:
    return Ranges((row["f"], row["l"]) for row in rows if row["s"] == symbol).rows


@pytest.mark.asyncio
async def test_the_journal_lists_exactly_the_trades_a_client_received(
    server: Server, http: aiohttp.ClientSession
) -> None:
    async with http.ws_connect(f"/binance/linear/market/stream?streams={STREAMS}") as socket:
        rows = await read(socket, 0.6)
        server.inject(Fault(kind=FaultKind.STALL, duration_s=0.5))
        rows += await read(socket, 0.9)
        server.inject(Fault(kind=FaultKind.GAP, topic="btcusdt", count=2))
        rows += await read(socket, 1.0)
        server.inject(Fault(kind=FaultKind.DROP))
        rows += await read(socket, 1.0)
        assert socket.close_code == 1006
    (record,) = server.journal.records
    market = next(m for m in server.simulation.markets if m.spec.instrument.id == "BTCUSDT.binance.linear")
    topic = (market.index, "binance/linear/btcusdt@aggTrade")
    assert record.delivered[topic].rows == ids(rows, "BTCUSDT")
    assert record.lost[topic].rows
    assert server.journal.delivered(market).rows == ids(rows, "BTCUSDT")
    assert record.code == 1006
    size = traded(market, server.journal.delivered(market).rows)
    own = [float(row["q"]) for row in rows if row["s"] == "BTCUSDT"]
    assert size.buy_volume + size.sell_volume == pytest.approx(sum(own))


@pytest.mark.asyncio
async def test_half_a_frame_ends_the_connection(server: Server, http: aiohttp.ClientSession) -> None:
    async with http.ws_connect("/binance/linear/public/stream?streams=btcusdt@depth@100ms") as socket:
        await socket.receive(timeout=3.0)
        server.inject(Fault(kind=FaultKind.HALF_FRAME))
        await read(socket, 2.0)
        assert socket.close_code == 1006


@pytest.mark.asyncio
async def test_stalled_sockets_still_answer_requests(server: Server, http: aiohttp.ClientSession) -> None:
    server.inject(Fault(kind=FaultKind.STALL, duration_s=30.0))
    async with http.ws_connect("/binance/linear/public/ws/btcusdt@depth@100ms") as socket:
        await socket.send_str('{"method":"LIST_SUBSCRIPTIONS","id":1}')
        reply = json.loads(await socket.receive_str(timeout=3.0))
        assert reply["id"] == 1
        with pytest.raises(TimeoutError):
            await socket.receive(timeout=0.3)


@pytest.mark.asyncio
async def test_maintenance_is_announced_and_closes_the_socket(server: Server, http: aiohttp.ClientSession) -> None:
    async with http.ws_connect("/binance/spot/ws") as socket:
        fault = Fault(kind=FaultKind.MAINTENANCE, path="spot", duration_s=0.1)
        assert server.inject(fault).connections == (1,)
        assert json.loads(await socket.receive_str(timeout=3.0))["e"] == "serverShutdown"
        await socket.receive(timeout=3.0)
        assert socket.close_code == 1001


@pytest.mark.asyncio
async def test_requests_are_refused_by_the_control_route(server: Server, http: aiohttp.ClientSession) -> None:
    async with http.get("/simulator/faults?kind=ban&venue=binance&path=linear&duration_s=20") as answer:
        assert answer.status == 200
    async with http.get("/binance/linear/fapi/v1/time") as answer:
        assert answer.status == 418
        assert answer.headers["Retry-After"] == "20"
        assert (await answer.json())["code"] == -1003
    async with http.get("/binance/spot/api/v3/time") as answer:
        assert answer.status == 200
    async with http.get("/simulator/faults?kind=nonsense") as answer:
        assert answer.status == 400
    async with http.get("/simulator/faults") as answer:
        assert [row["fault"]["kind"] for row in await answer.json()] == ["ban"]
    server.inject(Fault(kind=FaultKind.REFUSE, duration_s=20.0))
    with pytest.raises(aiohttp.WSServerHandshakeError, match="503"):
        await http.ws_connect("/binance/spot/ws")


@pytest.mark.asyncio
async def test_an_old_snapshot_is_older_than_the_changes(server: Server, http: aiohttp.ClientSession) -> None:
    query = {"symbol": "BTCUSDT", "limit": "100"}

    async def snapshot() -> dict[str, Any]:
        async with http.get("/binance/linear/fapi/v1/depth", params=query) as answer:
            body: dict[str, Any] = await answer.json()
            return body

    server.inject(Fault(kind=FaultKind.OLD_SNAPSHOT, symbol="BTCUSDT", duration_s=0.6))
    await asyncio.sleep(0.1)
    old = await snapshot()
    await asyncio.sleep(0.2)
    assert await snapshot() | {"E": 0, "T": 0} == old | {"E": 0, "T": 0}
    async with http.ws_connect("/binance/linear/public/ws/btcusdt@depth@100ms") as socket:
        assert json.loads(await socket.receive_str(timeout=3.0))["U"] > old["lastUpdateId"]
    await asyncio.sleep(0.6)
    assert (await snapshot())["lastUpdateId"] > old["lastUpdateId"]


@pytest.mark.asyncio
async def test_connections_are_served(http: aiohttp.ClientSession) -> None:
    async with http.ws_connect("/binance/linear/market/ws/btcusdt@aggTrade") as socket:
        await socket.receive(timeout=5.0)
        async with http.get("/simulator/connections") as answer:
            body = await answer.json()
    (row,) = body["connections"]
    assert (row["connection"], row["venue"], row["path"]) == (1, "binance", "linear/market/ws/btcusdt@aggTrade")
    assert list(row["delivered"]) == ["BTCUSDT.binance.linear"]
    assert "BTCUSDT.binance.linear" in body["undelivered"]


@pytest.mark.asyncio
async def test_the_server_survives_random_faults() -> None:
    options: dict[str, Any] = {"venues": ("binance",), "bases": ("BTC",), "faults_every_s": 0.15}
    async with await serve(0, warm_up_s=0, **options) as server, aiohttp.ClientSession(server.url) as http:
        end = asyncio.get_running_loop().time() + 3.0
        while asyncio.get_running_loop().time() < end:
            try:
                async with http.ws_connect("/binance/linear/public/ws/btcusdt@depth@100ms") as socket:
                    while (await socket.receive(timeout=0.5)).type is aiohttp.WSMsgType.TEXT:
                        pass
            except (TimeoutError, aiohttp.ClientError):
                await asyncio.sleep(0.05)
        assert len(server.faults.injected) > 4
        async with http.get("/simulator/ledger", params={"depth": "1"}) as answer:
            assert answer.status == 200
