"""What venues write: times, numbers and sides, often as text. What is none of them raises ProtocolError."""

import math
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Annotated

import msgspec

from feeds.model.errors import ProtocolError
from feeds.model.events import Side

MS = 1_000_000
SECOND = 1_000 * MS
HOUR = 3_600 * SECOND
"""In ns, as all times of the program."""

LAST_MS = 9_000_000_000_000
Millis = Annotated[int, msgspec.Meta(ge=0, le=LAST_MS)]
"""A venue's time, ms since the epoch; in ns it still fits 64 bits."""
MaybeMillis = int | str | None
"""The same where it may be unknown, which venues write as 0, "0", "" or null; a number or a text."""
Price = Annotated[float, msgspec.Meta(ge=0, le=1e15)]
Rate = Annotated[float, msgspec.Meta(ge=-1e3, le=1e3)]

_MOST = 1e18
_HIGHEST_PRICE, _HIGHEST_RATE = 1e15, 1e3


UNREADABLE = (msgspec.MsgspecError, UnicodeDecodeError, RecursionError)
"""What msgspec raises for a message of another shape than expected."""


@contextmanager
def readable(what: str) -> Iterator[None]:
    """Raise ProtocolError where msgspec cannot decode."""
    try:
        yield
    except UNREADABLE as error:
        raise ProtocolError(f"{what} cannot be read", str(error)) from error


class Sides(dict[str, Side]):
    """A venue's two names of a side. Raises ProtocolError for any other text."""

    def __init__(self, buy: str, sell: str) -> None:
        super().__init__({buy: Side.BUY, sell: Side.SELL})

    def __missing__(self, text: str) -> Side:
        raise ProtocolError("a side is neither buy nor sell", repr(text))


def finite(text: str) -> float:
    """A finite number. Raises ProtocolError."""
    try:
        value = float(text)
    except ValueError as error:
        raise ProtocolError("a number cannot be read", repr(text)) from error
    if not math.isfinite(value):
        raise ProtocolError("a number is not finite", repr(text))
    return value


def positive(text: str) -> float:
    """A finite number above zero. Raises ProtocolError."""
    value = finite(text)
    if value <= 0:
        raise ProtocolError("a price is not positive", repr(text))
    return value


def price(text: str) -> float:
    """A price above zero and up to 1e15. Raises ProtocolError."""
    value = positive(text)
    if value > _HIGHEST_PRICE:
        raise ProtocolError("a price is impossible", repr(text))
    return value


def price_or_none(text: str | None) -> float | None:
    """A price; None where the text is missing, empty or zero, which means unknown. Raises ProtocolError."""
    return price(text) if text and finite(text) else None


def rate(text: str) -> float:
    """A funding rate or a change, a fraction within +-1000. Raises ProtocolError."""
    value = finite(text)
    if abs(value) > _HIGHEST_RATE:
        raise ProtocolError("a rate is impossible", repr(text))
    return value


def time_or_none_ns(time_ms: MaybeMillis) -> int | None:
    """A time in ns since the epoch; None where it is unknown. Raises ProtocolError for one that cannot be."""
    whole_ms = int(finite(time_ms) if isinstance(time_ms, str) else time_ms) if time_ms else 0
    if not 0 <= whole_ms <= LAST_MS:
        raise ProtocolError("a time is impossible", repr(time_ms))
    return whole_ms * MS or None


def amount(text: str) -> float:
    """A size, volume or turnover: a number from 0 to 1e18. Raises ProtocolError."""
    value = finite(text)
    if not 0 <= value <= _MOST:
        raise ProtocolError("a size is impossible", repr(text))
    return value
