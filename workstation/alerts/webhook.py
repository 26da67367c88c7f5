"""Alerts as JSON to a person's address: tried again with growing pauses; only the host of it is ever logged."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable
from typing import Protocol
from urllib.parse import urlsplit

import msgspec

from feeds.model.errors import TransportError
from workstation.readmodels.session.alerts import Fired

log = logging.getLogger(__name__)

TIMEOUT_S = 10.0
PAUSES_S = (1.0, 4.0, 15.0)  # before the second, third and fourth time
WAITING = 50  # alerts that may be under way; more are dropped and logged


class Poster(Protocol):
    """What sends a body to an address."""

    async def fetch(self, url: str, body: str = "") -> bytes:
        """POST the body. Raises TransportError."""


class Webhook:
    """Sends in the background, each alert by itself."""

    def __init__(self, http: Poster, pause: Callable[[float], Awaitable[None]] = asyncio.sleep) -> None:
        self._http, self._pause = http, pause
        self._tasks: set[asyncio.Task[bool]] = set()

    def send(self, url: str, fired: Fired) -> None:
        """Begin to send; needs a running event loop."""
        if len(self._tasks) >= WAITING:
            log.warning("the webhook at %s does not keep up; an alert was not sent", host_of(url))
            return
        task = asyncio.create_task(self.deliver(url, fired), name="webhook")
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def deliver(self, url: str, fired: Fired) -> bool:
        """Send an alert, trying again where that can help. True when it was taken."""
        body = msgspec.json.encode(fired).decode()
        words = "no answer in time"
        for pause_s in (0.0, *PAUSES_S):
            if pause_s:
                await self._pause(pause_s)
            try:
                await asyncio.wait_for(self._http.fetch(url, body), TIMEOUT_S)
                return True
            except TimeoutError:
                words = "no answer in time"
            except TransportError as error:
                words = error.text.replace("the venue", "it")  # never its detail, which has the address
                if not error.retryable:
                    break
        log.warning("the webhook at %s did not take an alert: %s", host_of(url), words)
        return False

    async def close(self) -> None:
        """Give up what is under way."""
        tasks = list(self._tasks)
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)


def host_of(url: str) -> str:
    """The host alone: user, path, query and fragment may be secrets."""
    return urlsplit(url).hostname or "an unreadable address"
