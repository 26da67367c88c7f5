"""Bybit's instruments-info as instruments (README: Instruments, Symbols and multipliers)."""

import logging
from collections.abc import Iterator, Sequence
from decimal import Decimal
from typing import Generic, TypeVar

import msgspec

from feeds.model.instrument import Instrument, MarketKind
from feeds.pipeline.symbols import base_and_multiplier, tradfi_base
from feeds.venues.bybit.profile import PROFILE
from feeds.venues.bybit.wire import accepted
from feeds.venues.shared.numbers import readable
from feeds.venues.shared.rows import LeaveOut, Listing, ListingReader, RowDecoder

log = logging.getLogger(__name__)

Row = TypeVar("Row")


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


class _Page(msgspec.Struct, Generic[Row]):
    rows: list[Row] = msgspec.field(name="list")
    nextPageCursor: str = ""


_page = RowDecoder(_Page, _Listed, lists=lambda page: (page.rows,))
_CONTRACTS = {MarketKind.LINEAR: "LinearPerpetual", MarketKind.INVERSE: "InversePerpetual"}
_TRADFI = frozenset({"stock", "xstocks", "commodity", "forex", "index"})


def instruments_from_info(kind: MarketKind, bodies: Sequence[bytes]) -> Listing:
    """Return the trading perpetuals (or spot pairs) of instruments-info pages.

    Dated futures are left out, and so is a row of odd values or shape. A cursor on the last page means that the list
    goes on beyond what was asked for, which is logged. An inverse contract is worth one USD.

    Raises:
        ProtocolError: a body is no instruments-info, or the venue refused.
    """
    reader = ListingReader[_Listed]()
    pages = [_read(body, reader.leave_out) for body in bodies]
    if pages and pages[-1].nextPageCursor:
        log.warning("Bybit lists more %s instruments than were read", kind.value)
    return reader.listing((row for page in pages for row in page.rows), lambda row: _listed(row, kind))


def _read(body: bytes, leave_out: LeaveOut) -> _Page[_Listed]:
    with readable("Bybit's instrument list"):
        page: _Page[_Listed] = _page.decode(accepted(body, "its instruments").result, leave_out)
        return page


def _listed(row: _Listed, kind: MarketKind) -> Iterator[Instrument]:
    if row.status == "Trading" and (kind is MarketKind.SPOT or row.contractType == _CONTRACTS[kind]):
        yield _instrument(kind, row)


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
