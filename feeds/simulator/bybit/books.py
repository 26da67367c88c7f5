"""One order book topic: the window of N levels as its subscribers know it, and what brings them up to date."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from feeds.simulator.bybit.wire_format import Words
from feeds.simulator.market.facts import Lots
from feeds.simulator.market.simulated import Listed


class BookWire:
    """The window of one depth. `u` counts its updates one by one; levels that leave the window are deleted."""

    def __init__(self, market: Listed, words: Words, depth: int) -> None:
        self.channel = f"orderbook.{depth}"
        self.topic = words.topic(self.channel)
        self.depth = depth
        self._market = market
        self._words = words
        self._update_id = market.spec.first_update_id % 60_000_000 + depth
        self._known: tuple[dict[int, int], dict[int, int]] = ({}, {})
        self.is_followed = False
        self._told_ns = 0
        self._tick = market.spec.tick

    def snapshot(self, now_ms: int) -> str:
        """What a new subscriber gets: what the others know, or the present book where there are none."""
        if self.is_followed:
            self._known = self._on_grid(self._known)
        else:
            self._known = self._window()
            self._update_id += 1
            self.is_followed = True
        bids, asks = (list(side.items()) for side in self._known)
        return self._message("snapshot", now_ms, bids, asks)

    def update(self, now_ms: int) -> str | None:
        """What changed since the last update, None where nothing did."""
        before, self._known = self._on_grid(self._known), self._window()
        bids, asks = (_changes(old, new) for old, new in zip(before, self._known, strict=True))
        if not bids and not asks:
            return None
        self._update_id += 1
        if self.depth == 1:
            return self._message("snapshot", now_ms, *(list(side.items()) for side in self._known))
        return self._message("delta", now_ms, bids, asks)

    def repeat(self, now_ns: int, now_ms: int, quiet_ns: int) -> str | None:
        """The same book with the same number again, where nothing was told for so long (depth 1 only)."""
        if now_ns - self._told_ns < quiet_ns or not self._known[0]:
            return None
        self._told_ns = now_ns
        self._known = self._on_grid(self._known)
        return self._message("snapshot", now_ms, *(list(side.items()) for side in self._known))

    def told(self, now_ns: int) -> None:
        """Remember when the last message went out."""
        self._told_ns = now_ns

    def _on_grid(self, known: tuple[dict[int, int], dict[int, int]]) -> tuple[dict[int, int], dict[int, int]]:
        """The same prices in ticks of now: the price step may have become finer."""
        factor, self._tick = round(self._tick / self._market.spec.tick), self._market.spec.tick
        if factor == 1:
            return known
        bids, asks = ({price * factor: lots for price, lots in side.items()} for side in known)
        return bids, asks

    def _window(self) -> tuple[dict[int, int], dict[int, int]]:
        book, self._tick = self._market.book, self._market.spec.tick
        return dict(book.bids.top(self.depth)), dict(book.asks.top(self.depth))

    def _message(self, kind: str, now_ms: int, bids: Sequence[Lots], asks: Sequence[Lots]) -> str:
        words = self._words
        data: dict[str, Any] = {"s": words.symbol, "b": words.levels(bids), "a": words.levels(asks)}
        data |= {"u": self._update_id, "seq": self._market.book.update_id}
        return words.message(self.channel, kind, now_ms, data, cts=now_ms)


def _changes(old: dict[int, int], new: dict[int, int]) -> list[Lots]:
    """Absolute sizes that turn `old` into `new`, 0 for what left, in the order of `old` and then of `new`."""
    gone = [(price, 0) for price in old if price not in new]
    return gone + [(price, lots) for price, lots in new.items() if old.get(price) != lots]
