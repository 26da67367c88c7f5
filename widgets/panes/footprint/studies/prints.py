"""Prints at their price and moment, their area by size: big trades as discs, liquidations as diamonds."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from PySide6.QtGui import QPainter
from PySide6.QtWidgets import QGraphicsItem

from widgets.items.pixel_item import PixelItem
from widgets.items.scale import Scale, SlotGrid
from widgets.items.sprites import BUBBLE_ROLES, BUBBLE_STEPS, SpriteBatch, bubble_steps, bubbles
from workstation.readmodels.arrays import Floats, Ints

GRAB_PX = 8.0
SIDES = ("sold", "side unknown", "bought", "long liquidated", "short liquidated")  # by role
LONG_ROLE, SHORT_ROLE = BUBBLE_ROLES.index("liquidated_long"), BUBBLE_ROLES.index("liquidated_short")
_FULL_PITCH_PX = 24.0  # thinner bars have smaller bubbles, which would hide the chart
TIMES = 20.0  # the largest bubble stands for this many times the least


@dataclass(frozen=True, slots=True, eq=False)
class Prints:
    """Prints by venue time; `role` indexes BUBBLE_ROLES, `notional` is in quote."""

    ts_ns: Ints
    price: Floats
    notional: Floats
    role: Ints
    least: float  # the notional of the smallest bubble


def role_of_side(side: Ints) -> Ints:
    """-1, 0, +1 to sells, unknown, buys."""
    return side + BUBBLE_ROLES.index("muted")


class BubbleItem(PixelItem):
    """Paints the prints in sight, the largest behind."""

    name = "the bubbles"

    def __init__(self, host: QGraphicsItem, scale_of: Callable[[float, float], Scale]) -> None:
        super().__init__(host, z=17)
        self._scale_of = scale_of
        self.prints: dict[str, Prints] = {}
        self._grid = SlotGrid(1, 0)
        self._batch = SpriteBatch()
        self._built: object = None
        self._hollow = False

    def set_hollow(self, hollow: bool) -> None:
        """Draw outlines, over cells with numbers, or filled shapes."""
        if hollow != self._hollow:
            self._hollow, self._built = hollow, None
            self.update()

    def set_prints(self, name: str, prints: Prints | None) -> None:
        """Show other prints under a name; None takes them away."""
        if prints is None:
            self.prints.pop(name, None)
        else:
            self.prints[name] = prints
        self._built = None
        self.update()

    def set_grid(self, grid: SlotGrid) -> None:
        """Where moments are."""
        if grid != self._grid:
            self._grid, self._built = grid, None
            self.update()

    def draw(self, painter: QPainter, width: int, height: int, ratio: float) -> None:
        """One call for all of them."""
        if not self.prints:
            return
        scale = self._scale_of(width, height)
        if (scale, ratio) != self._built:
            self._build(scale, ratio)
            self._built = scale, ratio
        self._batch.draw(painter)

    def at(self, x: float, y: float, scale: Scale) -> tuple[str, int] | None:
        """The name and index of the print nearest to a pixel; None where there is none."""
        best, nearest = None, GRAB_PX
        for name, prints in self.prints.items():
            away = np.hypot(scale.x(self._grid.slots(prints.ts_ns)) - x, scale.y(prints.price) - y)
            if len(away) and float(away.min()) < nearest:
                nearest, best = float(away.min()), (name, int(away.argmin()))
        return best

    def _build(self, scale: Scale, ratio: float) -> None:
        which, across, down, size = [], [], [], []
        for prints in self.prints.values():
            x, y = scale.x(self._grid.slots(prints.ts_ns)), scale.y(prints.price)
            seen = np.flatnonzero((x > -40) & (x < scale.width + 40) & (y > -40) & (y < scale.height + 40))
            step = bubble_steps(prints.notional[seen], prints.least, prints.least * TIMES)
            step = np.minimum(step, round(scale.pitch / ratio / _FULL_PITCH_PX * (BUBBLE_STEPS - 1)))
            which.append(prints.role[seen] * BUBBLE_STEPS + step)
            across.append(x[seen])
            down.append(y[seen])
            size.append(prints.notional[seen])
        order = np.argsort(-np.concatenate(size), kind="stable")
        sheet = bubbles(ratio, hollow=self._hollow)
        self._batch.fill(
            sheet, np.concatenate(which)[order], np.concatenate(across)[order], np.concatenate(down)[order]
        )
