"""One market as received so far: its book, the latest of everything slow, and when its trades were complete.

Freshness is a function of the events and of the time passed in, so a replay shows the same states as the live run did.
"""

from __future__ import annotations

import math
from bisect import bisect_right
from dataclasses import dataclass, field
from fractions import Fraction
from itertools import pairwise

from feeds.model.events import DayStats, Funding, LongShortRatio, Quote, TakerFlow
from feeds.model.instrument import Instrument
from workstation.analytics.book.book import OrderBook
from workstation.analytics.book.depth_history import DepthHistory
from workstation.analytics.book.obi_history import ObiHistory
from workstation.analytics.book.recent import SECOND_NS, Fills
from workstation.analytics.book.walls import Walls
from workstation.analytics.state.candles import CandleStore
from workstation.analytics.state.funding import FundingSeries
from workstation.analytics.state.open_interest import InterestSeries
from workstation.analytics.state.relisting import common_step, with_step
from workstation.readmodels.flow.ladder import BANDS
from workstation.readmodels.markets import Freshness, MarketState
from workstation.readmodels.session.status import BackfillStatus

STALE_NS = 10_000_000_000
FOREVER_NS = 1 << 62
LEVELS = 200  # a side, in OBI and among which walls are looked for
_NO_OBI = (math.nan,) * len(BANDS)
_SPANS = 2_000


@dataclass(slots=True)
class Coverage:
    """Spans of venue time in which every trade was received, in order and apart.

    The last one is open while trades are live.
    """

    spans: list[tuple[int, int]] = field(default_factory=list)
    live: bool = False
    began: bool = False
    start_ns: int | None = None
    seen_ns: int = 0
    traded_ns: int = 0

    def begin(self) -> None:
        """Trades are live; the span starts with the first venue time seen from now on, not before any seen."""
        if not self.live:
            self.live, self.began, self.start_ns = True, True, None

    def see(self, ts_venue_ns: int) -> None:
        """An event of this market carried this venue time."""
        if self.start_ns is None and self.live:
            self.start_ns = max(ts_venue_ns, self.seen_ns)
        if ts_venue_ns > self.seen_ns:
            self.seen_ns = ts_venue_ns

    def trade(self, ts_venue_ns: int) -> bool:
        """A trade came in: it is covered even if something of a later venue time was faster.

        True when the span begins earlier for it.
        """
        self.traded_ns = max(self.traded_ns, ts_venue_ns)
        if self.start_ns is None or ts_venue_ns >= self.start_ns:
            return False
        before, self.start_ns = self.start_ns, max(ts_venue_ns, self.spans[-1][1] if self.spans else 0)
        return self.start_ns < before

    def lose(self) -> None:
        """Trades are missing after the last one received: that something else was seen since then proves nothing.

        So a span without a trade is none, but for the first of all, from which on trades are known to be missing.
        """
        if self.live and self.start_ns is not None and (self.traded_ns >= self.start_ns or not self.spans):
            self.spans.append((self.start_ns, max(self.traded_ns, self.start_ns)))
            del self.spans[:-_SPANS]
        self.live, self.start_ns = False, None

    def fill(self, since_ns: int, until_ns: int) -> None:
        """Trades of [since, until) came in afterwards; spans that they touch grow together."""
        if self.live and self.start_ns is not None and until_ns >= self.start_ns:
            self.start_ns = min(self.start_ns, since_ns)
        else:
            self.spans = sorted((*self.spans, (since_ns, until_ns)))
        self._join_spans()

    def _join_spans(self) -> None:
        joined: list[tuple[int, int]] = []
        for start, end in self.spans:
            if joined and start <= joined[-1][1]:
                joined[-1] = (joined[-1][0], max(joined[-1][1], end))
            else:
                joined.append((start, end))
        while joined and self.live and self.start_ns is not None and joined[-1][1] >= self.start_ns:
            self.start_ns = min(self.start_ns, joined.pop()[0])
        self.spans = joined[-_SPANS:]

    def covers(self, start_ns: int, end_ns: int) -> bool:
        """Whether no trade of [start, end) is missing, as far as is known."""
        if self.live and self.start_ns is not None and self.start_ns <= start_ns:
            return True
        at = bisect_right(self.spans, (start_ns, FOREVER_NS)) - 1
        return at >= 0 and self.spans[at][1] >= end_ns

    def received(self) -> list[tuple[int, int]]:
        """Spans in which trades were received; one that is still open ends in the far future."""
        if self.live and self.start_ns is not None:
            return [*self.spans, (self.start_ns, FOREVER_NS)]
        return self.spans

    def gaps(self) -> list[tuple[int, int]]:
        """Holes between received spans; trades that are missing now have a hole that ends at the last time seen."""
        spans = self.received()
        holes = [(end, start) for (_, end), (start, _) in pairwise(spans)]
        if spans and self.start_ns is None:
            holes.append((spans[-1][1], max(self.seen_ns, spans[-1][1])))
        return holes


@dataclass(slots=True)
class Market:
    """Everything known of one instrument except its trades, which its base keeps.

    `instrument` is as the venue lists it, but for a price step that the venue coarsened: we keep the finer one.
    """

    instrument: Instrument
    index: int
    book: OrderBook = field(default_factory=OrderBook)
    depth: DepthHistory = field(default_factory=DepthHistory)
    coverage: Coverage = field(default_factory=Coverage)
    quote: Quote | None = None
    mark: float | None = None
    index_price: float | None = None
    funding: Funding | None = None
    fundings: FundingSeries = field(default_factory=FundingSeries)
    open_interest: float | None = None
    interest: InterestSeries = field(default_factory=InterestSeries)
    candles: CandleStore = field(default_factory=CandleStore)
    taker_flow: TakerFlow | None = None
    long_short: LongShortRatio | None = None
    day: DayStats | None = None
    begun_ns: int | None = None
    history_ended: bool = False
    last_price: float | None = None
    last_trade_ns: int = 0
    last_event_ns: int = 0
    last_book_ns: int = 0
    trades_lost_reason: str = ""
    halted: str = ""
    scale: int = 1
    fills: Fills = field(default_factory=Fills)
    walls: Walls = field(default_factory=Walls)
    obi: ObiHistory = field(default_factory=ObiHistory)
    taken: float = 0.0  # by takers so far, quote

    def sample(self, seconds: range) -> None:
        """Look at the book as these seconds of receive time (ns) begin: walls, and OBI of every band."""
        book = self.book
        levels = book.bids.best_levels(LEVELS), book.asks.best_levels(LEVELS)
        self.walls.look(seconds[-1] // SECOND_NS, book, levels, self.fills)
        imbalances = book.imbalances(BANDS, levels)
        for second in seconds:
            live = self.book_freshness(second) is Freshness.LIVE
            self.obi.add(imbalances if live else _NO_OBI, self.taken)

    def relist(self, listed: Instrument) -> int:
        """Take what the venue lists now. Returns how many of our new ticks one of the old ones is.

        Our price step becomes the coarsest that divides the old one and the new one, so that every old price keeps its
        place; `scale` is how many of our ticks one of the venue's is, 1 unless the venue coarsened its step.
        """
        old, new = self.instrument.tick, listed.tick
        step = common_step(old, new)
        self.scale = int(new / step)
        self.instrument = listed if step == new else with_step(listed, step)
        if old != new:
            self.quote = None
            self.book.lose("the venue changed the price step")
            self.walls.forget()
        return int(old / step)

    def backfill(self, wanted_s: float) -> BackfillStatus | None:
        """How much of the wanted history before the first live trade is known; None where there are no trades."""
        if self.begun_ns is None:
            return None
        spans = self.coverage.received()
        known_s = (self.begun_ns - spans[0][0]) / 1e9 if spans else 0.0
        done_s = wanted_s if self.history_ended else min(max(known_s, 0.0), wanted_s)
        return BackfillStatus(self.instrument.id, done_s, wanted_s)

    def state(self, now_ns: int) -> MarketState:
        """The market as of `now_ns` in receive time."""
        instrument = self.instrument
        return MarketState(
            id=instrument.id,
            venue=instrument.venue,
            kind=instrument.kind,
            symbol=instrument.symbol,
            tick_size=float(instrument.tick_size),
            trades=self.trades_freshness(now_ns),
            book=self.book_freshness(now_ns),
            reason=self.halted or self.trades_lost_reason or self.book.lost_reason,
            last_event_ns=self.last_event_ns,
        )

    def trades_freshness(self, now_ns: int) -> Freshness:
        """Whether the trades can be trusted now."""
        if not self.coverage.live:
            return Freshness.LOST if self.coverage.began else Freshness.WAITING
        if self.coverage.start_ns is None:
            return Freshness.SYNCING
        is_old = self.halted or now_ns - self.last_event_ns > STALE_NS
        return Freshness.STALE if is_old else Freshness.LIVE

    def book_freshness(self, now_ns: int) -> Freshness:
        """Whether the book can be trusted now."""
        if not self.book.known:
            return Freshness.SYNCING if self.coverage.live or self.book.lost_reason else Freshness.WAITING
        is_old = self.halted or now_ns - self.last_book_ns > STALE_NS
        return Freshness.STALE if is_old else Freshness.LIVE


@dataclass(frozen=True, slots=True)
class RowGrid:
    """Exact price rows for one market.

    Row = ticks * numerator // denominator, whatever the ticks of the other markets.
    """

    numerator: int
    denominator: int

    def floor(self, ticks: int) -> int:
        """The row that a price lies in; bids and trades."""
        return ticks * self.numerator // self.denominator

    def ceil(self, ticks: int) -> int:
        """The row at or above a price; asks."""
        return -(-ticks * self.numerator // self.denominator)


ONE_ROW = RowGrid(0, 1)  # all prices in one row


def row_grid(instrument: Instrument, row_size: Fraction) -> RowGrid:
    """The grid of rows of `row_size` (quote per base coin), anchored at price 0."""
    ratio = instrument.tick / row_size
    return RowGrid(ratio.numerator, ratio.denominator)
