"""Facts into stream payloads. Stateful where the venue is: liquidation throttle, closing kline, partial books."""

from __future__ import annotations

from collections.abc import Container, Iterator, Sequence
from typing import Any

import msgspec

from feeds.model.events import Side
from feeds.model.instrument import MarketKind
from feeds.simulator.binance.wire_format import BOTH_FUTURES, Words, topic
from feeds.simulator.dialect import Message
from feeds.simulator.market.derivatives import Perpetual
from feeds.simulator.market.facts import Aggregate, DepthChange, Fact, Fill, Forced, Relisted, Touch
from feeds.simulator.market.history import MINUTE, MinuteBar
from feeds.simulator.market.simulated import Listed
from feeds.simulator.market.spec import MS

Fields = dict[str, Any]
_encode = msgspec.json.Encoder().encode


def text_of(fields: Fields | list[Fields]) -> str:
    """A payload as JSON."""
    return _encode(fields).decode()


class MarketWire:
    """The streams of one market."""

    def __init__(self, market: Listed, words: Words) -> None:
        self.market = market
        self.words = words
        self.latest_forced: Forced | None = None
        self._is_spot = words.kind is MarketKind.SPOT
        self._bar_open_ns = 0
        self._partial_update_id = market.book.update_id
        self._trade, self._aggregate = words.topic("trade"), words.topic("aggTrade")
        self._touch, self._kline = words.topic("bookTicker"), words.topic("kline_1m")

    def messages(self, fact: Fact, now_ms: int, wanted: Container[str]) -> Iterator[Message]:
        """What this market's streams say about one of its facts. `now_ms` is the push time `E`."""
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
        elif isinstance(fact, Forced):
            self.latest_forced = fact
        elif isinstance(fact, Relisted):
            self.words.regrid()
            yield from self._contract_info(now_ms, wanted)

    def _contract_info(self, now_ms: int, wanted: Container[str]) -> Iterator[Message]:
        if self._is_spot:
            return
        words = self.words
        fields: Fields = {"e": "contractInfo", "E": now_ms, "s": words.symbol, "ps": words.pair, "ct": "PERPETUAL"}
        fields |= {"dt": 4_133_404_800_000, "ot": 1_569_398_400_000, "cs": "TRADING", "st": words.system}
        for kind in BOTH_FUTURES:
            if (name := topic(kind, "!contractInfo")) in wanted:
                yield Message(name, text_of(fields))

    def _trade_fields(self, fill: Fill, now_ms: int) -> Fields:
        words, sold = self.words, fill.aggressor is Side.SELL
        price, size, ts_ms = words.price(fill.price), words.size(fill.lots), fill.ts_ns // MS
        fields: Fields = {"e": "trade", "E": now_ms}
        if self._is_spot:
            what = {"s": words.symbol, "t": fill.trade_id, "p": price, "q": size, "T": ts_ms, "m": sold, "M": True}
            return fields | what
        what = {"s": words.symbol, "t": fill.trade_id, "p": price, "q": size, "X": "MARKET", "m": sold}
        return fields | {"T": ts_ms} | what

    def _aggregate_fields(self, fact: Aggregate, now_ms: int) -> Fields:
        words = self.words
        row = {"e": "aggTrade", "E": now_ms, "s": words.symbol} if self._is_spot else {"e": "aggTrade", "E": now_ms}
        row |= aggregate_row(words, fact)
        if self._is_spot:
            return row | {"M": True}
        return row | {"s": words.symbol, "st": words.system}

    def book_ticker(self, fact: Touch, now_ms: int) -> Fields:
        """The fields of one `bookTicker`."""
        words = self.words
        (bid, bid_lots), (ask, ask_lots) = fact.bid, fact.ask
        prices = {"b": words.price(bid), "B": words.size(bid_lots), "a": words.price(ask), "A": words.size(ask_lots)}
        if self._is_spot:
            return {"u": fact.update_id, "s": words.symbol, **prices}
        head = {"e": "bookTicker", "u": fact.update_id, "s": words.symbol, "ps": words.pair}
        return head | prices | {"T": fact.ts_ns // MS, "E": now_ms, "st": words.system}

    def _depth(self, fact: DepthChange, now_ms: int, wanted: Container[str]) -> Iterator[Message]:
        speed = self.words.speeds.get(fact.interval_ns)
        if speed is None:
            return
        name = self.words.topic(f"depth{speed}")
        if name in wanted:
            ids = (fact.first_update_id, fact.update_id, fact.previous_update_id)
            yield Message(name, text_of(self._depth_fields(fact.ts_ns // MS, now_ms, ids, fact.bids, fact.asks)))
        for count in (5, 10, 20):
            name = self.words.topic(f"depth{count}{speed}")
            if name in wanted and speed != "@0ms":
                yield Message(name, text_of(self._partial(count, fact.ts_ns // MS, now_ms)))
        if fact.interval_ns == self.words.bar_interval_ns and self._kline in wanted:
            yield from self._klines(now_ms)

    def _depth_fields(
        self,
        ts_ms: int,
        now_ms: int,
        ids: tuple[int, int, int],
        bids: Sequence[tuple[int, int]],
        asks: Sequence[tuple[int, int]],
    ) -> Fields:
        words, (first_id, last_id, previous_id) = self.words, ids
        sides = {"b": words.levels(tuple(bids)), "a": words.levels(tuple(asks))}
        if self._is_spot:
            return {"e": "depthUpdate", "E": now_ms, "s": words.symbol, "U": first_id, "u": last_id, **sides}
        head = {"e": "depthUpdate", "E": now_ms, "T": ts_ms, "s": words.symbol, "ps": words.pair}
        return head | {"U": first_id, "u": last_id, "pu": previous_id} | sides | {"st": words.system}

    def _partial(self, count: int, ts_ms: int, now_ms: int) -> Fields:
        book = self.market.book
        bids, asks = book.bids.top(count), book.asks.top(count)
        if self._is_spot:
            levels = {"bids": self.words.levels(bids), "asks": self.words.levels(asks)}
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
        words = self.words
        open_ms, *values, close_ms, turnover, trades, buy, buy_turnover, _ = kline_row(words, bar, MINUTE)
        o, h, low, c, v = values
        k = {"t": open_ms, "T": close_ms, "s": words.symbol, "i": "1m", "f": bar.first_trade_id, "L": bar.last_trade_id}
        k |= {"o": o, "c": c, "h": h, "l": low, "v": v, "n": trades, "x": closed}
        k |= {"q": turnover, "V": buy, "Q": buy_turnover, "B": "0"}
        return {"e": "kline", "E": now_ms, "s": words.symbol, "k": k}

    def mark_price(self, perpetual: Perpetual, now_ms: int) -> Fields:
        """The fields of one `markPriceUpdate`; COIN-M has no average mark `ap`."""
        words = self.words
        fields: Fields = {"e": "markPriceUpdate", "E": now_ms, "s": words.symbol, "p": words.money(perpetual.mark)}
        if words.kind is MarketKind.LINEAR:
            fields["ap"] = words.money(perpetual.average_mark)
        fields |= {"P": words.money(perpetual.settle), "i": words.money(perpetual.index), "r": f"{perpetual.rate:.8f}"}
        return fields | {"T": perpetual.next_funding_ns // MS, "st": self.words.system}

    def force_order(self, fact: Forced, now_ms: int) -> Fields:
        """The fields of one `forceOrder`."""
        words = self.words
        order: Fields = {"s": words.symbol}
        if words.kind is MarketKind.INVERSE:
            order["ps"] = words.pair
        order |= {"S": fact.side.name, "o": "LIMIT", "f": "IOC", "q": words.size(fact.lots)}
        order |= {"p": words.price(fact.limit_price), "ap": words.price(fact.average_price), "X": _state(fact)}
        order |= {"l": words.size(fact.last_lots), "z": words.size(fact.filled_lots), "T": fact.ts_ns // MS}
        return {"e": "forceOrder", "E": now_ms, "o": order}


def _state(fact: Forced) -> str:
    return "FILLED" if fact.filled_lots == fact.lots else "PARTIALLY_FILLED"


def aggregate_row(words: Words, fact: Aggregate) -> Fields:
    """The fields that the stream and REST share."""
    size = words.size(fact.lots)
    row: Fields = {"a": fact.aggregate_id, "p": words.price(fact.price), "q": size}
    if words.kind is MarketKind.LINEAR:
        row["nq"] = size
    row |= {"f": fact.first_trade_id, "l": fact.last_trade_id, "T": fact.ts_ns // MS}
    return row | {"m": fact.aggressor is Side.SELL}


def kline_row(words: Words, bar: MinuteBar, length_ns: int) -> list[Any]:
    """One REST kline: `[openTime, o, h, l, c, volume, closeTime, turnover, trades, buyVolume, buyTurnover, "0"]`."""
    prices = [words.price(ticks) for ticks in (bar.open, bar.high, bar.low, bar.close)]
    open_ms = bar.open_ns // MS
    end = [open_ms + length_ns // MS - 1, f"{bar.turnover:.8f}", bar.trades]
    buys = [words.size(bar.buy_volume), f"{bar.buy_turnover:.8f}", "0"]
    return [open_ms, *prices, words.size(bar.volume), *end, *buys]
