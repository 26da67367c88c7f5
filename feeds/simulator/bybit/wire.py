"""Facts into messages. Trades go out per step, books on their own beat, liquidations every half second."""

from __future__ import annotations

import uuid
from collections.abc import Container, Iterable, Iterator, Sequence

from feeds.model.events import Side
from feeds.simulator.bybit.books import BookWire
from feeds.simulator.bybit.ticker import TickerWire
from feeds.simulator.bybit.wire_format import DEPTHS, Words
from feeds.simulator.dialect import Message
from feeds.simulator.market.facts import DepthChange, Fact, Fill, Forced, Pulse, Touch
from feeds.simulator.market.simulated import Listed
from feeds.simulator.market.spec import MS, SECOND

_ROWS = 1_024
_LIQUIDATIONS_NS = 500 * MS
_REPEAT_NS = 3 * SECOND
_SIDES = {Side.BUY: "Buy", Side.SELL: "Sell"}
_POSITIONS = {Side.BUY: "Sell", Side.SELL: "Buy"}  # the position that the forced order closes (README: Liquidations)
_IDS = uuid.UUID("6ba7b812-9dad-11d1-80b4-00c04fd430c8")


class MarketWire:
    """The topics of one market."""

    def __init__(self, market: Listed) -> None:
        self.market = market
        self.words = Words(market)
        self.ticker = TickerWire(market, self.words)
        self.books = {depth: BookWire(market, self.words, depth) for depth in DEPTHS}
        self._beats = {beat: self.books[depth] for depth, beat in DEPTHS.items()}
        self._forced: list[Forced] = []
        self.trade_topic = self.words.topic("publicTrade")
        self._forced_topic = self.words.topic("allLiquidation")

    @property
    def channels(self) -> dict[str, BookWire | TickerWire | None]:
        """What can be subscribed, and what begins with a snapshot."""
        known: dict[str, BookWire | TickerWire | None] = {"publicTrade": None, "tickers": self.ticker}
        if not self.words.is_spot:
            known["allLiquidation"] = None
        return known | {book.channel: book for book in self.books.values()}

    def book(self, interval_ns: int, now_ns: int, wanted: Container[str]) -> Iterator[Message]:
        """The update of the book topic that has this beat."""
        book = self._beats.get(interval_ns)
        if book is None:
            return
        if book.topic not in wanted:
            book.is_followed = False
        elif book.is_followed and (payload := book.update(now_ns // MS)):
            book.told(now_ns)
            yield Message(book.topic, payload)

    def trades(self, fills: Sequence[Fill], now_ms: int) -> Iterator[Message]:
        """Fills in order, at most 1024 a message."""
        for start in range(0, len(fills), _ROWS):
            part = fills[start : start + _ROWS]
            payload = self.words.message("publicTrade", "snapshot", now_ms, [self.trade(fill) for fill in part])
            yield Message(self.trade_topic, payload, (self.market.index, part[0].trade_id, part[-1].trade_id))

    def trade(self, fill: Fill) -> dict[str, object]:
        """One row of `publicTrade`."""
        words, side = self.words, _SIDES[fill.aggressor]
        price, size, ts_ms = words.price(fill.price), words.size(fill.lots), fill.ts_ns // MS
        last = {"seq": self.market.book.update_id}
        if words.is_spot:
            row = {"i": self.trade_id(fill), "T": ts_ms, "p": price, "v": size, "S": side}
            return row | last | {"s": words.symbol, "BT": False, "RPI": False}
        row = {"T": ts_ms, "s": words.symbol, "S": side, "v": size, "p": price, "L": "ZeroPlusTick"}
        return row | {"i": self.trade_id(fill), "BT": False, "RPI": False} | last

    def trade_id(self, fill: Fill) -> str:
        """Opaque, except that spot's are numbers."""
        if self.words.is_spot:
            return str(2_290_000_000_000_000_000 + fill.trade_id)
        return str(uuid.uuid5(_IDS, f"{self.words.symbol}{fill.trade_id}"))

    def force(self, fact: Forced) -> None:
        """Keep a forced order for the next half second."""
        self._forced.append(fact)

    def pulse(self, ts_ns: int, now_ns: int, wanted: Container[str]) -> Iterator[Message]:
        """Every 100 ms: the ticker, liquidations when they are due, the repetition of a quiet touch."""
        now_ms, ticker, touch = now_ns // MS, self.ticker, self.books[1]
        if ticker.topic not in wanted:
            ticker.is_followed = False
        elif ticker.is_followed and (payload := ticker.update(now_ms)):
            yield Message(ticker.topic, payload)
        if touch.topic in wanted and (payload := touch.repeat(now_ns, now_ms, _REPEAT_NS)):
            yield Message(touch.topic, payload)
        if self._forced and ts_ns % _LIQUIDATIONS_NS == 0:
            forced, self._forced = self._forced, []
            if self._forced_topic in wanted:
                rows = [self._liquidation(fact) for fact in forced]
                yield Message(self._forced_topic, self.words.message("allLiquidation", "snapshot", now_ms, rows))

    def _liquidation(self, fact: Forced) -> dict[str, object]:
        """The position's side and its bankruptcy price, which the order's limit stands for."""
        words = self.words
        row: dict[str, object] = {"T": fact.ts_ns // MS, "s": words.symbol, "S": _POSITIONS[fact.side]}
        return row | {"v": words.size(fact.filled_lots), "p": words.price(fact.limit_price)}


class Wire:
    """The topics of all markets."""

    def __init__(self, wires: Iterable[MarketWire]) -> None:
        self._wires = {wire.market.index: wire for wire in wires}

    def messages(self, facts: Iterable[Fact], now_ns: int, wanted: Container[str]) -> Iterator[Message]:
        """What all topics say about these facts."""
        fills: dict[int, list[Fill]] = {}
        for fact in facts:
            if isinstance(fact, Pulse):
                for wire in self._wires.values():
                    yield from wire.pulse(fact.ts_ns, now_ns, wanted)
            elif (found := self._wires.get(fact.market)) is not None:
                if isinstance(fact, Fill):
                    if found.trade_topic in wanted:
                        fills.setdefault(fact.market, []).append(fact)
                elif isinstance(fact, DepthChange):
                    yield from found.book(fact.interval_ns, now_ns, wanted)
                elif isinstance(fact, Touch):
                    yield from found.book(DEPTHS[1], now_ns, wanted)
                elif isinstance(fact, Forced):
                    found.force(fact)
        for index, rows in fills.items():
            yield from self._wires[index].trades(rows, now_ns // MS)
