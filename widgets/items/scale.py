"""Where slots and prices are on a canvas of device pixels. A slot is one bar length of UTC time from an origin."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, overload

import numpy.typing as npt

from widgets.items.ticks import Tick, time_ticks
from workstation.readmodels.arrays import Floats, Ints

Array = npt.NDArray[Any]

_HAIR = 0.01  # of a pixel: edges between two pixels go to the same one wherever the picture stands
_WHOLE = 1e-3  # how far from a whole number of pixels a move may be


@dataclass(frozen=True, slots=True)
class Scale:
    """Slots `left`..`right` across `width` pixels, values `bottom`..`top` (up) across `height` pixels."""

    left: float
    right: float
    bottom: float
    top: float
    width: float
    height: float

    @property
    def pitch(self) -> float:
        """Pixels of one slot."""
        return self.width / (self.right - self.left)

    @property
    def unit(self) -> float:
        """Pixels of one price unit."""
        return self.height / (self.top - self.bottom)

    @overload
    def x(self, slot: float) -> float: ...
    @overload
    def x(self, slot: Array) -> Floats: ...
    def x(self, slot: float | Array) -> float | Floats:
        """Pixels from the left."""
        return (slot - self.left) * self.pitch

    @overload
    def y(self, value: float) -> float: ...
    @overload
    def y(self, value: Array) -> Floats: ...
    def y(self, value: float | Array) -> float | Floats:
        """Pixels from the top."""
        return (self.top - value) * self.unit

    def on_pixels(self) -> Scale:
        """This scale moved by less than a pixel, so that what is panned moves by whole pixels, all of it alike."""
        left, top = snapped(self.left, self.pitch), snapped(self.top, self.unit)
        right, bottom = self.right + left - self.left, self.bottom + top - self.top
        return Scale(left, right, bottom, top, self.width, self.height)

    def moved_from(self, other: Scale) -> tuple[int, int] | None:
        """By how many pixels, right and down, the picture of `other` is off; None where another has to be painted."""
        if (self.width, self.height) != (other.width, other.height):
            return None
        right, down = round((other.left - self.left) * self.pitch), round((self.top - other.top) * self.unit)
        off = (
            (other.left - self.left) * self.pitch - right,
            (other.right - self.right) * self.pitch - right,
            (self.top - other.top) * self.unit - down,
            (self.bottom - other.bottom) * self.unit - down,
        )
        return (right, down) if max(map(abs, off)) < _WHOLE else None

    def slot(self, x: float) -> float:
        return self.left + x / self.pitch

    def value(self, y: float) -> float:
        return self.top - y / self.unit


def snapped(edge: float, pixels: float) -> float:
    """The place next to the `edge` of a canvas that is a whole number of pixels from 0, at so many pixels a unit."""
    return (round(edge * pixels - _HAIR) + _HAIR) / pixels


@dataclass(frozen=True)
class SlotGrid:
    """Integer slots of `bar_ns`; slot 0 starts at `origin * bar_ns`, near the data, so that slots stay small floats."""

    bar_ns: int
    origin: int

    @classmethod
    def at(cls, bar_ns: int, ts_ns: int) -> SlotGrid:
        """The grid whose slot 0 holds this moment."""
        return cls(bar_ns, ts_ns // bar_ns)

    def slot(self, ts_ns: int) -> float:
        """The slot of a moment, with the part of the bar that has passed."""
        return (ts_ns - self.origin * self.bar_ns) / self.bar_ns

    def slots(self, ts_ns: Ints) -> Floats:
        return (ts_ns - self.origin * self.bar_ns) / self.bar_ns

    def ts_ns(self, slot: float) -> int:
        return self.origin * self.bar_ns + round(slot * self.bar_ns)

    def ticks(self, left: float, right: float, width_px: float) -> list[Tick]:
        """Round moments; where a bar begins, the text stands under its middle."""
        found = time_ticks(self.ts_ns(left), self.ts_ns(right), width_px)
        return [Tick(self.slot(ts_ns), text, is_day, ts_ns % self.bar_ns == 0) for ts_ns, text, is_day in found]
