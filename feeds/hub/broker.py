"""How the broker is reached, and what its errors mean for a person. The only file that makes a NATS client."""

from __future__ import annotations

import asyncio
import logging
import ssl
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from feeds.hub.wire import Subjects
from feeds.model.errors import TransportError

if TYPE_CHECKING:
    from nats.aio.client import Client

log = logging.getLogger(__name__)

MISSING = "The hub needs the NATS client: pip install 'orderflow-workstation[hub]'."
AWAY = "not reached"
RECONNECT_S = 1
PING_S = 3
_PENDING_BYTES = 32 << 20


@dataclass(frozen=True)
class Broker:
    """Where the broker is and who we are there. The address may hold a user and a password; they are never shown."""

    url: str
    credentials: Path | None = None
    authority: Path | None = None
    subjects: Subjects = field(default_factory=Subjects)

    @property
    def place(self) -> str:
        """The address as a person may see it."""
        parts = urlsplit(self.url)
        return f"{parts.hostname or self.url}:{parts.port or 4222}"

    def tls(self) -> ssl.SSLContext | None:
        """The certificates that are trusted, where a file or the address asks for TLS. Raises OSError."""
        if self.authority is None and not self.url.startswith("tls://"):
            return None
        return ssl.create_default_context(cafile=str(self.authority) if self.authority else None)


def broker_errors() -> tuple[type[Exception], ...]:
    """What a call to the broker may raise while the broker is away or refuses."""
    import nats.errors

    return nats.errors.Error, OSError, asyncio.TimeoutError, ConnectionError


async def connect(broker: Broker, name: str, tell: Callable[[str], None]) -> Client:
    """A client that comes back by itself; `tell` gets what ails it, and nothing once it is well.

    Waits until the broker answers. Raises TransportError where the client is not installed or a file cannot be read.
    """
    try:
        from nats.aio.client import Client
    except ImportError as error:
        raise TransportError(MISSING, str(error), retryable=False) from error

    async def on_error(error: Exception) -> None:
        told = str(error).strip() or type(error).__name__
        log.info("broker %s: %s", broker.place, told)
        if not client.is_connected:
            tell(AWAY if isinstance(error, OSError | EOFError) or "EOF" in told else told.removeprefix("nats: "))

    async def on_lost() -> None:
        tell(AWAY)

    async def on_back() -> None:
        tell("")

    client = Client()
    try:
        await client.connect(
            broker.url,
            name=name,
            tls=broker.tls(),
            user_credentials=str(broker.credentials) if broker.credentials else None,
            error_cb=on_error,
            disconnected_cb=on_lost,
            reconnected_cb=on_back,
            max_reconnect_attempts=-1,
            reconnect_time_wait=RECONNECT_S,
            ping_interval=PING_S,
            max_outstanding_pings=2,
            connect_timeout=3,
            pending_size=_PENDING_BYTES,
        )
    except OSError as error:
        raise TransportError(f"The broker cannot be reached: {error.strerror or error}", str(error)) from error
    tell("")
    return client
