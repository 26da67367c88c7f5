"""The websockets of the loopback venue: what still has to be sent on each, and who wants which topic."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Callable, Iterator

from aiohttp import WSCloseCode, WSMsgType, web

from feeds.model.clock import Clock
from feeds.simulator.dialect import Conversation, Expelled, Message
from feeds.simulator.service.faults import Frame, Line
from feeds.simulator.service.journal import Record


class Client:
    """One websocket: its dialogue, the faults on its line, and the record of what it was told."""

    def __init__(
        self, socket: web.WebSocketResponse, conversation: Conversation, record: Record, queue_limit: int
    ) -> None:
        self.conversation = conversation
        self.record = record
        self.line = Line()
        self._socket = socket
        self._queue: deque[Frame] = deque()
        self._queue_limit = queue_limit
        self._filled = asyncio.Event()
        self.dismissed: asyncio.Future[Expelled] = asyncio.get_running_loop().create_future()

    def publish(self, message: Message, now_ns: int) -> None:
        """Send what this connection's line makes of a message."""
        frame = Frame(self.conversation.frame(message), message.topic, message.trades)
        carried = self.line.carry(frame, now_ns)
        if not carried and frame is not self.line.held():
            self._lose(frame)
        for one in carried:
            self._put(one)

    def put(self, text: str) -> None:
        """Queue a reply, which no fault touches."""
        self._put(Frame(text))

    def _put(self, frame: Frame) -> None:
        """Queue one frame; too many mean that the client is too slow."""
        if len(self._queue) >= self._queue_limit:
            self._lose(frame)
            self.dismiss(Expelled(WSCloseCode.POLICY_VIOLATION, "Too slow"))
            return
        self._queue.append(frame)
        self._filled.set()

    def _lose(self, frame: Frame) -> None:
        if frame.trades is not None:
            self.record.lose(frame.topic, frame.trades)

    def dismiss(self, why: Expelled) -> None:
        """End the connection; the first reason counts."""
        if not self.dismissed.done():
            self.dismissed.set_result(why)

    async def write(self, cut: Callable[[bytes], None]) -> None:
        """Send what is queued, for ever. `cut` writes bytes past the websocket. Raises `Expelled` after a half."""
        while True:
            await self._filled.wait()
            self._filled.clear()
            while self._queue:
                if self._queue[0].is_half:
                    cut(half_of(self._queue[0].text))
                    raise Expelled(WSCloseCode.ABNORMAL_CLOSURE, "Half a frame")
                frame = self._queue.popleft()
                if frame.trades is not None:
                    self.record.tell(frame.topic, frame.trades)
                await self._socket.send_str(frame.text)

    async def read(self, clock: Clock, changed: Callable[[], None]) -> None:
        """Answer requests until the client leaves. Raises `Expelled`."""
        async for message in self._socket:
            if message.type is not WSMsgType.TEXT:
                continue
            for reply in self.conversation.receive(message.data, clock.now_ns()):
                self.put(reply)
            changed()

    def abandon(self) -> None:
        """The connection has ended: what is still queued is lost."""
        held = self.line.held()
        for frame in [*self._queue, *([held] if held else [])]:
            self._lose(frame)
        self._queue.clear()


def half_of(text: str) -> bytes:
    """The first half of an unmasked websocket text frame, header included (RFC 6455, 5.2)."""
    payload = text.encode()
    size = len(payload)
    if size < 126:
        header = bytes((0x81, size))
    elif size < 65_536:
        header = b"\x81\x7e" + size.to_bytes(2, "big")
    else:
        header = b"\x81\x7f" + size.to_bytes(8, "big")
    return header + payload[: size // 2]


class Hub:
    """Who wants which topic."""

    def __init__(self) -> None:
        self._clients: dict[Client, None] = {}
        self.wanted: dict[str, list[Client]] = {}

    def __iter__(self) -> Iterator[Client]:
        return iter(list(self._clients))

    def add(self, client: Client) -> None:
        """Let a client take part."""
        self._clients[client] = None
        self.refresh()

    def remove(self, client: Client) -> None:
        """Forget a client."""
        self._clients.pop(client, None)
        self.refresh()

    def dismiss_all(self, why: Expelled) -> None:
        """End every connection."""
        for client in self._clients:
            client.dismiss(why)

    def tick(self, now_ns: int) -> None:
        """Send what the conversations owe by the clock."""
        for client in self._clients:
            try:
                for text in client.conversation.tick(now_ns):
                    client.put(text)
            except Expelled as why:
                client.dismiss(why)

    def refresh(self) -> None:
        """Read the topics of all clients again."""
        self.wanted = {}
        for client in self._clients:
            for topic in client.conversation.topics:
                self.wanted.setdefault(topic, []).append(client)

    def publish(self, message: Message, now_ns: int) -> None:
        """Queue a message for everyone who wants it."""
        for client in self.wanted.get(message.topic, ()):
            client.publish(message, now_ns)
