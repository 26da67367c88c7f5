"""Five-minute statistics of a perpetual: open interest, taker volumes, long shares.

The week before the start is a synthetic random walk that ends where the live rows begin, without a step.
"""

from collections import deque
from dataclasses import dataclass

import numpy as np

from feeds.simulator.market.draws import Draws
from feeds.simulator.market.ledger import Ledger
from feeds.simulator.market.spec import SECOND

FIVE_MINUTES_NS = 300 * SECOND
_PAST = 2_016


@dataclass(frozen=True, slots=True)
class StatsRow:
    """Statistics of the five minutes (or the longer period) that ended at `ts_ns`.

    `open_interest` (lots) and `price` (quote) as they stood then, taker volumes in lots, shares in (0, 1) of the long
    accounts, of the long accounts among the largest traders, and of the long positions of those.
    """

    ts_ns: int
    open_interest: float
    price: float
    buy_lots: float
    sell_lots: float
    long_accounts: float
    top_accounts: float
    top_positions: float


class Series:
    """The rows of one market, oldest first. `volume` is a usual volume of five minutes in lots."""

    def __init__(self, draws: Draws, now_ns: int, open_interest: float, price: float, volume: float) -> None:
        self._draws = draws.spawn()
        self._start = (now_ns - now_ns % FIVE_MINUTES_NS, open_interest, price, volume)
        self._past: list[StatsRow] | None = None
        self._live: deque[StatsRow] = deque(maxlen=_PAST)
        self._next_ns = self._start[0] + FIVE_MINUTES_NS
        self._counted = (-1, 0)

    def second(self, now_ns: int, open_interest: float, price: float, ledger: Ledger, positioning: float) -> None:
        """Append a row when five minutes have passed."""
        if self._counted[0] < 0:
            self._counted = ledger.buy_lots, ledger.sell_lots
        if now_ns < self._next_ns:
            return
        bought, sold = ledger.buy_lots - self._counted[0], ledger.sell_lots - self._counted[1]
        self._counted = ledger.buy_lots, ledger.sell_lots
        shares = _shares(positioning, 0.01 * self._draws.normal())
        self._live.append(StatsRow(self._next_ns, open_interest, price, bought, sold, *shares))
        self._next_ns += FIVE_MINUTES_NS

    def rows(self, period_ns: int, start_ns: int, end_ns: int, limit: int) -> list[StatsRow]:
        """The newest `limit` rows of a period (a multiple of five minutes) with start <= time <= end."""
        if self._past is None:
            self._past = self._synthetic_past()
        every = max(period_ns // FIVE_MINUTES_NS, 1)
        rows = [*self._past, *self._live]
        ends = [at for at, row in enumerate(rows) if row.ts_ns % period_ns == 0 and start_ns <= row.ts_ns <= end_ns]
        return [_sum(rows[max(at - every + 1, 0) : at + 1]) for at in ends[-limit:]]

    def _synthetic_past(self) -> list[StatsRow]:
        end_ns, open_interest, price, volume = self._start
        rng = self._draws.rng
        walks = np.cumsum(rng.standard_normal((3, _PAST)) * [[0.004], [0.0015], [0.02]], axis=1)
        positioning = np.tanh(walks[2])
        heat = np.exp(0.5 * rng.standard_normal(_PAST))
        rows = []
        for back in range(_PAST):
            lean, size = 0.5 + 0.08 * float(positioning[back]), volume * float(heat[back])
            rows.append(StatsRow(
                end_ns - back * FIVE_MINUTES_NS, open_interest * float(np.exp(-walks[0, back])),
                price * float(np.exp(walks[1, back])), size * lean, size * (1.0 - lean),
                *_shares(float(positioning[back]), 0.0),
            ))  # fmt: skip
        return rows[::-1]


def _shares(positioning: float, noise: float) -> tuple[float, float, float]:
    """Long shares of all accounts, of the largest accounts, and of their positions; the largest lean the other way."""
    return 0.52 + 0.18 * positioning + noise, 0.51 + 0.1 * positioning + noise, 0.5 - 0.06 * positioning + noise


def _sum(rows: list[StatsRow]) -> StatsRow:
    last = rows[-1]
    buys, sells = sum(row.buy_lots for row in rows), sum(row.sell_lots for row in rows)
    shares = last.long_accounts, last.top_accounts, last.top_positions
    return StatsRow(last.ts_ns, last.open_interest, last.price, buys, sells, *shares)
