"""What a venue may answer is bounded: the size of a body, the pages of a list, and where a redirect leads."""

from __future__ import annotations

import dataclasses
import gzip
import zlib
from collections.abc import AsyncIterator
from typing import NamedTuple

import msgspec
import pytest
import pytest_asyncio
from aiohttp import web

from feeds.live.connection_plan import ConnectionPlanner
from feeds.live.focus import Focus
from feeds.live.rest import Rest
from feeds.live.transport import Http, open_socket
from feeds.model.errors import ProtocolError, TransportError
from feeds.model.instrument import MarketKind
from feeds.model.protocol import Fetch
from feeds.venues.registry import DRIVERS

LIMIT = 100_000
LONG = b"0" * (LIMIT + 1)


class Server:
    """A venue that answers with bombs and redirects; `requests` are the methods and paths it received."""

    def __init__(self) -> None:
        self.requests: list[str] = []
        self.location, self.status = "/body", 302

    async def open(self) -> int:
        app = web.Application()
        app.router.add_route("*", "/{path:.*}", self._answer)
        self._runner = web.AppRunner(app, access_log=None, shutdown_timeout=0.1)
        await self._runner.setup()
        await web.TCPSite(self._runner, "127.0.0.1", 0).start()
        port: int = self._runner.addresses[0][1]
        return port

    async def close(self) -> None:
        await self._runner.cleanup()

    async def _answer(self, request: web.Request) -> web.StreamResponse:
        path = request.match_info["path"]
        self.requests.append(f"{request.method} {path}")
        match path:
            case "redirect":
                return web.Response(status=self.status, headers={"Location": self.location})
            case "gzip":
                return web.Response(body=gzip.compress(LONG), headers={"Content-Encoding": "gzip"})
            case "deflate":
                return web.Response(body=zlib.compress(LONG), headers={"Content-Encoding": "deflate"})
            case "long":
                return web.Response(body=LONG)
            case "endless":
                return await self._endless(request)
            case "ws":
                socket = web.WebSocketResponse()
                await socket.prepare(request)
                return socket
        return web.Response(body=b"body")

    async def _endless(self, request: web.Request) -> web.StreamResponse:
        response = web.StreamResponse()
        await response.prepare(request)
        while request.transport is not None and not request.transport.is_closing():
            await response.write(LONG)
        return response


class Running(NamedTuple):
    server: Server
    http: Http
    url: str


@pytest_asyncio.fixture
async def venue() -> AsyncIterator[Running]:
    server, http = Server(), Http(max_bytes=LIMIT)
    port = await server.open()
    yield Running(server, http, f"http://127.0.0.1:{port}")
    await http.close()
    await server.close()


@pytest.mark.parametrize("path", ["long", "gzip", "deflate", "endless"])
async def test_a_body_is_refused_while_it_is_read(venue: Running, path: str) -> None:
    with pytest.raises(TransportError, match="too large") as caught:
        await venue.http.fetch(f"{venue.url}/{path}")
    assert caught.value.retryable
    assert await venue.http.fetch(f"{venue.url}/body") == b"body"


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
async def test_a_get_follows_a_redirect_within_its_host_only(venue: Running, status: int) -> None:
    venue.server.status = status
    assert await venue.http.fetch(f"{venue.url}/redirect") == b"body"
    port = venue.url.rpartition(":")[2]
    for elsewhere in (
        f"http://localhost:{port}/body",
        f"//localhost:{port}/body",
        "http://127.0.0.1:1/",
        "file:///etc",
    ):
        venue.server.requests.clear()
        venue.server.location = elsewhere
        with pytest.raises(TransportError):
            await venue.http.fetch(f"{venue.url}/redirect")
        assert venue.server.requests == ["GET redirect"]


async def test_a_loop_of_redirects_ends(venue: Running) -> None:
    venue.server.location = "/redirect"
    with pytest.raises(TransportError, match="redirects without end"):
        await venue.http.fetch(f"{venue.url}/redirect")
    assert len(venue.server.requests) < 10


@pytest.mark.parametrize("location", ["/body", "http://localhost:1/", ""])
@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
async def test_a_post_is_sent_once(venue: Running, status: int, location: str) -> None:
    venue.server.status, venue.server.location = status, location
    with pytest.raises(TransportError) as caught:
        await venue.http.post(f"{venue.url}/redirect", "{}")
    assert not caught.value.retryable
    with pytest.raises(TransportError):
        await venue.http.fetch(f"{venue.url}/redirect", "{}")
    assert venue.server.requests == ["POST redirect"] * 2


async def test_the_answer_to_an_alert_is_not_read(venue: Running) -> None:
    await venue.http.post(f"{venue.url}/endless", "{}")
    assert venue.server.requests == ["POST endless"]


async def test_a_socket_follows_a_redirect_within_its_host_only(venue: Running) -> None:
    socket, port = venue.url.replace("http", "ws") + "/redirect", venue.url.rpartition(":")[2]
    venue.server.location = "/ws"
    async with open_socket(socket):
        pass
    assert venue.server.requests == ["GET redirect", "GET ws"]
    venue.server.requests.clear()
    venue.server.location = f"ws://localhost:{port}/ws"
    with pytest.raises(TransportError):
        async with open_socket(socket):
            pass
    assert venue.server.requests == ["GET redirect"]


@pytest.mark.parametrize("bounds", [{"max_pages": 3}, {"max_bytes": 12}])
async def test_a_list_whose_pages_never_end_is_refused(venue: Running, bounds: dict[str, int]) -> None:
    base = DRIVERS["bybit"]
    endpoint = msgspec.structs.replace(base.endpoints[MarketKind.LINEAR], rest=venue.url)
    driver = dataclasses.replace(
        base, endpoints={MarketKind.LINEAR: endpoint}, next_page=lambda kind, body: Fetch("/body", "instruments")
    )
    rest = Rest()
    planner = ConnectionPlanner(Focus((), most=0, retention_ns=0), rest, candles_s=0, universe=False, **bounds)
    with pytest.raises(ProtocolError, match="does not end"):
        await planner.plans(driver, MarketKind.LINEAR)
    await rest.close()
    assert len(venue.server.requests) == 4
