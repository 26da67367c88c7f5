"""Posts alerts as JSON to the user's address, with retries. Only the host of the address is ever logged."""

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
PAUSES_S = (1.0, 4.0, 15.0)  # before the second, third and fourth attempt
WAITING = 50  # alerts in flight; more are dropped and logged


class Poster(Protocol):
    """Posts a body to an address."""

    async def post(self, url: str, body: str) -> None:
        """POST the body to this address and no other. Raises TransportError."""


class Webhook:
    """Sends alerts in the background, one request each."""

    def __init__(self, http: Poster, pause: Callable[[float], Awaitable[None]] = asyncio.sleep) -> None:
        self._http, self._pause = http, pause
        self._tasks: set[asyncio.Task[bool]] = set()

    def send(self, url: str, fired: Fired) -> None:
        """Start to send an alert; needs a running event loop."""
        if len(self._tasks) >= WAITING:
            log.warning("the webhook at %s does not keep up; an alert was not sent", host_of(url))
            return
        task = asyncio.create_task(self.deliver(url, fired), name="webhook")
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def deliver(self, url: str, fired: Fired) -> bool:
        """Send an alert, with retries where they can help. Returns whether it was accepted."""
        body = msgspec.json.encode(fired).decode()
        reason = "no answer in time"
        for pause_s in (0.0, *PAUSES_S):
            if pause_s:
                await self._pause(pause_s)
            try:
                await asyncio.wait_for(self._http.post(url, body), TIMEOUT_S)
                return True
            except TimeoutError:
                reason = "no answer in time"
            except TransportError as error:
                reason = error.text.replace("the venue", "it")  # never its detail, which has the address
                if not error.retryable:
                    break
        log.warning("the webhook at %s did not accept an alert: %s", host_of(url), reason)
        return False

    async def close(self) -> None:
        """Cancel all requests in flight."""
        tasks = list(self._tasks)
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)


def host_of(url: str) -> str:
    """The host of an address; user, path, query and fragment may be secrets."""
    return urlsplit(url).hostname or "an unreadable address"
