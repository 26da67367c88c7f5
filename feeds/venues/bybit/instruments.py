"""Bybit's instruments-info as instruments (README: Instruments, Symbols and multipliers)."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from decimal import Decimal

import msgspec

from feeds.model.instrument import Instrument, MarketKind
from feeds.pipeline.symbols import base_and_multiplier, tradfi_base
from feeds.venues.bybit.profile import PROFILE
from feeds.venues.bybit.wire import accepted
from feeds.venues.shared.numbers import readable

log = logging.getLogger(__name__)


class _PriceFilter(msgspec.Struct):
    tickSize: Decimal


class _LotFilter(msgspec.Struct):
    qtyStep: Decimal = Decimal(0)
    basePrecision: Decimal = Decimal(0)


class _Listed(msgspec.Struct):
    symbol: str
    baseCoin: str
    quoteCoin: str
    priceFilter: _PriceFilter
    lotSizeFilter: _LotFilter
    status: str = ""
    contractType: str = ""
    settleCoin: str = ""
    symbolType: str = ""


class _Page(msgspec.Struct):
    rows: list[_Listed] = msgspec.field(name="list")
    nextPageCursor: str = ""


_page = msgspec.json.Decoder(_Page, strict=False)
_CONTRACTS = {MarketKind.LINEAR: "LinearPerpetual", MarketKind.INVERSE: "InversePerpetual"}
_TRADFI = frozenset({"stock", "xstocks", "commodity", "forex", "index"})


def instruments_from_info(kind: MarketKind, bodies: Sequence[bytes]) -> tuple[Instrument, ...]:
    """Return the trading perpetuals (or spot pairs) of instruments-info pages; dated futures are left out.

    A cursor on the last page means that the list goes on beyond what was asked for, which is logged. An inverse
    contract is worth one USD.

    Raises:
        ProtocolError: a body is no instruments-info, or the venue refused.
    """
    pages = [_read(body) for body in bodies]
    if pages and pages[-1].nextPageCursor:
        log.warning("Bybit lists more %s instruments than were read", kind.value)
    return tuple(_instrument(kind, listed) for page in pages for listed in page.rows if _is_listed(kind, listed))


def _read(body: bytes) -> _Page:
    with readable("Bybit's instrument list"):
        return _page.decode(accepted(body, "its instruments").result)


def _is_listed(kind: MarketKind, listed: _Listed) -> bool:
    right = kind is MarketKind.SPOT or listed.contractType == _CONTRACTS[kind]
    return right and listed.status == "Trading" and listed.priceFilter.tickSize > 0


def _instrument(kind: MarketKind, listed: _Listed) -> Instrument:
    base, multiplier = base_and_multiplier(listed.baseCoin, PROFILE.symbols)
    lot = listed.lotSizeFilter.qtyStep or listed.lotSizeFilter.basePrecision
    return Instrument(
        venue=PROFILE.name,
        kind=kind,
        symbol=listed.symbol,
        base=tradfi_base(base) if listed.symbolType in _TRADFI else base,
        quote=listed.quoteCoin,
        settle=listed.settleCoin,
        tick_size=listed.priceFilter.tickSize.normalize() / multiplier,
        lot_size=lot.normalize() * multiplier,
        multiplier=multiplier,
    )
