"""OKX's list of instruments (README: Instruments, Symbols and multipliers)."""

from collections.abc import Iterator
from decimal import Decimal

import msgspec

from feeds.model.errors import ProtocolError
from feeds.model.instrument import Instrument, MarketKind
from feeds.pipeline.symbols import base_and_multiplier, tradfi_base
from feeds.venues.okx.profile import PROFILE
from feeds.venues.okx.wire import accepted, body_of
from feeds.venues.shared.numbers import readable
from feeds.venues.shared.rows import Listing, ListingReader

_CRYPTO = ("", "1")


class InstrumentRow(msgspec.Struct):
    """One instrument. Swaps leave `baseCcy` and `quoteCcy` empty; what does not apply is empty text."""

    instType: str
    instId: str
    state: str
    tickSz: str
    lotSz: str
    uly: str = ""
    ctType: str = ""
    ctVal: str = ""
    ctMult: str = ""
    settleCcy: str = ""
    baseCcy: str = ""
    quoteCcy: str = ""
    instCategory: str = ""


_decoder = body_of(InstrumentRow, strict=True)


def instruments_from_list(body: bytes, kind: MarketKind) -> Listing:
    """Return the live swaps (or spot pairs) of one kind; dated futures and other states are left out.

    So is a row of odd values or shape.

    Raises:
        ProtocolError: the body is no instrument list, or the venue refused.
    """
    reader = ListingReader[InstrumentRow]()
    with readable("OKX's instrument list"):
        rows = accepted(_decoder.decode(body, reader.leave_out), "its instruments")
    return reader.listing(rows, lambda row: _listed(row, kind))


def _listed(row: InstrumentRow, kind: MarketKind) -> Iterator[Instrument]:
    if row.state == "live" and kind_of(row) is kind:
        yield instrument_from_row(row)


def kind_of(row: InstrumentRow) -> MarketKind | None:
    """How a row's market is margined; None for what is neither a swap nor a spot pair that can be named."""
    if row.instType == "SPOT":
        return MarketKind.SPOT if row.baseCcy and row.quoteCcy else None
    if row.instType != "SWAP":
        return None
    return {"linear": MarketKind.LINEAR, "inverse": MarketKind.INVERSE}.get(row.ctType)


def instrument_from_row(row: InstrumentRow) -> Instrument:
    """Build one instrument. `lot_size` is base coin, or contracts where those are worth quote currency.

    Raises:
        ProtocolError: a size is missing or is no positive number.
    """
    kind = kind_of(row)
    if kind is None:
        raise ProtocolError("OKX listed an instrument of an unknown kind", row.instId)
    is_spot, is_inverse = kind is MarketKind.SPOT, kind is MarketKind.INVERSE
    listed, quote = (row.baseCcy, row.quoteCcy) if is_spot else row.uly.split("-", 1) if "-" in row.uly else ("", "")
    base, multiplier = base_and_multiplier(listed, PROFILE.symbols)
    if row.instCategory not in _CRYPTO:
        base, multiplier = tradfi_base(listed), 1
    contract = Decimal(1) if is_spot else _positive(row, row.ctVal) * _positive(row, row.ctMult or "1")
    return Instrument(
        venue=PROFILE.name,
        kind=kind,
        symbol=row.instId,
        base=base,
        quote=quote,
        settle=row.settleCcy,
        tick_size=(_positive(row, row.tickSz) / multiplier).normalize(),
        lot_size=_positive(row, row.lotSz) * (1 if is_inverse else contract * multiplier),
        contract_size=contract,
        multiplier=multiplier,
    )


def _positive(row: InstrumentRow, text: str) -> Decimal:
    try:
        value = Decimal(text)
    except ArithmeticError:
        value = Decimal(0)
    if not value.is_finite() or value <= 0:
        raise ProtocolError("OKX listed an instrument without a usable size", f"{row.instId} {text!r}")
    return value
