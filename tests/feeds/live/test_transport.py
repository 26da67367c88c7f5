"""Every network failure is a TransportError, retryable or not."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import AsyncIterator

import pytest
import pytest_asyncio
from aiohttp import WSMsgType, web

from feeds.live.transport import Http, open_socket
from feeds.model.errors import TransportError


class Venue:
    """A server on a free port: `/ws` echoes and obeys, `/status/<n>` answers n, `/post` returns what it was sent."""

    def __init__(self) -> None:
        self.heard: list[str] = []
        self.wait = ""

    async def open(self) -> int:
        app = web.Application()
        app.router.add_get("/ws", self._socket)
        app.router.add_get("/status/{code}", self._status)
        app.router.add_post("/post", self._post)
        self._runner = web.AppRunner(app, access_log=None, shutdown_timeout=0.1)
        await self._runner.setup()
        await web.TCPSite(self._runner, "127.0.0.1", 0).start()
        port: int = self._runner.addresses[0][1]
        return port

    async def close(self) -> None:
        await self._runner.cleanup()

    async def _socket(self, request: web.Request) -> web.WebSocketResponse:
        peer = web.WebSocketResponse(timeout=0.2)
        await peer.prepare(request)
        async for message in peer:
            if message.type is not WSMsgType.TEXT:
                break
            self.heard.append(message.data)
            match message.data:
                case "close":
                    await peer.close(code=1008, message=b"policy")
                case "cut" if request.transport is not None:
                    request.transport.abort()
                case "binary":
                    await peer.send_bytes(b"\x00\xff")
                case other:
                    await peer.send_str(other)
        return peer

    async def _status(self, request: web.Request) -> web.Response:
        headers = {"Retry-After": self.wait} if self.wait else {}
        return web.Response(status=int(request.match_info["code"]), text="body", headers=headers)

    async def _post(self, request: web.Request) -> web.Response:
        return web.Response(body=request.content_type.encode() + b" " + await request.read())


@pytest_asyncio.fixture
async def venue() -> AsyncIterator[tuple[Venue, int]]:
    server = Venue()
    port = await server.open()
    yield server, port
    await server.close()


@pytest_asyncio.fixture
async def http() -> AsyncIterator[Http]:
    client = Http()
    yield client
    await client.close()


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


async def test_texts_go_both_ways_as_bytes(venue: tuple[Venue, int]) -> None:
    async with open_socket(f"ws://127.0.0.1:{venue[1]}/ws") as peer:
        messages = peer.messages()
        for text in ("hello", "\u5e01\u5b89", "x" * 2_000_000):
            await peer.send(text)
            assert await anext(messages) == text.encode()
        await peer.send("binary")
        assert await anext(messages) == b"\x00\xff"


@pytest.mark.parametrize("end", ["close", "cut"])
async def test_a_closed_socket_ends_with_a_retryable_error(venue: tuple[Venue, int], end: str) -> None:
    async with open_socket(f"ws://127.0.0.1:{venue[1]}/ws") as peer:
        await peer.send(end)
        with pytest.raises(TransportError) as caught:
            await anext(peer.messages())
        assert caught.value.retryable
        with pytest.raises(TransportError):
            await peer.send("late")


async def test_closing_ends_the_messages(venue: tuple[Venue, int]) -> None:
    async with open_socket(f"ws://127.0.0.1:{venue[1]}/ws") as peer:
        await peer.close()
        with pytest.raises(TransportError):
            await anext(peer.messages())


@pytest.mark.parametrize(
    ("code", "retryable"), [(404, False), (403, True), (451, False), (429, True), (418, True), (503, True)]
)
async def test_a_refused_handshake_is_retryable_or_permanent(
    venue: tuple[Venue, int], code: int, retryable: bool
) -> None:
    server, port = venue
    server.wait = "7"
    with pytest.raises(TransportError) as caught:
        async with open_socket(f"ws://127.0.0.1:{port}/status/{code}"):
            pass
    assert (caught.value.retryable, caught.value.retry_after_s) == (retryable, 7.0)


async def test_a_refused_connection_is_retryable_and_a_bad_address_is_not() -> None:
    with pytest.raises(TransportError) as caught:
        async with open_socket(f"ws://127.0.0.1:{free_port()}/ws"):
            pass
    assert caught.value.retryable
    with pytest.raises(TransportError) as caught:
        async with open_socket("http://127.0.0.1/ws"):
            pass
    assert not caught.value.retryable


async def test_bodies_are_fetched_and_posted(venue: tuple[Venue, int], http: Http) -> None:
    base = f"http://127.0.0.1:{venue[1]}"
    assert await http.fetch(f"{base}/status/200") == b"body"
    assert await http.fetch(f"{base}/post", '{"type":"meta"}') == b'application/json {"type":"meta"}'


@pytest.mark.parametrize(
    ("code", "wait", "retryable", "seconds"),
    [
        (429, "30", True, 30.0),
        (418, "120", True, 120.0),
        (429, "", True, None),
        (429, "Wed, 21 Oct 2015 07:28:00 GMT", True, 0.0),
        (429, "1.5", True, 1.5),
        (429, "soon", True, None),
        (500, "", True, None),
        (400, "", False, None),
        (451, "", False, None),
        (403, "", True, None),
        (403, "5", True, 5.0),
    ],
)
async def test_refused_requests(
    venue: tuple[Venue, int], http: Http, code: int, wait: str, retryable: bool, seconds: float | None
) -> None:
    server, port = venue
    server.wait = wait
    with pytest.raises(TransportError) as caught:
        await http.fetch(f"http://127.0.0.1:{port}/status/{code}")
    assert (caught.value.retryable, caught.value.retry_after_s) == (retryable, seconds)
    assert caught.value.limited == (code in (418, 429))
    assert caught.value.refused == (code < 500)


async def test_a_missing_answer_is_retryable(http: Http) -> None:
    with pytest.raises(TransportError) as caught:
        await http.fetch(f"http://127.0.0.1:{free_port()}/x")
    assert caught.value.retryable
    await asyncio.sleep(0)


async def test_closing_an_unused_client_is_harmless() -> None:
    await Http().close()
