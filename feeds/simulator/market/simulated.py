"""What every listed market has, whether it is simulated order by order or once a second."""

from __future__ import annotations

from feeds.model.events import Side
from feeds.model.instrument import MarketKind
from feeds.simulator.market.book import Book
from feeds.simulator.market.derivatives import Perpetual
from feeds.simulator.market.draws import Draws
from feeds.simulator.market.facts import DepthChange, Fact, Forced, Lots, Touch
from feeds.simulator.market.history import Day
from feeds.simulator.market.ledger import Ledger
from feeds.simulator.market.series import Series
from feeds.simulator.market.spec import SECOND, ListingSpec
from feeds.simulator.market.tape import Tape

_FORCED_LIMIT = 0.008
_FORCED_CLOSES = 0.8  # the rest of a forced order is taken over by somebody who had no position


class _Depth:
    """What has changed since the last event of one depth interval."""

    def __init__(self, interval_ns: int, update_id: int) -> None:
        self.interval_ns = interval_ns
        self.previous_update_id = update_id
        self.first_update_id = 0
        self.bids: set[int] = set()
        self.asks: set[int] = set()


class Listed:
    """Truth of one market: `book`, `tape` with its ledger and history, and for a perpetual its `perpetual`.

    `opening` is the ledger when live trading began; everything before it was warm-up. `crowd` in [-1, 1] says how
    one-sided its positions are, longs positive. `snapshot` is the book that a request for a snapshot gets.
    """

    def __init__(
        self, index: int, spec: ListingSpec, tape: Tape, book: Book, draws: Draws, now_ns: int, compression: int
    ) -> None:
        self.index = index
        self.spec = spec
        self.tape = tape
        self.book = book
        self.opening: Ledger | None = None
        self.crowd = 0.0
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
        """Middle of best bid and ask, quote per base coin."""
        return (self.book.bids.best + self.book.asks.best) * 0.5 * self.spec.tick

    @property
    def lot_usd(self) -> float:
        """What one lot is worth at the current price, in quote currency."""
        return self.spec.notional(1, self.book.bids.best)

    @property
    def is_inverse(self) -> bool:
        """True where lots are contracts of quote currency."""
        return self.spec.instrument.kind is MarketKind.INVERSE

    @property
    def is_light(self) -> bool:
        """True where the market moves once a second and has only a few levels."""
        return False

    @property
    def snapshot(self) -> Book:
        """The book as a snapshot shows it: the true one, unless a fault has made snapshots old."""
        return self._frozen or self.book

    @property
    def is_frozen(self) -> bool:
        """True while `snapshot` is an old one."""
        return self._frozen is not None

    def freeze(self) -> None:
        """Keep showing the present book as the snapshot."""
        self._frozen = self.book.copy()

    def thaw(self) -> None:
        """Show the true book again."""
        self._frozen = None

    def execute(self, ts_ns: int, side: Side, lots: int, limit: int, out: list[Fact]) -> list[Lots]:
        """Send one taker order through the book; each level is met by one to four resting orders."""
        fills = self.book.take(side, lots, limit)
        for price, filled in fills:
            for part in self._orders_of_level(filled):
                out += self.tape.record(ts_ns, price, part, side)
        if not self.spec.aggregate_ns:
            out += self.tape.close()
        if fills:
            self._tell_touch(ts_ns, out)
        return fills

    def _orders_of_level(self, lots: int) -> list[int]:
        parts: list[int] = []
        while lots > 2 and len(parts) < 3 and self._draws.chance(0.55):
            part = 1 + int((lots - 1) * self._draws.uniform() ** 2)
            parts.append(part)
            lots -= part
        return [*parts, lots] if lots else parts

    def liquidate(self, ts_ns: int, side: Side, usd: float, out: list[Fact]) -> float:
        """Send a forced order through the book and tell of it. Returns the signed USD that it pushed."""
        lots = max(int(usd / self.lot_usd), 1)
        sign = 1 if side is Side.BUY else -1
        limit = int(self.book.other(side).best * (1.0 + sign * _FORCED_LIMIT))
        fills = self.execute(ts_ns, side, lots, limit, out)
        filled = sum(size for _, size in fills)
        if not filled:
            return 0.0
        average = sum(price * size for price, size in fills) / filled
        out.append(Forced(self.index, ts_ns, side, limit, lots, filled, fills[-1][1], average))
        self.tape.ledger.forced_orders += 1
        self.tape.ledger.forced_lots += filled
        self._open_positions(-_FORCED_CLOSES * filled)
        return sign * filled * self.lot_usd

    def _open_positions(self, lots: float) -> None:
        """Open (or close, negative) positions of so many lots; never more than were just traded."""
        if self.perpetual is not None:
            low = 0.2 * self.spec.open_interest
            self.perpetual.open_interest = max(self.perpetual.open_interest + lots, low)

    def _tell_touch(self, ts_ns: int, out: list[Fact]) -> None:
        touch = self.book.touch()
        if touch != self._last_touch:
            self._last_touch = touch
            out.append(Touch(self.index, ts_ns, self.book.update_id, *touch))

    def cut_depth(self, now_ns: int, out: list[Fact]) -> None:
        """Hand this step's level changes to every depth interval and tell of those that end now."""
        first_id = self.book.first_changed_id
        bids, asks = self.book.cut()
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
        """Make the price step `factor` times finer: the same prices, in more ticks."""
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
        """Once a second: derived prices and statistics. `index` is the spot basket of the base."""
        self.day.pass_second()
        if self.perpetual is not None:
            self.perpetual.second(now_ns, self.mid, index)
            self.series.second(now_ns, self.perpetual.open_interest, self.perpetual.mark, self.tape.ledger, self.crowd)
