"""Setups of a base, from its closed bars; recomputed when an earlier bar was replaced.

The bars are those of yesterday and today (UTC), so a run always begins at midnight and is bounded.
"""

import math
from bisect import bisect_right
from fractions import Fraction
from operator import attrgetter

import numpy as np

from workstation.analytics.setups.facts import BarFacts
from workstation.analytics.setups.levels import DAY_NS, Levels
from workstation.analytics.setups.machine import MINUTE_NS, SetupMachine
from workstation.analytics.state.base import Base
from workstation.analytics.state.derived_bars import bar_flows, bar_series, round_step, row_series
from workstation.analytics.state.market import Market
from workstation.analytics.store.trades import Merged, TradeStore
from workstation.readmodels.arrays import Floats
from workstation.readmodels.flow.footprint import BarKind, BarRule, FootprintBar, FootprintRequest
from workstation.readmodels.markets import MarketFilter
from workstation.readmodels.net import net
from workstation.readmodels.session.setups import SetupEvent, SetupsRequest

ROW_PART = 3e-5  # row size over price, rounded up to a 1-2-5 step: 1 for bitcoin at 60,000
PERPS, SPOTS = MarketFilter(), MarketFilter(perp=False)


class SetupRun:
    """Setups over the closed bars so far."""

    def __init__(self, request: SetupsRequest) -> None:
        self._request = request
        self.row_size = 0.0
        self.events: tuple[SetupEvent, ...] = ()
        self.bars: list[FootprintBar] = []
        self._flows: Floats = np.empty((4, 0))
        self._closes: _Closes | None = None
        self._begin()

    def update(self, base: Base) -> None:
        """Process new closed bars; start again from the first bar if an earlier one changed."""
        bars, row_size = _closed_bars(base, self._request)
        self._closes = _Closes(base, self._request.bar_ns)
        flows = _flows(base, self._request, row_size, bars)
        seen = len(self.bars)
        same = row_size == self.row_size and seen <= len(bars) and all(map(_is, self.bars, bars))
        if not same or not np.array_equal(self._flows, flows[:, :seen], equal_nan=True):
            self.row_size, seen = row_size, 0
            self._begin()
        for at in range(seen, len(bars)):
            self._take(bars[at], flows[:, at])
        self.bars, self._flows = bars, flows
        if seen < len(bars) or not bars:
            self.events = tuple(self._machine.events)

    def amend(self, store: TradeStore, merged: Merged) -> bool:
        """Always True: the next update detects rebuilt bars."""
        return True

    def _begin(self) -> None:
        self._bought = self._sold = 0.0
        self._levels = Levels(self.row_size or 1.0, self._request.levels)
        self._machine = SetupMachine(
            self._request.base, self._request.bar_ns, self.row_size, self._request.rules, self._price_before
        )

    def _price_before(self, ts_ns: int) -> float | None:
        return self._closes.before(ts_ns) if self._closes is not None else None

    def _take(self, bar: FootprintBar, flows: Floats) -> None:
        self._bought += bar.buy
        self._sold += bar.sell
        spot, oi_change, longs, shorts = flows.tolist()
        buys = sum(stack.buy for stack in bar.stacks)
        facts = BarFacts(
            start_ns=bar.start_ns,
            end_ns=bar.end_ns,
            open=bar.open,
            high=bar.plausible(bar.high),
            low=bar.plausible(bar.low),
            close=bar.plausible(bar.close),
            buy=bar.buy,
            sell=bar.sell,
            poc=self._levels.middle(bar.poc_row),
            buy_stacks=buys,
            sell_stacks=len(bar.stacks) - buys,
            cvd=net(self._bought, self._sold),
            spot_delta=spot,
            oi_change=oi_change,
            long_liquidated=longs,
            short_liquidated=shorts,
            complete=bar.complete,
            levels=self._levels.known(bar.start_ns),
        )
        self._machine.step(facts)
        self._levels.take(bar)


class _Closes:
    """Closes of all perpetuals at a step that divides both a bar and a minute."""

    def __init__(self, base: Base, bar_ns: int) -> None:
        rule = BarRule(BarKind.TIME, math.gcd(bar_ns, MINUTE_NS))
        self._bars = bar_series(base, PERPS, rule).bars(base.watermark_ns, base.coverage_revision)
        self._markets = [market for market in base.chosen(PERPS) if market.coverage.began]

    def before(self, ts_ns: int) -> float | None:
        """The price of the last trade before a multiple of the step; None where trades are missing."""
        at = bisect_right(self._bars, ts_ns, key=attrgetter("end_ns")) - 1
        if at < 0:
            return None
        last = self._bars[at]
        received = all(market.coverage.covers(last.start_ns, ts_ns) for market in self._markets)
        return last.close if received else None


def _is(one: FootprintBar, other: FootprintBar) -> bool:
    return one is other


def _closed_bars(base: Base, request: SetupsRequest) -> tuple[list[FootprintBar], float]:
    """Closed bars with rows, and the row size that follows from the first bar's price; ([], 0.0) without bars."""
    plain = bar_series(base, PERPS, BarRule(BarKind.TIME, request.bar_ns)).bars(
        base.watermark_ns, base.coverage_revision
    )
    closed = [bar for bar in plain if bar.closed]
    if not closed:
        return [], 0.0
    since_ns = (closed[-1].start_ns // DAY_NS - 1) * DAY_NS
    first = next(bar for bar in closed if bar.start_ns >= since_ns)
    row = _row_size(base, first.open)
    asked = FootprintRequest(request.base, PERPS, request.bar_ns, float(row))
    series = row_series(base, asked, base.chosen(PERPS), row)
    bars = series.bars(base.watermark_ns, base.coverage_revision)
    return [bar for bar in bars if bar.closed and bar.start_ns >= since_ns], float(row)


def _row_size(base: Base, price: float) -> Fraction:
    """Row size from the price rounded down to a power of two, so that it seldom changes."""
    tick = base.largest_tick(base.chosen(PERPS))
    magnitude = 2.0 ** math.floor(math.log2(price)) if price > 0 else 1.0
    return Fraction(str(float(round_step(Fraction(magnitude * ROW_PART), tick))))


def _flows(base: Base, request: SetupsRequest, row_size: float, bars: list[FootprintBar]) -> Floats:
    """By bar (4, n): spot delta and change of open interest (base coin), longs and shorts liquidated (quote).

    NaN where unknown.
    """
    starts = np.array([bar.start_ns for bar in bars], np.int64)
    asked = FootprintRequest(request.base, PERPS, request.bar_ns, row_size)
    oi_change, longs, shorts = bar_flows(base, asked, base.chosen(PERPS), starts)
    return np.stack((_spot_deltas(base, request, bars), oi_change, longs, shorts))


def _spot_deltas(base: Base, request: SetupsRequest, bars: list[FootprintBar]) -> Floats:
    spots = [market for market in base.chosen(SPOTS) if market.coverage.began]
    if not spots:
        return np.full(len(bars), np.nan)
    series = bar_series(base, SPOTS, BarRule(BarKind.TIME, request.bar_ns))
    known = {bar.start_ns: bar for bar in series.bars(base.watermark_ns, base.coverage_revision) if bar.closed}
    return np.array([_spot_delta(known.get(bar.start_ns), bar, spots) for bar in bars], np.float64)


def _spot_delta(spot: FootprintBar | None, bar: FootprintBar, markets: list[Market]) -> float:
    if spot is not None:
        return spot.delta if spot.complete else math.nan
    received = all(market.coverage.covers(bar.start_ns, bar.end_ns) for market in markets)
    return 0.0 if received else math.nan
