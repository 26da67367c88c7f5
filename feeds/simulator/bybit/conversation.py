"""The protocol of one Bybit socket: subscriptions and their acknowledgements, pings, first snapshots."""

from collections.abc import Mapping
from typing import Any

import msgspec

from feeds.model.instrument import MarketKind
from feeds.simulator.bybit.wire import MarketWire
from feeds.simulator.bybit.wire_format import text, topic
from feeds.simulator.dialect import Message, SocketClosed
from feeds.simulator.market.spec import MS

_SPOT_ARGS = 10
_TOTAL_CHARACTERS = 21_000


class _Refused(Exception):
    pass


class BybitConversation:
    """One socket of one category. A request with one invalid topic fails as a whole."""

    ping_s = 0.0

    def __init__(self, category: MarketKind, wires: Mapping[str, MarketWire], conn_id: str) -> None:
        self._category = category
        self._wires = wires
        self._conn_id = conn_id
        self._names: dict[str, None] = {}

    @property
    def topics(self) -> frozenset[str]:
        return frozenset(topic(self._category, name) for name in self._names)

    def frame(self, message: Message) -> str:
        """The payload unchanged; Bybit's envelope is the same on all sockets."""
        return message.payload

    def tick(self, now_ns: int) -> list[str]:
        """None: Bybit sends no heartbeats."""
        return []

    def announce_maintenance(self, now_ns: int) -> tuple[list[str], SocketClosed]:
        """No notice: Bybit announces nothing on market sockets."""
        return [], SocketClosed(1001, "")

    def receive(self, message: str, now_ns: int) -> list[str]:
        """Answer one request. First snapshots precede the acknowledgement on derivatives and follow it on spot."""
        try:
            request = msgspec.json.decode(message)
        except (msgspec.DecodeError, UnicodeDecodeError):
            return [self._ack("", "", "error:request is not JSON")]
        if not isinstance(request, dict):
            return [self._ack("", "", "error:request is not an object")]
        op, req_id, names = request.get("op"), str(request.get("req_id", "")), request.get("args", [])
        try:
            first = self._handle(op, names, now_ns)
        except _Refused as refused:
            return [self._ack(req_id, str(op or ""), str(refused))]
        ack = self._ack(req_id, str(op))
        return [ack, *first] if self._category is MarketKind.SPOT else [*first, ack]

    def _handle(self, op: object, names: Any, now_ns: int) -> list[str]:
        if op == "ping":
            return []
        if op not in ("subscribe", "unsubscribe"):
            raise _Refused(f"error:unknown op {op}")
        if not isinstance(names, list) or not names or not all(isinstance(name, str) for name in names):
            raise _Refused("error:invalid args")
        if op == "unsubscribe":
            for name in names:
                self._names.pop(name, None)
            return []
        return self._subscribe(names, now_ns)

    def _subscribe(self, names: list[str], now_ns: int) -> list[str]:
        if self._category is MarketKind.SPOT and len(names) > _SPOT_ARGS:
            raise _Refused("args size >10")
        if sum(map(len, [*self._names, *names])) > _TOTAL_CHARACTERS:
            raise _Refused("error:args are too long")
        for name in names:
            if self._wire_of(name) is None:
                spot = self._category is MarketKind.SPOT
                raise _Refused(f"Invalid symbol :[{name}]" if spot else f"error:handler not found,topic:{name}")
            if name in self._names:
                raise _Refused(f"error:already subscribed,topic:{name}")
        self._names |= dict.fromkeys(names)
        return [first for name in names if (first := self._first(name, now_ns // MS))]

    def _wire_of(self, name: str) -> MarketWire | None:
        channel, _, symbol = name.rpartition(".")
        wire = self._wires.get(symbol)
        return wire if wire is not None and channel in wire.channels else None

    def _first(self, name: str, now_ms: int) -> str | None:
        wire = self._wire_of(name)
        begin = wire.channels[name.rpartition(".")[0]] if wire is not None else None
        return begin.snapshot(now_ms) if begin is not None else None

    def _ack(self, req_id: str, op: str, refusal: str = "") -> str:
        done = "pong" if op == "ping" else "subscribe" if self._category is MarketKind.SPOT else ""
        fields: dict[str, object] = {"success": not refusal, "ret_msg": refusal or done, "conn_id": self._conn_id}
        return text(fields | {"req_id": req_id, "op": op})
