"""Resting orders of one market: levels around an anchor price, round-number walls, spoofed walls, and refills.

Levels are resampled: a random level near the anchor is present with the market's density, else absent. Adds, cancels
and the shape of the book all follow from that one rule, wherever the price goes.
"""

from feeds.model.events import Side
from feeds.simulator.market.book import Book
from feeds.simulator.market.draws import Draws
from feeds.simulator.market.spec import SECOND, MarketSpec

_SIDES = (Side.BUY, Side.SELL)
_SPOOF_EVERY_S = 14.0
_PRUNE = 60


class Maker:
    """The makers of one market. `anchor` is the target tick of the best bid, one below the best ask.

    `spoofs` are walls that are to be cancelled, by side and price, and until when they stand in ns.
    """

    def __init__(self, spec: MarketSpec, draws: Draws, anchor: int) -> None:
        self._spec = spec
        self._draws = draws
        self.anchor = anchor
        self._due = 0.0
        self.spoofs: dict[tuple[Side, int], int] = {}
        self._next_spoof_ns = 0

    def open_book(self) -> Book:
        """A full book around the anchor."""
        spec, draws = self._spec, self._draws
        step = (lambda: 1 + int(draws.uniform() * spec.id_jump)) if spec.id_jump > 1 else (lambda: 1)
        touch = max(int(spec.touch_lots), 1)
        book = Book((self.anchor, touch), (self.anchor + 1, touch), spec.first_update_id, step)
        for side in _SIDES:
            for distance in range(1, spec.reach_ticks):
                if draws.chance(spec.density):
                    price = self._price(side, distance)
                    book.put(side, price, self._level_size(price))
        book.take_changes()
        return book

    def _price(self, side: Side, distance: int) -> int:
        return self.anchor - distance if side is Side.BUY else self.anchor + 1 + distance

    def _level_size(self, price: int) -> int:
        spec = self._spec
        minor, major = spec.round_ticks
        scale = 14.0 if price % major == 0 else 5.0 if price % minor == 0 else 1.0
        return max(int(self._draws.lognormal(spec.level_lots * scale, spec.level_sigma)), 1)

    def refine(self, spec: MarketSpec, factor: int) -> None:
        """Convert all prices to ticks `factor` times finer."""
        self._spec = spec
        self.anchor *= factor
        self.spoofs = {(side, price * factor): until_ns for (side, price), until_ns in self.spoofs.items()}

    def touch_size(self) -> int:
        """Draw a size in lots for the best level."""
        return max(int(self._draws.lognormal(self._spec.touch_lots, 0.8)), 1)

    def step(self, book: Book, now_ns: int, dt_s: float, heat: float, stress: float) -> None:
        """Resample levels, refill the touch, update spoofed walls. `stress` in [0, 1] thins the book near the touch."""
        self._due += self._spec.changes_per_s * min(heat, 2.5) * dt_s
        while self._due >= 1.0:
            self._due -= 1.0
            self._resample(book, stress)
        self.refill(book, 0.5 * (1.0 - 0.8 * stress))
        self._mind_spoofs(book, now_ns)

    def _resample(self, book: Book, stress: float) -> None:
        draws, spec = self._draws, self._spec
        side = _SIDES[draws.uniform() < 0.5]
        distance = int(spec.reach_ticks * draws.uniform() ** 3)
        price = self._price(side, distance)
        if (side, price) in self.spoofs:
            return
        near = distance < spec.reach_ticks * 0.05
        density = spec.density * (1.0 - 0.6 * stress if near else 1.0)
        if distance == 0:
            book.put(side, price, self._touch_update(book, side, price))
        else:
            book.put(side, price, self._level_size(price) if draws.chance(density) else 0)

    def _touch_update(self, book: Book, side: Side, price: int) -> int:
        """The next size of the touch: one order joins or leaves, rather than a fresh draw."""
        resting = book.half(side).levels.get(price, 0)
        part = int(self._draws.lognormal(self._spec.touch_lots * 0.08, 1.2)) + 1
        grow = resting < self._spec.touch_lots * (0.5 + 1.5 * self._draws.uniform())
        return resting + part if grow else max(resting - part, 1)

    def refill(self, book: Book, probability: float) -> None:
        """Move the best prices back to the anchor after takers consumed them."""
        for side in _SIDES:
            half = book.half(side)
            target = self._price(side, 0)
            gap = (target - half.best) * half.sign
            if gap > 0 and self._draws.chance(probability):
                step = gap if gap < 4 or self._draws.chance(0.4) else 1 + int(gap * self._draws.uniform())
                book.put(side, half.best + half.sign * step, max(self.touch_size() // (1 if step == gap else 4), 1))

    def withdraw(self, book: Book) -> None:
        """Cancel levels beyond the anchor, up to the first wall, where the anchor stops."""
        wall = self._spec.touch_lots * 5.0
        for side in _SIDES:
            half, target = book.half(side), self._price(side, 0)
            while (half.best - target) * half.sign > 0:
                price = half.best
                if half.levels[price] > wall or not book.put(side, price, 0):
                    self.anchor = price if side is Side.BUY else price - 1
                    break
                self.spoofs.pop((side, price), None)

    def reload(self, book: Book, side: Side, price: int, lots: int) -> None:
        """Show the next slice of an iceberg order at the touch."""
        if price == book.half(side).best or (price - book.half(side).best) * book.half(side).sign == 1:
            book.put(side, price, book.half(side).levels.get(price, 0) + lots)

    def _mind_spoofs(self, book: Book, now_ns: int) -> None:
        for (side, price), until_ns in list(self.spoofs.items()):
            if now_ns >= until_ns or abs(price - self.anchor) < self._spec.patience_ticks:
                del self.spoofs[side, price]
                book.put(side, price, 0 if self._draws.chance(0.8) else self._level_size(price))
        if now_ns >= self._next_spoof_ns:
            if self._next_spoof_ns:
                self._spoof(book, now_ns)
            self._next_spoof_ns = now_ns + int(_SPOOF_EVERY_S * self._draws.exponential() * SECOND)

    def _spoof(self, book: Book, now_ns: int) -> None:
        spec, draws = self._spec, self._draws
        side = _SIDES[draws.uniform() < 0.5]
        price = self._price(side, int(spec.patience_ticks * draws.between(2.0, 10.0)))
        if book.put(side, price, int(spec.touch_lots * draws.between(6.0, 20.0))):
            self.spoofs[side, price] = now_ns + int(draws.between(2.0, 12.0) * SECOND)

    def prune(self, book: Book) -> None:
        """Cancel some of the levels farther than 1.5 `reach_ticks` from the anchor."""
        for side in _SIDES:
            half = book.half(side)
            edge = self._price(side, int(self._spec.reach_ticks * 1.5))
            far = [price for price in half.levels if (edge - price) * half.sign > 0]
            for price in sorted(far)[:_PRUNE]:
                book.put(side, price, 0)
