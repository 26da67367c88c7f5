"""The seek slider of a recording. It seeks on release; while dragged it does not follow the clock."""

from PySide6.QtCore import QEvent, QPoint, QPointF, QRectF, Qt, Signal
from PySide6.QtGui import QContextMenuEvent, QHelpEvent, QMouseEvent, QPainter, QPolygonF
from PySide6.QtWidgets import QMenu, QSizePolicy, QToolTip, QWidget

from widgets.items.outline import draw_bookmarks, draw_outline, draw_setups
from widgets.items.paint_guard import paints
from widgets.theme import format as fmt
from widgets.theme.setups import setup_text
from widgets.theme.theme import theme
from workstation.readmodels.session.library import Bookmark, Outline, SetupMark

_EDGE = 6
_NEAR_PX = 6
_LISTED = 5  # setups in one tooltip


class Timeline(QWidget):
    """Emits `hovered(position, ts_ns)` while dragging and `chosen(ts_ns)` on release."""

    chosen = Signal(object)
    hovered = Signal(QPoint, object)
    mark_removed = Signal(object)

    def __init__(self) -> None:
        super().__init__()
        self._start_ns, self._end_ns, self._now_ns = 0, 0, 0
        self._drag_ns: int | None = None
        self._outline: Outline | None = None
        self._marks: tuple[Bookmark, ...] = ()
        self.setMinimumSize(96, 28)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
        self.setToolTip("Drag to seek; Home and End go to the start and the end")

    def show_span(self, start_ns: int, end_ns: int, now_ns: int) -> None:
        span = (start_ns, max(end_ns, start_ns), now_ns)
        if span != (self._start_ns, self._end_ns, self._now_ns):
            self._start_ns, self._end_ns, self._now_ns = span
            self.update()

    def show_outline(self, outline: Outline | None, marks: tuple[Bookmark, ...]) -> None:
        """Show the recording's outline behind the handle, and its bookmarks."""
        if outline is not self._outline or marks != self._marks:
            self._outline, self._marks = outline, marks
            self.update()

    def setups_at(self, x: float) -> list[SetupMark]:
        """The setups within a few pixels, the nearest first."""
        known = self._outline.setups or () if self._outline is not None else ()
        near = [one for one in known if abs(self.x_of(one.ts_ns) - x) <= _NEAR_PX]
        return sorted(near, key=lambda one: abs(self.x_of(one.ts_ns) - x))

    def mark_at(self, x: float) -> Bookmark | None:
        """The bookmark within a few pixels."""
        near = [mark for mark in self._marks if abs(self.x_of(mark.ts_ns) - x) <= _NEAR_PX]
        return min(near, key=lambda mark: abs(self.x_of(mark.ts_ns) - x), default=None)

    @property
    def dragging(self) -> bool:
        return self._drag_ns is not None

    def time_at(self, x: float) -> int:
        """The moment under a pixel, clamped to the recording."""
        width = max(self.width() - 2 * _EDGE, 1)
        part = min(max((x - _EDGE) / width, 0.0), 1.0)
        return self._start_ns + round((self._end_ns - self._start_ns) * part)

    def x_of(self, ts_ns: int) -> float:
        whole = self._end_ns - self._start_ns
        part = min(max((ts_ns - self._start_ns) / whole, 0.0), 1.0) if whole else 0.0
        return _EDGE + part * (self.width() - 2 * _EDGE)

    def mousePressEvent(self, event: QMouseEvent) -> None:
        if event.button() is Qt.MouseButton.LeftButton:
            self._drag(event)

    def mouseMoveEvent(self, event: QMouseEvent) -> None:
        if self._drag_ns is not None:
            self._drag(event)

    def event(self, event: QEvent) -> bool:
        """Show a tooltip with the time, bookmark and setups under the pointer."""
        if isinstance(event, QHelpEvent):
            QToolTip.showText(event.globalPos(), self.text_at(event.pos().x()), self)
            return True
        return super().event(event)

    def text_at(self, x: float) -> str:
        """The bookmark and the setups at a pixel, a line each; the time where there are none."""
        mark, setups = self.mark_at(x), self.setups_at(x)
        lines = [f"{_moment(mark.ts_ns)}  {mark.text or 'bookmark'}"] if mark is not None else []
        for one in setups[:_LISTED]:
            lines.append(f"{_moment(one.ts_ns)}  {setup_text(one, fmt.significant(one.level.price))}")
        if len(setups) > _LISTED:
            lines.append(f"and {len(setups) - _LISTED} more setups")
        return "\n".join(lines) or _moment(self.time_at(x))

    def contextMenuEvent(self, event: QContextMenuEvent) -> None:
        """Offer to remove the bookmark under the pointer."""
        mark = self.mark_at(event.pos().x())
        if mark is not None:
            menu = QMenu(self)
            menu.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
            action = menu.addAction(f"Remove bookmark {mark.text}".rstrip())
            action.triggered.connect(lambda: self.mark_removed.emit(mark.ts_ns))
            menu.popup(event.globalPos())

    def mouseReleaseEvent(self, event: QMouseEvent) -> None:
        if self._drag_ns is not None and event.button() is Qt.MouseButton.LeftButton:
            target, self._drag_ns = self._drag_ns, None
            self.update()
            self.chosen.emit(target)

    def _drag(self, event: QMouseEvent) -> None:
        self._drag_ns = self.time_at(event.position().x())
        self.hovered.emit(event.globalPosition().toPoint(), self._drag_ns)
        self.update()

    @paints
    def paintEvent(self, painter: QPainter) -> None:
        look, middle = theme(), self.height() / 2
        now = self.x_of(self._now_ns)
        area = QRectF(_EDGE, 1, self.width() - 2 * _EDGE, self.height() - 6)
        if self._outline is not None and self._outline.price:
            painter.fillRect(QRectF(_EDGE, 0, max(now - _EDGE, 0), self.height()), look.brush("replay", 36))
            draw_outline(painter, area, self._outline)
            draw_setups(painter, area.adjusted(0, 0, 0, -2), self._outline.setups or (), self.x_of)
            middle = self.height() - 4
        role = "replay" if self.isEnabled() else "faint"
        painter.fillRect(QRectF(_EDGE, middle - 2, self.width() - 2 * _EDGE, 4), look.brush("hairline"))
        painter.fillRect(QRectF(_EDGE, middle - 2, now - _EDGE, 4), look.brush(role))
        draw_bookmarks(painter, area, self._marks, self.x_of)
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(look.brush("text" if self.isEnabled() else "faint"))
        painter.drawPolygon(_handle(now, middle))
        if self._drag_ns is not None:
            painter.setBrush(look.brush("focus"))
            painter.drawPolygon(_handle(self.x_of(self._drag_ns), middle))


def _moment(ts_ns: int) -> str:
    return f"{fmt.date_clock(ts_ns)} {fmt.zone_name(ts_ns)}"


def _handle(x: float, middle: float) -> QPolygonF:
    return QPolygonF(
        [
            QPointF(x - 3, middle - 4),
            QPointF(x + 3, middle - 4),
            QPointF(x + 3, middle + 4),
            QPointF(x - 3, middle + 4),
        ]
    )
