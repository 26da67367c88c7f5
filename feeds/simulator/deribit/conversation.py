"""The protocol of one Deribit socket: JSON-RPC, heartbeats, subscriptions that silently omit unknown channels."""

from collections.abc import Callable, Mapping
from typing import Any

import msgspec

from feeds.simulator.deribit.wire_format import TOPIC, topic
from feeds.simulator.dialect import Message, SocketClosed
from feeds.simulator.market.spec import MS, SECOND

PLATFORM = "platform_state"
_CHANNELS_LIMIT = 500
_TEST_REQUEST = '{"params":{"type":"test_request"},"method":"heartbeat","jsonrpc":"2.0"}'
_MAINTENANCE = '{"maintenance":true}'

Fields = dict[str, Any]
Call = Callable[[str, Mapping[str, Any], int], object]
"""Method, params and time to the result; raises `Refused`."""


class Refused(Exception):
    """The venue's error: HTTP status and JSON-RPC error."""

    def __init__(self, code: int, text: str, **data: str) -> None:
        super().__init__(text)
        self.status = 404 if code == -32601 else 400
        self.error: Fields = {"code": code, "message": text} | ({"data": data} if data else {})


class DeribitConversation:
    """One socket. `channels` are all that exist, `snapshot` encodes a book as JSON, `call` answers a REST method."""

    ping_s = 0.0

    def __init__(self, channels: frozenset[str], snapshot: Callable[[str, int], str | None], call: Call) -> None:
        self._channels = channels
        self._snapshot = snapshot
        self._call = call
        self._topics: dict[str, None] = {}
        self._heartbeat_ns = 0
        self._due_ns = 0
        self._asked = False

    @property
    def topics(self) -> frozenset[str]:
        """The channels this socket is subscribed to, as message topics."""
        return frozenset(self._topics)

    def frame(self, message: Message) -> str:
        """The payload as a notification of its channel."""
        return _push(message.topic.removeprefix(TOPIC), message.payload)

    def tick(self, now_ns: int) -> list[str]:
        """Send a heartbeat when due. Raises `SocketClosed` when the last one was not answered."""
        if not self._heartbeat_ns or now_ns < self._due_ns:
            return []
        if self._asked:
            raise SocketClosed(4000, "no response to test_request")
        self._due_ns, self._asked = now_ns + self._heartbeat_ns, True
        return [_TEST_REQUEST]

    def announce_maintenance(self, now_ns: int) -> tuple[list[str], SocketClosed]:
        """Maintenance is announced on `platform_state`, to its subscribers only."""
        notices = [_push(PLATFORM, _MAINTENANCE)] if topic(PLATFORM) in self._topics else []
        return notices, SocketClosed(1001, "maintenance")

    def receive(self, text: str, now_ns: int) -> list[str]:
        """Answer one request; a subscribed book starts with its snapshot."""
        request: Any = None
        try:
            request = msgspec.json.decode(text)
            match request:
                case {"method": str(method), **rest}:
                    params = rest.get("params") or {}
                case _:
                    raise Refused(-32600, "request entity is not valid")
            if not isinstance(params, dict):
                raise Refused(-32602, "Invalid params", reason="must be an object", param="params")
            result, pushes = self._handle(method, params, now_ns)
        except (msgspec.DecodeError, RecursionError):
            return [_answer({"error": {"code": -32700, "message": "Parse error"}}, None, now_ns)]
        except Refused as refused:
            return [_answer({"error": refused.error}, _id(request), now_ns)]
        return [_answer({"result": result}, _id(request), now_ns), *pushes]

    def _handle(self, method: str, params: Fields, now_ns: int) -> tuple[object, list[str]]:
        match method:
            case "public/subscribe":
                return self._subscribe(_names(params), now_ns)
            case "public/unsubscribe":
                gone = [name for name in _names(params) if topic(name) in self._topics]
                for name in gone:
                    del self._topics[topic(name)]
                return gone, []
            case "public/unsubscribe_all":
                self._topics.clear()
                return "ok", []
            case "public/set_heartbeat":
                return self._set_heartbeat(params.get("interval"), now_ns), []
            case "public/disable_heartbeat":
                self._heartbeat_ns = 0
                return "ok", []
            case "public/test":
                self._asked = False
                return {"version": "1.2.26"}, []
            case _:
                return self._call(method, params, now_ns), []

    def _subscribe(self, names: list[str], now_ns: int) -> tuple[list[str], list[str]]:
        if any(name.endswith(".raw") for name in names):
            raise Refused(13778, "raw_subscriptions_not_available_for_unauthorized")
        granted = [name for name in names if name in self._channels]
        fresh = [name for name in granted if topic(name) not in self._topics]
        self._topics |= dict.fromkeys(map(topic, granted))
        books = [(name, self._snapshot(name, now_ns)) for name in fresh]
        return granted, [_push(name, payload) for name, payload in books if payload is not None]

    def _set_heartbeat(self, interval: object, now_ns: int) -> str:
        if not isinstance(interval, int | float) or interval < 10:
            raise Refused(-32602, "Invalid params", reason="value must be >= 10", param="interval")
        self._heartbeat_ns = int(interval * SECOND)
        self._due_ns, self._asked = now_ns + self._heartbeat_ns, False
        return "ok"


def _names(params: Fields) -> list[str]:
    names = params.get("channels")
    if not isinstance(names, list) or len(names) > _CHANNELS_LIMIT or not all(isinstance(name, str) for name in names):
        raise Refused(-32602, "Invalid params", reason="invalid value", param="channels")
    return names


def _id(request: object) -> object:
    return request.get("id") if isinstance(request, dict) else None


def _push(channel: str, payload: str) -> str:
    return f'{{"jsonrpc":"2.0","method":"subscription","params":{{"channel":"{channel}","data":{payload}}}}}'


def _answer(fields: Fields, request_id: object, now_ns: int) -> str:
    now_us = now_ns // (MS // 1_000)
    head = {"jsonrpc": "2.0"} | ({} if request_id is None else {"id": request_id})
    return msgspec.json.encode(
        head | fields | {"usIn": now_us, "usOut": now_us, "usDiff": 0, "testnet": False}
    ).decode()
