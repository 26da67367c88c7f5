"""Frames of a footprint in motion, each beside naive painting of the same cells in the same run.

`footprint_full_ms` lays out and paints 60 bars x 40 rows with all numbers on 1920x1080, as after a zoom;
`footprint_pan_p99_ms` paints them a little further on every frame, over 15 bars that come into sight and as many that
leave it; `footprint_pane_pan_p99_ms` does so in the whole pane, axes, statistics and studies included, by Qt's own
update; `footprint_tick_p99_ms` takes a new live bar and paints; `footprint_5000_bars_ms` paints 5,000 bars at once.

Naive is one `fillRect` and one `drawText` a number, or one pyqtgraph `TextItem` a number, filled with its shade. What
is compared in `footprint_paint_vs_textitems` is a frame after a zoom: ours lays out and paints all of it, theirs places
and paints anew the items that are there already. Its note says what they take without their shades, panned, and made.
Times are processor time of the painting thread, so that what else runs counts less.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from itertools import count, cycle

import numpy as np
import pyqtgraph as pg
from PySide6.QtGui import QImage, QPainter
from PySide6.QtWidgets import QApplication

from tests.bench import footprint_paint as full
from tests.bench.metric import Metric
from tests.widgets.synthetic import grid_view
from widgets.items.scale import Scale, SlotGrid
from widgets.panes.footprint.cells.bars_on_grid import BarsOnGrid
from widgets.panes.footprint.cells.detail import Choice, Detail
from widgets.panes.footprint.pane import FootprintPane
from widgets.theme import format as text_of
from widgets.theme.theme import apply_theme
from workstation.readmodels.flow.footprint import FootprintView

FRAMES, NAIVE_FRAMES, MANY = 120, 25, 5_000
PANNED, STEP = 16, 0.13  # bars that come into sight, bars a frame


def measure() -> dict[str, Metric]:
    """All of them; a ratio is naive to ours."""
    found = full.measure()
    app = QApplication.instance() or QApplication([])
    assert isinstance(app, QApplication)
    apply_theme(app)
    view, longer = _without_zones(grid_view(full.BARS, full.ROWS)), grid_view(full.BARS + PANNED, full.ROWS)
    whole, naive = found["paint_ms"], found["naive_ms"]
    made, panned, zoomed = _text_items_ms(view, filled=True)
    _, _, bare = _text_items_ms(view, filled=False)
    return {
        "footprint_full_ms": _against(whole, naive, f"first paint {found['cold_ms']:.1f} ms"),
        "footprint_pan_p99_ms": _panned(_without_zones(longer)),
        "footprint_pane_pan_p99_ms": _panned_pane(longer),
        "footprint_tick_p99_ms": _ticked(view),
        "footprint_5000_bars_ms": _zoomed_out(),
        "footprint_paint_vs_naive": Metric(
            naive / whole, "x faster", 1.0, naive / whole, f"unchanged {found['warm_ms']:.2f} ms; aim at least 4"
        ),
        "footprint_paint_vs_textitems": Metric(
            zoomed / whole,
            "x faster",
            1.0,
            zoomed / whole,
            f"4,800 TextItems take {zoomed:.0f} ms (unshaded {bare:.0f}, {bare / whole:.1f}x), "
            f"panned {panned:.0f} ms, made and painted {made:.0f} ms",
        ),
    }


def _without_zones(view: FootprintView) -> FootprintView:
    """What the naive ways draw as well."""
    return replace(view, zones=(), bars=tuple(replace(bar, stacks=()) for bar in view.bars))


def _against(ours: float, naive: float, note: str = "") -> Metric:
    return Metric(ours, "ms", naive, naive / ours, note)


def _screen() -> Scale:
    return Scale(0, full.BARS, 60_000.0, 60_000.0 + 10.0 * full.ROWS, full.WIDTH, full.HEIGHT).on_pixels()


def _moved(scale: Scale, slots: float) -> Scale:
    return replace(scale, left=scale.left + slots, right=scale.right + slots).on_pixels()


def _panned(view: FootprintView) -> Metric:
    places = _there_and_back([_moved(_screen(), STEP * step) for step in range(FRAMES)])
    at, item = [_screen()], full.item_of(view, lambda: at[0])

    def step() -> None:
        at[0] = next(places)

    ours = _frames(2 * FRAMES, step, lambda painter: full.paint_item(item, painter))
    naive = _frames(NAIVE_FRAMES, step, lambda painter: full.paint_naively(view, at[0], painter))
    return _against(_p99(ours), _p99(naive), f"median {np.median(ours):.2f} ms")


def _panned_pane(view: FootprintView) -> Metric:
    """The whole pane as it is by default, as large as the screen; numbers or not is what fits."""
    pane = FootprintPane("BTC")
    pane.resize(full.WIDTH, full.HEIGHT)
    pane.show()
    pane.refresh(view)
    pane.chart.set_visible(0, full.BARS)
    QApplication.processEvents()
    times = []
    for slots in STEP * np.repeat((1, -1, 1), FRAMES):
        began = time.thread_time()
        pane.chart.pan_slots(float(slots))
        QApplication.processEvents()
        times.append((time.thread_time() - began) * 1e3)
    pane.close()
    return Metric(_p99(times), "ms", note=f"median {np.median(times):.2f} ms")


def _there_and_back(places: list[Scale]) -> Iterator[Scale]:
    return cycle(places + places[::-1])


def _ticked(view: FootprintView) -> Metric:
    shown = [view]
    item = full.item_of(view, _screen)
    grid = SlotGrid.at(view.request.bar_ns, view.bars[0].start_ns)
    placed = [BarsOnGrid(view.bars, grid)]

    def step() -> None:
        live = shown[0].bars[-1]
        volume = live.buy_volume + 0.001
        shown[0] = replace(shown[0], bars=(*shown[0].bars[:-1], replace(live, buy_volume=volume)))

    def paint(painter: QPainter) -> None:
        placed[0] = BarsOnGrid(shown[0].bars, grid, placed[0])
        item.set_view(shown[0], placed[0], grid)
        full.paint_item(item, painter)

    ours = _frames(FRAMES, step, paint)
    naive = _frames(NAIVE_FRAMES, step, lambda painter: full.paint_naively(shown[0], _screen(), painter))
    return _against(_p99(ours), _p99(naive))


def _zoomed_out() -> Metric:
    view = grid_view(MANY, 4)
    scale = Scale(0, MANY, 59_990.0, 60_050.0, full.WIDTH, full.HEIGHT)
    item = full.item_of(view, lambda: scale)
    item.set_choice(Choice(Detail.CANDLES, 1))

    ours = _frames(9, item.forget, lambda painter: full.paint_item(item, painter))
    naive = _frames(2, lambda: None, lambda painter: full.paint_naively(view, scale, painter))
    return _against(float(np.median(ours)), float(np.median(naive)), "naive: 4 rows a bar")


def _text_items_ms(view: FootprintView, *, filled: bool) -> tuple[float, float, float]:
    """A plot with one TextItem a number: made and painted, then panned, then zoomed a little every frame."""
    began = time.thread_time()
    plot = _text_items(view, filled=filled)
    plot.show()
    QApplication.processEvents()
    made = (time.thread_time() - began) * 1e3
    step = count(1)

    def show(left: float, right: float) -> None:
        plot.setRange(xRange=(left, right), padding=0)

    def paint(move: Callable[[float], object]) -> float:
        times = _frames(5, lambda: None, lambda painter: (move(STEP * next(step)), plot.render(painter)))
        return float(np.median(times))

    panned = paint(lambda slots: show(slots, full.BARS + slots))
    zoomed = paint(lambda slots: show(slots, full.BARS - slots))
    plot.close()
    return made, panned, zoomed


def _text_items(view: FootprintView, *, filled: bool) -> pg.PlotWidget:
    plot = pg.PlotWidget()
    plot.resize(full.WIDTH, full.HEIGHT)
    brushes, largest = full.ramps(), full.largest_size(view)
    for slot, bar in enumerate(view.bars):
        for index in range(len(bar.buy_volume)):
            for side, values in enumerate((bar.sell_volume, bar.buy_volume)):
                value = float(values[index])
                fill = full.shade_of(brushes[side], value, largest) if filled else None
                item = pg.TextItem(text_of.size(value), anchor=(0.5, 0.5), fill=fill)
                item.setPos(slot + 0.25 + 0.5 * side, index + 0.5)
                plot.addItem(item, ignoreBounds=True)
    plot.setRange(xRange=(0, full.BARS), yRange=(0, full.ROWS), padding=0)
    return plot


def _frames(many: int, before: Callable[[], None], paint: Callable[[QPainter], object]) -> list[float]:
    canvas = QImage(full.WIDTH, full.HEIGHT, QImage.Format.Format_ARGB32_Premultiplied)
    times = []
    for _ in range(many + 2):
        before()
        painter = QPainter(canvas)
        began = time.thread_time()
        paint(painter)
        times.append((time.thread_time() - began) * 1e3)
        painter.end()
    return times[2:]


def _p99(times: list[float]) -> float:
    return float(np.percentile(times, 99))


if __name__ == "__main__":
    for name, metric in measure().items():
        print(metric.line(name))
