"""The altcoins and the venues that list them. Prices and turnovers are those of late summer 2024, rounded."""

from collections.abc import Collection, Iterator

from feeds.model.instrument import Instrument, MarketKind, Venue
from feeds.simulator.catalogue.markets import LISTINGS
from feeds.simulator.market.spec import AltcoinBase, AltcoinSpec

# price, million USD a day on Binance, volatility of a second in 1e-4, beta, the letters of those that list it
_TABLE = """
SOL 145 2400 2.0 1.1 BYOHDCI|XRP 0.56 700 1.8 0.8 BYOHDCI|DOGE 0.102 500 2.2 1.1 BYOHDC
BNB 515 420 1.2 0.7 BYOHDC|ADA 0.345 160 1.8 1.0 BYOHDCI|AVAX 22.4 190 2.2 1.1 BYOHD
LINK 10.6 150 2.0 1.0 BYOHDCI|DOT 4.55 90 1.9 1.0 BYOHC|LTC 62.1 120 1.6 0.8 BYOHDC
BCH 335 110 1.9 0.9 BYOHD|TRX 0.128 70 1.0 0.4 BYOHD|NEAR 4.1 130 2.4 1.1 BYOHD
UNI 6.2 85 2.3 1.0 BYOHD|APT 5.9 110 2.5 1.1 BYOH|SUI 0.95 240 2.8 1.1 BYOH
ARB 0.555 110 2.5 1.1 BYOH|OP 1.42 100 2.5 1.1 BYOH|FIL 3.6 80 2.2 1.0 BYO
ATOM 4.7 60 1.9 0.9 BYOH|ETC 18.7 70 1.8 0.9 BYOHC|ICP 7.7 50 2.1 0.9 BYO
INJ 18.4 95 2.7 1.1 BYOH|TIA 4.9 120 3.2 1.2 BYOH|SEI 0.285 70 2.9 1.1 BYOH
AAVE 98 95 2.4 0.9 BYOH|MKR 2010 55 2.2 0.8 BYOH|LDO 1.05 60 2.6 1.0 BYOH
CRV 0.27 70 3.0 1.0 BYOH|SNX 1.35 25 2.5 0.9 BYOH|COMP 42.5 25 2.3 0.8 BYOH
DYDX 1.02 40 2.7 1.0 BYOH|GMX 24.5 20 2.5 0.9 BYOH|PENDLE 2.65 60 3.4 1.1 BYH
JTO 2.1 45 3.2 1.1 BYOH|JUP 0.78 60 3.0 1.1 BYOH|PYTH 0.29 35 2.9 1.0 BYOH
WLD 1.5 150 3.1 1.1 BYOH|ORDI 27.3 110 3.4 1.2 BYOH|WIF 1.52 260 3.9 1.3 BYOH
PEPE 0.0000077 420 3.5 1.3 BYOHD|SHIB 0.0000135 180 2.6 1.1 BYOHD|BONK 0.0000172 150 3.6 1.3 BYOHD
FLOKI 0.000118 95 3.5 1.2 BYOH|SATS 0.00000022 60 3.6 1.2 BYO|MOG 0.00000105 12 4.5 1.3 BYOD
LUNC 0.0000792 20 2.8 1.0 BYH|RATS 0.000089 14 3.6 1.2 BYO|PEOPLE 0.061 90 3.8 1.1 BYOH
BLUR 0.17 25 3.0 1.1 BYOH|APE 0.7 30 2.5 1.0 BYOH|SAND 0.26 30 2.2 1.0 BYOH
MANA 0.27 25 2.1 1.0 BYO|GALA 0.0186 45 2.7 1.1 BYOH|AXS 4.6 25 2.2 1.0 BYO
IMX 1.15 30 2.7 1.1 BYOH|RUNE 3.7 70 2.9 1.0 BYOH|KAS 0.163 30 2.2 0.7 BYH
STX 1.38 50 2.7 1.1 BYOH|FTM 0.34 80 3.1 1.1 BYOH|RENDER 4.9 70 2.8 1.1 BYOH
FET 0.92 90 3.1 1.1 BYOH|TAO 268 85 3.5 1.1 BYH|ENA 0.3 75 3.3 1.1 BYOH
ETHFI 1.55 40 3.3 1.1 BYOH|ZRO 3.6 45 3.0 1.0 BYOH|TRB 46 60 4.0 0.8 BYO
GAS 3.2 15 2.8 0.8 BYOH|1INCH 0.245 15 2.0 0.9 BYO
"""


def _bases() -> Iterator[tuple[AltcoinBase, str]]:
    for row in _TABLE.replace("|", "\n").split("\n"):
        if row:
            name, price, day, volatility, beta, venues = row.split()
            base = AltcoinBase(
                name=name, price=float(price), volatility=float(volatility) * 1e-4 * 0.6, beta=float(beta),
                day_usd=float(day) * 1e6,
            )  # fmt: skip
            yield base, venues


_LISTED = tuple(_bases())
ALTCOIN_BASES: tuple[AltcoinBase, ...] = tuple(base for base, _ in _LISTED)


def _rows() -> Iterator[tuple[Instrument, AltcoinBase, float]]:
    """Every listed altcoin market with its base and its share of Binance's turnover."""
    offered = [listing.altcoins for listing in LISTINGS.values() if listing.altcoins is not None]
    for base, letters in _LISTED:
        for venue in offered:
            if venue.letter in letters:
                yield venue.linear(base), base, venue.share
        for venue in offered:
            if venue.inverse is not None and venue.inverse_letter in letters:
                yield venue.inverse(base), base, venue.inverse_share


def _spec(number: int, instrument: Instrument, base: AltcoinBase, share: float) -> AltcoinSpec:
    listing = LISTINGS[instrument.venue]
    altcoins = listing.altcoins
    assert altcoins is not None
    price, lot = base.price, float(instrument.lot_size)
    lot_usd = lot * float(instrument.contract_size) if instrument.kind is MarketKind.INVERSE else lot * price
    day_usd = base.day_usd * share
    hours = 1 if base.name in altcoins.hourly else 4 if base.name in altcoins.four_hourly else listing.funding_hours
    return AltcoinSpec(
        instrument=instrument, basis=altcoins.basis, interval_ns=listing.interval_ns,
        aggregate_ns=altcoins.aggregate_ns, first_trade_id=100_000_001 + number * 3_000_017,
        first_aggregate_id=50_000_001 + number * 1_000_003, first_update_id=700_000_001 + number * 5_000_011,
        open_interest=max(round(day_usd * 0.25 / lot_usd), 1), funding_hours=hours,
        day_usd=day_usd, level_lots=max(day_usd * 2e-5 / lot_usd, 1.0),
        spread_ticks=max(round(price * 1e-4 / float(instrument.tick_size) * (1.0 if share > 0.3 else 2.0)), 1),
        phase=number * 37 % 100,
    )  # fmt: skip


ALTCOINS: tuple[AltcoinSpec, ...] = tuple(_spec(number, *row) for number, row in enumerate(_rows()))


def altcoins_of(
    venues: Collection[Venue | str] | None = None, bases: Collection[str] | None = None
) -> tuple[AltcoinSpec, ...]:
    """The altcoin markets of these venues and base coins; None means all."""
    return tuple(
        spec
        for spec in ALTCOINS
        if (venues is None or spec.instrument.venue in venues) and (bases is None or spec.instrument.base in bases)
    )
