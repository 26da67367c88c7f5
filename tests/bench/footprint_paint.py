"""How long a full repaint of a footprint takes: 60 bars x 40 rows with all numbers on 1920x1080, ours against naive.

Naive is one `fillRect` a cell and one `drawText` a number, the same ones, in the same run. Times are medians in ms.
`warm_ms` repaints an unchanged picture (a crosshair moves), `paint_ms` lays everything out again from the cached bars
(the range moved), `cold_ms` also formats and lays out every number (the first paint). All is processor time.
Run: `python -m tests.bench.footprint_paint`.
"""

from __future__ import annotations

import os
import statistics
import time
from collections.abc import Callable
from dataclasses import replace
from types import SimpleNamespace

os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")
os.environ.setdefault("PYQTGRAPH_QT_LIB", "PySide6")

import pyqtgraph as pg
from PySide6.QtCore import QRectF, Qt
from PySide6.QtGui import QBrush, QImage, QPainter
from PySide6.QtWidgets import QApplication, QStyleOptionGraphicsItem

from tests.widgets.synthetic import grid_view
from widgets.items.bulk import shades
from widgets.items.scale import Scale, SlotGrid
from widgets.panes.footprint.cells.bars_on_grid import BarsOnGrid
from widgets.panes.footprint.cells.detail import Choice, Detail
from widgets.panes.footprint.cells.item import FootprintItem
from widgets.panes.footprint.studies.board import StudyBoard
from widgets.panes.footprint.studies.declaration import ChartFacts
from widgets.panes.footprint.studies.registry import builtin_studies
from widgets.theme import format as text_of
from widgets.theme.theme import apply_theme, theme
from workstation.readmodels.flow.footprint import FootprintView

WIDTH, HEIGHT, BARS, ROWS = 1920, 1080, 60, 40


def measure(rounds: int = 15) -> dict[str, float]:
    """Medians over `rounds` repaints; `ratio` is naive to ours."""
    app = QApplication.instance() or QApplication([])
    assert isinstance(app, QApplication)
    apply_theme(app)
    view = grid_view(BARS, ROWS)
    view = replace(view, zones=(), bars=tuple(replace(bar, stacks=()) for bar in view.bars))  # naive draws no zones
    scale = Scale(0, BARS, 6000 * view.row_size, (6000 + ROWS) * view.row_size, WIDTH, HEIGHT)
    item = item_of(view, lambda: scale)
    canvas = QImage(WIDTH, HEIGHT, QImage.Format.Format_ARGB32_Premultiplied)
    cold = _timed(canvas, rounds, lambda painter: paint_item(item, painter), lambda: _forget(item, cells=True))
    ours = _timed(canvas, rounds, lambda painter: paint_item(item, painter), lambda: _forget(item, cells=False))
    warm = _timed(canvas, rounds, lambda painter: paint_item(item, painter), lambda: None)
    naive = _timed(canvas, rounds, lambda painter: paint_naively(view, scale, painter), lambda: None)
    return {"paint_ms": ours, "naive_ms": naive, "ratio": naive / ours, "warm_ms": warm, "cold_ms": cold}


def item_of(view: FootprintView, scale_of: Callable[[], Scale]) -> FootprintItem:
    """The cells of a view at full detail on the whole screen, outside of any pane."""
    host = pg.GraphicsWidget()
    item = FootprintItem(SimpleNamespace(box=host, scale_of=lambda width, height: scale_of()))
    item.host = host  # keeps it alive
    grid = SlotGrid.at(view.request.bar_ns, view.bars[0].start_ns)
    item.set_rect(QRectF(0, 0, WIDTH, HEIGHT))
    item.set_view(view, BarsOnGrid(view.bars, grid), grid)
    item.set_choice(Choice(Detail.NUMBERS, 1))
    item.set_parts(StudyBoard(builtin_studies(), _no_facts).cell_parts())
    return item


def _no_facts() -> ChartFacts:
    return ChartFacts(None, None, BarsOnGrid((), SlotGrid(1, 0)), (0.0, 1.0))


def _forget(item: FootprintItem, *, cells: bool) -> None:
    item.forget()
    if cells:
        item.cache.clear()


def paint_item(item: FootprintItem, painter: QPainter) -> None:
    """Paint as Qt does."""
    item.paint(painter, QStyleOptionGraphicsItem())
    assert not item.failure, item.failure


def _timed(canvas: QImage, rounds: int, paint: Callable[[QPainter], None], before: Callable[[], None]) -> float:
    times = []
    for _ in range(rounds + 2):
        canvas.fill(theme().color("pane"))
        before()
        painter = QPainter(canvas)
        began = time.thread_time()
        paint(painter)
        times.append((time.thread_time() - began) * 1e3)
        painter.end()
    return statistics.median(times[2:])


def paint_naively(view: FootprintView, scale: Scale, painter: QPainter) -> None:
    """The straightforward way: cell by cell, number by number."""
    look = theme()
    painter.setFont(look.font())
    painter.setPen(look.pen("text"))
    brushes, largest = ramps(), largest_size(view)
    middle = Qt.AlignmentFlag.AlignVCenter
    aligns = (Qt.AlignmentFlag.AlignRight | middle, Qt.AlignmentFlag.AlignLeft | middle)
    height = scale.unit * view.row_size
    for slot, bar in enumerate(view.bars):
        if not scale.left < slot + 1 or not slot < scale.right:
            continue
        left, half = scale.x(slot) + 9, (scale.pitch - 14) / 2
        for index in range(len(bar.buy_volume)):
            y = scale.y((bar.first_row + index + 1) * view.row_size)
            for side, values in enumerate((bar.sell_volume, bar.buy_volume)):
                value = float(values[index])
                box = QRectF(left + side * half, y, half, height - 1)
                painter.fillRect(box, shade_of(brushes[side], value, largest))
                painter.drawText(box, aligns[side], text_of.size(value))


def ramps() -> list[list[QBrush]]:
    """The ramps of sells and of buys."""
    look = theme()
    return [shades(look.color("pane"), look.color(role)) for role in ("sell", "buy")]


def largest_size(view: FootprintView) -> float:
    """The largest bought or sold size of a cell, base coin."""
    return max(float(max(bar.sell_volume.max(), bar.buy_volume.max())) for bar in view.bars)


def shade_of(ramp: list[QBrush], value: float, largest: float) -> QBrush:
    """The brush of a size."""
    return ramp[min(15, int(16 * (value / largest) ** 0.5))]


def main() -> None:
    """Print the numbers."""
    for name, value in measure().items():
        print(f"{name:10} {value:8.2f}")


if __name__ == "__main__":
    main()
