"""Pace of the tape against its usual pace, and each market's highs and lows of the day."""

from bisect import bisect_left, bisect_right

import numpy as np

from feeds.model.events import Trade
from workstation.analytics.store.prints import runs_of
from workstation.analytics.store.trades import DAY_NS, Trades, distinct
from workstation.readmodels.arrays import Bools, Ints, frozen
from workstation.readmodels.flow.tape import TapePace

PACE_S = 15
MEAN_S = 1_800
_LEAST_S = 60  # covered by trades, below which there is no mean
_STEPS = 4_096  # new highs or lows retained
_SECOND_NS = 1_000_000_000
_MS = 1_000_000
_BEYOND = 1 << 62

Spans = list[tuple[int, int]]


class Pace:
    """Prints and notional (quote) by second of venue time, of at least the last half hour.

    Prints are those of `store.prints`.
    """

    def __init__(self) -> None:
        self._seconds: dict[int, list[float]] = {}  # prints, bought, sold
        self._last: dict[int, tuple[int, int]] = {}  # millisecond and side of the newest trade, by market

    @property
    def seconds_retained(self) -> int:
        """How many seconds with trades are stored."""
        return len(self._seconds)

    def add_trade(self, trade: Trade, market: int, side: int) -> None:
        """Count a trade; one that continues a print adds none."""
        newest = trade.ts_venue_ns // _MS, side
        self._count(trade.ts_venue_ns, newest != self._last.get(market), trade.notional, side)
        self._last[market] = newest
        if len(self._seconds) > 2 * (MEAN_S + PACE_S):
            self._forget(max(self._seconds) - MEAN_S - PACE_S)

    def fill(self, trades: Trades, since_ns: int) -> None:
        """Count stored trades from a venue time on, in order."""
        if not len(trades.ts):
            return
        begins = self._begins(trades)
        wanted = trades.ts >= since_ns
        columns = (trades.ts, begins, trades.notional, trades.side)
        for row in zip(*(column[wanted].tolist() for column in columns), strict=True):
            self._count(*row)

    def read(self, watermark_ns: int, received: Spans) -> TapePace:
        """Pace at a venue time; `received` are the spans of venue time covered by trades."""
        end = watermark_ns // _SECOND_NS
        recent = sorted(second for second in self._seconds if end - PACE_S < second <= end)
        rows = [self._seconds[second] for second in recent]
        return TapePace(
            second=frozen(np.array(recent, np.int64)),
            prints=frozen(np.array([row[0] for row in rows], np.int64)),
            buy_usd=frozen(np.array([row[1] for row in rows], np.float64)),
            sell_usd=frozen(np.array([row[2] for row in rows], np.float64)),
            mean_15s=self._mean(end - PACE_S + 1, received),
        )

    def _begins(self, trades: Trades) -> Bools:
        """Which trades begin a print; the newest of each market is remembered."""
        runs = runs_of(trades)
        begins = np.zeros(len(trades.ts), np.bool_)
        begins[runs.order[runs.first]] = True
        ms, market, side = trades.ts // _MS, trades.market, trades.side
        for index in distinct(market[runs.order]).tolist():
            own = np.flatnonzero(market == index)
            begins[own[0]] = (int(ms[own[0]]), int(side[own[0]])) != self._last.get(index)
            self._last[index] = int(ms[own[-1]]), int(side[own[-1]])
        return begins

    def _count(self, ts_ns: int, begins: bool, notional: float, side: int) -> None:
        row = self._seconds.setdefault(ts_ns // _SECOND_NS, [0, 0.0, 0.0])
        row[0] += begins
        if side:
            row[side] += notional

    def _forget(self, until: int) -> None:
        for second in [second for second in self._seconds if second <= until]:
            del self._seconds[second]

    def _mean(self, until: int, received: Spans) -> float:
        """Mean prints per 15 s over the covered part of the half hour before the second `until`; NaN below 60 s."""
        since = until - MEAN_S
        known_s = covered(received, since * _SECOND_NS, until * _SECOND_NS) / _SECOND_NS
        if known_s < _LEAST_S:
            return float("nan")
        prints = sum(row[0] for second, row in self._seconds.items() if since <= second < until)
        return prints * PACE_S / known_s


def covered(spans: Spans, start: int, end: int) -> int:
    """Length of the part of [start, end) that lies in at least one span."""
    total, reached = 0, start
    for begin, until in sorted(spans):
        begin, until = max(begin, reached), min(until, end)
        if until > begin:
            total += until - begin
            reached = until
    return total


class Extremes:
    """New highs and lows of one market in its newest UTC day, in order of arrival."""

    def __init__(self) -> None:
        self._day = -1
        self._steps: tuple[Spans, Spans] = ([], [])  # (ts, ticks) of highs and of lows

    def add_trade(self, trade: Trade, market: int, side: int) -> None:
        self._take(trade.ts_venue_ns, trade.price_ticks)

    def fill(self, ts: Ints, ticks: Ints) -> None:
        """Update from stored trades, in order; vectorised except for new highs and lows."""
        days = ts // DAY_NS
        found = distinct(days).tolist()
        for day in found:
            if day >= self._day:
                own = np.flatnonzero(days == day) if len(found) > 1 else slice(None)
                self._fill_day(day, ts[own], ticks[own])

    def _fill_day(self, day: int, ts: Ints, ticks: Ints) -> None:
        highest, lowest = (side[-1][1] for side in self._steps) if day == self._day else (-_BEYOND, _BEYOND)
        high = np.diff(np.maximum.accumulate(ticks), prepend=-_BEYOND) > 0
        low = np.diff(np.minimum.accumulate(ticks), prepend=_BEYOND) < 0
        at = np.flatnonzero(high & (ticks > highest) | low & (ticks < lowest))
        for ts_ns, price in zip(ts[at].tolist(), ticks[at].tolist(), strict=True):
            self._take(ts_ns, price)

    def at(self, ts_ns: int, ticks: float) -> int:
        """+1 for a print at the day's high so far, -1 at the low, 0 for neither.

        Also 0 before the day has two prices, and for prints older than the retained steps.
        """
        if ts_ns // DAY_NS != self._day or not self._moved(ts_ns):
            return 0
        begin = ts_ns // _MS * _MS
        for side, sign in ((0, 1), (1, -1)):
            steps = self._steps[side]
            before = bisect_left(steps, (begin, -_BEYOND))
            made = bisect_right(steps, (begin + _MS - 1, _BEYOND)) > before
            if before and (made or sign * ticks >= sign * steps[before - 1][1]):
                return sign
        return 0

    def _moved(self, ts_ns: int) -> bool:
        """Whether the day had two prices before `ts_ns`."""
        return any(len(steps) > 1 and steps[1][0] < ts_ns for steps in self._steps)

    def _take(self, ts_ns: int, ticks: int) -> None:
        day = ts_ns // DAY_NS
        if day < self._day:
            return
        if day > self._day:
            self._day, self._steps = day, ([], [])
        for steps, sign in zip(self._steps, (1, -1), strict=True):
            if not steps or sign * ticks > sign * steps[-1][1]:
                steps.append((max(ts_ns, steps[-1][0]) if steps else ts_ns, ticks))
                if len(steps) > 2 * _STEPS:
                    del steps[1:-_STEPS]
