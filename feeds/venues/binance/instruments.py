"""Binance's exchangeInfo as instruments (README: Instruments, Symbols and multipliers)."""

from collections.abc import Iterator
from decimal import Decimal
from typing import Generic, TypeVar

import msgspec

from feeds.model.instrument import Instrument, MarketKind
from feeds.pipeline.symbols import base_and_multiplier, tradfi_base
from feeds.venues.binance.profile import PROFILE
from feeds.venues.shared.numbers import readable
from feeds.venues.shared.rows import Listing, ListingReader, RowDecoder

Row = TypeVar("Row")


class _Filter(msgspec.Struct):
    filterType: str
    tickSize: Decimal | None = None
    stepSize: Decimal | None = None


class _Symbol(msgspec.Struct):
    symbol: str
    baseAsset: str
    quoteAsset: str
    filters: list[_Filter]
    status: str = ""
    contractStatus: str = ""
    contractType: str = ""
    marginAsset: str = ""
    contractSize: Decimal = Decimal(1)


class _ExchangeInfo(msgspec.Struct, Generic[Row]):
    symbols: list[Row]


_decoder = RowDecoder(_ExchangeInfo, _Symbol, lists=lambda info: (info.symbols,))
_TRADFI = "TRADIFI_PERPETUAL"


def instruments_from_exchange_info(body: bytes, kind: MarketKind) -> Listing:
    """Return the trading perpetuals (or spot pairs) of an exchangeInfo body.

    Dated futures are left out, and so is a row of odd values or shape.

    Raises:
        ProtocolError: the body is no exchangeInfo.
    """
    reader = ListingReader[_Symbol]()
    with readable("Binance's instrument list"):
        info = _decoder.decode(body, reader.leave_out)
    return reader.listing(info.symbols, lambda symbol: _listed(symbol, kind))


def _listed(symbol: _Symbol, kind: MarketKind) -> Iterator[Instrument]:
    trading = (symbol.status or symbol.contractStatus) == "TRADING"
    if trading and (kind is MarketKind.SPOT or symbol.contractType in ("PERPETUAL", _TRADFI)):
        yield _instrument(symbol, kind)


def _step(symbol: _Symbol, filter_type: str) -> Decimal:
    for rule in symbol.filters:
        if rule.filterType == filter_type:
            return (rule.tickSize or rule.stepSize or Decimal(0)).normalize()
    return Decimal(0)


def _instrument(symbol: _Symbol, kind: MarketKind) -> Instrument:
    base, multiplier = base_and_multiplier(symbol.baseAsset, PROFILE.symbols)
    if symbol.contractType == _TRADFI:
        base, multiplier = tradfi_base(symbol.baseAsset), 1
    return Instrument(
        venue=PROFILE.name,
        kind=kind,
        symbol=symbol.symbol,
        base=base,
        quote=symbol.quoteAsset,
        settle=symbol.marginAsset,
        tick_size=_step(symbol, "PRICE_FILTER") / multiplier,
        lot_size=_step(symbol, "LOT_SIZE") * multiplier,
        contract_size=symbol.contractSize if kind is MarketKind.INVERSE else Decimal(1),
        multiplier=multiplier,
    )
