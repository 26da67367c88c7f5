"""Mark, index, funding and open interest of a perpetual."""

import math
from dataclasses import dataclass

from feeds.simulator.market.spec import SECOND

EIGHT_HOURS_NS = 8 * 3_600 * SECOND
_PAST_NS = 40 * 86_400 * SECOND
_INTEREST = 0.0001
_DAMPER = 0.00005  # Binance: 0.0005; narrower here, so that the rate is seen to move


@dataclass(frozen=True, slots=True)
class FundingRow:
    """One funding payment: time, rate as a fraction per interval, mark price at that time."""

    ts_ns: int
    rate: float
    mark: float


class Perpetual:
    """The derived prices of one perpetual, quote per base coin. `rate` is a fraction an interval, paid by longs.

    `open_interest` is in lots, one side counted.
    """

    def __init__(
        self, last: float, index: float, open_interest: float, now_ns: int, interval_ns: int = EIGHT_HOURS_NS
    ) -> None:
        self.interval_ns = interval_ns
        self.mark = self.average_mark = last
        self.index = self.settle = index
        self.premium = last / index - 1.0
        self.open_interest = open_interest
        self.next_funding_ns = now_ns - now_ns % interval_ns + interval_ns
        self._first_due_ns, self._first_mark = self.next_funding_ns, self.mark
        self._phase = self.open_interest % 7.0  # no two markets have the same past
        self._paid: list[FundingRow] = []

    @property
    def paid(self) -> list[FundingRow]:
        """The last 1,000 payments at most, oldest first; those before the start are synthetic."""
        if not self._paid:
            for back in range(min(_PAST_NS // self.interval_ns, 999), 0, -1):
                wave = 0.00018 * math.sin(back * 0.9 + self._phase) + 0.00012 * math.sin(back * 2.3 - self._phase)
                ts_ns, rate = self._first_due_ns - back * self.interval_ns, (0.0001 + wave) * self._part
                self._paid.append(FundingRow(ts_ns, rate, self._first_mark))
        return self._paid

    @property
    def rate(self) -> float:
        """The current funding rate per interval: premium plus the clamped interest term, as on Binance."""
        return (self.premium + min(max(_INTEREST - self.premium, -_DAMPER), _DAMPER)) * self._part

    @property
    def _part(self) -> float:
        """The interval as a fraction of 8 h, at least an hour's, so that a compressed interval pays visibly."""
        return max(self.interval_ns / EIGHT_HOURS_NS, 0.125)

    def _pay(self, ts_ns: int, rate: float) -> None:
        self.paid.append(FundingRow(ts_ns, rate, self.mark))
        del self.paid[:-1_000]

    def second(self, now_ns: int, mid: float, index: float) -> None:
        """Update once a second. `mid` and `index` are quote per base coin."""
        self.index = index
        self.premium += (mid / index - 1.0 - self.premium) / 60.0
        self.mark = index * (1.0 + self.premium)
        self.average_mark += (self.mark - self.average_mark) / 30.0
        self.settle += (index - self.settle) / 1_800.0
        if now_ns >= self.next_funding_ns:
            self._pay(self.next_funding_ns, self.rate)
            self.next_funding_ns += self.interval_ns
