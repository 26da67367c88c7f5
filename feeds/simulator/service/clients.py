"""The websockets of the loopback venue: the send queue of each, and which client subscribes to which topic."""

import asyncio
from collections import deque
from collections.abc import Callable, Iterator

from aiohttp import WSCloseCode, WSMsgType, web

from feeds.model.clock import Clock
from feeds.simulator.dialect import Conversation, Message, SocketClosed
from feeds.simulator.service.faults import Frame, Line
from feeds.simulator.service.journal import Record


class Client:
    """One websocket: its conversation, the faults on its line, and the record of the trades delivered to it."""

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
        self.closing: asyncio.Future[SocketClosed] = asyncio.get_running_loop().create_future()

    def publish(self, message: Message, now_ns: int) -> None:
        """Queue a message, after this connection's faults have dropped, doubled or reordered it."""
        frame = Frame(self.conversation.frame(message), message.topic, message.trades)
        carried = self.line.carry(frame, now_ns)
        if not carried and frame is not self.line.held():
            self._lose(frame)
        for one in carried:
            self._put(one)

    def put(self, text: str) -> None:
        """Queue a reply; faults do not apply to replies."""
        self._put(Frame(text))

    def _put(self, frame: Frame) -> None:
        """Queue one frame; a full queue closes the connection with 1008."""
        if len(self._queue) >= self._queue_limit:
            self._lose(frame)
            self.close(SocketClosed(WSCloseCode.POLICY_VIOLATION, "Too slow"))
            return
        self._queue.append(frame)
        self._filled.set()

    def _lose(self, frame: Frame) -> None:
        if frame.trades is not None:
            self.record.add_lost(frame.topic, frame.trades)

    def close(self, why: SocketClosed) -> None:
        """Close the connection. Only the first call has an effect."""
        if not self.closing.done():
            self.closing.set_result(why)

    async def write(self, cut: Callable[[bytes], None]) -> None:
        """Send queued frames until cancelled. `cut` writes raw bytes. Raises `SocketClosed` after half a frame."""
        while True:
            await self._filled.wait()
            self._filled.clear()
            while self._queue:
                if self._queue[0].is_half:
                    cut(half_of(self._queue[0].text))
                    raise SocketClosed(WSCloseCode.ABNORMAL_CLOSURE, "Half a frame")
                frame = self._queue.popleft()
                if frame.trades is not None:
                    self.record.add_delivered(frame.topic, frame.trades)
                await self._socket.send_str(frame.text)

    async def read(self, clock: Clock, changed: Callable[[], None]) -> None:
        """Answer requests until the client leaves. Raises `SocketClosed`."""
        async for message in self._socket:
            if message.type is not WSMsgType.TEXT:
                continue
            for reply in self.conversation.receive(message.data, clock.now_ns()):
                self.put(reply)
            changed()

    def discard_queue(self) -> None:
        """Record the frames still queued as lost, after the connection has ended."""
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


class ClientSet:
    """All connected clients. `wanted` maps each topic to its subscribers."""

    def __init__(self) -> None:
        self._clients: dict[Client, None] = {}
        self.wanted: dict[str, list[Client]] = {}

    def __iter__(self) -> Iterator[Client]:
        return iter(list(self._clients))

    def add(self, client: Client) -> None:
        self._clients[client] = None
        self.refresh()

    def remove(self, client: Client) -> None:
        self._clients.pop(client, None)
        self.refresh()

    def close_all(self, why: SocketClosed) -> None:
        for client in self._clients:
            client.close(why)

    def tick(self, now_ns: int) -> None:
        """Send heartbeats that are due; close conversations that time out."""
        for client in self._clients:
            try:
                for text in client.conversation.tick(now_ns):
                    client.put(text)
            except SocketClosed as why:
                client.close(why)

    def refresh(self) -> None:
        """Rebuild `wanted` from the clients' subscriptions."""
        self.wanted = {}
        for client in self._clients:
            for topic in client.conversation.topics:
                self.wanted.setdefault(topic, []).append(client)

    def publish(self, message: Message, now_ns: int) -> None:
        """Queue a message for every subscriber of its topic."""
        for client in self.wanted.get(message.topic, ()):
            client.publish(message, now_ns)
