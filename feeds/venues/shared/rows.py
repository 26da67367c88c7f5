"""Lists decoded row by row where one row is odd: it is left out and the other rows count.

A whole message is decoded in one step as long as that succeeds. Only when it fails is each row decoded on its own. A
message none of whose rows can be read is not a message of odd rows but an unreadable one.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from itertools import chain, repeat
from typing import Any, Generic, TypeVar

import msgspec

from feeds.model.errors import ProtocolError
from feeds.model.instrument import Instrument
from feeds.pipeline.symbols import TRADFI
from feeds.venues.shared.numbers import UNREADABLE

LeaveOut = Callable[[str], None]
"""Receives the reason why a row is left out."""

ODD = (ProtocolError, ValueError, ArithmeticError)
"""What reading a row of impossible values raises."""

Row = TypeVar("Row")
Value = TypeVar("Value")
_SAMPLE = 80
_MAX_COMMAS, _MAX_ROWS, _MAX_REASONS = 2_000_000, 50_000, 100
"""The most of a message that is decoded row by row: of longer ones each odd row would cost memory and time."""


class RowDecoder:
    """Decodes a message that holds lists of rows.

    `shape` is a generic type whose parameters are the types of its rows; `lists` returns the lists of a decoded message
    in the same order, and may return further ones whose rows are of the last type. An odd row is dropped from its list,
    or None takes its place where rows are `positional`. A row may be a `RowDecoder` itself.
    """

    def __init__(
        self,
        shape: Any,
        *rows: Any,
        lists: Callable[[Any], Sequence[list[Any]]],
        strict: bool = False,
        positional: bool = False,
    ) -> None:
        types = tuple(row.type if isinstance(row, RowDecoder) else row for row in rows)
        self.type: Any = shape[types]
        self._whole = msgspec.json.Decoder(self.type, strict=strict).decode
        self._loose = msgspec.json.Decoder(shape[tuple(msgspec.Raw for _ in rows)], strict=strict).decode
        self._rows = [row if isinstance(row, RowDecoder) else _OneRow(row, strict=strict) for row in rows]
        self._lists = lists
        self._positional = positional

    def __deepcopy__(self, memo: object) -> RowDecoder:
        return self

    def decode(self, payload: bytes | msgspec.Raw, leave_out: LeaveOut) -> Any:
        """The message without its odd rows. Raises msgspec's errors where all else, or every row, is odd."""
        try:
            return self._whole(payload)
        except UNREADABLE:
            if bytes(payload).count(b",") > _MAX_COMMAS:
                raise
            message = self._loose(payload)
            for rows, decoder in zip(self._lists(message), chain(self._rows, repeat(self._rows[-1])), strict=False):
                if len(rows) > _MAX_ROWS:
                    raise
                rows[:] = self._readable(rows, decoder, leave_out)
            return message

    def _readable(self, rows: list[Any], decoder: RowDecoder | _OneRow, leave_out: LeaveOut) -> list[Any]:
        found, odd = list[Any](), list[str]()
        for raw in rows:
            try:
                found.append(decoder.decode(raw, leave_out))
            except UNREADABLE as error:
                if len(odd) + 1 == len(rows):
                    raise
                text = f"{error}; row begins {bytes(raw)[:_SAMPLE].decode(errors='replace')}"
                odd.append(text if len(odd) < _MAX_REASONS else odd[-1])
                if self._positional:
                    found.append(None)
        for reason in odd:
            leave_out(reason)
        return found


class _OneRow:
    def __init__(self, row: Any, *, strict: bool) -> None:
        self._decode = msgspec.json.Decoder(row, strict=strict).decode

    def decode(self, raw: bytes | msgspec.Raw, leave_out: LeaveOut) -> Any:
        return self._decode(raw)


def each(rows: Iterable[Row], read: Callable[[Row], Iterable[Value]], leave_out: LeaveOut) -> list[Value]:
    """What is read from all rows. A row whose reading raises one of `ODD` is left out as a whole.

    Raises:
        ProtocolError: there are rows, and none of them can be read.
    """
    known = list(rows)
    found, odd = _read(known, read)
    if odd and len(odd) == len(known):
        raise odd[0] if isinstance(odd[0], ProtocolError) else ProtocolError("no row can be read", str(odd[0]))
    for error in odd:
        leave_out(str(error))
    return found


def _read(rows: Iterable[Row], read: Callable[[Row], Iterable[Value]]) -> tuple[list[Value], list[Exception]]:
    found, odd = list[Value](), list[Exception]()
    for row in rows:
        try:
            found += tuple(read(row))
        except ODD as error:
            odd.append(error if len(odd) < _MAX_REASONS else odd[-1])
    return found, odd


class Listing(tuple[Instrument, ...]):  # noqa: SLOT001 - a tuple has no room for slots
    """The markets of a venue's list. `left_out` are the reasons of the rows that were left out."""

    left_out: tuple[str, ...] = ()


def _with_base(instrument: Instrument) -> Instrument:
    if not instrument.base.removeprefix(TRADFI):
        raise ValueError(f"{instrument.symbol}: the base asset has no name")
    return instrument


class ListingReader(Generic[Row]):
    """Collects a listing from the rows of one or several bodies."""

    def __init__(self) -> None:
        self._left_out: list[str] = []
        self.leave_out: LeaveOut = self._left_out.append

    def listing(self, rows: Iterable[Row], read: Callable[[Row], Iterable[Instrument]]) -> Listing:
        """The instruments of all rows that can be read; `read` yields none for a row that is not wanted."""
        found, odd = _read(rows, lambda row: map(_with_base, read(row)))
        listing = Listing(found)
        listing.left_out = (*self._left_out, *map(str, odd))
        return listing
