"""What a simulated venue lists: BTC and ETH markets, scaled from Binance's to its grid and share, and altcoins."""

import dataclasses
import math
from collections.abc import Callable
from dataclasses import dataclass
from decimal import Decimal

from feeds.model.instrument import Instrument, MarketKind, Venue
from feeds.simulator.catalogue.calibrated import BASES, CALIBRATED
from feeds.simulator.market.spec import MS, AltcoinBase, MarketSpec

_PRICES = {base.name: base.price for base in BASES}
_MODELS = {(spec.instrument.base, spec.instrument.kind): spec for spec in CALIBRATED}
FOUR_HOURLY = frozenset({"WIF", "ORDI", "PENDLE", "JTO", "BONK", "BLUR", "DYDX", "TIA", "PEOPLE", "TRB", "SATS", "MOG"})
"""Coins whose funding most venues pay every four hours."""

MULTIPLIERS = {
    "PEPE": 1_000, "SHIB": 1_000, "BONK": 1_000, "FLOKI": 1_000, "SATS": 1_000, "LUNC": 1_000, "RATS": 1_000,
    "MOG": 1_000_000,
}  # fmt: skip
"""How many of a cheap coin most venues list as one unit."""


@dataclass(frozen=True, slots=True)
class Scaled:
    """One of Binance's markets as another venue lists it.

    `activity` is its orders and book changes, `depth` its sizes and open interest, both as multiples of Binance's;
    `basis` is a fraction of the base's price.
    """

    instrument: Instrument
    activity: float
    depth: float
    basis: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Altcoins:
    """The altcoin perpetuals of a venue, against USD or a stablecoin and coin-margined.

    `linear` and `inverse` make the instrument of a base; `letter` and `inverse_letter` mark the bases that are listed,
    in the table of altcoins. `share` and `inverse_share` are turnovers as fractions of Binance's, `basis` is a fraction
    of the base's price. `aggregate_ns` is the grid on which fills merge. `hourly` and `four_hourly` are the bases whose
    funding is paid that often; the others follow the venue.
    """

    letter: str
    share: float
    basis: float
    linear: Callable[[AltcoinBase], Instrument]
    inverse_letter: str = ""
    inverse_share: float = 0.0
    inverse: Callable[[AltcoinBase], Instrument] | None = None
    aggregate_ns: int = 0
    hourly: frozenset[str] = frozenset()
    four_hourly: frozenset[str] = FOUR_HOURLY


@dataclass(frozen=True, slots=True, kw_only=True)
class Listing:
    """All markets of a simulated venue.

    `interval_ns` are the depth intervals, the smallest first; `id_jump` is the largest step between two update ids and
    `lag_s` how long the venue follows Binance's prices. `markets` are stated in full, `scaled` relative to Binance's.
    """

    interval_ns: tuple[int, ...]
    id_jump: int = 1
    lag_s: float = 0.0
    funding_hours: int = 8
    markets: tuple[MarketSpec, ...] = ()
    scaled: tuple[Scaled, ...] = ()
    altcoins: Altcoins | None = None


def listed(
    venue: Venue, symbol: str, kind: MarketKind, base: str, tick: str, lot: str, contract: str = "1", quote: str = ""
) -> Instrument:
    """A BTC or ETH market. `contract` is one unit of the venue's size field: 1 where inverse sizes are USD."""
    quote = quote or ("USD" if kind is MarketKind.INVERSE else "USDT")
    settle = {MarketKind.SPOT: "", MarketKind.INVERSE: base, MarketKind.LINEAR: quote}[kind]
    return Instrument(
        venue=venue, kind=kind, symbol=symbol, base=base, quote=quote, settle=settle,
        tick_size=Decimal(tick), lot_size=Decimal(lot), contract_size=Decimal(contract),
    )  # fmt: skip


def perpetual(
    venue: Venue, base: AltcoinBase, symbol: str, lot: Decimal, *, multiplier: int = 1, quote: str = "USDT",
    contract: Decimal = Decimal(1), tick: Decimal | None = None,
) -> Instrument:  # fmt: skip
    """An altcoin's linear perpetual. `lot` and `tick` are per listed unit of `multiplier` coins."""
    tick = power_of_ten(base.price * multiplier).scaleb(-4) if tick is None else tick
    return Instrument(
        venue=venue, kind=MarketKind.LINEAR, symbol=symbol, base=base.name, quote=quote, settle=quote,
        tick_size=tick / multiplier, lot_size=lot * multiplier, contract_size=contract, multiplier=multiplier,
    )  # fmt: skip


def coin_margined(venue: Venue, base: AltcoinBase, symbol: str, contract_usd: int) -> Instrument:
    """An altcoin's inverse perpetual, traded by the contract."""
    return Instrument(
        venue=venue, kind=MarketKind.INVERSE, symbol=symbol, base=base.name, quote="USD", settle=base.name,
        tick_size=power_of_ten(base.price).scaleb(-4), lot_size=Decimal(1), contract_size=Decimal(contract_usd),
    )  # fmt: skip


def power_of_ten(value: float) -> Decimal:
    """The largest power of ten that is not above a positive value."""
    return Decimal(1).scaleb(math.floor(math.log10(value)))


def usual_lot(unit_price: float) -> Decimal:
    """A size step worth 1 to 10 USD, at most one listed unit."""
    return min(Decimal(1), Decimal(1).scaleb(-math.floor(math.log10(unit_price))))


def _usd(spec: MarketSpec) -> float:
    """The notional of one lot at the opening price, USD."""
    return spec.notional(1, _PRICES[spec.instrument.base] / spec.tick)


def scaled(number: int, listing: Listing, row: Scaled) -> MarketSpec:
    """The parameters of a scaled market; its ids begin at values that depend on `number`."""
    instrument, activity, depth = row.instrument, row.activity, row.depth
    model = _MODELS[instrument.base, instrument.kind]
    lots = _usd(model) / _usd(dataclasses.replace(model, instrument=instrument))
    coarse = float(instrument.tick_size / model.instrument.tick_size)
    minor, major = (max(round(ticks / coarse), 2) for ticks in model.round_ticks)
    return dataclasses.replace(
        model, instrument=instrument,
        orders_per_s=model.orders_per_s * activity, changes_per_s=model.changes_per_s * activity * 0.6,
        order_lots=max(model.order_lots * lots, 0.6), level_lots=max(model.level_lots * lots * depth, 1.0),
        touch_lots=max(model.touch_lots * lots * depth, 2.0), density=min(model.density * max(coarse, 1.0), 0.9),
        reach_ticks=max(round(model.reach_ticks / coarse), 400), patience_ticks=max(model.patience_ticks / coarse, 1.5),
        lag_s=listing.lag_s + model.lag_s, basis=row.basis, round_ticks=(minor, max(major, 3)),
        interval_ns=listing.interval_ns, aggregate_ns=0, id_jump=listing.id_jump, step_ns=20 * MS,
        first_trade_id=271_252_855 + number * 91_000_019, first_aggregate_id=1_000_000 + number * 7_000_003,
        first_update_id=344_430_848 + number * 60_000_011, open_interest=round(model.open_interest * lots * depth),
        funding_hours=listing.funding_hours, day_usd=model.day_usd * activity,
    )  # fmt: skip
