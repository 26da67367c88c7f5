"""The loopback venue over real sockets: acks, envelopes, subscriptions on the wrong route, slow clients."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from typing import Any

import aiohttp
import pytest
import pytest_asyncio

from feeds.simulator.service.server import Server, serve
from tests.feeds.simulator.wire import LocalBook

Socket = aiohttp.ClientWebSocketResponse


@pytest_asyncio.fixture
async def server() -> AsyncIterator[Server]:
    async with await serve(0, warm_up_s=20, bases=("BTC", "ETH")) as server:
        yield server


@pytest_asyncio.fixture
async def http(server: Server) -> AsyncIterator[aiohttp.ClientSession]:
    async with aiohttp.ClientSession(server.url) as session:
        yield session


async def receive(socket: Socket) -> Any:
    return json.loads(await socket.receive_str(timeout=3.0))


async def ask(socket: Socket, request: Any) -> Any:
    await socket.send_str(request if isinstance(request, str) else json.dumps(request))
    while True:
        reply = await receive(socket)
        if "data" not in reply and "e" not in reply:
            return reply


async def is_silent(socket: Socket) -> bool:
    try:
        await socket.receive(timeout=0.25)
    except TimeoutError:
        return True
    return False


@pytest.mark.asyncio
async def test_combined_streams_begin_with_the_stream_name(http: aiohttp.ClientSession) -> None:
    streams = "btcusdt@depth@100ms/btcusdt@bookTicker"
    async with http.ws_connect(f"/binance/linear/public/stream?streams={streams}") as socket:
        text = await socket.receive_str(timeout=3.0)
        assert text.startswith('{"stream":"btcusdt@')
        assert json.loads(text)["data"]["s"] == "BTCUSDT"


@pytest.mark.asyncio
async def test_raw_stream_has_no_envelope(http: aiohttp.ClientSession) -> None:
    async with http.ws_connect("/binance/spot/ws/btcusdt@depth@100ms") as socket:
        assert (await receive(socket))["e"] == "depthUpdate"


@pytest.mark.asyncio
async def test_subscribe_list_and_unsubscribe(http: aiohttp.ClientSession) -> None:
    async with http.ws_connect("/binance/linear/public/ws") as socket:
        subscribe = {"method": "SUBSCRIBE", "params": ["btcusdt@depth@100ms"], "id": 1}
        assert await ask(socket, subscribe) == {"result": None, "id": 1}
        assert (await receive(socket))["e"] == "depthUpdate"
        simulated = await ask(socket, {"method": "LIST_SUBSCRIPTIONS", "id": "x"})
        assert simulated == {"result": ["btcusdt@depth@100ms"], "id": "x"}
        assert (await ask(socket, subscribe | {"method": "UNSUBSCRIBE", "id": 2}))["id"] == 2
        assert await is_silent(socket)


@pytest.mark.asyncio
@pytest.mark.parametrize(
    ("path", "stream"),
    [
        ("/binance/linear/ws", "btcusdt@aggTrade"),
        ("/binance/linear/stream", "btcusdt@markPrice@1s"),
        ("/binance/linear/public/ws", "btcusdt@aggTrade"),
        ("/binance/linear/market/ws", "btcusdt@bookTicker"),
        ("/binance/spot/ws", "btcusdt@markPrice@1s"),
        ("/binance/linear/market/ws", "BTCUSDT@aggTrade"),
    ],
)
async def test_a_subscription_on_the_wrong_route_is_acknowledged_and_sends_nothing(
    path: str, stream: str, http: aiohttp.ClientSession
) -> None:
    async with http.ws_connect(path) as socket:
        reply = await ask(socket, {"method": "SUBSCRIBE", "params": [stream], "id": 7})
        assert reply == {"result": None, "id": 7}
        assert await is_silent(socket)


@pytest.mark.asyncio
@pytest.mark.parametrize("path", ["/binance/inverse/ws", "/binance/inverse/public/ws", "/binance/inverse/market/ws"])
async def test_inverse_has_no_route_split(path: str, http: aiohttp.ClientSession) -> None:
    async with http.ws_connect(f"{path}/btcusd_perp@bookTicker") as socket:
        assert (await receive(socket))["ps"] == "BTCUSD"


@pytest.mark.asyncio
async def test_malformed_requests_get_error_frames(http: aiohttp.ClientSession) -> None:
    async with http.ws_connect("/binance/linear/market/ws") as socket:
        assert (await ask(socket, "{"))["code"] == 3
        assert (await ask(socket, {"id": 1}))["code"] == 2
        assert (await ask(socket, {"method": "DANCE", "id": 2})) | {"msg": ""} == {"code": 2, "msg": "", "id": 2}
        assert (await ask(socket, {"method": "SUBSCRIBE", "params": "x", "id": 3}))["code"] == 2
        assert (await ask(socket, {"method": "SET_PROPERTY", "params": ["combined", 3], "id": 4}))["code"] == 1
        assert (await ask(socket, {"method": "SET_PROPERTY", "params": ["colour", 3], "id": 5}))["code"] == 0


@pytest.mark.asyncio
async def test_too_many_requests_end_the_connection(http: aiohttp.ClientSession) -> None:
    async with http.ws_connect("/binance/spot/ws") as socket:
        for number in range(7):
            await socket.send_json({"method": "LIST_SUBSCRIPTIONS", "id": number})
        while (message := await socket.receive(timeout=3.0)).type is aiohttp.WSMsgType.TEXT:
            pass
        assert socket.close_code == 1008, message


@pytest.mark.asyncio
async def test_closing_the_server_ends_every_socket() -> None:
    async with await serve(0, warm_up_s=0) as server, aiohttp.ClientSession(server.url) as http:
        idle = await http.ws_connect("/binance/spot/ws")
        closing = asyncio.create_task(server.close())
        assert (await idle.receive(timeout=3.0)).type is aiohttp.WSMsgType.CLOSE
        assert idle.close_code == 1001
        await closing


@pytest.mark.asyncio
async def test_unknown_socket_path_is_404(http: aiohttp.ClientSession) -> None:
    with pytest.raises(aiohttp.WSServerHandshakeError, match="404"):
        await http.ws_connect("/binance/linear/nowhere")


@pytest.mark.asyncio
async def test_buffer_fetch_and_join_over_the_network(http: aiohttp.ClientSession) -> None:
    async with http.ws_connect("/binance/linear/public/ws/btcusdt@depth@100ms") as socket:
        events = [await receive(socket)]
        async with http.get("/binance/linear/fapi/v1/depth", params={"symbol": "BTCUSDT", "limit": "1000"}) as answer:
            assert answer.headers["X-MBX-USED-WEIGHT-1M"] == "20"
            book = LocalBook("linear", await answer.json())
        events += [await receive(socket) for _ in range(4)]
        for event in events:
            book.receive(event)
        assert book.joined


@pytest.mark.asyncio
async def test_weight_runs_out_with_429() -> None:
    async with await serve(0, warm_up_s=0, futures_weight=1) as server, aiohttp.ClientSession(server.url) as http:
        statuses = []
        for _ in range(3):
            async with http.get("/binance/linear/fapi/v1/time") as answer:
                statuses.append((answer.status, "Retry-After" in answer.headers))
        assert (429, True) in statuses


@pytest.mark.asyncio
async def test_ledger_is_served(http: aiohttp.ClientSession, server: Server) -> None:
    async with http.get("/simulator/ledger", params={"depth": "3"}) as answer:
        body = await answer.json()
    row = body["markets"]["BTCUSDT.binance.linear"]
    assert row["trades"] == row["last_trade_id"] - row["first_trade_id"] + 1
    assert row["opening"]["trades"] <= row["trades"]
    assert len(row["book"]["bids"]) == 3
    assert row["book"]["bids"][0][0] < row["book"]["asks"][0][0]


@pytest.mark.asyncio
async def test_a_slow_client_is_disconnected_and_others_continue() -> None:
    async with await serve(0, warm_up_s=0, queue_limit=50) as server, aiohttp.ClientSession(server.url) as http:
        quick = await http.ws_connect("/binance/linear/public/ws/btcusdt@depth@100ms")
        host, port = server.url.removeprefix("http://").split(":")
        _reader, writer = await asyncio.open_connection(host, int(port), limit=1024)
        streams = "btcusdt@depth@0ms/ethusdt@depth@0ms/ethusdt@bookTicker"
        writer.write(
            f"GET /binance/linear/public/stream?streams={streams} HTTP/1.1\r\nHost: x\r\nUpgrade: websocket\r\n"
            "Connection: Upgrade\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n"
            "Sec-WebSocket-Version: 13\r\n\r\n".encode()
        )
        slow = None
        while slow is None:
            await asyncio.sleep(0.02)
            clients = [c for clients in server.clients.wanted.values() for c in clients]
            slow = next((c for c in clients if len(c.conversation.topics) > 1), None)
        for _ in range(60):
            slow.put("x")
        await asyncio.sleep(0.2)
        assert all(c is not slow for clients in server.clients.wanted.values() for c in clients)
        assert (await receive(quick))["e"] == "depthUpdate"
        writer.close()
        await quick.close()
