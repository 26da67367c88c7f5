"""How long a repaint of the liquidation panes takes on 1920x1080: the tape, and a day and a half of estimated levels.

The baseline of the heatmap paints one rectangle a bar and row, as a drawing without an image would, of a tenth of the
bars. All is processor time.
"""

from __future__ import annotations

import os
from statistics import median

os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")
os.environ.setdefault("PYQTGRAPH_QT_LIB", "PySide6")

from PySide6.QtCore import QRectF
from PySide6.QtGui import QImage, QPainter
from PySide6.QtWidgets import QApplication

from tests.bench.metric import Metric, cpu_seconds
from tests.widgets.panes.test_liquidation_heatmap import levels_view
from tests.widgets.panes.test_liquidations import liquidations_view
from widgets.pane import Pane
from widgets.panes.liquidation_heatmap.item import ramp, shade_of
from widgets.panes.liquidation_heatmap.pane import LiquidationHeatmapPane
from widgets.panes.liquidations.pane import LiquidationsPane
from widgets.theme.theme import apply_theme
from workstation.readmodels.positions.liquidation_levels import LiquidationLevelsView

WIDTH, HEIGHT, ROUNDS = 1920, 1080, 9


def measure() -> dict[str, Metric]:
    """Medians of full repaints after a new view."""
    app = QApplication.instance() or QApplication([])
    assert isinstance(app, QApplication)
    apply_theme(app)
    canvas = QImage(WIDTH, HEIGHT, QImage.Format.Format_ARGB32_Premultiplied)
    tape, levels = LiquidationsPane("BTC"), LiquidationHeatmapPane("BTC")
    view = levels_view(2_500, 400)
    listed = _paint_ms(tape, canvas, [liquidations_view(count=300, seed=seed) for seed in range(ROUNDS)])
    drawn = _paint_ms(levels, canvas, [levels_view(2_500, 400) for _ in range(ROUNDS)])
    naive = 10 * 1e3 * median(cpu_seconds(lambda: _naively(view, canvas)) for _ in range(3))
    return {
        "pane_paint_ms_liquidations": Metric(listed, "ms", note="300 orders, sums, minutes, 1920x1080"),
        "pane_paint_ms_liquidation_heatmap": Metric(
            drawn, "ms", naive, naive / drawn, "2,500 bars x 400 rows; baseline: a rectangle each"
        ),
    }


def _paint_ms(pane: Pane, canvas: QImage, views: list[object]) -> float:
    pane.resize(WIDTH, HEIGHT)
    pane.show()
    times = []
    for view in views:
        pane.refresh(view)  # type: ignore[arg-type]
        times.append(1e3 * cpu_seconds(lambda: pane.render(canvas)))
    pane.hide()
    return median(times[1:])


def _naively(view: LiquidationLevelsView, canvas: QImage) -> None:
    painter, colors = QPainter(canvas), ramp()
    bars, rows = view.levels.shape
    wide, high = WIDTH / bars, HEIGHT / rows
    for bar in range(0, bars, 10):
        for row, shade in enumerate(shade_of(view.levels[bar], float(view.levels.max())).tolist()):
            if shade >= 0:
                painter.fillRect(QRectF(bar * wide, row * high, wide, high), colors[shade])
    painter.end()
