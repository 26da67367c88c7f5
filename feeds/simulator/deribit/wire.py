"""Encodes facts as channel payloads, every 100 ms."""

from collections.abc import Container, Iterable, Iterator
from typing import Any

import msgspec

from feeds.simulator.deribit.wire_format import INTERVAL_NS, WireFormat, topic
from feeds.simulator.dialect import Message
from feeds.simulator.market.facts import DepthChange, Fact, Fill, GridChanged, LiquidationOrder, Pulse

_encode = msgspec.json.Encoder().encode


def _text(fields: Any) -> str:
    return _encode(fields).decode()


class Wire:
    """The channels of all instruments."""

    def __init__(self, formats: Iterable[WireFormat]) -> None:
        self._formats = {fmt.market.index: fmt for fmt in formats}
        self._fills: dict[int, list[Fill]] = {index: [] for index in self._formats}

    def messages(self, facts: Iterable[Fact], now_ns: int, wanted: Container[str]) -> Iterator[Message]:
        """Encode facts for the channels in `wanted`. Books are updated also without subscribers."""
        pulse_ns = 0
        for fact in facts:
            if isinstance(fact, Pulse):
                pulse_ns = fact.ts_ns
                yield from self._trades(wanted)
                continue
            fmt = self._formats.get(fact.market)
            if fmt is None:
                continue
            if isinstance(fact, Fill):
                self._fills[fact.market].append(fact)
            elif isinstance(fact, LiquidationOrder):
                fmt.add_liquidation(fact, self._fills[fact.market])
            elif isinstance(fact, GridChanged):
                fmt.update_grid()
            elif isinstance(fact, DepthChange) and fact.interval_ns == INTERVAL_NS:
                change, name = fmt.change(fact), topic(fmt.channel("book"))
                if name in wanted:
                    yield Message(name, _text(change))
        if pulse_ns:
            yield from self._tickers(pulse_ns, wanted)

    def _trades(self, wanted: Container[str]) -> Iterator[Message]:
        for index, fills in self._fills.items():
            if not fills:
                continue
            fmt, name = self._formats[index], topic(self._formats[index].channel("trades"))
            if name in wanted:
                span = (index, fills[0].trade_id, fills[-1].trade_id)
                yield Message(name, _text([fmt.trade(fill) for fill in fills]), span)
            self._fills[index] = []

    def _tickers(self, now_ns: int, wanted: Container[str]) -> Iterator[Message]:
        for fmt in self._formats.values():
            name = topic(fmt.channel("ticker"))
            if name in wanted:
                yield Message(name, _text(fmt.ticker(now_ns)))
