"""Binance's 24-hour tickers and the all-market book ticker."""

from collections.abc import Container, Iterator, Sequence

from feeds.model.instrument import MarketKind
from feeds.simulator.binance.wire import Fields, MarketWire, text_of
from feeds.simulator.binance.wire_format import BOTH_FUTURES, topic
from feeds.simulator.dialect import Message
from feeds.simulator.market.facts import Touch
from feeds.simulator.market.spec import SECOND

_DAY_MS = 86_400_000


class Day24:
    """The 24-hour statistics of one market, formatted. `turnover` is base coin on COIN-M, else quote."""

    def __init__(self, wire: MarketWire) -> None:
        market, fmt = wire.market, wire.fmt
        day, spec = market.day, market.spec
        self.open, self.close = fmt.price(day.open), fmt.price(day.close)
        self.high, self.low = fmt.price(day.high), fmt.price(day.low)
        self.change = fmt.price(day.close - day.open)
        self.percent = f"{100.0 * (day.close - day.open) / day.open:.3f}"
        lots = max(round(day.volume), 1)
        coins = spec.base_size(lots, day.close) / spec.instrument.multiplier
        money = spec.notional(lots, day.close) if fmt.kind is MarketKind.INVERSE else day.turnover
        self.average = f"{money / coins:.{fmt.price_decimals}f}"
        self.volume = fmt.size(lots)
        self.turnover = f"{day.turnover:.8f}" if fmt.kind is not MarketKind.LINEAR else f"{day.turnover:.2f}"
        self.trades = max(round(day.trades), 1)
        trades = market.tape.trades.rows
        self.last_size = fmt.size(trades[-1].lots if trades else 0)


class Tickers:
    """`!ticker@arr`, `!miniTicker@arr` (1 s), single tickers (2 s, also where COIN-M has 500 ms), `!bookTicker`."""

    def __init__(self, wires: Sequence[MarketWire]) -> None:
        self._wires = wires
        self._seen: dict[int, int] = {}

    def messages(self, ts_ns: int, now_ms: int, wanted: Container[str]) -> Iterator[Message]:
        """The ticker messages due at this whole second."""
        changed = [wire for wire in self._wires if self._is_new(wire)]
        for segments in ((MarketKind.SPOT,), BOTH_FUTURES):
            rows = [wire for wire in changed if wire.fmt.kind in segments]
            for segment in segments:
                for stream in ("!ticker@arr", "!miniTicker@arr"):
                    name = topic(segment, stream)
                    if name in wanted and rows and (stream == "!miniTicker@arr" or segment is not MarketKind.SPOT):
                        fields = _mini if "mini" in stream else _ticker
                        yield Message(name, text_of([fields(wire, now_ms) for wire in rows]))
        if ts_ns // SECOND % 2 == 0:
            yield from self._singles(now_ms, wanted)
        if ts_ns // SECOND % 5 == 0:
            yield from self._book_tickers(ts_ns, now_ms, wanted)

    def _is_new(self, wire: MarketWire) -> bool:
        trade_id = wire.market.tape.ledger.last_trade_id
        seen, self._seen[wire.market.index] = self._seen.get(wire.market.index), trade_id
        return seen != trade_id

    def _singles(self, now_ms: int, wanted: Container[str]) -> Iterator[Message]:
        for wire in self._wires:
            if (name := wire.fmt.topic("ticker")) in wanted:
                yield Message(name, text_of(_ticker(wire, now_ms)))
            if (name := wire.fmt.topic("miniTicker")) in wanted:
                yield Message(name, text_of(_mini(wire, now_ms)))

    def _book_tickers(self, ts_ns: int, now_ms: int, wanted: Container[str]) -> Iterator[Message]:
        for segment in BOTH_FUTURES:
            name = topic(segment, "!bookTicker")
            if name not in wanted:
                continue
            for wire in self._wires:
                if wire.fmt.kind in BOTH_FUTURES:
                    book = wire.market.book
                    touch = Touch(wire.market.index, ts_ns, book.update_id, *book.touch())
                    yield Message(name, text_of(wire.book_ticker(touch, now_ms)))


def _head(event: str, wire: MarketWire, now_ms: int) -> Fields:
    head: Fields = {"e": event, "E": now_ms, "s": wire.fmt.symbol}
    return head | ({"ps": wire.fmt.pair} if wire.fmt.kind is MarketKind.INVERSE else {})


def _tail(wire: MarketWire) -> Fields:
    return {} if wire.fmt.kind is MarketKind.SPOT else {"st": wire.fmt.system}


def _mini(wire: MarketWire, now_ms: int) -> Fields:
    day = Day24(wire)
    row = _head("24hrMiniTicker", wire, now_ms) | {"c": day.close, "o": day.open, "h": day.high, "l": day.low}
    return row | {"v": day.volume, "q": day.turnover} | _tail(wire)


def _ticker(wire: MarketWire, now_ms: int) -> Fields:
    day, last_id = Day24(wire), wire.market.tape.ledger.last_trade_id
    row = _head("24hrTicker", wire, now_ms) | {"p": day.change, "P": day.percent, "w": day.average, "c": day.close}
    row |= {"Q": day.last_size, "o": day.open, "h": day.high, "l": day.low, "v": day.volume, "q": day.turnover}
    row |= {"O": now_ms - _DAY_MS, "C": now_ms, "F": last_id - day.trades + 1, "L": last_id, "n": day.trades}
    return row | _tail(wire)
