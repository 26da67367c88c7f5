"""Binance's exchangeInfo as instruments (README: Instruments, Symbols and multipliers)."""

from __future__ import annotations

import logging
from collections.abc import Iterable, Iterator
from decimal import Decimal

import msgspec

from feeds.model.instrument import Instrument, MarketKind
from feeds.pipeline.symbols import base_and_multiplier, tradfi_base
from feeds.venues.binance.profile import PROFILE
from feeds.venues.shared.numbers import readable

log = logging.getLogger(__name__)


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


class _ExchangeInfo(msgspec.Struct):
    symbols: list[_Symbol]


_decoder = msgspec.json.Decoder(_ExchangeInfo, strict=False)
_TRADFI = "TRADIFI_PERPETUAL"


def instruments_from_exchange_info(body: bytes, kind: MarketKind) -> tuple[Instrument, ...]:
    """Return the trading perpetuals (or spot pairs) of an exchangeInfo body.

    Dated futures are left out, and so is a row with impossible values.

    Raises:
        ProtocolError: the body is no exchangeInfo.
    """
    with readable("Binance's instrument list"):
        info = _decoder.decode(body)
    return tuple(_listed(info.symbols, kind))


def _listed(symbols: Iterable[_Symbol], kind: MarketKind) -> Iterator[Instrument]:
    for symbol in symbols:
        try:
            if _is_listed(symbol, kind):
                yield _instrument(symbol, kind)
        except (ValueError, ArithmeticError) as error:
            log.warning("Binance lists %s in a way that cannot be read: %r", symbol.symbol, error)


def _is_listed(symbol: _Symbol, kind: MarketKind) -> bool:
    trading = (symbol.status or symbol.contractStatus) == "TRADING"
    perpetual = symbol.contractType in ("PERPETUAL", _TRADFI)
    return trading and (kind is MarketKind.SPOT or perpetual) and _step(symbol, "PRICE_FILTER") > 0


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
