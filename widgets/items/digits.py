"""Numbers to characters without a Python string for each: the texts of `format.size` and `format.signed` as codes.

A row of codes is one number, padded on the left with `PAD`; a code is an index into `CHARACTERS`.
"""

from collections.abc import Callable, Iterable

import numpy as np
import numpy.typing as npt

from widgets.theme import format as text_of

Codes = npt.NDArray[np.uint8]

CHARACTERS = "0123456789.,-+%kmb:x \N{MINUS SIGN}\N{EN DASH}<shtq" + text_of.SUBSCRIPTS
PAD = np.uint8(255)
WIDTH = 16  # characters of the longest number laid out here

_CODE = {character: np.uint8(index) for index, character in enumerate(CHARACTERS)}
_LARGEST = 9_999_999  # digits of one number, point left out


def encode_counts(values: npt.NDArray[np.float64]) -> Codes:
    """The text of `format.count` of every value, one row each; NaN is no data."""
    values = np.asarray(values, dtype=np.float64)
    codes = encode_sizes(values)
    small = np.flatnonzero((values >= 1.0) & (values < 99.95))
    if len(small):
        codes[small] = PAD
        _write(codes, small, np.rint(values[small]).astype(np.int64), 0, "")
    return codes


def encode_cells(values: npt.NDArray[np.float64], *, signed: bool = False) -> Codes:
    """Sizes of three digits for narrow cells, one row each: 1.24m, 12.4b."""
    return encode_sizes(values, signed=signed, scales=text_of.CELL_SCALES)


def encode_sizes(
    values: npt.NDArray[np.float64],
    *,
    signed: bool = False,
    scales: tuple[tuple[float, float, int, str], ...] = text_of.SIZE_SCALES,
) -> Codes:
    """The text of `format.short_size` (or `format.signed`) of every value, one row each."""
    values = np.asarray(values, dtype=np.float64)
    codes = np.full((len(values), WIDTH), PAD, np.uint8)
    magnitude = np.abs(values)
    odd = ~np.isfinite(values) | (magnitude == 0.0)
    tiny = ~odd & (magnitude < text_of.TINY)
    codes[tiny] = encode_texts([text_of.TINY_TEXT])
    odd |= magnitude >= text_of.LARGEST_SCALED
    left = ~odd & ~tiny
    for limit, divisor, decimals, suffix in (*scales, (0.0, 1, 3, "")):
        chosen = np.flatnonzero(left & (magnitude >= limit))
        if len(chosen):
            left[chosen] = False
            scaled = magnitude[chosen] / divisor
            digits = _digits(scaled, decimals)
            odd[chosen[digits > _LARGEST]] = True
            _write(codes, chosen, np.minimum(digits, _LARGEST), decimals, suffix)
    _write_signs(codes, values, signed)
    _encode_singly(codes, values, np.flatnonzero(odd), text_of.signed if signed else text_of.short_size)
    return codes


def encode_fixed(values: npt.NDArray[np.float64], decimals: int, *, signed: bool = True) -> Codes:
    """Every value with so many decimals, one row each; with its sign, the true minus, or as a plain number."""
    values = np.asarray(values, dtype=np.float64)
    codes = np.full((len(values), WIDTH), PAD, np.uint8)
    known = np.isfinite(values)
    digits = _digits(np.abs(np.where(known, values, 0.0)), decimals)
    rows = np.flatnonzero(known & (digits <= _LARGEST))
    _write(codes, rows, digits[rows], decimals, "")
    first = (codes != PAD).argmax(axis=1)
    below, rows = np.signbit(values), rows[digits[rows] > 0]  # what reads as zero has no sign
    for chosen, sign in ((rows[below[rows]], "\N{MINUS SIGN}"), (rows[~below[rows]], "+")):
        if signed:
            codes[chosen, first[chosen] - 1] = _CODE[sign]
        elif sign != "+":
            codes[chosen, first[chosen] - 1] = _CODE["-"]
    for row in np.flatnonzero(~known | (digits > _LARGEST)):
        codes[row] = encode_texts([text_of.fixed(float(values[row]), decimals, signed=signed)])[0]
    return codes


def encode_texts(texts: Iterable[str]) -> Codes:
    """Texts made of `CHARACTERS`, one row each; longer ones lose their front."""
    rows = list(texts)
    codes = np.full((len(rows), WIDTH), PAD, np.uint8)
    for row, text in zip(codes, rows, strict=True):
        tail = text[-WIDTH:]
        row[WIDTH - len(tail) :] = [_CODE[character] for character in tail]
    return codes


def decode(codes: Codes) -> list[str]:
    return ["".join(CHARACTERS[code] for code in row if code != PAD) for row in codes]


def _digits(scaled: npt.NDArray[np.float64], decimals: int) -> npt.NDArray[np.int64]:
    """Decimal digits, rounded as Python formats do: from the exact value, which near a tie only Python itself knows."""
    shifted = np.minimum(scaled * 10.0**decimals, 1e15)
    digits = np.rint(shifted).astype(np.int64)
    near_tie = np.abs(np.abs(shifted - digits) - 0.5) < 1e-6
    for index in np.flatnonzero(near_tie):
        digits[index] = int(f"{scaled[index]:.{decimals}f}".replace(".", ""))
    return digits


def _write(codes: Codes, rows: npt.NDArray[np.intp], digits: npt.NDArray[np.int64], decimals: int, suffix: str) -> None:
    """Fill from the right: suffix, decimals, point, whole digits."""
    column = WIDTH - 1
    if suffix:
        codes[rows, column] = _CODE[suffix]
        column -= 1
    for position in range(len(str(_LARGEST))):
        wanted = digits > 0 if position > decimals else np.ones(len(rows), np.bool_)
        if position == decimals and decimals:
            codes[rows, column] = _CODE["."]
            column -= 1
        codes[rows[wanted], column] = digits[wanted] % 10
        digits = digits // 10
        column -= 1


def _write_signs(codes: Codes, values: npt.NDArray[np.float64], signed: bool) -> None:
    """A sign before the first character: the true minus where the sign is always shown, a hyphen elsewhere."""
    first = (codes != PAD).argmax(axis=1)
    negative = values < 0
    for wanted, sign in ((negative, "\N{MINUS SIGN}" if signed else "-"), ((values > 0) & signed, "+")):
        rows = np.flatnonzero(wanted)
        codes[rows, first[rows] - 1] = _CODE[sign]


def _encode_singly(
    codes: Codes, values: npt.NDArray[np.float64], rows: npt.NDArray[np.intp], text: Callable[[float | None], str]
) -> None:
    """The few that need Python: zero, no data, the very large."""
    for row in rows:
        value = float(values[row])
        codes[row] = encode_texts([text(value if np.isfinite(value) else None)])[0]
