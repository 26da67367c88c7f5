"""Deribit's `get_instruments` as instruments (README: Instruments, Symbols and multipliers)."""

from collections.abc import Iterator
from decimal import Decimal

import msgspec

from feeds.model.instrument import Instrument, MarketKind
from feeds.pipeline.symbols import base_and_multiplier, tradfi_base
from feeds.venues.deribit.profile import PROFILE
from feeds.venues.deribit.wire import AnswerRows
from feeds.venues.shared.numbers import readable
from feeds.venues.shared.rows import Listing, ListingReader, RowDecoder

_TYPES = {MarketKind.INVERSE: "reversed", MarketKind.LINEAR: "linear"}


class _Listed(msgspec.Struct):
    """Sizes are exact decimals: 0.05 must not become its nearest float. `tick_size_steps` only coarsen the tick."""

    instrument_name: str
    base_currency: str
    quote_currency: str
    tick_size: Decimal
    min_trade_amount: Decimal
    settlement_currency: str = ""
    counter_currency: str = ""
    settlement_period: str = ""
    instrument_type: str = ""
    future_type: str = ""
    underlying_type: str = "crypto"
    is_active: bool = True
    state: str = "open"


_decoder = RowDecoder(AnswerRows, _Listed, lists=lambda answer: (answer.result,), strict=True)


def instruments_from_listing(body: bytes, kind: MarketKind) -> Listing:
    """Return the open perpetuals of one kind in a `get_instruments` body; dated futures and options are left out.

    So is a row of odd values or shape.

    `{"result":[{"instrument_name":"BTC-PERPETUAL","instrument_type":"reversed","settlement_period":"perpetual",
    "base_currency":"BTC","quote_currency":"USD","counter_currency":"USD","settlement_currency":"BTC","tick_size":0.5,
    "min_trade_amount":10.0,"contract_size":10.0,"is_active":true,"state":"open"}]}`

    Raises:
        ProtocolError: the body is no instrument list.
    """
    reader = ListingReader[_Listed]()
    with readable("Deribit's instrument list"):
        rows = _decoder.decode(body, reader.leave_out).result
    return reader.listing(rows, lambda row: _listed(row, kind))


def _listed(row: _Listed, kind: MarketKind) -> Iterator[Instrument]:
    margined = (row.instrument_type or row.future_type) == _TYPES.get(kind)
    if margined and row.is_active and row.state == "open" and row.settlement_period == "perpetual":
        yield _instrument(row, kind)


def _instrument(row: _Listed, kind: MarketKind) -> Instrument:
    base, multiplier = base_and_multiplier(row.base_currency, PROFILE.symbols)
    if row.underlying_type != "crypto":
        base = tradfi_base(base)
    return Instrument(
        venue=PROFILE.name,
        kind=kind,
        symbol=row.instrument_name,
        base=base,
        quote=row.counter_currency or row.quote_currency,
        settle=row.settlement_currency,
        tick_size=row.tick_size.normalize() / multiplier,
        lot_size=row.min_trade_amount.normalize() * multiplier,
        multiplier=multiplier,
    )
