"""State of one market: order book, latest values of slow data, coverage of its trades.

Freshness depends only on events and the time passed in, so a replay shows the states of the live session.
"""

import math
from dataclasses import dataclass, field
from itertools import pairwise

import numpy as np

from feeds.model.events import DayStats, Funding, LongShortRatio, Quote, TakerFlow
from feeds.model.instrument import Instrument
from workstation.analytics.book.book import OrderBook
from workstation.analytics.book.depth_history import DepthHistory
from workstation.analytics.book.obi_history import RETAINED_SECONDS, ObiHistory
from workstation.analytics.book.recent import SECOND_NS, Fills
from workstation.analytics.book.sampled_levels import NO_OBI, SampledLevels
from workstation.analytics.book.walls import Walls
from workstation.analytics.state.candles import CandleStore
from workstation.analytics.state.funding import FundingSeries
from workstation.analytics.state.open_interest import OpenInterestSeries
from workstation.analytics.state.relisting import common_step, with_step
from workstation.analytics.store.coverage import Coverage
from workstation.readmodels.arrays import Bools, Ints
from workstation.readmodels.markets import Freshness, MarketState
from workstation.readmodels.session.status import BackfillStatus

STALE_NS = 10_000_000_000


@dataclass(slots=True)
class Market:
    """Everything known of one instrument except its trades, which its base stores.

    `instrument` is as listed by the venue, except that a coarsened price step is ignored: the finer one stays.
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
    open_interest_series: OpenInterestSeries = field(default_factory=OpenInterestSeries)
    candles: CandleStore = field(default_factory=CandleStore)
    taker_flow: TakerFlow | None = None
    long_short: LongShortRatio | None = None
    day: DayStats | None = None
    begun_ns: int | None = None
    history_ended: bool = False
    last_price: float | None = None
    price_before: float | None = None  # of the trade before the last
    last_trade_ns: int = 0
    last_event_ns: int = 0
    last_book_ns: int = 0
    last_mark_ns: int = 0
    last_liquidation_ns: int = 0
    live_since_ns: int = 0  # when the trades last went live
    trades_silent: bool = True  # for `STALE_NS`, as of the engine's time
    book_silent: bool = True
    trades_lost_reason: str = ""
    halted: str = ""
    apart: str = ""  # why it is not in sums of its base, empty where it is
    scale: int = 1
    fills: Fills = field(default_factory=Fills)
    walls: Walls = field(default_factory=Walls)
    levels: SampledLevels = field(default_factory=SampledLevels)
    obi: ObiHistory = field(default_factory=ObiHistory)
    taken: float = 0.0  # cumulative taker notional, quote

    def look(self, second: int) -> None:
        """Update walls and OBI from the book at the beginning of a second of receive time, if it has changed."""
        if self.levels.update(self.book, self.depth.changes()):
            self.walls.look(second, self.book, self.levels, self.fills)

    def sample(self, first: int, last: int) -> None:
        """Record OBI and depth for these seconds, after `look`; the book is live until it is stale."""
        trusted = min(last, (self.last_book_ns + STALE_NS) // SECOND_NS)
        live = max(0, trusted - first + 1)
        begin = max(first, last + 1 - RETAINED_SECONDS)
        known = max(0, trusted - begin + 1) if self.book.known and not self.halted else 0
        self.obi.add(self.levels.imbalances, self.taken, known)
        self.obi.add(NO_OBI, self.taken, last + 1 - begin - known)
        self.depth.sample(self.book, range(first, last + 1), live, float(self.instrument.tick_size))

    def obi_at(self, band: float, now_ns: int) -> float:
        """OBI within a band as of the last `look`, NaN unless the book is live."""
        is_live = self.book_freshness(now_ns) is Freshness.LIVE
        return self.levels.imbalance(self.book, band) if is_live else math.nan

    def relist(self, listed: Instrument) -> int:
        """Apply a new listing. Returns the factor from old to new ticks.

        The price step becomes the coarsest that divides the old and the listed one, so that old prices stay exact;
        `scale` is the number of ticks per listed tick, 1 unless the venue coarsened its step.
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
        """Progress of the history before the first live trade; None before trades are live."""
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
            reason=self.halted or self.apart or self.trades_lost_reason or self.book.lost_reason,
            last_event_ns=self.last_event_ns,
        )

    def trades_freshness(self, now_ns: int) -> Freshness:
        """Whether the trades can be trusted now; syncing until the first trade of the subscription."""
        if not self.coverage.live:
            return Freshness.LOST if self.coverage.began else Freshness.WAITING
        if self.coverage.start_ns is None or self.last_trade_ns < self.live_since_ns:
            return Freshness.SYNCING
        is_old = self.halted or now_ns - self.last_event_ns > STALE_NS
        return Freshness.STALE if is_old else Freshness.LIVE

    def book_freshness(self, now_ns: int) -> Freshness:
        """Whether the book can be trusted now."""
        if not self.book.known:
            return Freshness.SYNCING if self.coverage.live or self.book.lost_reason else Freshness.WAITING
        is_old = self.halted or now_ns - self.last_book_ns > STALE_NS
        return Freshness.STALE if is_old else Freshness.LIVE


def missing_bars(market: Market, starts: Ints, bar_ns: int) -> Bools:
    """Mask of the bars of `bar_ns` that lack trades of a market, for `starts` (ns, venue time, ascending).

    True where a bar overlaps a gap between received trades or lies before the first or after the last of them. The bar
    in which trades end is partial, not missing. All are missing while nothing was received.
    """
    missing = np.zeros(len(starts), np.bool_)
    spans = market.coverage.received()
    for (_, begin), (end, _) in pairwise(spans):
        missing |= (starts < end) & (starts + bar_ns > begin)
    if not spans:
        missing[:] = market.coverage.began or market.last_price is None
    else:
        missing |= (starts + bar_ns <= spans[0][0]) | (starts > spans[-1][1])
    return missing
