"""One simulated market: a book, its makers and takers, its tape. Pure code, moved step by step by the `Simulation`."""

from __future__ import annotations

import math
from dataclasses import dataclass

from feeds.events import Side
from feeds.instrument import MarketKind
from feeds.simulator.aggression import Aggression, Arrivals
from feeds.simulator.derivatives import Perpetual
from feeds.simulator.draws import Draws
from feeds.simulator.facts import DepthChange, Fact, Forced, Lots, Touch
from feeds.simulator.ledger import Ledger
from feeds.simulator.maker import Maker
from feeds.simulator.spec import SECOND, MarketSpec
from feeds.simulator.tape import Tape

_SWEEP = 0.25
_FORCED_LIMIT = 0.008
_STRETCH = 1.0e-4
_STRETCH_S = 120.0


@dataclass(frozen=True, slots=True)
class Weather:
    """What a base brings to its markets for one step: fair price, takers' mood, activity, and a cascade's stress."""

    price: float
    mood: Aggression
    heat: float
    stress: float


class _Depth:
    """What has changed since the last event of one depth interval."""

    def __init__(self, interval_ns: int, update_id: int) -> None:
        self.interval_ns = interval_ns
        self.previous_update_id = update_id
        self.first_update_id = 0
        self.bids: set[int] = set()
        self.asks: set[int] = set()


class Market:
    """Truth of one market: `book`, `tape` with its ledger and history, and for a perpetual its `perpetual`.

    `opening` is the ledger when live trading began; everything before it was warm-up.
    """

    def __init__(self, index: int, spec: MarketSpec, tape: Tape, draws: Draws, price: float, now_ns: int) -> None:
        self.index = index
        self.spec = spec
        self.tape = tape
        self.opening: Ledger | None = None
        self._draws = draws
        self._fair = price
        self._stretch = 0.0
        self._maker = Maker(spec, draws, math.floor(price / spec.tick))
        self._arrivals = Arrivals(spec.orders_per_s, draws)
        self.book = self._maker.open_book()
        self._last_touch = self.book.touch()
        self._depths = [_Depth(interval, self.book.update_id) for interval in spec.interval_ns]
        self._patience = spec.patience_ticks
        is_perp = spec.instrument.kind.is_perp
        self.perpetual = Perpetual(price, price / (1.0 + spec.basis), spec.open_interest, now_ns) if is_perp else None

    @property
    def mid(self) -> float:
        """Middle of best bid and ask, quote per base coin."""
        return (self.book.bids.best + self.book.asks.best) * 0.5 * self.spec.tick

    @property
    def lot_usd(self) -> float:
        """What one lot is worth at the current price, in quote currency."""
        return self.spec.notional(1, self._maker.anchor)

    def step(self, now_ns: int, dt_ns: int, weather: Weather, out: list[Fact]) -> float:
        """Live through `dt_ns` up to `now_ns`. Returns the signed USD that takers pushed."""
        dt_s, since_ns, mood = dt_ns / SECOND, now_ns - dt_ns + 1, weather.mood
        lag = self.spec.lag_s
        target = weather.price * (1.0 + self.spec.basis + self._stretch)
        if self.perpetual is not None:
            self._stretch += -self._stretch * dt_s / _STRETCH_S
            self._stretch += _STRETCH * math.sqrt(2.0 * dt_s / _STRETCH_S) * self._draws.normal()
        self._fair += (target - self._fair) * (1.0 - math.exp(-dt_s / lag) if lag else 1.0)
        out += self.tape.close_due(since_ns)
        self._follow(since_ns, out)
        pushed = 0.0
        count = self._arrivals.count(weather.heat * mood.heat * (1.0 + 2.0 * weather.stress), dt_s)
        for moment in sorted(int(self._draws.uniform() * dt_ns) for _ in range(count)):
            pushed += self._take(since_ns + moment, mood, out)
        self._maker.step(self.book, now_ns, dt_s, weather.heat, weather.stress)
        self._tell_touch(now_ns, out)
        return pushed

    def _follow(self, now_ns: int, out: list[Fact]) -> None:
        """Move the anchor once the fair price is too far off: takers sweep some of it, makers withdraw the rest."""
        maker, draws, fair = self._maker, self._draws, self._fair / self.spec.tick
        gap = fair - maker.anchor - 0.5
        if abs(gap) < self._patience:
            return
        self._patience = self.spec.patience_ticks * draws.between(0.4, 1.6)
        maker.anchor = math.floor(fair)
        if draws.chance(_SWEEP):
            side = Side.BUY if gap > 0 else Side.SELL
            lots = int(draws.lognormal(self.spec.touch_lots * 0.8, 1.0)) + 1
            self.execute(now_ns, side, lots, maker.anchor if gap > 0 else maker.anchor + 1, out)
        maker.withdraw(self.book)
        self._tell_touch(now_ns, out)

    def _take(self, ts_ns: int, mood: Aggression, out: list[Fact]) -> float:
        draws, spec = self._draws, self.spec
        side = mood.side(draws)
        lots = max(int(draws.lognormal(spec.order_lots, spec.order_sigma)), 1)
        far = int(spec.patience_ticks * 3.0)
        best = self.book.other(side).best
        fills = self.execute(ts_ns, side, lots, best + far if side is Side.BUY else best - far, out)
        if fills and mood.absorbing not in (None, side):
            self._maker.reload(self.book, mood.absorbing, *fills[0])
            self._tell_touch(ts_ns, out)
        filled = sum(size for _, size in fills)
        return filled * self.lot_usd * (1.0 if side is Side.BUY else -1.0)

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
        if self.perpetual is not None:
            self.perpetual.open_interest = max(self.perpetual.open_interest - 0.8 * filled, filled)
        return sign * filled * self.lot_usd

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
            if now_ns % depth.interval_ns == 0 and depth.first_update_id:
                out.append(self._depth_change(depth, now_ns))

    def _depth_change(self, depth: _Depth, now_ns: int) -> DepthChange:
        book, first_id, previous_id = self.book, depth.first_update_id, depth.previous_update_id
        bids = tuple((price, book.bids.levels.get(price, 0)) for price in sorted(depth.bids, reverse=True))
        asks = tuple((price, book.asks.levels.get(price, 0)) for price in sorted(depth.asks))
        depth.previous_update_id, depth.first_update_id = book.update_id, 0
        depth.bids.clear()
        depth.asks.clear()
        return DepthChange(self.index, now_ns, depth.interval_ns, first_id, book.update_id, previous_id, bids, asks)

    def second(self, now_ns: int, index: float) -> None:
        """Once a second: derived prices, open interest, far levels. `index` is the spot basket of the base."""
        self._maker.prune(self.book)
        if self.perpetual is not None:
            self.perpetual.second(now_ns, self.mid, index)
            self.perpetual.open_interest *= 1.0 + 1.5e-5 * self._draws.normal()

    @property
    def is_inverse(self) -> bool:
        """True where lots are contracts of quote currency."""
        return self.spec.instrument.kind is MarketKind.INVERSE
