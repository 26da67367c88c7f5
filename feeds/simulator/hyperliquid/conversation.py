"""The protocol of one Hyperliquid socket: one subscription a message, pings; an unknown coin closes the socket."""

from collections.abc import Callable
from typing import Any

import msgspec

from feeds.simulator.dialect import Message, SocketClosed
from feeds.simulator.hyperliquid.wire_format import TOPIC, topic
from feeds.simulator.market.spec import SECOND

_TYPES = frozenset({"trades", "l2Book", "bbo", "activeAssetCtx"})
_SILENCE_NS = 60 * SECOND
_CUT = 1006

Current = Callable[[str, str, int], str | None]
"""Takes channel, coin and time in ns; returns the first payload of a new subscription, or None."""


class HyperliquidConversation:
    """One socket. `coins` are the valid names, in their exact case."""

    ping_s = 0.0

    def __init__(self, coins: frozenset[str], current: Current) -> None:
        self._coins = coins
        self._current = current
        self._topics: dict[str, None] = {}
        self._was_active = True
        self._active_ns = 0

    @property
    def topics(self) -> frozenset[str]:
        return frozenset(self._topics)

    def frame(self, message: Message) -> str:
        """The payload with its channel; the fast book uses the slow one's channel name."""
        self._was_active = True
        return _push(message.topic.removeprefix(TOPIC).partition(":")[0], message.payload)

    def tick(self, now_ns: int) -> list[str]:
        """Raises `SocketClosed` when nothing was sent for a minute; a client's pings are answered and prevent it."""
        if self._was_active:
            self._was_active, self._active_ns = False, now_ns
        elif now_ns - self._active_ns > _SILENCE_NS:
            raise SocketClosed(1000, "Inactive")
        return []

    def announce_maintenance(self, now_ns: int) -> tuple[list[str], SocketClosed]:
        """A node upgrade drops the connection without notice."""
        return [], SocketClosed(_CUT, "")

    def receive(self, text: str, now_ns: int) -> list[str]:
        """Answer one message. Raises `SocketClosed` for a subscription to what does not exist."""
        self._was_active = True
        try:
            request = msgspec.json.decode(text)
        except (msgspec.DecodeError, RecursionError):
            return [_error(f"Error parsing JSON into valid websocket request: {text}")]
        match request:
            case {"method": "ping"}:
                return ['{"channel":"pong"}']
            case {"method": "subscribe" | "unsubscribe" as method, "subscription": {"type": str(kind)} as wanted}:
                return self._change(method, kind, wanted, now_ns)
            case _:
                return [_error(f"Error parsing JSON into valid websocket request: {text}")]

    def _change(self, method: str, kind: str, wanted: dict[str, Any], now_ns: int) -> list[str]:
        coin = wanted.get("coin")
        if kind not in _TYPES or coin not in self._coins:
            raise SocketClosed(_CUT, "")
        channel = "l2BookFast" if kind == "l2Book" and wanted.get("fast") is True else kind
        name, echo = topic(channel, coin), msgspec.json.encode(wanted).decode()
        if (name in self._topics) is (method == "subscribe"):
            return [_error(f"Already {method}d: {echo}")]
        if method == "unsubscribe":
            del self._topics[name]
            return [_acknowledgement(method, wanted)]
        self._topics[name] = None
        payload = self._current(channel, coin, now_ns)
        return [_acknowledgement(method, wanted), *([] if payload is None else [_push(channel, payload)])]


def _push(channel: str, payload: str) -> str:
    return f'{{"channel":"{channel.removesuffix("Fast")}","data":{payload}}}'


def _error(text: str) -> str:
    return msgspec.json.encode({"channel": "error", "data": text}).decode()


def _acknowledgement(method: str, wanted: dict[str, Any]) -> str:
    """The echo of a subscription, with the defaults that the venue adds."""
    if wanted["type"] == "l2Book":
        wanted = {"type": "l2Book", "coin": wanted["coin"], "nSigFigs": None, "mantissa": None} | {
            "fast": wanted.get("fast") is True
        }
    data = {"method": method, "subscription": wanted}
    return msgspec.json.encode({"channel": "subscriptionResponse", "data": data}).decode()
