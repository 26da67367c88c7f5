"""Fetching trades that were not received: before the connection began, or in a hole of the venue's contiguous ids.

One symbol's plan, without IO: which page of ids to ask for next, and what an answer fills. Holes are filled from their
newest trade backwards, one page at a time, so that the chart grows to the left without gaps.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

from feeds.events import Trade, TradesFilled

MAX_PAGES = 120


class LastTrade(NamedTuple):
    """The newest trade of an instrument that was passed on."""

    trade_id: int
    ts_venue_ns: int


class Page(NamedTuple):
    """Ids to ask for: `size` of them from `first`."""

    first: int
    size: int


@dataclass(slots=True, eq=False)
class _Hole:
    """Missing ids, inclusive. `until_ns` is the venue time of the trade after them, `since_ns` of the one before."""

    first: int
    last: int
    until_ns: int
    since_ns: int | None
    pages: int = 0


class TradeBackfill:
    """The holes of one symbol. `page_size` is the venue's limit; `history_ns` how far back the first hole reaches."""

    def __init__(self, page_size: int, history_ns: int) -> None:
        self._page_size = page_size
        self._history_ns = history_ns
        self._holes: list[_Hole] = []
        self._asked: tuple[_Hole, Page] | None = None

    def begin(self, trade_id: int, ts_ns: int, before: LastTrade | None) -> None:
        """The first trade of a connection: fill up to the last one of the connection before, or some history."""
        if before is not None:
            self.miss(before.trade_id + 1, trade_id - 1, before.ts_venue_ns, ts_ns)
        elif self._history_ns:
            self._holes.append(_Hole(0, trade_id - 1, ts_ns, None))

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
        self._asked = (hole, page)
        return page

    def answer(self, trades: list[Trade], now_ns: int) -> TradesFilled | None:
        """Take the answer, ascending in id.

        Trades outside the asked page are left out. None when nothing was filled.
        """
        if self._asked is None:
            return None
        (hole, page), self._asked = self._asked, None
        wanted = tuple(trade for trade in trades if page.first <= _id(trade) <= hole.last)
        if not wanted:
            self._holes.remove(hole)
            return None
        return self._fill(hole, page, wanted, now_ns)

    def give_up(self) -> None:
        """The answer will not come: what was asked for stays a gap."""
        if self._asked is not None:
            self._holes.remove(self._asked[0])
            self._asked = None

    def _fill(self, hole: _Hole, page: Page, trades: tuple[Trade, ...], now_ns: int) -> TradesFilled:
        since_ns, until_ns = trades[0].ts_venue_ns, hole.until_ns
        hole.pages += 1
        if page.first == hole.first and hole.since_ns is not None:
            since_ns = min(since_ns, hole.since_ns)
        hole.last, hole.until_ns = page.first - 1, since_ns
        enough = hole.since_ns is None and now_ns - since_ns >= self._history_ns
        if hole.last < hole.first or enough or hole.pages >= MAX_PAGES:
            self._holes.remove(hole)
        return TradesFilled(trades[0].instrument, now_ns, since_ns, until_ns, trades)


def _id(trade: Trade) -> int:
    assert isinstance(trade.trade_id, int)
    return trade.trade_id
