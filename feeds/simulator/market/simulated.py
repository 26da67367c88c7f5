"""The base class of simulated markets, whether simulated order by order or once a second."""

from feeds.model.events import Side
from feeds.model.instrument import MarketKind
from feeds.simulator.market.book import Book
from feeds.simulator.market.derivatives import Perpetual
from feeds.simulator.market.draws import Draws
from feeds.simulator.market.facts import DepthChange, Fact, LiquidationOrder, Lots, Touch
from feeds.simulator.market.history import Day
from feeds.simulator.market.ledger import Ledger
from feeds.simulator.market.series import Series
from feeds.simulator.market.spec import SECOND, ListingSpec
from feeds.simulator.market.tape import Tape

_LIQUIDATION_LIMIT = 0.008
_LIQUIDATION_CLOSES = 0.8  # the rest passes to a counterparty that opens a position


class _Depth:
    """The prices changed since the last `DepthChange` of one interval."""

    def __init__(self, interval_ns: int, update_id: int) -> None:
        self.interval_ns = interval_ns
        self.previous_update_id = update_id
        self.first_update_id = 0
        self.bids: set[int] = set()
        self.asks: set[int] = set()


class SimulatedMarket:
    """One market: its `book`, its `tape` with ledger and history, and `perpetual` (None for spot).

    `opening` is the ledger at the start of live trading, after the warm-up. `positioning` in [-1, 1] is how one-sided
    the open positions are, positive for longs.
    """

    def __init__(
        self, index: int, spec: ListingSpec, tape: Tape, book: Book, draws: Draws, now_ns: int, compression: int
    ) -> None:
        self.index = index
        self.spec = spec
        self.tape = tape
        self.book = book
        self.opening: Ledger | None = None
        self.positioning = 0.0
        self._draws = draws
        self._frozen: Book | None = None
        self._last_touch = book.touch()
        self._depths = [_Depth(interval, book.update_id) for interval in spec.interval_ns]
        price = self.mid
        is_perp = spec.instrument.kind.is_perp
        interval_ns = spec.funding_hours * 3_600 * SECOND // compression
        self.perpetual = (
            Perpetual(price, price / (1.0 + spec.basis), spec.open_interest, now_ns, interval_ns) if is_perp else None
        )
        tape.day = self.day = Day.before(price / spec.tick, spec.day_usd / self.lot_usd, tape.turnover, draws)
        self.series = Series(draws, now_ns, spec.open_interest, price, self.day.volume / 288.0)

    @property
    def mid(self) -> float:
        """Mid price, quote per base coin."""
        return (self.book.bids.best + self.book.asks.best) * 0.5 * self.spec.tick

    @property
    def lot_usd(self) -> float:
        """The notional of one lot at the best bid, in quote currency."""
        return self.spec.notional(1, self.book.bids.best)

    @property
    def is_inverse(self) -> bool:
        """True where lots are contracts worth a fixed amount of quote currency."""
        return self.spec.instrument.kind is MarketKind.INVERSE

    @property
    def is_altcoin(self) -> bool:
        """True where the market updates once a second and has a few levels only."""
        return False

    @property
    def snapshot(self) -> Book:
        """The book that snapshot requests return: the current one, unless a fault froze it."""
        return self._frozen or self.book

    @property
    def is_frozen(self) -> bool:
        """True while `snapshot` is an outdated book."""
        return self._frozen is not None

    def freeze(self) -> None:
        """Return the current book for all snapshots until `thaw`."""
        self._frozen = self.book.copy()

    def thaw(self) -> None:
        """Return up-to-date snapshots again."""
        self._frozen = None

    def execute(self, ts_ns: int, side: Side, lots: int, limit: int, out: list[Fact]) -> list[Lots]:
        """Match one taker order up to `limit` ticks, with one to four fills a level, and append the facts to `out`."""
        fills = self.book.take(side, lots, limit)
        for price, filled in fills:
            for part in self._orders_of_level(filled):
                out += self.tape.record(ts_ns, price, part, side)
        if not self.spec.aggregate_ns:
            out += self.tape.close()
        if fills:
            self._emit_touch(ts_ns, out)
        return fills

    def _orders_of_level(self, lots: int) -> list[int]:
        parts: list[int] = []
        while lots > 2 and len(parts) < 3 and self._draws.chance(0.55):
            part = 1 + int((lots - 1) * self._draws.uniform() ** 2)
            parts.append(part)
            lots -= part
        return [*parts, lots] if lots else parts

    def liquidate(self, ts_ns: int, side: Side, usd: float, out: list[Fact]) -> float:
        """Execute a liquidation and append its facts to `out`. Returns the signed USD it traded, buys positive."""
        lots = max(int(usd / self.lot_usd), 1)
        sign = 1 if side is Side.BUY else -1
        limit = int(self.book.other(side).best * (1.0 + sign * _LIQUIDATION_LIMIT))
        fills = self.execute(ts_ns, side, lots, limit, out)
        filled = sum(size for _, size in fills)
        if not filled:
            return 0.0
        average = sum(price * size for price, size in fills) / filled
        out.append(LiquidationOrder(self.index, ts_ns, side, limit, lots, filled, fills[-1][1], average))
        self.tape.ledger.liquidation_orders += 1
        self.tape.ledger.liquidation_lots += filled
        self._open_positions(-_LIQUIDATION_CLOSES * filled)
        return sign * filled * self.lot_usd

    def _open_positions(self, lots: float) -> None:
        """Change open interest by `lots`, positive to open; it stays above a fifth of the initial one."""
        if self.perpetual is not None:
            low = 0.2 * self.spec.open_interest
            self.perpetual.open_interest = max(self.perpetual.open_interest + lots, low)

    def _emit_touch(self, ts_ns: int, out: list[Fact]) -> None:
        touch = self.book.touch()
        if touch != self._last_touch:
            self._last_touch = touch
            out.append(Touch(self.index, ts_ns, self.book.update_id, *touch))

    def emit_depth(self, now_ns: int, out: list[Fact]) -> None:
        """Collect this step's level changes, and append a `DepthChange` for each interval that ends now."""
        first_id = self.book.first_changed_id
        bids, asks = self.book.take_changes()
        for depth in self._depths:
            if bids or asks:
                depth.first_update_id = depth.first_update_id or first_id
                depth.bids |= bids
                depth.asks |= asks
            if depth.first_update_id and self._is_due(depth.interval_ns, now_ns):
                out.append(self._depth_change(depth, now_ns))

    def _is_due(self, interval_ns: int, now_ns: int) -> bool:
        return now_ns % interval_ns == 0

    def _depth_change(self, depth: _Depth, now_ns: int) -> DepthChange:
        book, first_id, previous_id = self.book, depth.first_update_id, depth.previous_update_id
        bids = tuple((price, book.bids.levels.get(price, 0)) for price in sorted(depth.bids, reverse=True))
        asks = tuple((price, book.asks.levels.get(price, 0)) for price in sorted(depth.asks))
        depth.previous_update_id, depth.first_update_id = book.update_id, 0
        depth.bids.clear()
        depth.asks.clear()
        return DepthChange(self.index, now_ns, depth.interval_ns, first_id, book.update_id, previous_id, bids, asks)

    def refine(self, factor: int) -> None:
        """Make the price step `factor` times finer; prices stay the same."""
        self.spec = self.spec.refined(factor)
        self.tape.refine(self.spec, factor)
        self.day.refine(factor)
        for book in (self.book, *([self._frozen] if self._frozen else [])):
            book.refine(factor)
        for depth in self._depths:
            depth.bids = {price * factor for price in depth.bids}
            depth.asks = {price * factor for price in depth.asks}
        self._last_touch = self.book.touch()

    def second(self, now_ns: int, index: float) -> None:
        """Update derived prices and statistics once a second. `index` is the price of the base's spot basket."""
        self.day.pass_second()
        if self.perpetual is not None:
            self.perpetual.second(now_ns, self.mid, index)
            self.series.second(
                now_ns, self.perpetual.open_interest, self.perpetual.mark, self.tape.ledger, self.positioning
            )
