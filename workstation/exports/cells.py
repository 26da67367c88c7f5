"""What the cells of all tables have in common: the names of a market, and how a number is rounded."""

import math
from typing import Any

from feeds.model.instrument import Instrument

Row = tuple[Any, ...]


def names_of(instrument: Instrument) -> Row:
    """Base, venue, kind and symbol."""
    return instrument.base, instrument.venue, instrument.kind.value, instrument.symbol


def number(value: float) -> float:
    """Twelve significant digits: what is hidden are the last bits of binary sums."""
    return float(f"{value:.12g}")


def known(value: float | None) -> float | None:
    """A number, None where there is none."""
    return None if value is None or math.isnan(value) else number(value)
