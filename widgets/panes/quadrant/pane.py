"""The positioning quadrant: resting liquidity (OBI) against aggression (CVD) for every base in focus."""

from dataclasses import replace

import numpy as np
from PySide6.QtCore import Qt
from PySide6.QtWidgets import QWidget

from widgets.elements.captions import Choice
from widgets.elements.layouts import column_of, line_of
from widgets.elements.spans import Span, SpanLine
from widgets.pane import Pane, Table
from widgets.panes.quadrant.canvas import QuadrantCanvas
from widgets.theme import format as text_of
from widgets.theme.theme import CELL, theme
from workstation.readmodels.markets import Freshness, MarketState
from workstation.readmodels.positions.quadrant import QuadrantDot, QuadrantRequest, QuadrantView
from workstation.readmodels.request import View

_MINUTE = 60_000_000_000
WINDOWS = (("CVD 5 min", 5 * _MINUTE), ("CVD 15 min", 15 * _MINUTE), ("CVD 1 h", 60 * _MINUTE))
TRAIL_LENGTHS = (("trail 30 m", 30 * _MINUTE), ("trail 4 h", 240 * _MINUTE), ("trail 24 h", 1440 * _MINUTE))


class QuadrantPane(Pane):
    """A click on a dot chooses its base."""

    title = "Quadrant"
    help = (
        "Every coin in focus, sampled every 10 s. Horizontal: OBI of its perpetuals within 0.2 % of mid, venues "
        "weighted by their taker flow of 5 minutes; right means more resting bids. Vertical: their CVD in USD over the "
        "window; up means that takers buy. Each is divided by its own 95th percentile of absolute value over the last "
        "24 h (or the known part, at least 5 minutes) and limited to ±1.5. Corners: buyers in control (more bids, "
        "takers buy), buying into offers, sellers in control, selling into bids; within 0.15 of an axis a dot is "
        "neutral. The trail shows past positions, fading with age, and breaks where an input was missing. A hollow "
        "grey dot is the last known position of a coin without live data. Click a dot to choose its coin."
    )
    keys = (("click a dot", "choose its coin"),)
    every_frames = 15

    def __init__(self, base: str = "", parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._asked = QuadrantRequest(base)
        self._view: QuadrantView | None = None
        self.canvas, self.window_choice, self.trail = QuadrantCanvas(), Choice(), Choice()
        self.window_choice.setToolTip("Window of the CVD")
        self.trail.setToolTip("Time span of each trail")
        self.readout, self.absent = SpanLine(lines=3), SpanLine(lines=2)
        self._lay_out()
        self.window_choice.activated.connect(lambda _: self._settings_changed())
        self.trail.activated.connect(lambda _: self._settings_changed())
        self.canvas.pointed.connect(lambda _: self._read())
        self.canvas.chosen.connect(self.choose_base)
        self._read()

    def request(self) -> QuadrantRequest:
        return self._asked

    def set_base(self, base: str) -> None:
        if base != self._asked.base:
            self._asked = replace(self._asked, base=base)
            self.canvas.show_view(self._view, base)
            self._read()

    def state(self) -> dict[str, object]:
        return {"window_ns": self._asked.window_ns, "trail_ns": self._asked.trail_ns}

    def restore(self, state: dict[str, object]) -> None:
        choices = ((self.window_choice, WINDOWS, "window_ns"), (self.trail, TRAIL_LENGTHS, "trail_ns"))
        for choice, values, name in choices:
            known = [value for _, value in values]
            if (wanted := state.get(name)) in known:
                choice.setCurrentIndex(known.index(wanted))
        self._settings_changed()

    def refresh(self, view: View) -> None:
        if isinstance(view, QuadrantView):
            self._view = view
            self.canvas.show_view(view, self._asked.base)
            self._read()

    def clear(self) -> None:
        self._view = None
        self.canvas.show_view(None, self._asked.base)
        self._read()

    def shown_markets(self) -> tuple[MarketState, ...]:
        return self._view.markets if self._view is not None else ()

    def as_table(self) -> Table | None:
        if self._view is None:
            return None
        header = ("base", "quadrant", "x", "y", "obi", "cvd_usd", "obi_scale", "cvd_scale", "ts_ns", "state")
        return Table(header, tuple(_row(dot) for dot in self._view.dots if len(dot.ts_ns)))

    def _lay_out(self) -> None:
        for choice, values in ((self.window_choice, WINDOWS), (self.trail, TRAIL_LENGTHS)):
            for label, _ in values:
                choice.addItem(label)
            choice.setFont(theme().font(small=True))
        line = line_of(margins=(CELL, 2, 0, 2))
        for widget in (self.window_choice, self.trail):
            line.addWidget(widget, 0, Qt.AlignmentFlag.AlignTop)
        line.addWidget(self.readout, 1, Qt.AlignmentFlag.AlignTop)
        column = column_of(line, filling=self.canvas, within=self)
        column.addWidget(self.absent)

    def _settings_changed(self) -> None:
        window_ns = WINDOWS[self.window_choice.currentIndex()][1]
        trail_ns = TRAIL_LENGTHS[self.trail.currentIndex()][1]
        asked = replace(self._asked, window_ns=window_ns, trail_ns=trail_ns)
        if asked != self._asked:
            self._asked = asked

    def _read(self) -> None:
        """Show the numbers of the dot under the pointer, else of the chosen base, and the bases without live data."""
        dots = self._view.dots if self._view is not None else ()
        wanted = self.canvas.hovered or self._asked.base
        dot = next((dot for dot in dots if dot.base == wanted), None)
        if dot is not None:
            self.readout.set_spans(_dot_spans(dot))
        else:
            self.readout.set_spans((Span("point at a dot" if dots else "waiting for data", "muted"),))
        self.absent.set_spans(tuple(Span(f"{dot.base}: {dot.reason}", "stale") for dot in dots if dot.reason))


def _dot_spans(dot: QuadrantDot) -> tuple[Span, ...]:
    spans = [Span(dot.base, "aggregate", bold=True)]
    if not len(dot.x):
        return (*spans, Span(dot.reason, "stale"))
    live = dot.freshness is Freshness.LIVE
    spans.append(
        Span(dot.quadrant.value if dot.quadrant is not None else dot.reason, "text" if live else "stale", True)
    )
    obi, cvd = float(dot.obi[-1]), float(dot.cvd[-1])
    spans.append(Span(f"OBI {text_of.fixed(obi, 3)} (x {text_of.fixed(float(dot.x[-1]), 2)})"))
    spans.append(Span(f"CVD {text_of.signed(cvd)} USD (y {text_of.fixed(float(dot.y[-1]), 2)})"))
    scales = f"±1 is OBI {text_of.fixed(float(dot.obi_scale[-1]), 3)}, CVD {text_of.size(float(dot.cvd_scale[-1]))} USD"
    spans.append(Span(scales.replace("+", ""), "muted"))
    spans.append(Span(f"{dot.live} of {dot.known} markets", "muted" if dot.live == dot.known else "gap"))
    spans.append(Span(text_of.clock(int(dot.ts_ns[-1])), "muted"))
    return tuple(spans)


def _row(dot: QuadrantDot) -> tuple[str | int | float | None, ...]:
    columns = (dot.x, dot.y, dot.obi, dot.cvd, dot.obi_scale, dot.cvd_scale)
    numbers = (None if np.isnan(column[-1]) else float(column[-1]) for column in columns)
    corner = dot.quadrant.value if dot.quadrant is not None else None
    return (dot.base, corner, *numbers, int(dot.ts_ns[-1]), dot.freshness.value)


PANE = QuadrantPane
