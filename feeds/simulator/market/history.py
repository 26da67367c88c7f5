"""A market's history for REST: recent trades and aggregates by contiguous id, one-minute bars, 24-hour sums."""

from __future__ import annotations

import math
from bisect import bisect_left
from collections.abc import Callable
from dataclasses import dataclass
from typing import Generic, TypeVar

import msgspec

from feeds.model.events import Side
from feeds.simulator.market.draws import Draws
from feeds.simulator.market.facts import Aggregate, Fill
from feeds.simulator.market.spec import SECOND

MINUTE = 60 * SECOND
Row = TypeVar("Row", Fill, Aggregate)


class Recent(Generic[Row]):
    """The last `capacity` to `2 * capacity` rows; ids are contiguous and start at `first_id`."""

    def __init__(self, capacity: int, first_id: int) -> None:
        self._capacity = capacity
        self.first_id = first_id
        self.rows: list[Row] = []

    def append(self, row: Row) -> None:
        """Add the row with the next id."""
        self.rows.append(row)
        if len(self.rows) >= 2 * self._capacity:
            del self.rows[: self._capacity]
            self.first_id += self._capacity

    def refine(self, factor: int) -> None:
        """Convert all prices to ticks `factor` times finer."""
        self.rows = [msgspec.structs.replace(row, price=row.price * factor) for row in self.rows]

    def last(self, limit: int) -> list[Row]:
        """The newest rows, oldest first."""
        return self.rows[-limit:]

    def since(self, row_id: int, limit: int) -> list[Row]:
        """Rows from an id on, oldest first."""
        start = max(row_id - self.first_id, 0)
        return self.rows[start : start + limit]

    def between(self, start_ns: int, end_ns: int, limit: int) -> list[Row]:
        """Rows of start_ns <= time < end_ns, oldest first."""
        by_time: Callable[[Row], int] = lambda row: row.ts_ns  # noqa: E731
        start = bisect_left(self.rows, start_ns, key=by_time)
        end = bisect_left(self.rows, end_ns, key=by_time)
        return self.rows[start : min(end, start + limit)]


@dataclass(slots=True)
class MinuteBar:
    """One minute of trades. Prices in ticks, `volume` in lots, `turnover` in quote (base coin if inverse)."""

    open_ns: int
    open: int
    high: int
    low: int
    close: int
    first_trade_id: int
    last_trade_id: int
    volume: int = 0
    turnover: float = 0.0
    buy_volume: int = 0
    buy_turnover: float = 0.0

    @property
    def trades(self) -> int:
        return self.last_trade_id - self.first_trade_id + 1

    def add(self, fill: Fill, turnover: float) -> None:
        """Add one fill of this minute; `turnover` as in the field."""
        self.high = max(self.high, fill.price)
        self.low = min(self.low, fill.price)
        self.close = fill.price
        self.last_trade_id = fill.trade_id
        self.volume += fill.lots
        self.turnover += turnover
        if fill.aggressor is Side.BUY:
            self.buy_volume += fill.lots
            self.buy_turnover += turnover

    def merge(self, later: MinuteBar) -> None:
        self.high, self.low, self.close = max(self.high, later.high), min(self.low, later.low), later.close
        self.last_trade_id = later.last_trade_id
        self.volume += later.volume
        self.turnover += later.turnover
        self.buy_volume += later.buy_volume
        self.buy_turnover += later.buy_turnover


@dataclass(slots=True)
class Day:
    """The last 24 hours. Prices in ticks, `volume` in lots, `turnover` in quote (base coin if inverse).

    Volume from before the start expires at an even rate, `leaving` a second.
    """

    open: int
    high: int
    low: int
    close: int
    volume: float
    turnover: float
    trades: float
    leaving: tuple[float, float, float] = (0.0, 0.0, 0.0)

    @classmethod
    def before(cls, price: float, volume: float, turnover: Callable[[int, float], float], draws: Draws) -> Day:
        """A synthetic day that closes at `price` (ticks) with about `volume` lots."""
        moves = [draws.normal() * 0.02 for _ in range(3)]
        close, opened = round(price), round(price * (1.0 - moves[0]))
        high = round(max(close, opened) * (1.0 + abs(moves[1])))
        low = round(min(close, opened) * (1.0 - abs(moves[2])))
        lots = max(volume * math.exp(0.2 * draws.normal()), 1.0)
        day = cls(opened, high, max(low, 1), close, lots, turnover(round(lots), (high + low) / 2), lots**0.5)
        day.leaving = (day.volume / 86_400, day.turnover / 86_400, day.trades / 86_400)
        return day

    def add(self, fill: Fill, turnover: float) -> None:
        self.high, self.low, self.close = max(self.high, fill.price), min(self.low, fill.price), fill.price
        self.volume += fill.lots
        self.turnover += turnover
        self.trades += 1.0

    def refine(self, factor: int) -> None:
        """Convert all prices to ticks `factor` times finer."""
        _refine(self, factor)

    def pass_second(self) -> None:
        """Expire one second of the volume from before the start."""
        self.volume -= self.leaving[0]
        self.turnover -= self.leaving[1]
        self.trades -= self.leaving[2]


def _refine(row: Day | MinuteBar, factor: int) -> None:
    row.open, row.high, row.low, row.close = (x * factor for x in (row.open, row.high, row.low, row.close))


class Bars:
    """One-minute bars of the last `capacity` minutes in which something traded, oldest first."""

    def __init__(self, capacity: int = 3_000) -> None:
        self._capacity = capacity
        self.rows: list[MinuteBar] = []

    def refine(self, factor: int) -> None:
        """Convert all prices to ticks `factor` times finer."""
        for row in self.rows:
            _refine(row, factor)

    def between(self, start_ns: int, end_ns: int) -> list[MinuteBar]:
        """Bars with start_ns <= open time < end_ns, oldest first."""
        return [row for row in self.rows if start_ns <= row.open_ns < end_ns]

    def add(self, fill: Fill, turnover: float) -> None:
        """Add one fill to its minute; `turnover` as in `MinuteBar`."""
        minute = fill.ts_ns - fill.ts_ns % MINUTE
        if not self.rows or self.rows[-1].open_ns != minute:
            price, trade_id = fill.price, fill.trade_id
            self.rows.append(MinuteBar(minute, price, price, price, price, trade_id, trade_id))
            del self.rows[: -self._capacity]
        self.rows[-1].add(fill, turnover)
