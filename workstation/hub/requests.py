"""Requests of desktops, each checked and bounded: whatever a desktop sends, it costs the venues and the hub little."""

from __future__ import annotations

import asyncio
import contextlib
import time
from collections import deque
from collections.abc import Callable
from typing import TYPE_CHECKING, Protocol

import msgspec

from feeds.hub.broker import broker_errors
from feeds.hub.publisher import Publisher
from feeds.hub.requests import NAMES_MOST, REQUEST_BYTES
from feeds.hub.wire import JoinReply, ShowReply, Subjects

if TYPE_CHECKING:
    from nats.aio.client import Client
    from nats.aio.msg import Msg

SHARED_S = 3.0
SYNC_POINTS, SYNC_POINT_EVERY_S = 5, 30.0
"""A sync point asks the venues for whole books: so many in a row, then one in this time; joins share the last one."""
NAME_CHARACTERS = 32
ADDED_MOST = 12
PENDING_MESSAGES, PENDING_BYTES = 1_000, 1 << 20
REPLY_PREFIX = "_INBOX."
_JOIN_S = 4.0


class FollowedBases(Protocol):
    """What requests need of the hub's source."""

    @property
    def bases(self) -> tuple[str, ...]: ...
    def focus(self, base: str) -> None: ...
    def keep_subscribed(self, base: str) -> None: ...
    def why_not_listed(self, base: str) -> str:
        """What to show for a base that no venue lists, else ""."""


class Allowance:
    """A number of things at once, refilled by one every so often."""

    def __init__(self, most: int, every_s: float, now_s: Callable[[], float] = time.monotonic) -> None:
        self._most, self._every_s, self._now_s = most, every_s, now_s
        self._left, self._at_s = float(most), now_s()

    def take(self) -> bool:
        """Take one, if one is left."""
        now_s = self._now_s()
        self._left = min(self._left + (now_s - self._at_s) / self._every_s, self._most)
        self._at_s = now_s
        if self._left < 1:
            return False
        self._left -= 1
        return True


class DesktopRequests:
    """Answers joins with a sync point, and requests for bases with why some are not followed.

    `announce` publishes a sync point, shared by joins within `shared_s`. At most `added_most` bases are followed
    besides those of the start.
    """

    def __init__(
        self,
        source: FollowedBases,
        publisher: Publisher,
        announce: Callable[[str], asyncio.Future[int]],
        *,
        added_most: int = ADDED_MOST,
        shared_s: float = SHARED_S,
    ) -> None:
        self._source, self._publisher, self._announce = source, publisher, announce
        self._bases_most = len(source.bases) + added_most
        self._sync_point: asyncio.Future[int] | None = None
        self._sync_point_s = float("-inf")
        self._shared_s = shared_s
        self._allowance = Allowance(SYNC_POINTS, SYNC_POINT_EVERY_S)
        self._joining: deque[Msg] = deque(maxlen=PENDING_MESSAGES)
        self._joins = asyncio.Event()

    async def serve(self, client: Client, subjects: Subjects) -> None:
        """Answer until cancelled; the client resubscribes by itself."""
        for subject, answer in ((subjects.join, self._on_join), (subjects.show, self._on_show)):
            await client.subscribe(
                subject, cb=answer, pending_msgs_limit=PENDING_MESSAGES, pending_bytes_limit=PENDING_BYTES
            )
        while True:
            await self._joins.wait()
            self._joins.clear()
            reply = msgspec.json.encode(await self._joined())
            while self._joining:
                await _respond(self._joining.popleft(), reply)

    async def _on_join(self, message: Msg) -> None:
        if message.reply.startswith(REPLY_PREFIX):
            self._joining.append(message)
            self._joins.set()

    async def _joined(self) -> JoinReply:
        """The sync point to begin at: a new one, or the last one if it is recent or new ones are used up."""
        age_s = time.monotonic() - self._sync_point_s
        if self._sync_point is None or (age_s > self._shared_s and self._allowance.take()):
            self._sync_point, self._sync_point_s = self._announce("a desktop joins"), time.monotonic()
        try:
            sequence = await asyncio.wait_for(asyncio.shield(self._sync_point), _JOIN_S)
        except TimeoutError:
            return JoinReply(trouble=f"the broker takes nothing: {self._publisher.trouble}")
        if not sequence:
            self._sync_point = None
        return JoinReply(sequence)

    async def _on_show(self, message: Msg) -> None:
        refused = self.follow(message.data)
        if message.reply.startswith(REPLY_PREFIX):
            await _respond(message, msgspec.json.encode(ShowReply(refused)))

    def follow(self, request: bytes) -> dict[str, str]:
        """Follow the bases of a request, separated by spaces; returns why some are not followed."""
        names = request[:REQUEST_BYTES].decode(errors="replace").split()
        if len(request) > REQUEST_BYTES or len(names) > NAMES_MOST:
            return {"": f"a request may name {NAMES_MOST} coins in {REQUEST_BYTES} bytes"}
        return {name[:NAME_CHARACTERS]: why for name in names if (why := self._follow(name))}

    def _follow(self, base: str) -> str:
        """Follow a base, or return why not."""
        if len(base) > NAME_CHARACTERS or not base.isprintable():
            return "no name of a coin"
        if base in self._source.bases:
            self._source.keep_subscribed(base)
            return ""
        if unlisted := self._source.why_not_listed(base):
            return unlisted
        if len(self._source.bases) >= self._bases_most:
            return f"{base} is not followed: the hub follows {len(self._source.bases)} coins, as many as it may"
        self._source.focus(base)
        return ""


async def _respond(message: Msg, reply: bytes) -> None:
    with contextlib.suppress(*broker_errors()):
        await message.respond(reply)
