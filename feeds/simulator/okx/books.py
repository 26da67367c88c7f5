"""The `books` channel of one market: the top 400 levels last sent, and snapshots and updates from them."""

from collections.abc import Sequence

from feeds.simulator.market.facts import Lots
from feeds.simulator.market.spec import MS, SECOND
from feeds.simulator.okx.wire_format import WireFormat, push, topic

DEPTH = 400
INTERVAL_NS = 100 * MS
_KEEP_ALIVE_NS = 60 * SECOND


class BooksWire:
    """Updates link by sequence ids. Levels that leave the top 400 are sent as deleted."""

    def __init__(self, fmt: WireFormat) -> None:
        self.topic = topic("books", fmt.symbol)
        self.has_subscribers = False
        self._fmt = fmt
        self._market = fmt.market
        self._known: tuple[dict[int, int], dict[int, int]] = ({}, {})
        self._seq_id = 0
        self._sent_ns = 0

    def snapshot(self, now_ns: int) -> str:
        """The first message of a subscription: the book last sent, or the current one without other subscribers."""
        if not self.has_subscribers:
            self.has_subscribers, self._known, self._seq_id = True, self._window(), self._market.book.update_id
        bids, asks = (list(side.items()) for side in self._known)
        return self._message("snapshot", now_ns, bids, asks, -1)

    def update(self, now_ns: int) -> str | None:
        """The change since the last update; None if there is none."""
        before, self._known = self._known, self._window()
        bids, asks = (_changes(old, new) for old, new in zip(before, self._known, strict=True))
        if not bids and not asks:
            return None
        previous, self._seq_id = self._seq_id, self._market.book.update_id
        return self._message("update", now_ns, bids, asks, previous)

    def keep_alive(self, now_ns: int) -> str | None:
        """An empty update, sent after a minute without change."""
        if now_ns - self._sent_ns < _KEEP_ALIVE_NS:
            return None
        return self._message("update", now_ns, (), (), self._seq_id)

    def refine(self, factor: int) -> None:
        """Convert the prices last sent to ticks `factor` times finer."""
        bids, asks = ({price * factor: lots for price, lots in side.items()} for side in self._known)
        self._known = bids, asks

    def _window(self) -> tuple[dict[int, int], dict[int, int]]:
        book = self._market.book
        return dict(book.bids.top(DEPTH)), dict(book.asks.top(DEPTH))

    def _message(self, action: str, now_ns: int, bids: Sequence[Lots], asks: Sequence[Lots], previous: int) -> str:
        self._sent_ns = now_ns
        levels = self._fmt.levels
        row = {"asks": levels(asks), "bids": levels(bids), "ts": str(now_ns // MS), "checksum": 0}
        return push("books", self._fmt.symbol, [row | {"seqId": self._seq_id, "prevSeqId": previous}], action)


def _changes(old: dict[int, int], new: dict[int, int]) -> list[Lots]:
    """Absolute sizes that turn `old` into `new`, 0 for removed levels."""
    gone = [(price, 0) for price in old if price not in new]
    return gone + [(price, lots) for price, lots in new.items() if old.get(price) != lots]
