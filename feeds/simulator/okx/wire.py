"""Facts into messages: trades and quotes at once, books every 100 ms, prices and statistics on their own beats."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Container, Iterable, Iterator

from feeds.simulator.dialect import Message
from feeds.simulator.market.derivatives import Perpetual
from feeds.simulator.market.facts import Aggregate, DepthChange, Fact, Forced, Pulse, Relisted, Touch
from feeds.simulator.market.spec import MS, SECOND
from feeds.simulator.okx.books import BooksWire
from feeds.simulator.okx.wire_format import Row, Words, push, topic

_REMEMBERED = 3
FORCED = "liquidation-orders"
# channel: how often it is looked at, how long it may stay silent while nothing changes
_BEATS = {
    "mark-price": (200 * MS, 10 * SECOND),
    "index-tickers": (100 * MS, 60 * SECOND),
    "open-interest": (3 * SECOND, 0),
    "funding-rate": (30 * SECOND, 0),
}


class MarketWire:
    """The channels of one market."""

    def __init__(self, words: Words) -> None:
        self.words = words
        self.books = BooksWire(words)
        symbol = words.symbol
        self._trades, self._touch = topic("trades", symbol), topic("bbo-tbt", symbol)
        self._said: dict[str, tuple[Row, int]] = {}

    def messages(self, fact: Fact, now_ns: int, wanted: Container[str]) -> Iterator[Message]:
        """What this market's channels say about one of its facts."""
        words = self.words
        if isinstance(fact, Touch):
            if self._touch in wanted:
                yield Message(self._touch, self._quote(fact))
        elif isinstance(fact, Aggregate):
            if self._trades in wanted:
                ids = (fact.market, fact.first_trade_id, fact.last_trade_id)
                yield Message(self._trades, push("trades", words.symbol, [words.trade(fact)]), ids)
        elif isinstance(fact, DepthChange):
            yield from self._book(now_ns, wanted)

    def _quote(self, touch: Touch) -> str:
        row = {"asks": self.words.levels([touch.ask]), "bids": self.words.levels([touch.bid])}
        return push("bbo-tbt", self.words.symbol, [row | {"ts": str(touch.ts_ns // MS), "seqId": touch.update_id}])

    def _book(self, now_ns: int, wanted: Container[str]) -> Iterator[Message]:
        books = self.books
        if books.topic not in wanted:
            books.is_followed = False
        elif books.is_followed and (payload := books.update(now_ns)):
            yield Message(books.topic, payload)

    def relist(self) -> None:
        """The price step became finer."""
        coarse = self.words.tick
        self.words.relist()
        self.books.refine(round(coarse / self.words.tick))

    def beat(self, ts_ns: int, now_ns: int, wanted: Container[str]) -> Iterator[Message]:
        """Every 100 ms: what is due by the clock."""
        books = self.books
        if books.is_followed and books.topic in wanted and (payload := books.keep_alive(now_ns)):
            yield Message(books.topic, payload)
        for channel, (every_ns, silence_ns) in _BEATS.items():
            name = self.name_of(channel)
            if ts_ns % every_ns == 0 and topic(channel, name) in wanted:
                row = self._row(channel, now_ns)
                if row is not None and self._is_news(channel, row, now_ns, silence_ns):
                    yield Message(topic(channel, name), push(channel, name, [row]))

    def first(self, channel: str, now_ns: int) -> str | None:
        """What a new subscriber is told at once."""
        match channel:
            case "books":
                return self.books.snapshot(now_ns)
            case "bbo-tbt":
                book = self.words.market.book
                return self._quote(Touch(self.words.market.index, now_ns, book.update_id, *book.touch()))
        row = self._row(channel, now_ns)
        return push(channel, self.name_of(channel), [row]) if row is not None else None

    def name_of(self, channel: str) -> str:
        """What a subscription to this channel names."""
        return self.words.index if channel == "index-tickers" else self.words.symbol

    def _row(self, channel: str, now_ns: int) -> Row | None:
        words, perpetual = self.words, self.words.market.perpetual
        tell: dict[str, Callable[[Perpetual, int], Row]] = {
            "mark-price": words.mark_price,
            "index-tickers": words.index_ticker,
            "open-interest": words.open_interest,
            "funding-rate": words.funding,
        }
        if perpetual is None or channel not in tell:
            return None
        return tell[channel](perpetual, now_ns // MS)

    def _is_news(self, channel: str, row: Row, now_ns: int, silence_ns: int) -> bool:
        said, said_ns = self._said.get(channel, ({}, 0))
        if now_ns - said_ns < silence_ns and {**said, "ts": ""} == {**row, "ts": ""}:
            return False
        self._said[channel] = row, now_ns
        return True


class Wire:
    """The channels of all markets, and those that cover a whole type of instrument."""

    def __init__(self, wires: Iterable[MarketWire]) -> None:
        self._wires = {wire.words.market.index: wire for wire in wires}
        self._forced: deque[Row] = deque(maxlen=_REMEMBERED)

    def messages(self, facts: Iterable[Fact], now_ns: int, wanted: Container[str]) -> Iterator[Message]:
        """What all channels say about these facts."""
        for fact in facts:
            if isinstance(fact, Pulse):
                for wire in self._wires.values():
                    yield from wire.beat(fact.ts_ns, now_ns, wanted)
            elif (found := self._wires.get(fact.market)) is None:
                continue
            elif isinstance(fact, Forced):
                yield from self._force(found.words, fact, wanted)
            elif isinstance(fact, Relisted):
                found.relist()
                yield from self._list(found.words, wanted)
            else:
                yield from found.messages(fact, now_ns, wanted)

    def first(self, channel: str, kind: str) -> str | None:
        """What a new subscriber of a market-wide channel is told at once: old liquidations, as the venue does."""
        if channel != FORCED or kind != "SWAP" or not self._forced:
            return None
        return push(FORCED, kind, list(self._forced), by="instType")

    def _force(self, words: Words, fact: Forced, wanted: Container[str]) -> Iterator[Message]:
        row, name = words.liquidation(fact), topic(FORCED, words.type)
        self._forced.append(row)
        if name in wanted:
            yield Message(name, push(FORCED, words.type, [row], by="instType"))

    def _list(self, words: Words, wanted: Container[str]) -> Iterator[Message]:
        name = topic("instruments", words.type)
        if name in wanted:
            yield Message(name, push("instruments", words.type, [words.listing()], by="instType"))
