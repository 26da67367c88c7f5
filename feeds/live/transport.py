"""Websockets and HTTP requests; every failure is a TransportError. No other module opens a socket to a venue."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Protocol

import aiohttp
from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed, InvalidHandshake, InvalidStatus, InvalidURI, WebSocketException
from websockets.uri import parse_uri
from yarl import URL

from feeds.live.refusal import READ_BYTES, refusal
from feeds.model.clock import Clock, SystemClock
from feeds.model.errors import TransportError

MAX_MESSAGE = 16 * 1024 * 1024
MAX_BODY = 30 * 1024 * 1024
"""A recording holds at most 32 MB in one frame."""
MAX_REDIRECTS = 3
OPEN_TIMEOUT_S = 10
FETCH_TIMEOUT_S = 15
CLOSE_TIMEOUT_S = 2
_PIECE = 64 * 1024
_REDIRECTS = frozenset((301, 302, 303, 307, 308))


class Socket(Protocol):
    """An open websocket."""

    def messages(self) -> AsyncIterator[bytes]:
        """Text messages as bytes, until the peer closes. Raises TransportError when the connection breaks."""

    async def send(self, text: str) -> None:
        """Send one text message. Raises TransportError when the connection is gone."""

    async def close(self) -> None:
        """Send a close frame; `messages` then ends with a TransportError."""


class _Connect(connect):
    """A connection that follows redirects within its scheme, host and port only."""

    def process_redirect(self, exc: Exception) -> Exception | str:
        """The address to follow, or the error to raise."""
        try:
            target = super().process_redirect(exc)
        except InvalidURI:  # to a web page
            return exc
        return target if isinstance(target, str) and _peer(target) == _peer(self.uri) else exc


def _peer(url: str) -> tuple[bool, str, int]:
    parsed = parse_uri(url)
    return parsed.secure, parsed.host, parsed.port


class _Socket:
    def __init__(self, connection: ClientConnection) -> None:
        self._connection = connection

    async def messages(self) -> AsyncIterator[bytes]:
        try:
            while True:
                message = await self._connection.recv(decode=False)
                yield message if isinstance(message, bytes) else message.encode()
        except ConnectionClosed as error:
            raise TransportError("the venue closed the connection", str(error)) from error
        except OSError as error:
            raise TransportError("the network failed", str(error)) from error

    async def send(self, text: str) -> None:
        try:
            await self._connection.send(text)
        except (ConnectionClosed, OSError) as error:
            raise TransportError("the venue closed the connection", str(error)) from error

    async def close(self) -> None:
        await self._connection.close()


@asynccontextmanager
async def open_socket(url: str) -> AsyncIterator[Socket]:
    """Connect a websocket. Raises TransportError; `refused` is True where the venue answered and refused."""
    try:
        connection = await _Connect(
            url,
            max_size=MAX_MESSAGE,
            max_queue=None,
            open_timeout=OPEN_TIMEOUT_S,
            close_timeout=CLOSE_TIMEOUT_S,
            compression=None,
            proxy=None,
        )
    except InvalidStatus as error:
        answer, now_s = error.response, SystemClock().now_ns() / 1e9
        raise refusal(answer.status_code, url, answer.headers, bytes(answer.body or b""), now_s) from error
    except InvalidURI as error:
        raise TransportError("this is no websocket address", url, retryable=False, refused=True) from error
    except (OSError, TimeoutError, InvalidHandshake, WebSocketException, EOFError) as error:
        raise TransportError("cannot connect", f"{error}; {url}") from error
    try:
        yield _Socket(connection)
    finally:
        await connection.close()


class Http:
    """HTTP requests over one pooled session; a body of more than `max_bytes`, decompressed, is refused."""

    def __init__(self, max_bytes: int = MAX_BODY, clock: Clock | None = None) -> None:
        self._max_bytes = max_bytes
        self._clock = clock or SystemClock()
        self._session: aiohttp.ClientSession | None = None

    async def fetch(self, url: str, body: str = "") -> bytes:
        """GET a body, or POST a JSON `body`. Redirects of a GET are followed within its scheme, host and port.

        Raises:
            TransportError: no answer, too large a one, or a refusal, with the wait that the venue asks for.
        """
        target: str | URL = url
        for _ in range(1 + MAX_REDIRECTS):
            async with self._request(target, body) as response:
                if response.status not in _REDIRECTS:
                    return await self._body(response)
                following = _redirect_within(response) if not body else None
                if following is None:
                    raise await self._refusal(response)
                target = following
        raise TransportError("the venue redirects without end", url)

    async def post(self, url: str, body: str) -> None:
        """POST a JSON `body` once; the content of the answer is not read. Raises TransportError."""
        async with self._request(url, body) as response:
            if response.status in _REDIRECTS:
                raise await self._refusal(response)

    async def close(self) -> None:
        if self._session is not None:
            await self._session.close()

    @asynccontextmanager
    async def _request(self, url: str | URL, body: str) -> AsyncIterator[aiohttp.ClientResponse]:
        """One request without redirects, whose status is below 400. Raises TransportError, for its body too."""
        if self._session is None:
            self._session = aiohttp.ClientSession(timeout=aiohttp.ClientTimeout(total=FETCH_TIMEOUT_S))
        method, headers = ("POST", {"Content-Type": "application/json"}) if body else ("GET", {})
        try:
            async with self._session.request(
                method, url, data=body or None, headers=headers, allow_redirects=False
            ) as response:
                if response.status >= 400:
                    raise await self._refusal(response)
                yield response
        except (TimeoutError, aiohttp.ClientError, OSError, ValueError) as error:
            raise TransportError("the venue did not answer", f"{type(error).__name__} {error}; {url}") from error

    async def _refusal(self, response: aiohttp.ClientResponse) -> TransportError:
        text, now_s = await response.content.read(READ_BYTES), self._clock.now_ns() / 1e9
        return refusal(response.status, str(response.url), response.headers, text, now_s)

    async def _body(self, response: aiohttp.ClientResponse) -> bytes:
        found = bytearray()
        async for piece in response.content.iter_chunked(_PIECE):
            found += piece
            if len(found) > self._max_bytes:
                raise TransportError("the venue's answer is too large", f"over {self._max_bytes} bytes; {response.url}")
        return bytes(found)


def _redirect_within(response: aiohttp.ClientResponse) -> URL | None:
    """The address that a GET is redirected to; None where it is another host."""
    source = response.url
    target = source.join(URL(response.headers.get("Location", "")))
    return target if target.origin() == source.origin() else None
