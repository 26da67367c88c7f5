"""Facts into channel payloads: everything in steps of 100 ms."""

from __future__ import annotations

from collections.abc import Container, Iterable, Iterator
from typing import Any

import msgspec

from feeds.simulator.deribit.wire_format import INTERVAL_NS, Words, topic
from feeds.simulator.dialect import Message
from feeds.simulator.market.facts import DepthChange, Fact, Fill, Forced, Pulse, Relisted

_encode = msgspec.json.Encoder().encode


def _text(fields: Any) -> str:
    return _encode(fields).decode()


class Wire:
    """The channels of all instruments."""

    def __init__(self, words: Iterable[Words]) -> None:
        self._words = {word.market.index: word for word in words}
        self._fills: dict[int, list[Fill]] = {index: [] for index in self._words}

    def messages(self, facts: Iterable[Fact], now_ns: int, wanted: Container[str]) -> Iterator[Message]:
        """What all channels say about these facts. Books are kept up to date whoever listens."""
        pulse_ns = 0
        for fact in facts:
            if isinstance(fact, Pulse):
                pulse_ns = fact.ts_ns
                yield from self._trades(wanted)
                continue
            word = self._words.get(fact.market)
            if word is None:
                continue
            if isinstance(fact, Fill):
                self._fills[fact.market].append(fact)
            elif isinstance(fact, Forced):
                word.force(fact, self._fills[fact.market])
            elif isinstance(fact, Relisted):
                word.relist()
            elif isinstance(fact, DepthChange) and fact.interval_ns == INTERVAL_NS:
                change, name = word.change(fact), topic(word.channel("book"))
                if name in wanted:
                    yield Message(name, _text(change))
        if pulse_ns:
            yield from self._tickers(pulse_ns, wanted)

    def _trades(self, wanted: Container[str]) -> Iterator[Message]:
        for index, fills in self._fills.items():
            if not fills:
                continue
            word, name = self._words[index], topic(self._words[index].channel("trades"))
            if name in wanted:
                span = (index, fills[0].trade_id, fills[-1].trade_id)
                yield Message(name, _text([word.trade(fill) for fill in fills]), span)
            self._fills[index] = []

    def _tickers(self, now_ns: int, wanted: Container[str]) -> Iterator[Message]:
        for word in self._words.values():
            name = topic(word.channel("ticker"))
            if name in wanted:
                yield Message(name, _text(word.ticker(now_ns)))
