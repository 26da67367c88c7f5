"""Facts into stream payloads: trades by block, books and contexts on their own beats."""

from __future__ import annotations

from collections.abc import Container, Iterable, Iterator
from typing import Any

import msgspec

from feeds.simulator.dialect import Message
from feeds.simulator.hyperliquid.wire_format import FAST_LEVELS, SLOW_LEVELS, Words, topic
from feeds.simulator.market.facts import Fact, Fill, Pulse, Relisted, Touch
from feeds.simulator.market.spec import MS, SECOND

SLOW_NS, FAST_NS = 5 * SECOND, 500 * MS
BACKLOG_NS = 20 * SECOND
_BACKLOG_ROWS = 200

_encode = msgspec.json.Encoder().encode


def _text(fields: Any) -> str:
    return _encode(fields).decode()


class Wire:
    """The streams of all coins."""

    def __init__(self, words: Iterable[Words]) -> None:
        self._words = {word.market.index: word for word in words}
        self._touched: set[int] = set()

    def messages(self, facts: Iterable[Fact], now_ns: int, wanted: Container[str]) -> Iterator[Message]:
        """What all streams say about these facts. `now_ns` is the block's time: that of the newest fact."""
        fills: dict[int, list[Fill]] = {}
        beats: set[int] = set()
        for fact in facts:
            if isinstance(fact, Pulse):
                beats |= {every for every in (SLOW_NS, FAST_NS, SECOND, 100 * MS) if fact.ts_ns % every == 0}
            elif fact.market not in self._words:
                continue
            elif isinstance(fact, Fill):
                fills.setdefault(fact.market, []).append(fact)
            elif isinstance(fact, Touch):
                self._touched.add(fact.market)
            elif isinstance(fact, Relisted):
                self._words[fact.market].relist()
        for index, rows in fills.items():
            yield from self._trades(self._words[index], rows, wanted)
        if beats:
            yield from self._beat(beats, now_ns, wanted)

    def current(self, channel: str, word: Words, now_ns: int) -> str | None:
        """What a new subscriber is told at once."""
        if channel == "trades":
            rows = [row for row in word.market.tape.trades.last(_BACKLOG_ROWS) if row.ts_ns > now_ns - BACKLOG_NS]
            return _text([word.trade(row) for row in rows]) if rows else None
        return self._say(channel, word, now_ns)

    def _say(self, channel: str, word: Words, now_ns: int) -> str | None:
        match channel:
            case "l2Book" | "l2BookFast":
                return _text(word.book(now_ns, SLOW_LEVELS if channel == "l2Book" else FAST_LEVELS))
            case "bbo":
                return _text(word.quote(now_ns))
            case "activeAssetCtx" if word.market.perpetual is not None:
                return _text({"coin": word.coin, "ctx": word.context()})
            case _:
                return None

    def _trades(self, word: Words, rows: list[Fill], wanted: Container[str]) -> Iterator[Message]:
        name = topic("trades", word.coin)
        if name in wanted:
            span = (word.market.index, rows[0].trade_id, rows[-1].trade_id)
            yield Message(name, _text([word.trade(row) for row in rows]), span)

    def _beat(self, beats: set[int], now_ns: int, wanted: Container[str]) -> Iterator[Message]:
        due = {SLOW_NS: "l2Book", FAST_NS: "l2BookFast", SECOND: "activeAssetCtx"}
        channels = [channel for every, channel in due.items() if every in beats]
        for index, word in self._words.items():
            for channel in (*channels, "bbo") if index in self._touched else channels:
                name = topic(channel, word.coin)
                if name in wanted and (payload := self._say(channel, word, now_ns)) is not None:
                    yield Message(name, payload)
        self._touched.clear()
