"""Deribit's open interest, and its liquidations, which come an hour late and by REST only (README: Liquidations).

Time is cut into windows of five minutes, the same for every connection. At each border the window that ended 61 minutes
before is fetched, so that a reconnect neither repeats nor skips one unless it misses the border itself.
"""

from collections.abc import Iterator

from feeds.model.events import Liquidation, OpenInterest, Side
from feeds.model.instrument import Instrument, MarketKind
from feeds.model.protocol import Fetch
from feeds.pipeline.units import Units
from feeds.venues.deribit.wire import AnswerPage, TradeData, TradesPage
from feeds.venues.shared.numbers import HOUR, MS, SECOND
from feeds.venues.shared.rows import LeaveOut, RowDecoder, each

FUNDING_BASIS_NS = 8 * HOUR  # the rate is per 8 h and accrues continuously
WINDOW_NS = 300 * SECOND
DELAY_NS = 61 * 60 * SECOND
late_page = RowDecoder(AnswerPage, TradeData, lists=lambda answer: (answer.result.trades,), strict=True)
_RETRY_NS = 30 * SECOND
_SPREAD_NS = 200 * MS
_PATH = (
    "/api/v2/public/get_last_trades_by_instrument_and_time"
    "?instrument_name={}&start_timestamp={}&end_timestamp={}&count=1000&sorting=asc"
)

_BUY, _SELL = Side.BUY, Side.SELL


def open_interest(instrument: Instrument, listed: float, mark: float, ts_ns: int, now_ns: int) -> OpenInterest:
    """`listed` is USD on inverse, listed coins on linear; `mark` is quote per base coin (README: Open interest)."""
    if instrument.kind is MarketKind.INVERSE:
        return OpenInterest(instrument, ts_ns, now_ns, listed / mark if mark else 0.0, listed)
    size = listed * instrument.multiplier
    return OpenInterest(instrument, ts_ns, now_ns, size, size * mark)


def liquidated_sides(direction: str, liquidation: str | None) -> tuple[Side, ...]:
    """The sides of the liquidation orders in one trade: T the taker's, M the maker's, MT one of each; else none."""
    taker, maker = (_BUY, _SELL) if direction == "buy" else (_SELL, _BUY)
    return {"T": (taker,), "M": (maker,), "MT": (taker, maker), "TM": (taker, maker)}.get(liquidation or "", ())


def liquidations(units: Units, row: TradeData, now_ns: int) -> Iterator[Liquidation]:
    """The liquidations in one trade, at the price of the trade. Raises ProtocolError for a price off the grid."""
    sides = liquidated_sides(row.direction, row.liquidation)
    if not sides:
        return
    _, price, size, notional = units.execution(row.price, row.amount)
    for side in sides:
        yield Liquidation(units.instrument, row.timestamp * MS, now_ns, price, size, notional, side)


class DelayedLiquidations:
    """One instrument's collector. Requests follow the clock; events follow from the answers alone, as replay needs."""

    def __init__(self, units: Units, number: int) -> None:
        self._units = units
        self._offset_ns = number * _SPREAD_NS
        self._border_ns = 0
        self._due_ns: int | None = None
        self._span_ms = (0, 0)
        self._last_seq = 0

    def tick(self, now_ns: int) -> Fetch | None:
        """The request that is due now, if any; one that was not answered is repeated."""
        if not self._border_ns:
            self._border_ns = _next_border(now_ns)
        if self._due_ns is None and now_ns >= self._border_ns + self._offset_ns:
            first_ns, self._border_ns = self._border_ns - WINDOW_NS, _next_border(now_ns)
            end_ns = self._border_ns - WINDOW_NS
            self._span_ms = ((first_ns - DELAY_NS) // MS, (end_ns - DELAY_NS) // MS - 1)
            self._due_ns = now_ns
        if self._due_ns is None or now_ns < self._due_ns:
            return None
        self._due_ns = now_ns + _RETRY_NS
        return self._fetch()

    def answer(
        self, page: TradesPage[TradeData], now_ns: int, leave_out: LeaveOut
    ) -> tuple[list[Liquidation], Fetch | None]:
        """The liquidations of a page in order of time, and the request for the next page."""
        rows = sorted((row for row in page.trades if row.trade_seq > self._last_seq), key=lambda row: row.trade_seq)
        found = each(rows, lambda row: liquidations(self._units, row, now_ns), leave_out)
        if not rows or not page.has_more:
            self._due_ns = None
        if not rows:
            return found, None
        self._last_seq = rows[-1].trade_seq
        if not page.has_more:
            return found, None
        self._span_ms = (rows[-1].timestamp, self._span_ms[1])
        return found, self._fetch()

    def _fetch(self) -> Fetch:
        symbol = self._units.instrument.symbol
        return Fetch(_PATH.format(symbol, *self._span_ms), f"liquidations/{symbol}")


def _next_border(now_ns: int) -> int:
    return now_ns - now_ns % WINDOW_NS + WINDOW_NS
