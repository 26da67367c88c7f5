"""The protocol of one Binance socket: subscriptions, properties, acknowledgements, errors, envelope."""

from collections.abc import Iterable
from typing import Any

import msgspec

from feeds.model.instrument import MarketKind
from feeds.simulator.binance.wire_format import is_delivered, topic
from feeds.simulator.dialect import Message, SocketClosed
from feeds.simulator.market.spec import MS, SECOND

_MESSAGES_PER_S = {MarketKind.SPOT: 5}
_PING_S = {MarketKind.SPOT: 20.0}


class _Refused(Exception):
    def __init__(self, code: int, text: str) -> None:
        super().__init__(text)
        self.reply = {"code": code, "msg": text}


class BinanceConversation:
    """One socket of one host (`segment`) and route; `combined` wraps every payload in its stream name."""

    def __init__(self, segment: MarketKind, route: str, combined: bool, streams: Iterable[str]) -> None:
        self.ping_s = _PING_S.get(segment, 180.0)
        self._segment = segment
        self._route = route
        self._combined = combined
        self._limit = _MESSAGES_PER_S.get(segment, 10)
        self._received_ns: list[int] = []
        self._prefix = topic(segment, "")
        self._streams: dict[str, None] = dict.fromkeys(stream for stream in streams if stream)

    @property
    def topics(self) -> frozenset[str]:
        """The subscribed streams that this socket's route carries."""
        delivered = (name for name in self._streams if is_delivered(self._segment, self._route, name))
        return frozenset(topic(self._segment, name) for name in delivered)

    def frame(self, message: Message) -> str:
        """The payload, wrapped in its stream name on a combined socket."""
        if not self._combined:
            return message.payload
        return f'{{"stream":"{message.topic.removeprefix(self._prefix)}","data":{message.payload}}}'

    def tick(self, now_ns: int) -> list[str]:
        """None: the venue pings with websocket frames."""
        return []

    def announce_maintenance(self, now_ns: int) -> tuple[list[str], SocketClosed]:
        """Spot announces the close with `serverShutdown`; futures close with 1001 only."""
        notice = f'{{"e":"serverShutdown","E":{now_ns // MS}}}'
        if self._combined:
            notice = f'{{"stream":"!serverShutdown","data":{notice}}}'
        return [notice] if self._segment is MarketKind.SPOT else [], SocketClosed(1001, "")

    def receive(self, text: str, now_ns: int) -> list[str]:
        """Answer one request. Raises `SocketClosed` above the venue's limit of messages a second."""
        self._received_ns = [ts_ns for ts_ns in self._received_ns if now_ns - ts_ns < SECOND]
        self._received_ns.append(now_ns)
        if len(self._received_ns) > self._limit:
            raise SocketClosed(1008, "Too many requests")
        return [msgspec.json.encode(self._reply(text)).decode()]

    def _reply(self, text: str) -> dict[str, Any]:
        request: Any = None
        try:
            request = self._parse(text)
            return {"result": self._handle(request), "id": request.get("id")}
        except _Refused as refused:
            named = isinstance(request, dict) and "id" in request
            return refused.reply | ({"id": request["id"]} if named else {})

    def _parse(self, text: str) -> Any:
        try:
            request = msgspec.json.decode(text)
        except msgspec.DecodeError as error:
            raise _Refused(3, f"Invalid JSON: {error}") from None
        if not isinstance(request, dict) or not isinstance(request.get("method"), str):
            raise _Refused(2, "Invalid request: missing field `method`")
        return request

    def _handle(self, request: dict[str, Any]) -> object:
        if not isinstance(request.get("id"), int | str):
            raise _Refused(2, "Invalid request: request ID must be an unsigned integer")
        method, params = request["method"], request.get("params")
        if method == "LIST_SUBSCRIPTIONS":
            return list(self._streams)
        if method == "SET_PROPERTY":
            self._set_property(params)
            return None
        if method not in ("SUBSCRIBE", "UNSUBSCRIBE"):
            raise _Refused(2, f"Invalid request: unknown variant `{method}`")
        if not isinstance(params, list) or not all(isinstance(name, str) for name in params):
            raise _Refused(2, "Invalid request: `params` must be a list of stream names")
        for name in params:
            if method == "SUBSCRIBE":
                self._streams[name] = None
            else:
                self._streams.pop(name, None)
        return None

    def _set_property(self, params: object) -> None:
        match params:
            case ["combined", bool(value)]:
                self._combined = value
            case ["combined", _]:
                raise _Refused(1, "Invalid value type: expected Boolean")
            case _:
                raise _Refused(0, "Unknown property")
