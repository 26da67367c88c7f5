"""Encodes facts as messages: trades and quotes at once, books every 100 ms, prices and statistics at own intervals."""

from collections import deque
from collections.abc import Callable, Container, Iterable, Iterator

from feeds.simulator.dialect import Message
from feeds.simulator.market.derivatives import Perpetual
from feeds.simulator.market.facts import Aggregate, DepthChange, Fact, GridChanged, LiquidationOrder, Pulse, Touch
from feeds.simulator.market.spec import MS, SECOND
from feeds.simulator.okx.books import BooksWire
from feeds.simulator.okx.wire_format import Row, WireFormat, push, topic

_REMEMBERED = 3
LIQUIDATIONS = "liquidation-orders"
# channel: (check interval, longest silence while nothing changes) in ns
_BEATS = {
    "mark-price": (200 * MS, 10 * SECOND),
    "index-tickers": (100 * MS, 60 * SECOND),
    "open-interest": (3 * SECOND, 0),
    "funding-rate": (30 * SECOND, 0),
}


class MarketWire:
    """The channels of one market."""

    def __init__(self, fmt: WireFormat) -> None:
        self.fmt = fmt
        self.books = BooksWire(fmt)
        symbol = fmt.symbol
        self._trades, self._touch = topic("trades", symbol), topic("bbo-tbt", symbol)
        self._last_sent: dict[str, tuple[Row, int]] = {}

    def messages(self, fact: Fact, now_ns: int, wanted: Container[str]) -> Iterator[Message]:
        """Encode one fact for this market's channels in `wanted`."""
        fmt = self.fmt
        if isinstance(fact, Touch):
            if self._touch in wanted:
                yield Message(self._touch, self._quote(fact))
        elif isinstance(fact, Aggregate):
            if self._trades in wanted:
                ids = (fact.market, fact.first_trade_id, fact.last_trade_id)
                yield Message(self._trades, push("trades", fmt.symbol, [fmt.trade(fact)]), ids)
        elif isinstance(fact, DepthChange):
            yield from self._book(now_ns, wanted)

    def _quote(self, touch: Touch) -> str:
        row = {"asks": self.fmt.levels([touch.ask]), "bids": self.fmt.levels([touch.bid])}
        return push("bbo-tbt", self.fmt.symbol, [row | {"ts": str(touch.ts_ns // MS), "seqId": touch.update_id}])

    def _book(self, now_ns: int, wanted: Container[str]) -> Iterator[Message]:
        books = self.books
        if books.topic not in wanted:
            books.has_subscribers = False
        elif books.has_subscribers and (payload := books.update(now_ns)):
            yield Message(books.topic, payload)

    def update_grid(self) -> None:
        """Read the tick and lot size again, and convert the book last sent."""
        coarse = self.fmt.tick
        self.fmt.update_grid()
        self.books.refine(round(coarse / self.fmt.tick))

    def beat(self, ts_ns: int, now_ns: int, wanted: Container[str]) -> Iterator[Message]:
        """The messages due every 100 ms."""
        books = self.books
        if books.has_subscribers and books.topic in wanted and (payload := books.keep_alive(now_ns)):
            yield Message(books.topic, payload)
        for channel, (every_ns, silence_ns) in _BEATS.items():
            name = self.name_of(channel)
            if ts_ns % every_ns == 0 and topic(channel, name) in wanted:
                row = self._row(channel, now_ns)
                if row is not None and self._should_send(channel, row, now_ns, silence_ns):
                    yield Message(topic(channel, name), push(channel, name, [row]))

    def first(self, channel: str, now_ns: int) -> str | None:
        """The first message of a subscription; None where the channel has none."""
        match channel:
            case "books":
                return self.books.snapshot(now_ns)
            case "bbo-tbt":
                book = self.fmt.market.book
                return self._quote(Touch(self.fmt.market.index, now_ns, book.update_id, *book.touch()))
        row = self._row(channel, now_ns)
        return push(channel, self.name_of(channel), [row]) if row is not None else None

    def name_of(self, channel: str) -> str:
        """The name a subscription to this channel uses: instrument or index."""
        return self.fmt.index if channel == "index-tickers" else self.fmt.symbol

    def _row(self, channel: str, now_ns: int) -> Row | None:
        fmt, perpetual = self.fmt, self.fmt.market.perpetual
        rows: dict[str, Callable[[Perpetual, int], Row]] = {
            "mark-price": fmt.mark_price,
            "index-tickers": fmt.index_ticker,
            "open-interest": fmt.open_interest,
            "funding-rate": fmt.funding,
        }
        if perpetual is None or channel not in rows:
            return None
        return rows[channel](perpetual, now_ns // MS)

    def _should_send(self, channel: str, row: Row, now_ns: int, silence_ns: int) -> bool:
        last, sent_ns = self._last_sent.get(channel, ({}, 0))
        if now_ns - sent_ns < silence_ns and {**last, "ts": ""} == {**row, "ts": ""}:
            return False
        self._last_sent[channel] = row, now_ns
        return True


class Wire:
    """The channels of all markets, and those that cover a whole type of instrument."""

    def __init__(self, wires: Iterable[MarketWire]) -> None:
        self._wires = {wire.fmt.market.index: wire for wire in wires}
        self._recent_liquidations: deque[Row] = deque(maxlen=_REMEMBERED)

    def messages(self, facts: Iterable[Fact], now_ns: int, wanted: Container[str]) -> Iterator[Message]:
        for fact in facts:
            if isinstance(fact, Pulse):
                for wire in self._wires.values():
                    yield from wire.beat(fact.ts_ns, now_ns, wanted)
            elif (found := self._wires.get(fact.market)) is None:
                continue
            elif isinstance(fact, LiquidationOrder):
                yield from self._liquidations(found.fmt, fact, wanted)
            elif isinstance(fact, GridChanged):
                found.update_grid()
                yield from self._list(found.fmt, wanted)
            else:
                yield from found.messages(fact, now_ns, wanted)

    def first(self, channel: str, kind: str) -> str | None:
        """The first message of a market-wide channel: recent liquidations, as on the venue; else None."""
        if channel != LIQUIDATIONS or kind != "SWAP" or not self._recent_liquidations:
            return None
        return push(LIQUIDATIONS, kind, list(self._recent_liquidations), by="instType")

    def _liquidations(self, fmt: WireFormat, fact: LiquidationOrder, wanted: Container[str]) -> Iterator[Message]:
        row, name = fmt.liquidation(fact), topic(LIQUIDATIONS, fmt.type)
        self._recent_liquidations.append(row)
        if name in wanted:
            yield Message(name, push(LIQUIDATIONS, fmt.type, [row], by="instType"))

    def _list(self, fmt: WireFormat, wanted: Container[str]) -> Iterator[Message]:
        name = topic("instruments", fmt.type)
        if name in wanted:
            yield Message(name, push("instruments", fmt.type, [fmt.listing()], by="instType"))
