"""One order book topic: the top N levels last sent, and snapshots and deltas from them."""

from collections.abc import Sequence
from typing import Any

from feeds.simulator.bybit.wire_format import WireFormat
from feeds.simulator.market.facts import Lots
from feeds.simulator.market.simulated import SimulatedMarket


class BookWire:
    """The top `depth` levels. `u` increments with every update; levels that leave the top are sent as deleted."""

    def __init__(self, market: SimulatedMarket, fmt: WireFormat, depth: int) -> None:
        self.channel = f"orderbook.{depth}"
        self.topic = fmt.topic(self.channel)
        self.depth = depth
        self._market = market
        self._fmt = fmt
        self._update_id = market.spec.first_update_id % 60_000_000 + depth
        self._known: tuple[dict[int, int], dict[int, int]] = ({}, {})
        self.has_subscribers = False
        self._sent_ns = 0
        self._tick = market.spec.tick

    def snapshot(self, now_ms: int) -> str:
        """The first message of a subscription: the book last sent, or the current one without other subscribers."""
        if self.has_subscribers:
            self._known = self._on_grid(self._known)
        else:
            self._known = self._window()
            self._update_id += 1
            self.has_subscribers = True
        bids, asks = (list(side.items()) for side in self._known)
        return self._message("snapshot", now_ms, bids, asks)

    def update(self, now_ms: int) -> str | None:
        """The change since the last update; None if there is none."""
        before, self._known = self._on_grid(self._known), self._window()
        bids, asks = (_changes(old, new) for old, new in zip(before, self._known, strict=True))
        if not bids and not asks:
            return None
        self._update_id += 1
        if self.depth == 1:
            return self._message("snapshot", now_ms, *(list(side.items()) for side in self._known))
        return self._message("delta", now_ms, bids, asks)

    def repeat(self, now_ns: int, now_ms: int, quiet_ns: int) -> str | None:
        """The last book again with the same `u`, after `quiet_ns` without a message (depth 1 only), else None."""
        if now_ns - self._sent_ns < quiet_ns or not self._known[0]:
            return None
        self._sent_ns = now_ns
        self._known = self._on_grid(self._known)
        return self._message("snapshot", now_ms, *(list(side.items()) for side in self._known))

    def mark_sent(self, now_ns: int) -> None:
        """Record the time of the last message."""
        self._sent_ns = now_ns

    def _on_grid(self, known: tuple[dict[int, int], dict[int, int]]) -> tuple[dict[int, int], dict[int, int]]:
        """Convert prices to current ticks; the price step may have become finer."""
        factor, self._tick = round(self._tick / self._market.spec.tick), self._market.spec.tick
        if factor == 1:
            return known
        bids, asks = ({price * factor: lots for price, lots in side.items()} for side in known)
        return bids, asks

    def _window(self) -> tuple[dict[int, int], dict[int, int]]:
        book, self._tick = self._market.book, self._market.spec.tick
        return dict(book.bids.top(self.depth)), dict(book.asks.top(self.depth))

    def _message(self, kind: str, now_ms: int, bids: Sequence[Lots], asks: Sequence[Lots]) -> str:
        fmt = self._fmt
        data: dict[str, Any] = {"s": fmt.symbol, "b": fmt.levels(bids), "a": fmt.levels(asks)}
        data |= {"u": self._update_id, "seq": self._market.book.update_id}
        return fmt.message(self.channel, kind, now_ms, data, cts=now_ms)


def _changes(old: dict[int, int], new: dict[int, int]) -> list[Lots]:
    """Absolute sizes that turn `old` into `new`, 0 for removed levels, in the order of `old` and then of `new`."""
    gone = [(price, 0) for price in old if price not in new]
    return gone + [(price, lots) for price, lots in new.items() if old.get(price) != lots]
