"""Frames of the depth heatmap on 1920x1080: three markets, levels changing every second, bubbles over it.

`pane_paint_ms_heatmap` paints at a new place every frame, tiles made before (p99); `heatmap_tick_ms` answers and takes
up a new second; `heatmap_first_ms` answers a screen nobody has looked at. Naive draws one rectangle a cell.
Times are processor time of the painting thread.
"""

from __future__ import annotations

import os
import random
import time
from collections.abc import Callable
from itertools import cycle

os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")
os.environ.setdefault("PYQTGRAPH_QT_LIB", "PySide6")

import numpy as np
from PySide6.QtCore import QRectF
from PySide6.QtGui import QColor, QImage, QPainter
from PySide6.QtWidgets import QApplication

from tests.bench.metric import Metric
from tests.workstation.analytics.market_events import MARKETS, SECOND, START, delta, snapshot, trade
from widgets.items.scale import Scale
from widgets.panes.heatmap.colors import codes_of, table_of
from widgets.panes.heatmap.pane import HeatmapPane
from widgets.theme.theme import apply_theme
from workstation.analytics.engine import Engine
from workstation.readmodels.flow.heatmap import HeatmapRequest, HeatmapView
from workstation.readmodels.markets import MarketFilter

WIDTH, HEIGHT, SECONDS, LEVELS, FRAMES = 1920, 1080, 1_000, 400, 120


def measure() -> dict[str, Metric]:
    """All of them."""
    app = QApplication.instance() or QApplication([])
    assert isinstance(app, QApplication)
    apply_theme(app)
    engine, pane = _busy(), HeatmapPane("BTC")
    pane.resize(WIDTH, HEIGHT)
    pane.show()
    pane.markets.choose(MarketFilter(None))
    _feed(pane, engine)
    fresh = engine.checkpoint()  # without the tiles summed so far
    began = time.thread_time()
    view = fresh.view(_asked(pane))
    first = (time.thread_time() - began) * 1e3
    assert isinstance(view, HeatmapView)
    canvas = QImage(WIDTH, HEIGHT, QImage.Format.Format_ARGB32_Premultiplied)
    places = cycle(np.tile([-3.0, -3.0, 2.0, 4.0], 30).tolist())
    panned = _frames(canvas, pane, lambda: pane.chart.pan_slots(next(places)), FRAMES)
    ticked = [_tick(engine, pane) for _ in range(20)]
    naive = _naively(canvas, view, pane.chart.plot_scale, pane)
    pane.close()
    paint = float(np.percentile(panned, 99))
    return {
        "pane_paint_ms_heatmap": Metric(paint, "ms", naive, naive / paint, f"{len(view.tiles)} tiles; aim under 8"),
        "heatmap_tick_ms": Metric(float(np.median(ticked)), "ms", note="answer and take up a new second; aim under 3"),
        "heatmap_first_ms": Metric(first, "ms", note=f"{len(view.tiles)} tiles summed from nothing"),
    }


def _asked(pane: HeatmapPane) -> HeatmapRequest:
    request = pane.request()
    assert request is not None
    return request


def _feed(pane: HeatmapPane, engine: Engine) -> None:
    for _ in range(3):
        pane.refresh(engine.view(_asked(pane)))


def _busy() -> Engine:
    """Three books of 400 levels a side of which 60 change every second."""
    rng, engine = random.Random(1), Engine()
    for second in range(SECONDS):
        now_ns = START + 3_600 * SECOND + second * SECOND - 1_000
        for instrument in MARKETS:
            middle = instrument.ticks_from_price(1_000.0)
            if not second:
                sides = [[(middle + sign * at, rng.random()) for at in range(1, LEVELS)] for sign in (-1, 1)]
                engine.apply(snapshot(instrument, now_ns, *sides))
            changes = [[(middle + sign * rng.randint(1, LEVELS), rng.random()) for _ in range(60)] for sign in (-1, 1)]
            engine.apply(delta(instrument, now_ns, *changes))
            for _ in range(5):
                engine.apply(trade(instrument, now_ns, middle, rng.random(), rng.choice((1, 2))))
    engine.advance(START + 3_600 * SECOND + SECONDS * SECOND)
    return engine


def _tick(engine: Engine, pane: HeatmapPane) -> float:
    engine.advance(engine.now_ns + SECOND)
    began = time.thread_time()
    pane.refresh(engine.view(_asked(pane)))
    return (time.thread_time() - began) * 1e3


def _frames(canvas: QImage, pane: HeatmapPane, step: Callable[[], object], count: int) -> list[float]:
    times = []
    for _ in range(count + 5):
        began = time.thread_time()
        step()
        painter = QPainter(canvas)
        pane.chart.scene().render(painter, QRectF(0, 0, WIDTH, HEIGHT), pane.chart.sceneRect())
        painter.end()
        times.append((time.thread_time() - began) * 1e3)
    assert not pane.item.failure
    return times[5:]


def _naively(canvas: QImage, view: HeatmapView, scale: Scale, pane: HeatmapPane) -> float:
    assert pane.item.range is not None
    table = table_of(pane.item.range)
    began = time.thread_time()
    painter = QPainter(canvas)
    for tile in view.tiles:
        pixels = table[codes_of(tile.bid, tile.ask)]
        for row, column in zip(*np.nonzero(np.maximum(tile.bid, tile.ask)), strict=True):
            x = scale.x(pane.chart.grid.slot((tile.first_bucket + int(column)) * view.bucket_ns))
            y = scale.y((tile.first_row + int(row) + 1) * view.row_size)
            size = scale.pitch * view.bucket_ns / SECOND, scale.unit * view.row_size
            painter.fillRect(QRectF(x, y, *size), QColor(int(pixels[row, column])))
    painter.end()
    return (time.thread_time() - began) * 1e3


if __name__ == "__main__":
    for name, metric in measure().items():
        print(metric.line(name))
