"""Every perpetual of all venues and the sums of each base: request and view."""

from dataclasses import dataclass

from feeds.model.instrument import InstrumentId, MarketKind, Venue
from workstation.readmodels.arrays import Floats, Ints
from workstation.readmodels.markets import MarketFilter
from workstation.readmodels.request import Request


@dataclass(frozen=True, slots=True)
class UniverseRequest(Request["UniverseView"]):
    """Every perpetual that a filter accepts and every base summed over them; `base` is not used."""

    base: str = ""
    markets: MarketFilter = MarketFilter()


@dataclass(frozen=True, slots=True, eq=False)
class UniverseColumns:
    """One number per row; NaN where unknown.

    `price` is the last one. `funding_8h` is a fraction of the notional per 8 h, positive when longs pay;
    `open_interest` is base coin, one side counted; its changes are fractions; `premium` is mark over index minus 1.
    `taker_delta` is (taker buys - taker sells) / volume of the last whole 5 minutes or hour that the venue published.
    `liquidated_*` is the notional of the last hour by the side of the position. `imbalance` is (bid - ask) / (bid +
    ask) of the sizes at the best prices, `long_share` the share of accounts that are long. `age_s` is the time since
    the last event.
    """

    price: Floats
    change_24h: Floats
    volume_24h: Floats
    turnover_24h: Floats
    funding_8h: Floats
    open_interest: Floats
    open_interest_usd: Floats
    interest_change_1h: Floats
    interest_change_4h: Floats
    interest_change_24h: Floats
    premium: Floats
    taker_delta_5m: Floats
    taker_delta_1h: Floats
    liquidated_long_1h: Floats
    liquidated_short_1h: Floats
    imbalance: Floats
    long_share: Floats
    age_s: Floats


@dataclass(frozen=True, slots=True, eq=False)
class UniverseMarkets:
    """The perpetuals one by one. `base` is the row of each in `UniverseView.symbols`.

    `funding` is a fraction per interval of `interval_h` hours, due at `next_funding_ns` (0: unknown). `bid` and `ask`
    are prices, the sizes base coin. `taker_buy_24h` is base coin.
    """

    ids: tuple[InstrumentId, ...]
    venues: tuple[Venue, ...]
    kinds: tuple[MarketKind, ...]
    base: Ints
    columns: UniverseColumns
    mark: Floats
    index: Floats
    funding: Floats
    interval_h: Floats
    next_funding_ns: Ints
    bid: Floats
    ask: Floats
    bid_size: Floats
    ask_size: Floats
    taker_buy_24h: Floats


@dataclass(frozen=True, slots=True, eq=False)
class UniverseView:
    """One row per base, over its live perpetuals: those with an event in the last 20 s.

    Sums are over known values; funding and long share are means weighted by open interest in USD, premium, taker delta
    and imbalance by turnover; price and change are of the market with the largest turnover. A change of open interest
    covers the markets known at both times. `live` of `known` perpetuals count. `since_ns` is the time of the first
    event: sums of an hour are complete an hour later.
    """

    request: UniverseRequest
    revision: int
    symbols: tuple[str, ...]
    columns: UniverseColumns
    live: Ints
    known: Ints
    markets: UniverseMarkets
    since_ns: int = 0
    now_ns: int = 0
