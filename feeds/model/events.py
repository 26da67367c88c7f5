"""Market events, as frozen values in one total order.

The order is that of receipt (`ts_recv_ns`, ties in order of arrival). Bars are built on `ts_venue_ns`, order and
latency on `ts_recv_ns`; both are ns since the epoch, UTC. Sizes are base coin after contract conversion, notionals
quote currency, `price_ticks` the price in integer ticks of the instrument. `aggressor` is None where the venue does not
publish it; it is never inferred. `feeds` passes on no `BookDelta` before a snapshot.

msgspec structs instead of dataclasses: a frozen slotted dataclass costs 1.0 us to build, a struct 0.15 us.
"""

from enum import StrEnum
from typing import NamedTuple

import msgspec

from feeds.model.instrument import Instrument, Venue

Level = tuple[int, float]  # (price in ticks, size in base coin)


class Side(StrEnum):
    """The side of a trade's aggressor, or of a liquidation order (a SELL order liquidates a long)."""

    BUY = "buy"
    SELL = "sell"


class _Event(msgspec.Struct, frozen=True, gc=False, tag=True):
    pass


class _Timed(_Event, frozen=True):
    instrument: Instrument
    ts_venue_ns: int
    ts_recv_ns: int


class Trade(_Timed, frozen=True):
    """One execution as published by the venue.

    `matches` is how many consecutive ids up to `trade_id` it merges, 1 where the venue publishes each of its own.
    """

    price_ticks: int
    price: float
    size: float
    notional: float
    aggressor: Side | None
    trade_id: int | str
    matches: int = 1


class BookSnapshot(_Timed, frozen=True):
    """The whole visible book, best level first on both sides. Replaces the previous state."""

    bids: list[Level]
    asks: list[Level]
    update_id: int = 0


class BookDelta(_Timed, frozen=True):
    """Absolute new sizes of some levels; 0 removes the level."""

    bids: list[Level]
    asks: list[Level]
    update_id: int = 0


class BookLost(_Event, frozen=True):
    """The update sequence broke or the connection ended: the book is unknown until the next snapshot."""

    instrument: Instrument
    ts_recv_ns: int
    reason: str


class Quote(_Timed, frozen=True):
    """Best bid and ask from the venue's own stream, independent of the depth stream."""

    bid_ticks: int
    bid_size: float
    ask_ticks: int
    ask_size: float
    update_id: int = 0


class MarkPrice(_Timed, frozen=True):
    """The mark price, used for margin and liquidation, quote per base coin."""

    mark: float


class IndexPrice(_Timed, frozen=True):
    """The index price (the venue's spot basket), quote per base coin."""

    index: float


class Funding(_Timed, frozen=True):
    """The funding rate as a fraction per interval; longs pay shorts when positive.

    `next_funding_ns` and `interval_ns` are None where the venue does not publish them.
    """

    rate: float
    next_funding_ns: int | None
    interval_ns: int | None = None


class OpenInterest(_Timed, frozen=True):
    """Open interest, one side counted, in base coin; `notional` in quote, None where it would need a price."""

    open_interest: float
    notional: float | None = None


class Liquidation(_Timed, frozen=True):
    """A liquidation order. `side` is the order's side: SELL closes a long, BUY closes a short."""

    price: float
    size: float
    notional: float
    side: Side


class OpenInterestHistory(_Event, frozen=True):
    """Past open interest, fetched: (venue time in ns, base coin with one side counted), oldest first."""

    instrument: Instrument
    ts_recv_ns: int
    rows: tuple[tuple[int, float], ...]


class FundingHistory(_Event, frozen=True):
    """Past funding payments, fetched: (venue time in ns, rate as in `Funding`), oldest first."""

    instrument: Instrument
    ts_recv_ns: int
    rows: tuple[tuple[int, float], ...]


class DayStats(_Timed, frozen=True):
    """The venue's 24-hour statistics. `last` is the last price, quote per base coin.

    `change_24h` is a fraction, `volume_24h` base coin, `turnover_24h` quote currency; `taker_buy_24h` is the taker buy
    volume in base coin, None where the venue does not publish it.
    """

    last: float
    change_24h: float
    volume_24h: float
    turnover_24h: float
    taker_buy_24h: float | None = None


class TakerFlow(_Timed, frozen=True):
    """The venue's count of volume and taker buy volume, base coin, in the `window_ns` that ended at `ts_venue_ns`."""

    window_ns: int
    volume: float
    taker_buy: float


class TradesLive(_Event, frozen=True):
    """Every trade of the instrument is received from here on."""

    instrument: Instrument
    ts_recv_ns: int


class TradesLost(_Event, frozen=True):
    """Trades are or may be missing: a gap of `missing` ids, or the end of the connection (`missing` is None)."""

    instrument: Instrument
    ts_recv_ns: int
    reason: str
    missing: int | None = None


class TradesFilled(_Event, frozen=True):
    """Fetched older trades in venue order, none of them sent as a `Trade` before.

    They complete the trades of the instrument with a venue time in [since_ns, until_ns).
    """

    instrument: Instrument
    ts_recv_ns: int
    since_ns: int
    until_ns: int
    trades: tuple[Trade, ...]


class HistoryEnded(_Event, frozen=True):
    """The backfill of the instrument is complete: the requested span is fetched, or the venue has no older trades."""

    instrument: Instrument
    ts_recv_ns: int


class Candle(NamedTuple):
    """One bar as published by the venue. Prices are quote per base coin, `volume` base coin, `turnover` quote.

    `buy_volume` is the taker buy volume in base coin. None where the venue does not publish the value.
    """

    start_ns: int
    open: float
    high: float
    low: float
    close: float
    volume: float
    turnover: float | None = None
    buy_volume: float | None = None


class Candles(_Event, frozen=True):
    """Fetched bars of `bar_ns`, finished or still open, oldest first; without volume at price."""

    instrument: Instrument
    ts_recv_ns: int
    bar_ns: int
    rows: tuple[Candle, ...]


class LongShortRatio(_Timed, frozen=True):
    """The long/short account ratio of a market.

    `ratio` is long accounts per short account, `long_share` the share of long accounts, in [0, 1].
    """

    ratio: float
    long_share: float


class Relisted(_Event, frozen=True):
    """The venue changed a market's terms, usually its price step: later events refer to this `instrument`."""

    instrument: Instrument
    ts_recv_ns: int


class MarketStatus(_Event, frozen=True):
    """Whether a market is trading now; `state` is what the venue calls it, for example "BREAK"."""

    instrument: Instrument
    ts_recv_ns: int
    is_trading: bool
    state: str = ""


class Connected(_Event, frozen=True):
    """A connection opened."""

    venue: Venue
    connection: str
    ts_recv_ns: int


class Disconnected(_Event, frozen=True):
    """A connection ended."""

    venue: Venue
    connection: str
    ts_recv_ns: int
    reason: str


Event = (
    Trade
    | BookSnapshot
    | BookDelta
    | BookLost
    | Quote
    | MarkPrice
    | IndexPrice
    | Funding
    | OpenInterest
    | Liquidation
    | OpenInterestHistory
    | FundingHistory
    | DayStats
    | TakerFlow
    | TradesLive
    | TradesLost
    | TradesFilled
    | Relisted
    | HistoryEnded
    | Candles
    | LongShortRatio
    | MarketStatus
    | Connected
    | Disconnected
)
