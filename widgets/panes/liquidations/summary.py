"""Above the list of liquidations: the venues' coverage, the cascade indicator, sums by side, and a bar per minute."""

import numpy as np
from PySide6.QtCore import QEvent, QRectF, QSize, Qt, Signal
from PySide6.QtGui import QBrush, QHelpEvent, QMouseEvent, QPainter, QResizeEvent
from PySide6.QtWidgets import QSizePolicy, QToolTip, QWidget

from feeds.model.instrument import Venue
from feeds.venues.profile import Coverage
from feeds.venues.registry import profile_of
from widgets.elements.labels import Align, Labels
from widgets.items.bulk import RectBatch
from widgets.items.paint_guard import paints
from widgets.panes.liquidations.rows import cascade_text, coverage_text, is_floor, known_text, leaning, span_name
from widgets.theme import format as fmt
from widgets.theme.markets import venue_mark
from widgets.theme.theme import theme
from workstation.readmodels.arrays import Floats, Ints
from workstation.readmodels.positions.liquidations import Cascade, CascadeState, LiquidationSource, LiquidationsView

_ROW_PX = 15
_NAME_PX = 40
_BADGE_PX, _LEAST_BADGE_PX = 18, 74
_SIDE_ROLES = ("liquidated_long", "liquidated_short")
STATE_ROLES = {
    CascadeState.UNKNOWN: "faint",
    CascadeState.CALM: "muted",
    CascadeState.ELEVATED: "gap",
    CascadeState.CASCADE: "error",
}


class VenueStrip(QWidget):
    """A badge per venue: its coverage of liquidations. A click leaves the venue out or includes it again."""

    toggled = Signal(object)  # the venue

    def __init__(self) -> None:
        super().__init__()
        self.sources: tuple[LiquidationSource, ...] = ()
        self.wanted: frozenset[Venue] | None = None
        self._small, self._bold = Labels(theme().font(small=True)), Labels(theme().font(small=True, bold=True))
        self.setFixedHeight(_ROW_PX + 3)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)

    def show_sources(self, sources: tuple[LiquidationSource, ...], wanted: frozenset[Venue] | None) -> None:
        """Show these venues; those not in `wanted` are faint, None wants all."""
        if (sources, wanted) != (self.sources, self.wanted):
            self.sources, self.wanted = sources, wanted
            self._fit()
            self.update()

    def source_at(self, x: float, y: float) -> LiquidationSource | None:
        """The venue under a pixel, None beside the badges."""
        columns = self._columns()
        column, row = int(x // self._pitch()), int(y // _BADGE_PX)
        at = row * columns + column
        return self.sources[at] if column < columns and 0 <= at < len(self.sources) else None

    def tip_at(self, x: float, y: float) -> str:
        """The tooltip under a pixel: what the venue publishes; empty beside the badges."""
        source = self.source_at(x, y)
        if source is None:
            return ""
        return f"{profile_of(source.venue).label}: {source.coverage.description}. Click to include it or leave it out."

    def resizeEvent(self, event: QResizeEvent) -> None:
        """Use two lines of badges in a narrow pane."""
        self._fit()

    def _fit(self) -> None:
        self.setFixedHeight(_BADGE_PX * -(-max(len(self.sources), 1) // self._columns()))

    def _columns(self) -> int:
        count = max(len(self.sources), 1)
        return count if self.width() >= count * _LEAST_BADGE_PX else -(-count // 2)

    def _pitch(self) -> float:
        return max(min(self.width() / self._columns(), 120.0), 1.0)

    def mousePressEvent(self, event: QMouseEvent) -> None:
        source = self.source_at(event.position().x(), event.position().y())
        if event.button() is Qt.MouseButton.LeftButton and source is not None:
            self.toggled.emit(source.venue)

    def event(self, event: QEvent) -> bool:
        """Show what the venue under the pointer publishes."""
        if isinstance(event, QHelpEvent):
            QToolTip.showText(event.globalPos(), self.tip_at(event.pos().x(), event.pos().y()), self)
            return True
        return super().event(event)

    @paints
    def paintEvent(self, painter: QPainter) -> None:
        look, pitch, columns = theme(), self._pitch(), self._columns()
        for at, source in enumerate(self.sources):
            taken = self.wanted is None or source.venue in self.wanted
            left, top, online = at % columns * pitch, at // columns * _BADGE_PX, source.since_ns is not None
            painter.fillRect(QRectF(left + 4, top + 3, 3, _BADGE_PX - 6), look.venue_color(source.venue))
            painter.setPen(look.pen("text" if taken else "faint"))
            self._bold.draw(painter, venue_mark(source.venue), left + 10, top, 28, _BADGE_PX, Align.LEFT)
            full = source.coverage.published is Coverage.ALL and online and source.received
            painter.setPen(look.pen("faint" if not taken else "text" if full else "gap" if online else "muted"))
            text = coverage_text(source) if taken else "left out"
            self._small.draw(painter, text, left + 34, top, pitch - 36, _BADGE_PX, Align.LEFT)


class CascadeLine(QWidget):
    """The state of the cascade indicator as a badge, then the numbers behind it."""

    def __init__(self) -> None:
        super().__init__()
        self.cascade: Cascade | None = None
        self._small, self._bold = Labels(theme().font(small=True)), Labels(theme().font(small=True, bold=True))
        self.setFixedHeight(_ROW_PX + 3)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)

    def show_cascade(self, cascade: Cascade | None) -> None:
        if cascade != self.cascade:
            self.cascade = cascade
            self.setToolTip("" if cascade is None else f"{cascade_text(cascade)}. {leaning(cascade)}")
            self.update()

    @paints
    def paintEvent(self, painter: QPainter) -> None:
        if self.cascade is None:
            return
        look, state = theme(), self.cascade.state
        role, h = STATE_ROLES[state], self.height()
        width = self._bold.width(state.value) + 12
        loud = state in (CascadeState.ELEVATED, CascadeState.CASCADE)
        painter.fillRect(QRectF(4, 1, width, h - 2), look.brush(role if loud else "raised"))
        painter.setPen(look.pen("window" if loud else role))
        self._bold.draw(painter, state.value, 4, 0, width, h, Align.CENTER)
        left, side = width + 10, leaning(self.cascade)
        room = self.width() - left - 4
        sided = self._bold.width(side) + 8 if side else 0
        painter.setPen(look.pen("muted"))
        self._small.draw(painter, cascade_text(self.cascade), left, 0, room - sided, h, Align.LEFT)
        painter.setPen(look.pen("liquidated_long" if side.startswith("longs") else "liquidated_short"))
        self._bold.draw(painter, side, self.width() - sided, 0, sided - 4, h)


class Totals(QWidget):
    """Sums by side over four spans: notional, number of liquidations, and how much of the span is known."""

    def __init__(self) -> None:
        super().__init__()
        self.view: LiquidationsView | None = None
        look = theme()
        self._small, self._bold = Labels(look.font(small=True)), Labels(look.font(bold=True))
        self.setFixedHeight(4 * _ROW_PX + 4)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
        self.setToolTip("USD (number of liquidations) by side, over the included venues")

    def show_view(self, view: LiquidationsView | None) -> None:
        self.view = view
        self.update()

    @paints
    def paintEvent(self, painter: QPainter) -> None:
        look, view = theme(), self.view
        painter.setPen(look.pen("hairline"))
        painter.drawLine(0, 0, self.width(), 0)
        if view is None:
            return
        floor = "≥" if is_floor(view) else ""
        for row, (name, role) in enumerate((("longs", "liquidated_long"), ("shorts", "liquidated_short")), start=1):
            painter.setPen(look.pen(role))
            self._small.draw(painter, name, 8, row * _ROW_PX + 2, _NAME_PX, _ROW_PX, Align.LEFT)
        pitch = (self.width() - _NAME_PX - 8) / len(view.totals)
        for at, total in enumerate(view.totals):
            left = _NAME_PX + at * pitch
            painter.setPen(look.pen("muted"))
            self._small.draw(painter, span_name(total.span_ns), left, 2, pitch, _ROW_PX)
            known = total.known_ns > 0
            for side, (usd, count) in enumerate(((total.long_usd, total.longs), (total.short_usd, total.shorts))):
                cell = QRectF(left, (side + 1) * _ROW_PX + 2, pitch, _ROW_PX)
                self._draw_sum(painter, usd, count, floor, known, cell, side)
            painter.setPen(look.pen("gap"))
            self._small.draw(painter, known_text(total), left + 2, 3 * _ROW_PX + 2, pitch - 2, _ROW_PX)

    def _draw_sum(
        self, painter: QPainter, usd: float, count: int, floor: str, known: bool, cell: QRectF, side: int
    ) -> None:
        """Draw notional and number; an en dash if nothing is known."""
        painter.setPen(theme().pen(_SIDE_ROLES[side] if count else "faint"))
        if not known and not count:
            self._bold.draw(painter, fmt.NO_DATA, cell.x(), cell.y(), cell.width(), cell.height())
            return
        tail, text = f" ({fmt.count(float(count))})", f"{floor if count else ''}{fmt.size(usd)}"
        room = self._small.width(tail)
        if room + self._bold.width(text) > cell.width() - 4:  # the number is hidden in a narrow pane
            tail, room = "", 0.0
        self._bold.draw(painter, text, cell.x(), cell.y(), cell.width() - room, cell.height())
        self._small.draw(painter, tail, cell.right() - room, cell.y(), room, cell.height())


class MinuteBars(QWidget):
    """The last hour by minute: shorts above the axis, longs below; minutes without data are hatched."""

    def __init__(self) -> None:
        super().__init__()
        self.view: LiquidationsView | None = None
        look = theme()
        self._small = Labels(look.font(small=True))
        self._rects = RectBatch([look.brush("liquidated_long"), look.brush("liquidated_short")])
        self.setMinimumHeight(40)
        self.setMaximumHeight(64)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Preferred)

    def sizeHint(self) -> QSize:
        """A little higher than three lines."""
        return QSize(200, 52)

    def show_view(self, view: LiquidationsView | None) -> None:
        self.view = view
        self.update()

    def text_at(self, x: float) -> str:
        """The minute under a pixel with its sums, USD; empty without a view."""
        view = self.view
        if view is None or not len(view.minute_start_ns):
            return ""
        at = min(max(int(x / self.width() * len(view.minute_start_ns)), 0), len(view.minute_start_ns) - 1)
        longs, shorts = float(view.minute_long_usd[at]), float(view.minute_short_usd[at])
        start_ns = int(view.minute_start_ns[at])
        clock = f"{fmt.clock(start_ns)} {fmt.zone_name(start_ns)}"
        if np.isnan(longs):
            return f"{clock}: no data received"
        return f"{clock}: longs {fmt.size(longs)} USD, shorts {fmt.size(shorts)} USD"

    def event(self, event: QEvent) -> bool:
        """Show the minute under the pointer."""
        if isinstance(event, QHelpEvent):
            QToolTip.showText(event.globalPos(), self.text_at(event.pos().x()), self)
            return True
        return super().event(event)

    @paints
    def paintEvent(self, painter: QPainter) -> None:
        look, view, middle = theme(), self.view, self.height() // 2
        if view is None or not len(view.minute_start_ns):
            return
        pitch = self.width() / len(view.minute_start_ns)
        left = np.round(np.arange(len(view.minute_start_ns)) * pitch)
        wide = np.maximum(np.round((np.arange(len(left)) + 1) * pitch) - left - 1, 1.0)
        sides = (view.minute_long_usd, view.minute_short_usd)
        largest = max((float(np.nanmax(side)) for side in sides if not np.isnan(side).all()), default=0.0)
        self._draw_unknown(painter, np.flatnonzero(np.isnan(sides[0])), left, wide)
        if largest > 0:
            self._draw_bars(painter, left, wide, [np.nan_to_num(side) * (middle - 2) / largest for side in sides])
        painter.fillRect(QRectF(0, middle, self.width(), 1), look.brush("faint"))
        painter.setPen(look.pen("muted"))
        text = f"60 min, up to {fmt.size(largest)} USD a minute" if largest else "60 min"
        self._small.draw(painter, text, 6, 0, self.width() - 12, 14, Align.LEFT)

    def _draw_unknown(self, painter: QPainter, minutes: Ints, left: Floats, wide: Floats) -> None:
        brush = QBrush(theme().color("gap", 60), Qt.BrushStyle.BDiagPattern)
        for run in np.split(minutes, 1 + np.flatnonzero(np.diff(minutes) > 1)):
            if len(run):
                end = left[run[-1]] + wide[run[-1]]
                painter.fillRect(QRectF(left[run[0]], 2, end - left[run[0]], self.height() - 4), brush)

    def _draw_bars(self, painter: QPainter, left: Floats, wide: Floats, tall: list[Floats]) -> None:
        """Draw longs down, shorts up; `tall` is in pixels, and any value above 0 is at least one pixel high."""
        middle = self.height() // 2
        longs, shorts = (np.where(side > 0, np.maximum(np.round(side), 1.0), 0.0) for side in tall)
        down = np.stack((left, np.full(len(left), middle + 1.0), wide, longs), axis=1)
        up = np.stack((left, middle - shorts, wide, shorts), axis=1)
        self._rects.fill(np.concatenate((down, up)), np.repeat([0, 1], len(left)))
        self._rects.draw(painter)
