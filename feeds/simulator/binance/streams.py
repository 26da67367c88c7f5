"""All Binance streams: those of one market, and the all-market ones."""

from collections.abc import Container, Iterable, Iterator, Sequence

from feeds.simulator.binance.tickers import Tickers
from feeds.simulator.binance.wire import MarketWire, text_of
from feeds.simulator.binance.wire_format import BOTH_FUTURES, topic
from feeds.simulator.dialect import Message
from feeds.simulator.market.facts import Fact, Pulse
from feeds.simulator.market.spec import MS, SECOND


class Streams:
    """The streams of every market, and the all-market streams."""

    def __init__(self, markets: Sequence[MarketWire]) -> None:
        self._markets = {wire.market.index: wire for wire in markets}
        self._perps = [(wire, wire.market.perpetual) for wire in markets if wire.market.perpetual is not None]
        self._tickers = Tickers(markets)

    def messages(self, facts: Iterable[Fact], now_ms: int, wanted: Container[str]) -> Iterator[Message]:
        for fact in facts:
            if not isinstance(fact, Pulse):
                if (wire := self._markets.get(fact.market)) is not None:
                    yield from wire.messages(fact, now_ms, wanted)
            elif fact.ts_ns % SECOND == 0:
                yield from self._force_orders(now_ms, wanted)
                yield from self._mark_prices(fact.ts_ns, wanted)
                yield from self._tickers.messages(fact.ts_ns, now_ms, wanted)

    def _force_orders(self, now_ms: int, wanted: Container[str]) -> Iterator[Message]:
        """The latest liquidation of each symbol within this second; the venue never publishes the earlier ones."""
        for wire, _ in self._perps:
            fact, wire.latest_liquidation = wire.latest_liquidation, None
            if fact is None:
                continue
            names = [wire.fmt.topic("forceOrder"), *(topic(kind, "!forceOrder@arr") for kind in BOTH_FUTURES)]
            for name in names:
                if name in wanted:
                    yield Message(name, text_of(wire.force_order(fact, now_ms)))

    def _mark_prices(self, ts_ns: int, wanted: Container[str]) -> Iterator[Message]:
        ts_ms = ts_ns // MS
        for speed in ("@1s", "") if ts_ns % (3 * SECOND) == 0 else ("@1s",):
            for wire, perpetual in self._perps:
                name = wire.fmt.topic(f"markPrice{speed}")
                if name in wanted:
                    yield Message(name, text_of(wire.mark_price(perpetual, ts_ms)))
            for kind in BOTH_FUTURES:
                name = topic(kind, f"!markPrice@arr{speed}")
                if name in wanted:
                    yield Message(name, text_of([wire.mark_price(perp, ts_ms) for wire, perp in self._perps]))
