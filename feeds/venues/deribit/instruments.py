"""Deribit's `get_instruments` as instruments (README: Instruments, Symbols and multipliers)."""

from __future__ import annotations

from decimal import Decimal

import msgspec

from feeds.model.instrument import Instrument, MarketKind
from feeds.pipeline.symbols import base_and_multiplier, tradfi_base
from feeds.venues.deribit.profile import PROFILE
from feeds.venues.deribit.wire import Answer
from feeds.venues.shared.numbers import readable

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


_decoder = msgspec.json.Decoder(Answer[list[_Listed]])


def instruments_from_listing(body: bytes, kind: MarketKind) -> tuple[Instrument, ...]:
    """Return the open perpetuals of one kind in a `get_instruments` body; dated futures and options are left out.

    `{"result":[{"instrument_name":"BTC-PERPETUAL","instrument_type":"reversed","settlement_period":"perpetual",
    "base_currency":"BTC","quote_currency":"USD","counter_currency":"USD","settlement_currency":"BTC","tick_size":0.5,
    "min_trade_amount":10.0,"contract_size":10.0,"is_active":true,"state":"open"}]}`

    Raises:
        ProtocolError: the body is no instrument list.
    """
    with readable("Deribit's instrument list"):
        rows = _decoder.decode(body).result
    return tuple(_instrument(row, kind) for row in rows if _is_listed(row, kind))


def _is_listed(row: _Listed, kind: MarketKind) -> bool:
    margined = (row.instrument_type or row.future_type) == _TYPES.get(kind)
    trading = row.is_active and row.state == "open"
    positive = row.tick_size.is_finite() and row.tick_size > 0 and row.min_trade_amount.is_finite()
    return margined and trading and row.settlement_period == "perpetual" and positive


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
