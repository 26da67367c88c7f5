"""The protocol of one OKX socket: one acknowledgement or error per channel, text pings, first messages."""

from collections import deque
from collections.abc import Callable, Mapping
from typing import Any

import msgspec

from feeds.simulator.dialect import Message, SocketClosed
from feeds.simulator.market.spec import SECOND
from feeds.simulator.okx.wire import MarketWire, Wire
from feeds.simulator.okx.wire_format import text, topic

_OPS_PER_HOUR = 480
_HOUR_NS = 3_600 * SECOND
_SILENCE_NS = 30 * SECOND
_ID_LENGTH = 32
_LARGEST = 64 * 1_024
_MARKET_WIDE = {"liquidation-orders": ("SWAP",), "instruments": ("SWAP", "SPOT")}
_ANYWHERE = ("trades", "books", "bbo-tbt")
_SWAPS_ONLY = ("mark-price", "funding-rate", "open-interest")
_PAID = ("books-l2-tbt", "books50-l2-tbt")

Arg = dict[str, str]


class OkxConversation:
    """One public socket, which serves every instrument."""

    ping_s = 0.0

    def __init__(self, wires: Mapping[str, MarketWire], wire: Wire, conn_id: str, now_ns: Callable[[], int]) -> None:
        self._wires = wires
        self._indexes = {found.fmt.index: found for found in wires.values() if found.fmt.market.perpetual}
        self._wire = wire
        self._conn_id = conn_id
        self._topics: dict[str, None] = {}
        self._requests_ns: deque[int] = deque()
        self._was_active = True
        self._active_ns = now_ns()

    @property
    def topics(self) -> frozenset[str]:
        """The channels this socket is subscribed to, as message topics."""
        return frozenset(self._topics)

    def frame(self, message: Message) -> str:
        """The payload unchanged; it is the same on all sockets."""
        self._was_active = True
        return message.payload

    def tick(self, now_ns: int) -> list[str]:
        """Raises `SocketClosed` after 30 s without a message either way; pings are answered and prevent it."""
        if self._was_active:
            self._was_active, self._active_ns = False, now_ns
        elif now_ns - self._active_ns >= _SILENCE_NS:
            raise SocketClosed(4004, "No data received in 30s.")
        return []

    def announce_maintenance(self, now_ns: int) -> tuple[list[str], SocketClosed]:
        """A notice with code 64008, then close code 1001."""
        message = "The connection will soon be closed for a service upgrade. Please reconnect."
        notice = {"event": "notice", "code": "64008", "msg": message, "connId": self._conn_id}
        return [text(notice)], SocketClosed(1001, "")

    def receive(self, message: str, now_ns: int) -> list[str]:
        """Answer one message. Raises `SocketClosed` for a frame that is too long."""
        self._was_active = True
        if message == "ping":
            return ["pong"]
        if len(message) > _LARGEST:
            raise SocketClosed(1009, "Request message exceeds the maximum frame length")
        try:
            request = msgspec.json.decode(message)
        except (msgspec.DecodeError, RecursionError):
            request = None
        if not isinstance(request, dict):
            return [self._error(None, "60012", f"Invalid request: {message[:100]}")]
        return self._handle(request, now_ns)

    def _handle(self, request: dict[str, Any], now_ns: int) -> list[str]:
        name, op, args = request.get("id"), request.get("op"), request.get("args")
        if name is not None and not (isinstance(name, str) and name.isalnum() and len(name) <= _ID_LENGTH):
            return [self._error(None, "60033", "Parameter id error")]
        if op not in ("subscribe", "unsubscribe"):
            return [self._error(name, "60019", f"Invalid op: {op}")]
        if not isinstance(args, list) or not args or not all(_is_arg(arg) for arg in args):
            return [self._error(name, "60013", f"Invalid args: {args}")]
        if self._exceeds_rate(now_ns):
            return [self._error(name, "60014", "Requests too frequent")]
        handle = self._subscribe if op == "subscribe" else self._unsubscribe
        return [reply for arg in args for reply in handle(name, arg, now_ns)]

    def _exceeds_rate(self, now_ns: int) -> bool:
        while self._requests_ns and now_ns - self._requests_ns[0] > _HOUR_NS:
            self._requests_ns.popleft()
        self._requests_ns.append(now_ns)
        return len(self._requests_ns) > _OPS_PER_HOUR

    def _subscribe(self, name: str | None, arg: Arg, now_ns: int) -> list[str]:
        channel, key = arg["channel"], _key(arg)
        if channel in _PAID:
            return [self._error(name, "64003", "Your trading fee tier doesn't meet the requirement.")]
        if not self._exists(arg):
            what = ",".join(f"{field}:{value}" for field, value in arg.items())
            return [self._error(name, "60018", f"Subscribe failed, wrong URL or {what} doesn't exist.")]
        self._topics[key] = None
        first = self._first(arg, now_ns)
        return [self._ack(name, "subscribe", arg), *([first] if first is not None else [])]

    def _unsubscribe(self, name: str | None, arg: Arg, now_ns: int) -> list[str]:
        self._topics.pop(_key(arg), None)
        return [self._ack(name, "unsubscribe", arg)]

    def _exists(self, arg: Arg) -> bool:
        channel, symbol = arg["channel"], arg.get("instId", "")
        if channel in _MARKET_WIDE:
            return arg.get("instType") in _MARKET_WIDE[channel]
        if channel == "index-tickers":
            return symbol in self._indexes
        found = self._wires.get(symbol)
        if found is None:
            return False
        return channel in _ANYWHERE or (channel in _SWAPS_ONLY and found.fmt.market.perpetual is not None)

    def _first(self, arg: Arg, now_ns: int) -> str | None:
        channel = arg["channel"]
        if channel in _MARKET_WIDE:
            return self._wire.first(channel, arg["instType"])
        found = (self._indexes if channel == "index-tickers" else self._wires)[arg["instId"]]
        return found.first(channel, now_ns)

    def _ack(self, name: str | None, event: str, arg: Arg) -> str:
        return text(({} if name is None else {"id": name}) | {"event": event, "arg": arg, "connId": self._conn_id})

    def _error(self, name: str | None, code: str, message: str) -> str:
        head = {} if name is None else {"id": name}
        return text(head | {"event": "error", "code": code, "msg": message, "connId": self._conn_id})


def _is_arg(arg: object) -> bool:
    return isinstance(arg, dict) and "channel" in arg and all(isinstance(value, str) for value in arg.values())


def _key(arg: Arg) -> str:
    return topic(arg["channel"], arg.get("instType", "") if arg["channel"] in _MARKET_WIDE else arg.get("instId", ""))
