"""Websockets and HTTP requests; every failure is a TransportError. No other module opens a socket to a venue."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Protocol

import aiohttp
from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed, InvalidHandshake, InvalidStatus, InvalidURI, WebSocketException

from feeds.model.errors import TransportError

MAX_MESSAGE = 16 * 1024 * 1024
OPEN_TIMEOUT_S = 10
FETCH_TIMEOUT_S = 15
CLOSE_TIMEOUT_S = 2
_PERMANENT = frozenset((400, 401, 404, 451))
_LIMITED = frozenset((418, 429))
_WAITS_S = {403: 600.0}  # Bybit: "access too frequent", wait ten minutes; elsewhere a firewall rule


class Socket(Protocol):
    """An open websocket."""

    def messages(self) -> AsyncIterator[bytes]:
        """Text messages as bytes, until the peer closes. Raises TransportError when the connection breaks."""

    async def send(self, text: str) -> None:
        """Send one text message. Raises TransportError when the connection is gone."""

    async def close(self) -> None:
        """Send a close frame; `messages` then ends with a TransportError."""


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
    """Connect a websocket. Raises TransportError; `retryable` is False where the address itself is refused."""
    try:
        connection = await connect(
            url,
            max_size=MAX_MESSAGE,
            max_queue=None,
            open_timeout=OPEN_TIMEOUT_S,
            close_timeout=CLOSE_TIMEOUT_S,
            compression=None,
            proxy=None,
        )
    except InvalidStatus as error:
        raise _refused(error.response.status_code, url, error.response.headers.get("Retry-After")) from error
    except InvalidURI as error:
        raise TransportError("this is no websocket address", url, retryable=False) from error
    except (OSError, TimeoutError, InvalidHandshake, WebSocketException, EOFError) as error:
        raise TransportError("cannot connect", f"{error}; {url}") from error
    try:
        yield _Socket(connection)
    finally:
        await connection.close()


class Http:
    """HTTP requests over one pooled session."""

    def __init__(self) -> None:
        self._session: aiohttp.ClientSession | None = None

    async def fetch(self, url: str, body: str = "") -> bytes:
        """GET a body, or POST a JSON `body`. Raises TransportError; 418 and 429 carry the venue's Retry-After."""
        if self._session is None:
            self._session = aiohttp.ClientSession(timeout=aiohttp.ClientTimeout(total=FETCH_TIMEOUT_S))
        try:
            async with self._request(url, body) as response:
                if response.status >= 400:
                    raise _refused(response.status, url, response.headers.get("Retry-After"))
                return await response.read()
        except (TimeoutError, aiohttp.ClientError, OSError) as error:
            raise TransportError("the venue did not answer", f"{type(error).__name__} {error}; {url}") from error

    def _request(self, url: str, body: str) -> aiohttp.client._RequestContextManager:
        assert self._session is not None
        if not body:
            return self._session.get(url)
        return self._session.post(url, data=body, headers={"Content-Type": "application/json"})

    async def close(self) -> None:
        """Close the session."""
        if self._session is not None:
            await self._session.close()


def _refused(status: int, url: str, retry_after: str | None) -> TransportError:
    wait = float(retry_after) if retry_after and retry_after.isdigit() else _WAITS_S.get(status)
    texts = {
        403: "the venue refuses this address",
        418: "the venue banned this address for a while",
        429: "the venue limits our requests",
        451: "the venue does not serve this country",
    }
    text = texts.get(status, f"the venue answered {status}")
    limited = status in _LIMITED
    return TransportError(text, url, retryable=status not in _PERMANENT, retry_after_s=wait, limited=limited)
