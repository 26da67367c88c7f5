"""The `books` channel of one market: the window of 400 levels as its subscribers know it (README: Order book)."""

from __future__ import annotations

from collections.abc import Sequence

from feeds.simulator.market.facts import Lots
from feeds.simulator.market.spec import MS, SECOND
from feeds.simulator.okx.wire_format import Words, push, topic

DEPTH = 400
INTERVAL_NS = 100 * MS
_KEEP_ALIVE_NS = 60 * SECOND


class BooksWire:
    """Updates link by sequence ids; levels that leave the window are deleted. New subscribers get what others know."""

    def __init__(self, words: Words) -> None:
        self.topic = topic("books", words.symbol)
        self.is_followed = False
        self._words = words
        self._market = words.market
        self._known: tuple[dict[int, int], dict[int, int]] = ({}, {})
        self._seq_id = 0
        self._told_ns = 0

    def snapshot(self, now_ns: int) -> str:
        """The first message of a subscription."""
        if not self.is_followed:
            self.is_followed, self._known, self._seq_id = True, self._window(), self._market.book.update_id
        bids, asks = (list(side.items()) for side in self._known)
        return self._message("snapshot", now_ns, bids, asks, -1)

    def update(self, now_ns: int) -> str | None:
        """What changed since the last update, None where nothing did."""
        before, self._known = self._known, self._window()
        bids, asks = (_changes(old, new) for old, new in zip(before, self._known, strict=True))
        if not bids and not asks:
            return None
        previous, self._seq_id = self._seq_id, self._market.book.update_id
        return self._message("update", now_ns, bids, asks, previous)

    def keep_alive(self, now_ns: int) -> str | None:
        """An empty update that says: nothing changed for a minute."""
        if now_ns - self._told_ns < _KEEP_ALIVE_NS:
            return None
        return self._message("update", now_ns, (), (), self._seq_id)

    def refine(self, factor: int) -> None:
        """Write the known prices in ticks that are `factor` times finer."""
        bids, asks = ({price * factor: lots for price, lots in side.items()} for side in self._known)
        self._known = bids, asks

    def _window(self) -> tuple[dict[int, int], dict[int, int]]:
        book = self._market.book
        return dict(book.bids.top(DEPTH)), dict(book.asks.top(DEPTH))

    def _message(self, action: str, now_ns: int, bids: Sequence[Lots], asks: Sequence[Lots], previous: int) -> str:
        self._told_ns = now_ns
        levels = self._words.levels
        row = {"asks": levels(asks), "bids": levels(bids), "ts": str(now_ns // MS), "checksum": 0}
        return push("books", self._words.symbol, [row | {"seqId": self._seq_id, "prevSeqId": previous}], action)


def _changes(old: dict[int, int], new: dict[int, int]) -> list[Lots]:
    """Absolute sizes that turn `old` into `new`, 0 for what left."""
    gone = [(price, 0) for price in old if price not in new]
    return gone + [(price, lots) for price, lots in new.items() if old.get(price) != lots]
