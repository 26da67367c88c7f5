"""Encodes facts as messages: trades every step, books at their own intervals, liquidations every half second."""

import uuid
from collections.abc import Container, Iterable, Iterator, Sequence

from feeds.model.events import Side
from feeds.simulator.bybit.books import BookWire
from feeds.simulator.bybit.ticker import TickerWire
from feeds.simulator.bybit.wire_format import DEPTHS, WireFormat
from feeds.simulator.dialect import Message
from feeds.simulator.market.facts import DepthChange, Fact, Fill, LiquidationOrder, Pulse, Touch
from feeds.simulator.market.simulated import SimulatedMarket
from feeds.simulator.market.spec import MS, SECOND

_ROWS = 1_024
_LIQUIDATIONS_NS = 500 * MS
_REPEAT_NS = 3 * SECOND
_SIDES = {Side.BUY: "Buy", Side.SELL: "Sell"}
_POSITIONS = {Side.BUY: "Sell", Side.SELL: "Buy"}  # `S` is the side of the liquidated position, not of the order
_IDS = uuid.UUID("6ba7b812-9dad-11d1-80b4-00c04fd430c8")


class MarketWire:
    """The topics of one market."""

    def __init__(self, market: SimulatedMarket) -> None:
        self.market = market
        self.fmt = WireFormat(market)
        self.ticker = TickerWire(market, self.fmt)
        self.books = {depth: BookWire(market, self.fmt, depth) for depth in DEPTHS}
        self._beats = {beat: self.books[depth] for depth, beat in DEPTHS.items()}
        self._liquidations: list[LiquidationOrder] = []
        self.trade_topic = self.fmt.topic("publicTrade")
        self._liquidation_topic = self.fmt.topic("allLiquidation")

    @property
    def channels(self) -> dict[str, BookWire | TickerWire | None]:
        """The channels to subscribe to; those with a value start with its snapshot."""
        known: dict[str, BookWire | TickerWire | None] = {"publicTrade": None, "tickers": self.ticker}
        if not self.fmt.is_spot:
            known["allLiquidation"] = None
        return known | {book.channel: book for book in self.books.values()}

    def book(self, interval_ns: int, now_ns: int, wanted: Container[str]) -> Iterator[Message]:
        """The update of the book topic with this push interval."""
        book = self._beats.get(interval_ns)
        if book is None:
            return
        if book.topic not in wanted:
            book.has_subscribers = False
        elif book.has_subscribers and (payload := book.update(now_ns // MS)):
            book.mark_sent(now_ns)
            yield Message(book.topic, payload)

    def trades(self, fills: Sequence[Fill], now_ms: int) -> Iterator[Message]:
        """Encode fills in order, at most 1024 a message."""
        for start in range(0, len(fills), _ROWS):
            part = fills[start : start + _ROWS]
            payload = self.fmt.message("publicTrade", "snapshot", now_ms, [self.trade(fill) for fill in part])
            yield Message(self.trade_topic, payload, (self.market.index, part[0].trade_id, part[-1].trade_id))

    def trade(self, fill: Fill) -> dict[str, object]:
        fmt, side = self.fmt, _SIDES[fill.aggressor]
        price, size, ts_ms = fmt.price(fill.price), fmt.size(fill.lots), fill.ts_ns // MS
        last = {"seq": self.market.book.update_id}
        if fmt.is_spot:
            row = {"i": self.trade_id(fill), "T": ts_ms, "p": price, "v": size, "S": side}
            return row | last | {"s": fmt.symbol, "BT": False, "RPI": False}
        row = {"T": ts_ms, "s": fmt.symbol, "S": side, "v": size, "p": price, "L": "ZeroPlusTick"}
        return row | {"i": self.trade_id(fill), "BT": False, "RPI": False} | last

    def trade_id(self, fill: Fill) -> str:
        """A UUID; on spot a number."""
        if self.fmt.is_spot:
            return str(2_290_000_000_000_000_000 + fill.trade_id)
        return str(uuid.uuid5(_IDS, f"{self.fmt.symbol}{fill.trade_id}"))

    def add_liquidation(self, fact: LiquidationOrder) -> None:
        """Queue a liquidation for the next half-second message."""
        self._liquidations.append(fact)

    def pulse(self, ts_ns: int, now_ns: int, wanted: Container[str]) -> Iterator[Message]:
        """The messages due every 100 ms: ticker, queued liquidations, repeats of an unchanged best bid and ask."""
        now_ms, ticker, touch = now_ns // MS, self.ticker, self.books[1]
        if ticker.topic not in wanted:
            ticker.has_subscribers = False
        elif ticker.has_subscribers and (payload := ticker.update(now_ms)):
            yield Message(ticker.topic, payload)
        if touch.topic in wanted and (payload := touch.repeat(now_ns, now_ms, _REPEAT_NS)):
            yield Message(touch.topic, payload)
        if self._liquidations and ts_ns % _LIQUIDATIONS_NS == 0:
            due, self._liquidations = self._liquidations, []
            if self._liquidation_topic in wanted:
                rows = [self._liquidation(fact) for fact in due]
                yield Message(self._liquidation_topic, self.fmt.message("allLiquidation", "snapshot", now_ms, rows))

    def _liquidation(self, fact: LiquidationOrder) -> dict[str, object]:
        """One liquidation row; the order's limit stands for the bankruptcy price."""
        fmt = self.fmt
        row: dict[str, object] = {"T": fact.ts_ns // MS, "s": fmt.symbol, "S": _POSITIONS[fact.side]}
        return row | {"v": fmt.size(fact.filled_lots), "p": fmt.price(fact.limit_price)}


class Wire:
    """The topics of all markets."""

    def __init__(self, wires: Iterable[MarketWire]) -> None:
        self._wires = {wire.market.index: wire for wire in wires}

    def messages(self, facts: Iterable[Fact], now_ns: int, wanted: Container[str]) -> Iterator[Message]:
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
                elif isinstance(fact, LiquidationOrder):
                    found.add_liquidation(fact)
        for index, rows in fills.items():
            yield from self._wires[index].trades(rows, now_ns // MS)
