"""Encodes facts as stream payloads, with the venue's state: liquidation throttle, closing kline, partial books."""

from collections.abc import Container, Iterator, Sequence
from typing import Any

import msgspec

from feeds.model.events import Side
from feeds.model.instrument import MarketKind
from feeds.simulator.binance.wire_format import BOTH_FUTURES, WireFormat, topic
from feeds.simulator.dialect import Message
from feeds.simulator.market.derivatives import Perpetual
from feeds.simulator.market.facts import Aggregate, DepthChange, Fact, Fill, GridChanged, LiquidationOrder, Touch
from feeds.simulator.market.history import MINUTE, MinuteBar
from feeds.simulator.market.simulated import SimulatedMarket
from feeds.simulator.market.spec import MS

Fields = dict[str, Any]
_encode = msgspec.json.Encoder().encode


def text_of(fields: Fields | list[Fields]) -> str:
    """Encode a payload as JSON."""
    return _encode(fields).decode()


class MarketWire:
    """The streams of one market."""

    def __init__(self, market: SimulatedMarket, fmt: WireFormat) -> None:
        self.market = market
        self.fmt = fmt
        self.latest_liquidation: LiquidationOrder | None = None
        self._is_spot = fmt.kind is MarketKind.SPOT
        self._bar_open_ns = 0
        self._partial_update_id = market.book.update_id
        self._trade, self._aggregate = fmt.topic("trade"), fmt.topic("aggTrade")
        self._touch, self._kline = fmt.topic("bookTicker"), fmt.topic("kline_1m")

    def messages(self, fact: Fact, now_ms: int, wanted: Container[str]) -> Iterator[Message]:
        """Encode one fact for this market's streams in `wanted`. `now_ms` is the event time `E`."""
        if isinstance(fact, Touch):
            if self._touch in wanted:
                yield Message(self._touch, text_of(self.book_ticker(fact, now_ms)))
        elif isinstance(fact, Fill):
            if self._trade in wanted:
                ids = (fact.market, fact.trade_id, fact.trade_id)
                yield Message(self._trade, text_of(self._trade_fields(fact, now_ms)), ids)
        elif isinstance(fact, Aggregate):
            if self._aggregate in wanted:
                ids = (fact.market, fact.first_trade_id, fact.last_trade_id)
                yield Message(self._aggregate, text_of(self._aggregate_fields(fact, now_ms)), ids)
        elif isinstance(fact, DepthChange):
            yield from self._depth(fact, now_ms, wanted)
        elif isinstance(fact, LiquidationOrder):
            self.latest_liquidation = fact
        elif isinstance(fact, GridChanged):
            self.fmt.update_grid()
            yield from self._contract_info(now_ms, wanted)

    def _contract_info(self, now_ms: int, wanted: Container[str]) -> Iterator[Message]:
        if self._is_spot:
            return
        fmt = self.fmt
        fields: Fields = {"e": "contractInfo", "E": now_ms, "s": fmt.symbol, "ps": fmt.pair, "ct": "PERPETUAL"}
        fields |= {"dt": 4_133_404_800_000, "ot": 1_569_398_400_000, "cs": "TRADING", "st": fmt.system}
        for kind in BOTH_FUTURES:
            if (name := topic(kind, "!contractInfo")) in wanted:
                yield Message(name, text_of(fields))

    def _trade_fields(self, fill: Fill, now_ms: int) -> Fields:
        fmt, sold = self.fmt, fill.aggressor is Side.SELL
        price, size, ts_ms = fmt.price(fill.price), fmt.size(fill.lots), fill.ts_ns // MS
        fields: Fields = {"e": "trade", "E": now_ms}
        if self._is_spot:
            what = {"s": fmt.symbol, "t": fill.trade_id, "p": price, "q": size, "T": ts_ms, "m": sold, "M": True}
            return fields | what
        what = {"s": fmt.symbol, "t": fill.trade_id, "p": price, "q": size, "X": "MARKET", "m": sold}
        return fields | {"T": ts_ms} | what

    def _aggregate_fields(self, fact: Aggregate, now_ms: int) -> Fields:
        fmt = self.fmt
        row = {"e": "aggTrade", "E": now_ms, "s": fmt.symbol} if self._is_spot else {"e": "aggTrade", "E": now_ms}
        row |= aggregate_row(fmt, fact)
        if self._is_spot:
            return row | {"M": True}
        return row | {"s": fmt.symbol, "st": fmt.system}

    def book_ticker(self, fact: Touch, now_ms: int) -> Fields:
        fmt = self.fmt
        (bid, bid_lots), (ask, ask_lots) = fact.bid, fact.ask
        prices = {"b": fmt.price(bid), "B": fmt.size(bid_lots), "a": fmt.price(ask), "A": fmt.size(ask_lots)}
        if self._is_spot:
            return {"u": fact.update_id, "s": fmt.symbol, **prices}
        head = {"e": "bookTicker", "u": fact.update_id, "s": fmt.symbol, "ps": fmt.pair}
        return head | prices | {"T": fact.ts_ns // MS, "E": now_ms, "st": fmt.system}

    def _depth(self, fact: DepthChange, now_ms: int, wanted: Container[str]) -> Iterator[Message]:
        speed = self.fmt.speeds.get(fact.interval_ns)
        if speed is None:
            return
        name = self.fmt.topic(f"depth{speed}")
        if name in wanted:
            ids = (fact.first_update_id, fact.update_id, fact.previous_update_id)
            yield Message(name, text_of(self._depth_fields(fact.ts_ns // MS, now_ms, ids, fact.bids, fact.asks)))
        for count in (5, 10, 20):
            name = self.fmt.topic(f"depth{count}{speed}")
            if name in wanted and speed != "@0ms":
                yield Message(name, text_of(self._partial(count, fact.ts_ns // MS, now_ms)))
        if fact.interval_ns == self.fmt.bar_interval_ns and self._kline in wanted:
            yield from self._klines(now_ms)

    def _depth_fields(
        self,
        ts_ms: int,
        now_ms: int,
        ids: tuple[int, int, int],
        bids: Sequence[tuple[int, int]],
        asks: Sequence[tuple[int, int]],
    ) -> Fields:
        fmt, (first_id, last_id, previous_id) = self.fmt, ids
        sides = {"b": fmt.levels(tuple(bids)), "a": fmt.levels(tuple(asks))}
        if self._is_spot:
            return {"e": "depthUpdate", "E": now_ms, "s": fmt.symbol, "U": first_id, "u": last_id, **sides}
        head = {"e": "depthUpdate", "E": now_ms, "T": ts_ms, "s": fmt.symbol, "ps": fmt.pair}
        return head | {"U": first_id, "u": last_id, "pu": previous_id} | sides | {"st": fmt.system}

    def _partial(self, count: int, ts_ms: int, now_ms: int) -> Fields:
        book = self.market.book
        bids, asks = book.bids.top(count), book.asks.top(count)
        if self._is_spot:
            levels = {"bids": self.fmt.levels(bids), "asks": self.fmt.levels(asks)}
            return {"lastUpdateId": book.update_id, **levels}
        previous_id, self._partial_update_id = self._partial_update_id, book.update_id
        ids = (min(previous_id + 1, book.update_id), book.update_id, previous_id)
        return self._depth_fields(ts_ms, now_ms, ids, bids, asks)

    def _klines(self, now_ms: int) -> Iterator[Message]:
        bars = self.market.tape.bars.rows[-2:]
        for bar in bars:
            closed = bar is not bars[-1]
            if closed and bar.open_ns != self._bar_open_ns:
                continue
            yield Message(self._kline, text_of(self._kline_fields(bar, now_ms, closed)))
        if bars:
            self._bar_open_ns = bars[-1].open_ns

    def _kline_fields(self, bar: MinuteBar, now_ms: int, closed: bool) -> Fields:
        fmt = self.fmt
        open_ms, *values, close_ms, turnover, trades, buy, buy_turnover, _ = kline_row(fmt, bar, MINUTE)
        o, h, low, c, v = values
        k = {"t": open_ms, "T": close_ms, "s": fmt.symbol, "i": "1m", "f": bar.first_trade_id, "L": bar.last_trade_id}
        k |= {"o": o, "c": c, "h": h, "l": low, "v": v, "n": trades, "x": closed}
        k |= {"q": turnover, "V": buy, "Q": buy_turnover, "B": "0"}
        return {"e": "kline", "E": now_ms, "s": fmt.symbol, "k": k}

    def mark_price(self, perpetual: Perpetual, now_ms: int) -> Fields:
        """The fields of one `markPriceUpdate`; COIN-M has no average mark price `ap`."""
        fmt = self.fmt
        fields: Fields = {"e": "markPriceUpdate", "E": now_ms, "s": fmt.symbol, "p": fmt.money(perpetual.mark)}
        if fmt.kind is MarketKind.LINEAR:
            fields["ap"] = fmt.money(perpetual.average_mark)
        fields |= {"P": fmt.money(perpetual.settle), "i": fmt.money(perpetual.index), "r": f"{perpetual.rate:.8f}"}
        return fields | {"T": perpetual.next_funding_ns // MS, "st": self.fmt.system}

    def force_order(self, fact: LiquidationOrder, now_ms: int) -> Fields:
        fmt = self.fmt
        order: Fields = {"s": fmt.symbol}
        if fmt.kind is MarketKind.INVERSE:
            order["ps"] = fmt.pair
        order |= {"S": fact.side.name, "o": "LIMIT", "f": "IOC", "q": fmt.size(fact.lots)}
        order |= {"p": fmt.price(fact.limit_price), "ap": fmt.price(fact.average_price), "X": _state(fact)}
        order |= {"l": fmt.size(fact.last_lots), "z": fmt.size(fact.filled_lots), "T": fact.ts_ns // MS}
        return {"e": "forceOrder", "E": now_ms, "o": order}


def _state(fact: LiquidationOrder) -> str:
    return "FILLED" if fact.filled_lots == fact.lots else "PARTIALLY_FILLED"


def aggregate_row(fmt: WireFormat, fact: Aggregate) -> Fields:
    """The aggregate trade fields common to stream and REST."""
    size = fmt.size(fact.lots)
    row: Fields = {"a": fact.aggregate_id, "p": fmt.price(fact.price), "q": size}
    if fmt.kind is MarketKind.LINEAR:
        row["nq"] = size
    row |= {"f": fact.first_trade_id, "l": fact.last_trade_id, "T": fact.ts_ns // MS}
    return row | {"m": fact.aggressor is Side.SELL}


def kline_row(fmt: WireFormat, bar: MinuteBar, length_ns: int) -> list[Any]:
    """One REST kline: `[openTime, o, h, l, c, volume, closeTime, turnover, trades, buyVolume, buyTurnover, "0"]`."""
    prices = [fmt.price(ticks) for ticks in (bar.open, bar.high, bar.low, bar.close)]
    open_ms = bar.open_ns // MS
    end = [open_ms + length_ns // MS - 1, f"{bar.turnover:.8f}", bar.trades]
    buys = [fmt.size(bar.buy_volume), f"{bar.buy_turnover:.8f}", "0"]
    return [open_ms, *prices, fmt.size(bar.volume), *end, *buys]
