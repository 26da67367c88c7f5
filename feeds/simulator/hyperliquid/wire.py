"""Encodes facts as stream payloads: trades by block, books and contexts at their own intervals."""

from collections.abc import Container, Iterable, Iterator
from typing import Any

import msgspec

from feeds.simulator.dialect import Message
from feeds.simulator.hyperliquid.wire_format import FAST_LEVELS, SLOW_LEVELS, WireFormat, topic
from feeds.simulator.market.facts import Fact, Fill, GridChanged, Pulse, Touch
from feeds.simulator.market.spec import MS, SECOND

SLOW_NS, FAST_NS = 5 * SECOND, 500 * MS
BACKLOG_NS = 20 * SECOND
_BACKLOG_ROWS = 200

_encode = msgspec.json.Encoder().encode


def _text(fields: Any) -> str:
    return _encode(fields).decode()


class Wire:
    """The streams of all coins."""

    def __init__(self, formats: Iterable[WireFormat]) -> None:
        self._formats = {fmt.market.index: fmt for fmt in formats}
        self._touched: set[int] = set()

    def messages(self, facts: Iterable[Fact], now_ns: int, wanted: Container[str]) -> Iterator[Message]:
        """Encode facts for the streams in `wanted`. `now_ns` is the block's time: that of the newest fact."""
        fills: dict[int, list[Fill]] = {}
        beats: set[int] = set()
        for fact in facts:
            if isinstance(fact, Pulse):
                beats |= {every for every in (SLOW_NS, FAST_NS, SECOND, 100 * MS) if fact.ts_ns % every == 0}
            elif fact.market not in self._formats:
                continue
            elif isinstance(fact, Fill):
                fills.setdefault(fact.market, []).append(fact)
            elif isinstance(fact, Touch):
                self._touched.add(fact.market)
            elif isinstance(fact, GridChanged):
                self._formats[fact.market].update_grid()
        for index, rows in fills.items():
            yield from self._trades(self._formats[index], rows, wanted)
        if beats:
            yield from self._beat(beats, now_ns, wanted)

    def current(self, channel: str, fmt: WireFormat, now_ns: int) -> str | None:
        """The first payload of a new subscription; None where the channel has none."""
        if channel == "trades":
            rows = [row for row in fmt.market.tape.trades.last(_BACKLOG_ROWS) if row.ts_ns > now_ns - BACKLOG_NS]
            return _text([fmt.trade(row) for row in rows]) if rows else None
        return self._payload(channel, fmt, now_ns)

    def _payload(self, channel: str, fmt: WireFormat, now_ns: int) -> str | None:
        match channel:
            case "l2Book" | "l2BookFast":
                return _text(fmt.book(now_ns, SLOW_LEVELS if channel == "l2Book" else FAST_LEVELS))
            case "bbo":
                return _text(fmt.quote(now_ns))
            case "activeAssetCtx" if fmt.market.perpetual is not None:
                return _text({"coin": fmt.coin, "ctx": fmt.context()})
            case _:
                return None

    def _trades(self, fmt: WireFormat, rows: list[Fill], wanted: Container[str]) -> Iterator[Message]:
        name = topic("trades", fmt.coin)
        if name in wanted:
            span = (fmt.market.index, rows[0].trade_id, rows[-1].trade_id)
            yield Message(name, _text([fmt.trade(row) for row in rows]), span)

    def _beat(self, beats: set[int], now_ns: int, wanted: Container[str]) -> Iterator[Message]:
        due = {SLOW_NS: "l2Book", FAST_NS: "l2BookFast", SECOND: "activeAssetCtx"}
        channels = [channel for every, channel in due.items() if every in beats]
        for index, fmt in self._formats.items():
            for channel in (*channels, "bbo") if index in self._touched else channels:
                name = topic(channel, fmt.coin)
                if name in wanted and (payload := self._payload(channel, fmt, now_ns)) is not None:
                    yield Message(name, payload)
        self._touched.clear()
