"""The bubbles of all studies in one layer, the largest behind, whatever study they are of."""

import numpy as np
from PySide6.QtGui import QPainter

from widgets.items.pixel_item import ChartItem, Plot
from widgets.items.scale import Scale, SlotGrid
from widgets.items.sprites import BUBBLE_STEPS, SpriteBatch, bubble_steps, bubbles
from widgets.panes.footprint.studies.declaration import BubbleColumns

GRAB_PX = 8.0
TIMES = 20.0  # the largest bubble stands for this many times the least
_FULL_PITCH_PX = 24.0  # thinner bars have smaller bubbles, which would hide the chart


class BubbleItem(ChartItem):
    """Paints the bubbles in sight. `columns` are those of each study by its name."""

    name = "the bubbles"
    layer = 17.0

    def __init__(self, plot: Plot) -> None:
        super().__init__(plot)
        self.columns: dict[str, BubbleColumns] = {}
        self._grid = SlotGrid(1, 0)
        self._batch = SpriteBatch()
        self._built: object = None
        self.hollow = False

    def set_hollow(self, hollow: bool) -> None:
        """Draw outlines, over cells with numbers, or filled shapes."""
        if hollow != self.hollow:
            self.hollow, self._built = hollow, None
            self.update()

    def set_columns(self, columns: dict[str, BubbleColumns]) -> None:
        self.columns, self._built = columns, None
        self.update()

    def set_grid(self, grid: SlotGrid) -> None:
        """Where moments are."""
        if grid != self._grid:
            self._grid, self._built = grid, None
            self.update()

    def draw(self, painter: QPainter, width: int, height: int, ratio: float) -> None:
        """One call for all of them."""
        if not self.columns:
            return
        scale = self._scale_of(width, height)
        if (scale, ratio) != self._built:
            self._build(scale, ratio)
            self._built = scale, ratio
        self._batch.draw(painter)

    def at(self, x: float, y: float, scale: Scale) -> tuple[str, int] | None:
        """The study and the index of the bubble nearest to a pixel; None where there is none."""
        best, nearest = None, GRAB_PX
        for name, own in self.columns.items():
            away = np.hypot(scale.x(self._grid.slots(own.ts_ns)) - x, scale.y(own.price) - y)
            if len(away) and float(away.min()) < nearest:
                nearest, best = float(away.min()), (name, int(away.argmin()))
        return best

    def _build(self, scale: Scale, ratio: float) -> None:
        which, across, down, size = [], [], [], []
        for own in self.columns.values():
            x, y = scale.x(self._grid.slots(own.ts_ns)), scale.y(own.price)
            seen = np.flatnonzero((x > -40) & (x < scale.width + 40) & (y > -40) & (y < scale.height + 40))
            step = bubble_steps(own.notional[seen], own.least, own.least * TIMES)
            step = np.minimum(step, round(scale.pitch / ratio / _FULL_PITCH_PX * (BUBBLE_STEPS - 1)))
            which.append(own.role[seen] * BUBBLE_STEPS + step)
            across.append(x[seen])
            down.append(y[seen])
            size.append(own.notional[seen])
        order = np.argsort(-np.concatenate(size), kind="stable")
        sheet = bubbles(ratio, hollow=self.hollow)
        self._batch.fill(
            sheet, np.concatenate(which)[order], np.concatenate(across)[order], np.concatenate(down)[order]
        )
