"""Altcoin markets: one per coin and venue, updated once a second, with a few levels of book around the price."""

import math
from collections.abc import Sequence

from feeds.model.events import Side
from feeds.simulator.market.book import Book, HalfBook
from feeds.simulator.market.draws import Draws
from feeds.simulator.market.facts import Fact
from feeds.simulator.market.ledger import Ledger
from feeds.simulator.market.simulated import SimulatedMarket
from feeds.simulator.market.spec import MS, SECOND, AltcoinBase, AltcoinSpec
from feeds.simulator.market.tape import Tape
from feeds.simulator.universe.sentiment import Sentiment

_LEVELS = 8
_TAPE_CAPACITY = 3_000
_PHASE_NS = 10 * MS


class AltcoinMarket(SimulatedMarket):
    """A market updated once a second, in its own 10 ms slot."""

    spec: AltcoinSpec

    def __init__(
        self, index: int, spec: AltcoinSpec, draws: Draws, sentiment: Sentiment, now_ns: int, compression: int = 1
    ) -> None:
        self.spec = spec
        self._sentiment = sentiment
        self._queued: list[tuple[Side, float]] = []
        self._stretch = sentiment.premium
        bid = round(self._target / spec.tick - spec.spread_ticks / 2)
        lots = max(int(spec.level_lots), 1)
        book = Book((bid, lots), (bid + spec.spread_ticks, lots), spec.first_update_id, lambda: 1)
        super().__init__(index, spec, Tape(index, spec, _TAPE_CAPACITY), book, draws, now_ns, compression)
        self.opening: Ledger | None = Ledger(spec.first_trade_id, spec.first_trade_id - 1, spec.first_aggregate_id - 1)
        self.positioning = sentiment.lean
        self._quote([])
        book.take_changes()
        self._last_touch = book.touch()
        if self.perpetual is not None:
            self.perpetual.second(now_ns, self.mid, sentiment.price)
            self.perpetual.premium = self._stretch + spec.basis

    @property
    def is_altcoin(self) -> bool:
        return True

    @property
    def _target(self) -> float:
        return self._sentiment.price * (1.0 + self.spec.basis + self._stretch)

    def queue_liquidation(self, side: Side, usd: float) -> None:
        """Queue a liquidation for the next second."""
        self._queued.append((side, usd))

    def step(self, now_ns: int, out: list[Fact]) -> None:
        """Simulate the second that ends at `now_ns`; appends the facts to `out`."""
        sentiment, draws = self._sentiment, self._draws
        self.positioning = sentiment.lean
        self._stretch += (sentiment.premium - self._stretch) / 30.0 + 3e-5 * draws.normal()
        self._trade(now_ns, out)
        queued, self._queued = self._queued, []
        for side, usd in queued:
            self.liquidate(now_ns, side, usd, out)
        self._quote(out)
        self._emit_touch(now_ns, out)
        self.emit_depth(now_ns, out)
        self.second(now_ns, sentiment.price)

    def _is_due(self, interval_ns: int, now_ns: int) -> bool:
        return True

    def _trade(self, now_ns: int, out: list[Fact]) -> None:
        """One to four trades a side, at the touch."""
        sentiment, draws = self._sentiment, self._draws
        usd = self.spec.day_usd / 86_400 * sentiment.heat * math.exp(0.9 * draws.normal())
        lots = usd / self.lot_usd
        bought = lots * (0.5 + 0.5 * sentiment.flow)
        (bid, _), (ask, _) = self.book.touch()
        at_ns = now_ns - SECOND + 1 + int(draws.uniform() * 0.5 * SECOND)
        for side, price, size in ((Side.BUY, ask, bought), (Side.SELL, bid, lots - bought)):
            whole = int(size + draws.uniform())
            if whole:
                for part in self._orders_of_level(whole):
                    out += self.tape.record(at_ns, price, part, side)
                out += self.tape.close()
                self._open_positions(whole * max(min(sentiment.opening_share, 1.0), -1.0))
            at_ns += int(draws.uniform() * 0.4 * SECOND)

    def _quote(self, out: list[Fact]) -> None:
        spec, book = self.spec, self.book
        bid = max(round(self._target / spec.tick - spec.spread_ticks / 2), 1)
        ask = bid + spec.spread_ticks
        asks_first = ask > book.asks.best
        for half in (book.asks, book.bids) if asks_first else (book.bids, book.asks):
            self._lay(half, ask if half is book.asks else bid)

    def _lay(self, half: HalfBook, best: int) -> None:
        spec, draws = self.spec, self._draws
        side = Side.BUY if half.sign > 0 else Side.SELL
        wanted = {best - half.sign * spec.spread_ticks * distance for distance in range(_LEVELS)}
        for price in sorted(wanted):
            if price > 0 and (price not in half.levels or draws.chance(0.4)):
                self.book.put(side, price, int(draws.lognormal(spec.level_lots, 0.9)) + 1)
        for price in [price for price in half.levels if price not in wanted]:
            self.book.put(side, price, 0)


class Universe:
    """All altcoin markets, staggered over the second so that their messages do not burst."""

    def __init__(
        self,
        seed: int,
        bases: Sequence[AltcoinBase],
        specs: Sequence[AltcoinSpec],
        first_index: int,
        now_ns: int,
        compression: int = 1,
    ) -> None:
        names = {spec.instrument.base for spec in specs}
        self._sentiments = {
            base.name: Sentiment(base, Draws(seed, 9, number), now_ns)
            for number, base in enumerate(bases)
            if base.name in names
        }
        self._draws = Draws(seed, 10)
        # fmt: off
        self.markets = tuple(
            AltcoinMarket(
                first_index + number, spec, Draws(seed, 11, number), self._sentiments[spec.instrument.base], now_ns,
                compression,
            )
            for number, spec in enumerate(specs)
        )
        # fmt: on
        self._phases: dict[int, list[AltcoinMarket]] = {}
        self._perps: dict[str, list[AltcoinMarket]] = {}
        for market in self.markets:
            self._phases.setdefault(market.spec.phase, []).append(market)
            if market.perpetual is not None:
                self._perps.setdefault(market.spec.instrument.base, []).append(market)
        self._anchor = 0.0

    def step(self, now_ns: int, anchor: float, out: list[Fact]) -> None:
        """Simulate one step of 10 ms. `anchor` is Bitcoin's price, which all altcoins follow."""
        phase = now_ns % SECOND // _PHASE_NS
        if phase == 0 and self._sentiments:
            self._move(now_ns, anchor)
        for market in self._phases.get(phase, ()):
            market.step(now_ns, out)

    def _move(self, now_ns: int, anchor: float) -> None:
        move = math.log(anchor / self._anchor) if self._anchor else 0.0
        self._anchor = anchor
        for name, sentiment in self._sentiments.items():
            for side, usd in sentiment.step(now_ns, move):
                self._liquidation_target(name).queue_liquidation(side, usd)

    def _liquidation_target(self, base: str) -> AltcoinMarket:
        """Draw the market of a liquidation, the larger ones more often."""
        markets = self._perps[base]
        return markets[int(self._draws.uniform() ** 2 * len(markets))]
