"""Plans the backfill of missing trades: from before the connection, or in gaps of the venue's contiguous trade ids.

Without IO: which page of ids to request next, and what an answer fills. A gap is filled from its newest trade
backwards, one page at a time, so that the chart grows to the left without holes. A failed page is requested again after
a growing pause, because a venue that limits requests makes them fail.
"""

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from typing import NamedTuple

from feeds.model.events import Event, HistoryEnded, Trade, TradesFilled
from feeds.model.instrument import Instrument
from feeds.model.protocol import LastTrade

BETWEEN = "{} trades missing since the previous connection"
RENUMBERED = "the venue restarted its trade numbering"
UNREAD = "a message could not be read"
MAX_PAGES = 120
ATTEMPTS = 7
_SECOND = 1_000_000_000
_RENUMBERED_NS = _SECOND  # longer than trades are ever out of order
_FIRST_PAUSE_NS, _LAST_PAUSE_NS = 2 * _SECOND, 64 * _SECOND


def is_renumbered(trade_id: int, ts_ns: int, last: LastTrade) -> bool:
    """Whether a venue restarted its trade numbering: a lower id at a later time.

    A repeated trade also has a lower id, but its original time.
    """
    return trade_id <= last.number and ts_ns > last.ts_venue_ns + _RENUMBERED_NS


class Page(NamedTuple):
    """A page of ids to request: `size` of them from `first`. Venues that page backwards take those before `end`."""

    first: int
    size: int

    @property
    def end(self) -> int:
        """The first id after the page."""
        return self.first + self.size


@dataclass(slots=True, eq=False)
class _Gap:
    """Missing ids, inclusive. `until_ns` is the venue time of the trade after them, `since_ns` of that before."""

    first: int
    last: int
    until_ns: int
    since_ns: int | None
    pages: int = 0

    @property
    def is_history(self) -> bool:
        """Whether this is the time before the first connection, without a known trade before it."""
        return self.since_ns is None


@dataclass(slots=True, eq=False)
class _Request:
    """A requested page. After a failure it is due again at `retry_ns`."""

    gap: _Gap
    page: Page
    failures: int = 0
    retry_ns: int | None = None


class TradeBackfill:
    """The gaps of one symbol.

    `page_size` is the venue's limit, `history_ns` how far to fetch back before the first connection, `max_pages` the
    limit of pages per gap. Pages are collected until they hold `batch` trades, then published as one event.
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
        self._gaps: list[_Gap] = []
        self._requested: _Request | None = None
        self._collected: list[TradesFilled] = []

    def begin(self, trade_id: int, ts_ns: int, before: LastTrade | None) -> int:
        """Start at the first trade of a connection: fill the gap since `before`, or the history where that is None.

        Returns the number of missing trades since `before`, 0 without one. Some of them may have been missed by this
        connection before its first trade, so trades are complete only from this one on.
        """
        if before is not None and before.number >= 0:
            self.miss(before.number + 1, trade_id - 1, before.ts_venue_ns, ts_ns)
            return max(trade_id - 1 - before.number, 0)
        if self._history_ns:
            self._gaps.append(_Gap(0, trade_id - 1, ts_ns, None))
        return 0

    def miss(self, first: int, last: int, since_ns: int, until_ns: int) -> None:
        """Add a gap: ids `first` to `last`, inclusive, between trades of these venue times."""
        if first <= last:
            self._gaps.append(_Gap(first, last, until_ns, since_ns))

    def next_page(self) -> Page | None:
        """The next page to request; None while an answer is awaited or nothing is missing."""
        if self._requested is not None or not self._gaps:
            return None
        gap = self._gaps[-1]
        first = max(gap.first, gap.last - self._page_size + 1)
        page = Page(first, gap.last - first + 1)
        self._requested = _Request(gap, page)
        return page

    def due_page(self, now_ns: int) -> Page | None:
        """The failed page if it is due for a retry, else None."""
        request = self._requested
        if request is None or request.retry_ns is None or now_ns < request.retry_ns:
            return None
        request.retry_ns = None
        return request.page

    def answer(self, trades: Sequence[Trade], now_ns: int, others: Collection[int] = ()) -> list[Event]:
        """Apply an answer, ascending in id. `others` are ids in it that belong to no trade of the market.

        Trades outside the page are ignored. Trades missing at the end of an answer remain a gap; those missing at its
        beginning are requested again. An unrequested answer fills the gap its ids lie in, because a recording that
        started late holds answers to earlier requests.
        """
        request, self._requested = self._requested, None
        if request is not None:
            page = request.page
            wanted = tuple(trade for trade in trades if page.first <= _id(trade) <= request.gap.last)
            if wanted:
                return self._fill(request.gap, wanted, others, now_ns)
        for gap in (gap for gap in self._gaps if not gap.is_history):
            if wanted := tuple(trade for trade in trades if gap.first <= _id(trade) <= gap.last):
                self._requested = request
                return self._fill(gap, wanted, others, now_ns)
        return self._end(request.gap, now_ns) if request is not None else []

    def fail(self, now_ns: int) -> list[Event]:
        """Schedule a retry of the requested page, which failed or was invalid; after `ATTEMPTS` it remains a gap."""
        request = self._requested
        if request is None:
            return []
        request.failures += 1
        if request.failures >= ATTEMPTS:
            self._requested = None
            return self._end(request.gap, now_ns)
        request.retry_ns = now_ns + min(_FIRST_PAUSE_NS << (request.failures - 1), _LAST_PAUSE_NS)
        return []

    def close(self, now_ns: int) -> list[Event]:
        """End with the connection: publish the collected pages; whatever is still missing remains a gap."""
        filled, is_history = self._publish(), any(gap.is_history for gap in self._gaps)
        self._gaps, self._requested = [], None
        return [*filled, HistoryEnded(self._instrument, now_ns)] if is_history else filled

    def _fill(self, gap: _Gap, trades: tuple[Trade, ...], others: Collection[int], now_ns: int) -> list[Event]:
        first, last = _id(trades[0]), _id(trades[-1])
        while first - 1 in others:
            first -= 1
        while last + 1 in others:
            last += 1
        since_ns = trades[0].ts_venue_ns
        until_ns = gap.until_ns if last >= gap.last else trades[-1].ts_venue_ns
        gap.pages += 1
        if first <= gap.first and gap.since_ns is not None:
            since_ns = min(since_ns, gap.since_ns)
        gap.last, gap.until_ns = first - 1, since_ns
        self._collected.append(TradesFilled(self._instrument, now_ns, since_ns, until_ns, trades))
        enough = gap.is_history and now_ns - since_ns >= self._history_ns
        if gap.last < gap.first or enough or gap.pages >= self._max_pages:
            return self._end(gap, now_ns)
        return self._publish() if sum(len(page.trades) for page in self._collected) >= self._batch else []

    def _end(self, gap: _Gap, now_ns: int) -> list[Event]:
        if gap in self._gaps:
            self._gaps.remove(gap)
        filled = self._publish()
        return [*filled, HistoryEnded(self._instrument, now_ns)] if gap.is_history else filled

    def _publish(self) -> list[Event]:
        """Publish the collected pages, oldest first, adjacent ones joined."""
        collected, self._collected = self._collected, []
        joined: list[TradesFilled] = []
        for older in collected:
            newer = joined.pop() if joined and joined[-1].since_ns == older.until_ns else None
            joined.append(older if newer is None else _joined(older, newer))
        return list(joined)


def _joined(older: TradesFilled, newer: TradesFilled) -> TradesFilled:
    trades = (*older.trades, *newer.trades)
    return TradesFilled(older.instrument, older.ts_recv_ns, older.since_ns, newer.until_ns, trades)


def after(own: LastTrade, passed_on: LastTrade | None) -> LastTrade:
    """The newer of a connection's last trade and the last one of any connection."""
    return passed_on if passed_on is not None and passed_on.number > own.number else own


def in_order(trades: Iterable[Trade]) -> list[Trade]:
    """Sort trades by id, ascending."""
    return sorted(trades, key=_id)


def _id(trade: Trade) -> int:
    assert isinstance(trade.trade_id, int)
    return trade.trade_id
