"""What one OKX connection has asked for: requests, their ids, and what became of each channel (VENUES 3.1, 3.7).

Whether one refused channel takes the others of its request with it is undocumented, so a refused request is split and
asked again channel by channel; only a channel refused alone is given up. Nothing here reads a clock.
"""

from __future__ import annotations

import logging
from collections.abc import Iterable, Sequence

import msgspec

from feeds.model.protocol import Send
from feeds.venues.okx.wire import Arg, Event

log = logging.getLogger(__name__)

_PATIENCE_NS = 10_000_000_000
_ATTEMPTS = 3
_AGAIN_LATER = ("60014", "64007")  # too frequent; internal error
_MARKET_WIDE = ("liquidation-orders", "instruments")


def arg_of(stream: str) -> Arg:
    """The channel that a stream name of ours stands for: `books:BTC-USDT-SWAP`, `liquidation-orders:SWAP`."""
    channel, _, name = stream.partition(":")
    return Arg(channel, instType=name) if channel in _MARKET_WIDE else Arg(channel, name)


class Subscriptions:
    """The channels of one connection. Methods return what to send."""

    def __init__(self, streams: Iterable[str]) -> None:
        self._wanted = [arg_of(stream) for stream in streams]
        self._waiting: dict[Arg, int] = {}
        self._attempts: dict[Arg, int] = {}
        self._asked: dict[str, tuple[Arg, ...]] = {}
        self._number = 0

    def begin(self, now_ns: int) -> list[Send]:
        """Ask for everything, one request an instrument."""
        groups: dict[str, list[Arg]] = {}
        for arg in self._wanted:
            groups.setdefault(arg.instId.removesuffix("-SWAP"), []).append(arg)
        return [self._subscribe(group, now_ns) for group in groups.values()]

    def renew(self, args: Sequence[Arg], now_ns: int) -> list[Send]:
        """Leave channels and ask for them again, which brings a snapshot."""
        return [self._request("unsubscribe", args), self._subscribe(args, now_ns)]

    def acknowledge(self, arg: Arg) -> None:
        """The venue confirmed a channel."""
        self._waiting.pop(arg, None)
        self._attempts.pop(arg, None)

    def refuse(self, event: Event, now_ns: int) -> tuple[list[Send], list[Arg]]:
        """The venue refused a request. Returns what to ask again and the channels that are given up."""
        group = [arg for arg in self._asked.pop(event.id, ()) if arg in self._waiting]
        if event.code in _AGAIN_LATER or not group:
            log.warning("OKX refused a request: %s %s", event.code, event.msg)
            return [], []
        if len(group) > 1:
            return [self._subscribe([arg], now_ns) for arg in group], []
        log.error("OKX refused %s: %s %s", group[0], event.code, event.msg)
        self.acknowledge(group[0])
        return [], group

    def overdue(self, now_ns: int) -> tuple[list[Send], list[Arg]]:
        """Ask again, one by one, for what was not confirmed in time. Returns that and the channels given up."""
        late = [arg for arg, due_ns in self._waiting.items() if now_ns >= due_ns]
        lost = [arg for arg in late if self._attempts.get(arg, 0) >= _ATTEMPTS]
        for arg in lost:
            log.error("OKX never confirmed %s", arg)
            self.acknowledge(arg)
        return [self._subscribe([arg], now_ns) for arg in late if arg not in lost], lost

    def _subscribe(self, args: Sequence[Arg], now_ns: int) -> Send:
        for arg in args:
            self._waiting[arg] = now_ns + _PATIENCE_NS
            self._attempts[arg] = self._attempts.get(arg, 0) + 1
        self._asked = {name: group for name, group in self._asked.items() if not self._waiting.keys().isdisjoint(group)}
        send = self._request("subscribe", args)
        self._asked[f"s{self._number}"] = tuple(args)
        return send

    def _request(self, op: str, args: Sequence[Arg]) -> Send:
        self._number += 1
        body = {"id": f"s{self._number}", "op": op, "args": list(args)}
        return Send(msgspec.json.encode(body).decode())
