"""The CVD pane: running delta of every market and of their sums, on the time axis of the footprint."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from PySide6.QtCore import QPointF, Qt, Signal
from PySide6.QtGui import QResizeEvent
from PySide6.QtWidgets import QButtonGroup, QHBoxLayout, QLabel, QToolButton, QVBoxLayout, QWidget

from widgets import format as text_of
from widgets.axes import Tag
from widgets.chart import TimeChart
from widgets.items.crosshair import LineOverlay
from widgets.items.cvd import CvdItem, all_lines, in_sight, pen_of
from widgets.items.scale import SlotGrid
from widgets.markets import venue_mark
from widgets.pane import Pane
from widgets.spans import Span, SpanLine
from widgets.theme import CELL, theme
from workstation.readmodels import CvdLine, CvdRequest, CvdUnit, CvdView, Freshness, Ints, View

PITCH_PX = 8.0
FINENESS = (12, 4, 1)  # CVD bars in one bar of the footprint; the next one when there are more bars than `_MANY`
_MANY = 1500
_SECOND = 1_000_000_000
_SUFFIX = {"linear": "", "inverse": "-inv", "spot": "-spot"}


class CvdPane(Pane):
    """`crosshair_moved` carries ns or None; `visible_range_changed` two ns, after changes made here only.

    Once another pane has set its visible range, it follows that one instead of the latest bar.
    """

    title = "CVD"
    keys = (("wheel, drag", "zoom, pan; the footprint follows"), ("A", "automatic scale"))
    crosshair_moved = Signal(object)
    visible_range_changed = Signal(object, object)

    def __init__(self, base: str = "", parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._whole_ns, self._fineness = CvdRequest(base).bar_ns, 0
        self._asked = CvdRequest(base, bar_ns=fine_bar(self._whole_ns, FINENESS[0]))
        self._view: CvdView | None = None
        self._slots: Ints = np.zeros(0, np.int64)
        self._wanted: tuple[int, int] | None = None  # the range another pane asked for
        self._quiet = False
        self._pointer: QPointF | None = None
        self.chart = TimeChart(
            PITCH_PX, keeps_pitch=False, pitches=(0.125, 480.0)
        )  # first, so that it has the first focus
        self.units = {"USD": QToolButton(), "coin": QToolButton()}
        self.legend = SpanLine(lines=2)
        self.item = CvdItem(self.chart.box, self.chart.scale_of)
        self.overlay = LineOverlay(self.chart.box, self.chart.scale_of)
        self.notice = QLabel(self.chart)
        self._lay_out()
        self._connect()
        self._say_why_empty()

    def request(self) -> CvdRequest | None:
        """What is asked for; None without a base."""
        return self._asked if self._asked.base else None

    def set_bases(self, bases: list[str]) -> None:
        """Show the first base unless one is shown already."""
        if bases and self._asked.base not in bases:
            self.set_base(bases[0])

    def set_base(self, base: str) -> None:
        """Show this base."""
        self._fineness = 0
        self._ask(replace(self._asked, base=base, bar_ns=fine_bar(self._whole_ns, FINENESS[0])))

    def set_bar_length(self, bar_ns: int) -> None:
        """Use bars that divide this length, that of the footprint: a line needs more points than bars have."""
        self._whole_ns, self._fineness = bar_ns, 0
        self._ask(replace(self._asked, bar_ns=fine_bar(bar_ns, FINENESS[0])))

    def _coarsen(self, bars: int) -> None:
        """A long history is drawn from longer bars."""
        if bars > _MANY and self._fineness + 1 < len(FINENESS):
            self._fineness += 1
            self._ask(replace(self._asked, bar_ns=fine_bar(self._whole_ns, FINENESS[self._fineness])))

    def refresh(self, view: View) -> None:
        """Show this view; the range moves only while following."""
        if not isinstance(view, CvdView) or view is self._view:
            return
        starts, bar_ns = view.bar_start_ns, view.request.bar_ns
        before = self._view
        fresh = before is None or not len(before.bar_start_ns) or before.request != view.request
        if fresh and len(starts):
            self._start_grid(SlotGrid.at(bar_ns, int(starts[0])))
        self._view, self._slots = view, starts // bar_ns - self.chart.grid.origin
        self.item.set_view(view, self._slots, self.chart.grid)
        if len(starts):
            self._move_to(float(self._slots[-1]), fresh)
        self._read()
        self._say_why_empty()
        self._coarsen(len(starts))

    def clear(self) -> None:
        """Forget the view; the zoom stays."""
        self._view, self._slots = None, np.zeros(0, np.int64)
        self.item.retry()
        self.item.set_view(None, self._slots, self.chart.grid)
        self._point(None, None)
        self._read()
        self._say_why_empty()

    def show_crosshair(self, ts_ns: int | None) -> None:
        """Mark the bar of this moment; None takes the mark away. Does not emit."""
        if self._pointer is None:
            self._point(None if ts_ns is None else self.chart.grid.slot(ts_ns), None)

    def set_visible_range(self, start_ns: int, end_ns: int) -> None:
        """Show this span, asked for by another pane, from now on. Does not emit."""
        self._wanted = start_ns, end_ns
        self.chart.following = False
        if self._view is not None and len(self._slots):
            self._show_wanted()

    def _lay_out(self) -> None:
        line = QHBoxLayout()
        line.setContentsMargins(CELL, 2, 0, 2)
        line.setSpacing(CELL)
        group = QButtonGroup(self)
        for name, button in self.units.items():
            button.setText(name)
            button.setCheckable(True)
            button.setChecked((name == "USD") is (self._asked.unit is CvdUnit.USD))
            button.setFont(theme().font(small=True))
            button.setStyleSheet(
                f"QToolButton {{ padding: 0 6px; }} QToolButton:!checked {{ color: {theme().color('faint').name()}; }}"
            )
            button.setToolTip("Running delta in USD" if name == "USD" else "Running delta in base coin")
            group.addButton(button)
            line.addWidget(button, 0, Qt.AlignmentFlag.AlignTop)
        line.addWidget(self.legend, 1, Qt.AlignmentFlag.AlignTop)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(0)
        column.addLayout(line)
        column.addWidget(self.chart, 1)
        self.setFocusProxy(self.chart)
        self.chart.add(self.item)
        self.chart.add(self.overlay)
        self.chart.value_extent = self._extent
        self.notice.setAttribute(Qt.WidgetAttribute.WA_TransparentForMouseEvents)
        self.notice.setAlignment(Qt.AlignmentFlag.AlignCenter)
        self.notice.setStyleSheet(f"color: {theme().color('muted').name()}")

    def _connect(self) -> None:
        for name, button in self.units.items():
            button.clicked.connect(lambda _=False, unit=CvdUnit(name): self._ask(replace(self._asked, unit=unit)))
        self.chart.range_changed.connect(self._on_range)
        self.chart.hovered.connect(self._on_hover)
        self.chart.box.sigResized.connect(lambda _: self._on_resized())

    def _ask(self, request: CvdRequest) -> None:
        if request != self._asked:
            self._asked = request
            self._say_why_empty()
            self.request_changed.emit()

    def _start_grid(self, grid: SlotGrid) -> None:
        self.chart.set_grid(grid)
        self.chart.following = self._wanted is None

    def _move_to(self, latest: float, fresh: bool) -> None:
        self._quiet = self._wanted is not None
        self.chart.set_latest(latest)
        if fresh:
            if self._wanted is not None:
                self._show_wanted()
            self.chart.auto_scale()
        self._quiet = False

    def _show_wanted(self) -> None:
        if self._wanted is None:
            return
        before, self._quiet = self._quiet, True
        start_ns, end_ns = self._wanted
        self.chart.set_visible(self.chart.grid.slot(start_ns), self.chart.grid.slot(end_ns))
        self._quiet = before

    def _extent(self, left: float, right: float) -> tuple[float, float] | None:
        """Lowest and highest value in sight over all lines."""
        if self._view is None:
            return None
        part = in_sight(self._slots, left, right)
        seen = [line.values[part] for line in all_lines(self._view)]
        values = np.concatenate(seen) if seen else np.zeros(0)
        values = values[np.isfinite(values)]
        return (float(values.min()), float(values.max())) if len(values) else None

    def _on_range(self) -> None:
        self.item.update()
        self.overlay.update()
        self._read()
        if not self._quiet:
            left, right = self.chart.visible
            start_ns, end_ns = self.chart.grid.ts_ns(left), self.chart.grid.ts_ns(right)
            if self._wanted is not None:
                self._wanted = start_ns, end_ns
            self.visible_range_changed.emit(start_ns, end_ns)

    def _on_resized(self) -> None:
        self._place_notice()
        self.chart.fit_values()

    def resizeEvent(self, event: QResizeEvent) -> None:
        """The notice stays in the middle."""
        super().resizeEvent(event)
        self._place_notice()

    def _place_notice(self) -> None:
        self.notice.setGeometry(self.chart.box.sceneBoundingRect().toRect())

    def _on_hover(self, position: QPointF | None) -> None:
        self._pointer = position
        if position is None:
            self._point(None, None)
            self.crosshair_moved.emit(None)
        else:
            scale = self.chart.plot_scale
            self._point(scale.slot(position.x()), scale.value(position.y()))
            self.crosshair_moved.emit(self.chart.grid.ts_ns(scale.slot(position.x())))

    def _point(self, slot: float | None, value: float | None) -> None:
        self.overlay.point_at(None if slot is None else slot // 1 + 0.5, value)
        self._read()

    def _read(self) -> None:
        """Legend and tags: values under the crosshair, else the newest."""
        slot, value = self.overlay.slot, self.overlay.value
        stamp = (
            () if slot is None else (Tag(slot, text_of.clock(self.chart.grid.ts_ns(slot // 1)), "hairline", "text"),)
        )
        self.chart.time_axis.set_tags(stamp)
        view = self._view
        if view is None or not len(self._slots):
            self.legend.set_spans(())
            self.chart.value_axis.set_tags(())
            return
        index = self._index(slot)
        tags = []
        if view.perp is not None and np.isfinite(view.perp.values[-1]):
            last = float(view.perp.values[-1])
            tags.append(Tag(last, text_of.signed(last), "aggregate", "window"))
        if value is not None:
            tags.append(Tag(value, text_of.signed(value), "hairline", "text"))
        self.chart.value_axis.set_tags(tuple(tags))
        self.legend.set_spans(self._legend(view, index))

    def _index(self, slot: float | None) -> int | None:
        """Which value the legend reads; None where the crosshair is on no bar."""
        if slot is None:
            return len(self._slots) - 1
        index = int(np.searchsorted(self._slots, slot // 1))
        return index if index < len(self._slots) and self._slots[index] == slot // 1 else None

    def _legend(self, view: CvdView, index: int | None) -> tuple[Span, ...]:
        unit = "USD" if view.request.unit is CvdUnit.USD else view.request.base
        spans = [Span(f"{view.request.base} CVD {unit}", "text", bold=True)]
        if view.perp is not None:
            live, known = _venues(view)
            spans.append(Span(f"perp {_value(view.perp, index)}", "aggregate", True, pen_of(view.perp)))
            spans.append(Span(f"{live} of {known} venues", "muted" if view.perp_live == view.perp_known else "gap"))
        if view.spot is not None:
            spans.append(Span(f"spot {_value(view.spot, index)}", "aggregate", False, pen_of(view.spot)))
        against = self._opposed(view)
        for line in view.lines:
            word = "" if line.freshness is Freshness.LIVE else f" {line.freshness}"
            turned = " against" if line.label in against else ""
            role = "stale" if word else "text"
            spans.append(Span(f"{_name(line)} {_value(line, index)}{word}{turned}", role, bool(turned), pen_of(line)))
        return tuple(spans)

    def _opposed(self, view: CvdView) -> set[str]:
        """Perp markets that moved against the aggregate over the visible range."""
        part = in_sight(self._slots, *self.chart.visible)
        if view.perp is None:
            return set()
        whole = _change(view.perp, part)
        return {line.label for line in view.lines if line.perp and _change(line, part) * whole < 0}

    def _say_why_empty(self) -> None:
        request, view = self.request(), self._view
        if request is None:
            text = "no base chosen"
        elif view is None:
            text = f"waiting for {request.base}"
        elif len(view.bar_start_ns):
            text = ""
        else:
            states = {line.freshness for line in view.lines}
            text = "syncing" if Freshness.SYNCING in states else "waiting for the first trade"
        self.notice.setText(text)
        self.notice.setVisible(bool(text))


def fine_bar(bar_ns: int, parts: int) -> int:
    """About a `parts`-th of a bar: whole seconds that divide it, at least one."""
    seconds = bar_ns // _SECOND
    wanted = max(1, seconds // parts)
    return next(step for step in range(wanted, 0, -1) if seconds % step == 0) * _SECOND


def _venues(view: CvdView) -> tuple[int, int]:
    """How many of the venues with a perpetual have a live one. Which markets are not live, their own words tell."""
    live = {line.venue for line in view.lines if line.perp and line.freshness is Freshness.LIVE}
    return len(live), len({line.venue for line in view.lines if line.perp})


def _name(line: CvdLine) -> str:
    if line.venue is None:
        return line.label
    return venue_mark(line.venue) + (_SUFFIX[line.kind.value] if line.kind is not None else "")


def _value(line: CvdLine, index: int | None) -> str:
    return text_of.signed(None if index is None else float(line.values[index]))


def _change(line: CvdLine, part: slice) -> float:
    values = line.values[part]
    values = values[np.isfinite(values)]
    return float(values[-1] - values[0]) if len(values) > 1 else 0.0
