"""Fetching trades that were not received: before the connection began, or in a hole of the venue's contiguous ids.

One symbol's plan, without IO: which page of ids to ask for next, and what an answer fills. Holes are filled from their
newest trade backwards, one page at a time, so that the chart grows to the left without gaps. A page that failed is
asked for again after a growing pause, because venues that limit us say so by failing.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from typing import NamedTuple

from feeds.model.events import Event, HistoryEnded, Trade, TradesFilled
from feeds.model.instrument import Instrument
from feeds.model.protocol import LastTrade

BETWEEN = "{} trades missing since the connection before"
ANEW = "the venue numbers its trades anew"
UNREAD = "a message could not be read"
MAX_PAGES = 120
ATTEMPTS = 7
_SECOND = 1_000_000_000
_ANEW_NS = _SECOND  # later than any two trades are told out of order
_FIRST_PAUSE_NS, _LAST_PAUSE_NS = 2 * _SECOND, 64 * _SECOND


def begins_anew(trade_id: int, ts_ns: int, last: LastTrade) -> bool:
    """Whether a venue has begun to number its trades anew: a lower id, although later than the last one.

    A repeated trade has the time that it had.
    """
    return trade_id <= last.number and ts_ns > last.ts_venue_ns + _ANEW_NS


class Page(NamedTuple):
    """Ids to ask for: `size` of them from `first`. Venues that page backwards want those before `end`."""

    first: int
    size: int

    @property
    def end(self) -> int:
        """The first id after the page."""
        return self.first + self.size


@dataclass(slots=True, eq=False)
class _Hole:
    """Missing ids, inclusive. `until_ns` is the venue time of the trade after them, `since_ns` of the one before."""

    first: int
    last: int
    until_ns: int
    since_ns: int | None
    pages: int = 0

    @property
    def is_history(self) -> bool:
        """Whether this is the time before the first connection, which has no beginning."""
        return self.since_ns is None


@dataclass(slots=True, eq=False)
class _Asked:
    """A page under way. It is due again at `retry_ns` once it has failed."""

    hole: _Hole
    page: Page
    failures: int = 0
    retry_ns: int | None = None


class TradeBackfill:
    """The holes of one symbol.

    `page_size` is the venue's limit, `history_ns` how far back the first hole reaches, `max_pages` how many pages a
    hole may take. Pages are told together until they hold `batch` trades.
    """

    def __init__(
        self,
        instrument: Instrument,
        page_size: int,
        history_ns: int,
        *,
        max_pages: int = MAX_PAGES,
        batch: int = 1,
    ) -> None:
        self._instrument = instrument
        self._page_size = page_size
        self._history_ns = history_ns
        self._max_pages = max_pages
        self._batch = batch
        self._holes: list[_Hole] = []
        self._asked: _Asked | None = None
        self._held: list[TradesFilled] = []

    def begin(self, trade_id: int, ts_ns: int, before: LastTrade | None) -> int:
        """The first trade of a connection: fill up to the last one that was passed on, or some history.

        Returns how many are missing since the last one. Some of them may have been lost on this connection, before its
        first trade, so that what it received is certain from this one on.
        """
        if before is not None and before.number >= 0:
            self.miss(before.number + 1, trade_id - 1, before.ts_venue_ns, ts_ns)
            return max(trade_id - 1 - before.number, 0)
        if self._history_ns:
            self._holes.append(_Hole(0, trade_id - 1, ts_ns, None))
        return 0

    def miss(self, first: int, last: int, since_ns: int, until_ns: int) -> None:
        """Ids `first` to `last` did not arrive, between trades of these venue times."""
        if first <= last:
            self._holes.append(_Hole(first, last, until_ns, since_ns))

    def next_page(self) -> Page | None:
        """What to ask for now; None while an answer is awaited or nothing is missing."""
        if self._asked is not None or not self._holes:
            return None
        hole = self._holes[-1]
        first = max(hole.first, hole.last - self._page_size + 1)
        page = Page(first, hole.last - first + 1)
        self._asked = _Asked(hole, page)
        return page

    def due_page(self, now_ns: int) -> Page | None:
        """A page that failed and is to be asked for again."""
        asked = self._asked
        if asked is None or asked.retry_ns is None or now_ns < asked.retry_ns:
            return None
        asked.retry_ns = None
        return asked.page

    def answer(self, trades: Sequence[Trade], now_ns: int, others: Collection[int] = ()) -> list[Event]:
        """Take an answer, ascending in id. `others` are ids of what is no trade of the market.

        Trades outside the page are left out. What an answer lacks at its end stays a gap, what it lacks at its
        beginning is asked for again. An answer that was not asked for fills the hole that its ids lie in: a
        recording that began late holds answers to questions from before.
        """
        asked, self._asked = self._asked, None
        if asked is not None:
            page = asked.page
            wanted = tuple(trade for trade in trades if page.first <= _id(trade) <= asked.hole.last)
            if wanted:
                return self._fill(asked.hole, wanted, others, now_ns)
        for hole in (hole for hole in self._holes if not hole.is_history):
            if wanted := tuple(trade for trade in trades if hole.first <= _id(trade) <= hole.last):
                self._asked = asked
                return self._fill(hole, wanted, others, now_ns)
        return self._end(asked.hole, now_ns) if asked is not None else []

    def fail(self, now_ns: int) -> list[Event]:
        """The page that was asked for did not come or made no sense: it is due again later, and at last stays a gap."""
        asked = self._asked
        if asked is None:
            return []
        asked.failures += 1
        if asked.failures >= ATTEMPTS:
            self._asked = None
            return self._end(asked.hole, now_ns)
        asked.retry_ns = now_ns + min(_FIRST_PAUSE_NS << (asked.failures - 1), _LAST_PAUSE_NS)
        return []

    def close(self, now_ns: int) -> list[Event]:
        """The connection ends: tell the pages that were held back; what is still missing stays a gap."""
        told, is_history = self._told(), any(hole.is_history for hole in self._holes)
        self._holes, self._asked = [], None
        return [*told, HistoryEnded(self._instrument, now_ns)] if is_history else told

    def _fill(self, hole: _Hole, trades: tuple[Trade, ...], others: Collection[int], now_ns: int) -> list[Event]:
        first, last = _id(trades[0]), _id(trades[-1])
        while first - 1 in others:
            first -= 1
        while last + 1 in others:
            last += 1
        since_ns = trades[0].ts_venue_ns
        until_ns = hole.until_ns if last >= hole.last else trades[-1].ts_venue_ns
        hole.pages += 1
        if first <= hole.first and hole.since_ns is not None:
            since_ns = min(since_ns, hole.since_ns)
        hole.last, hole.until_ns = first - 1, since_ns
        self._held.append(TradesFilled(self._instrument, now_ns, since_ns, until_ns, trades))
        enough = hole.is_history and now_ns - since_ns >= self._history_ns
        if hole.last < hole.first or enough or hole.pages >= self._max_pages:
            return self._end(hole, now_ns)
        return self._told() if sum(len(page.trades) for page in self._held) >= self._batch else []

    def _end(self, hole: _Hole, now_ns: int) -> list[Event]:
        if hole in self._holes:
            self._holes.remove(hole)
        told = self._told()
        return [*told, HistoryEnded(self._instrument, now_ns)] if hole.is_history else told

    def _told(self) -> list[Event]:
        """The pages held, which are told oldest first; pages that touch become one."""
        held, self._held = self._held, []
        joined: list[TradesFilled] = []
        for older in held:
            newer = joined.pop() if joined and joined[-1].since_ns == older.until_ns else None
            joined.append(older if newer is None else _joined(older, newer))
        return list(joined)


def _joined(older: TradesFilled, newer: TradesFilled) -> TradesFilled:
    trades = (*older.trades, *newer.trades)
    return TradesFilled(older.instrument, older.ts_recv_ns, older.since_ns, newer.until_ns, trades)


def after(own: LastTrade, passed_on: LastTrade | None) -> LastTrade:
    """The newer of a connection's own last trade and the last one that any connection passed on."""
    return passed_on if passed_on is not None and passed_on.number > own.number else own


def in_order(trades: Iterable[Trade]) -> list[Trade]:
    """Trades ascending in id."""
    return sorted(trades, key=_id)


def _id(trade: Trade) -> int:
    assert isinstance(trade.trade_id, int)
    return trade.trade_id
