"""Connects to the broker and translates its errors. No other module creates a NATS client."""

from __future__ import annotations

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
    """The broker's URL, credentials and subjects. User and password in the URL are never displayed."""

    url: str
    credentials: Path | None = None
    authority: Path | None = None
    subjects: Subjects = field(default_factory=Subjects)

    @property
    def address(self) -> str:
        """Host and port, without user and password."""
        parts = urlsplit(self.url)
        return f"{parts.hostname or self.url}:{parts.port or 4222}"

    def tls(self) -> ssl.SSLContext | None:
        """The TLS context, None where neither a certificate file nor the URL asks for TLS. Raises OSError."""
        if self.authority is None and not self.url.startswith("tls://"):
            return None
        return ssl.create_default_context(cafile=str(self.authority) if self.authority else None)


def broker_errors() -> tuple[type[Exception], ...]:
    """The exceptions of a broker call while the broker is unreachable or refuses it; also without the NATS client."""
    try:
        from nats.errors import Error
    except ImportError:
        return OSError, TimeoutError
    return Error, OSError, TimeoutError


async def connect(broker: Broker, name: str, on_state: Callable[[str], None]) -> Client:
    """Connect a client that reconnects by itself; waits until the broker answers.

    `on_state` receives the current trouble, "" once connected. Raises TransportError where the NATS client is not
    installed or a file cannot be read.
    """
    try:
        from nats.aio.client import Client
    except ImportError as error:
        raise TransportError(MISSING, str(error), retryable=False) from error

    async def on_error(error: Exception) -> None:
        text = str(error).strip() or type(error).__name__
        log.info("broker %s: %s", broker.address, text)
        if not client.is_connected:
            on_state(AWAY if isinstance(error, OSError | EOFError) or "EOF" in text else text.removeprefix("nats: "))

    async def on_lost() -> None:
        on_state(AWAY)

    async def on_back() -> None:
        on_state("")

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
    on_state("")
    return client
