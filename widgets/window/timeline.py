"""The seek slider of a recording, over its outline. While dragged it does not follow the clock.

The wheel zooms, the middle or right button pans, a double click shows all of the recording again.
"""

from collections.abc import Hashable

from PySide6.QtCore import QEvent, QPoint, QPointF, QRectF, QSize, Qt, Signal
from PySide6.QtGui import (
    QContextMenuEvent,
    QFont,
    QFontMetrics,
    QHelpEvent,
    QMouseEvent,
    QPainter,
    QPixmap,
    QPolygonF,
    QWheelEvent,
)
from PySide6.QtWidgets import QMenu, QSizePolicy, QToolTip, QWidget

from widgets.items.outline import draw_bookmarks, draw_outline, draw_setups
from widgets.items.paint_guard import paints
from widgets.items.ticks import time_ticks
from widgets.theme import format as fmt
from widgets.theme.setups import setup_text
from widgets.theme.theme import theme
from widgets.window.visible_span import VisibleSpan
from workstation.readmodels.session.library import Bookmark, Outline, SetupMark

_EDGE = 6
_NEAR_PX = 6
_LISTED = 5  # setups in one tooltip


_NOTCH = 120  # of a mouse wheel, in the unit of its events
_ZOOM_A_NOTCH = 0.8
_PAN_A_NOTCH = 0.1
_LABELS_PX = 12
_LABEL_SPACING_PX = 76.0
_PANNING = (Qt.MouseButton.MiddleButton, Qt.MouseButton.RightButton)


class Timeline(QWidget):
    """Emits `hovered(position, ts_ns)` while dragging and `chosen(ts_ns)` on release."""

    chosen = Signal(object)
    hovered = Signal(QPoint, object)
    mark_removed = Signal(object)

    def __init__(self) -> None:
        super().__init__()
        self.span, self._now_ns = VisibleSpan(), 0
        self._drag_ns: int | None = None
        self._before_ns = 0  # the moment shown when the button went down
        self._pan: tuple[float, VisibleSpan] | None = None  # where the button went down, and what was in sight
        self._panned = False
        self._outline: Outline | None = None
        self._marks: tuple[Bookmark, ...] = ()
        self._picture: tuple[Hashable, QPixmap] | None = None
        self.setMinimumSize(96, 28)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Expanding)
        self.setFocusPolicy(Qt.FocusPolicy.ClickFocus)
        self.setToolTip("Drag to seek; Home and End go to the start and the end")

    def show_span(self, start_ns: int, end_ns: int, now_ns: int) -> None:
        """Show where `now_ns` is in the recording; what was in sight stays so, unless the moment shown leaves it."""
        span = self.span.of(start_ns, max(end_ns, start_ns))
        if span.zoomed and now_ns != self._now_ns and not span.holds(now_ns) and self._may_follow:
            span = span.centred_on(now_ns)
        if (span, now_ns) != (self.span, self._now_ns):
            self.span, self._now_ns = span, now_ns
            self.update()

    @property
    def _may_follow(self) -> bool:
        """Whether the moment shown was in sight, and nobody is moving the timeline."""
        return self.span.holds(self._now_ns) and self._drag_ns is None and self._pan is None

    def zoom(self, factor: float, around_ns: int) -> None:
        """Show a span `factor` times as long; a moment stays where it is."""
        self._look_at(self.span.zoomed_at(around_ns, factor))

    def pan(self, by_ns: int) -> None:
        """Show another part of the recording."""
        self._look_at(self.span.panned(by_ns))

    def show_whole(self) -> None:
        """Show all of the recording."""
        self._look_at(self.span.whole())

    def _look_at(self, span: VisibleSpan) -> None:
        if span != self.span:
            self.span = span
            self.update()

    def show_outline(self, outline: Outline | None, marks: tuple[Bookmark, ...]) -> None:
        """Show the recording's outline behind the handle, and its bookmarks."""
        if outline is not self._outline or marks != self._marks:
            self._outline, self._marks, self._picture = outline, marks, None
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
        """The moment under a pixel, clamped to what is in sight."""
        width = max(self.width() - 2 * _EDGE, 1)
        part = min(max((x - _EDGE) / width, 0.0), 1.0)
        return self.span.left_ns + round((self.span.right_ns - self.span.left_ns) * part)

    def x_of(self, ts_ns: int) -> float:
        """The pixel of a moment; outside the widget where it is out of sight."""
        length = self.span.right_ns - self.span.left_ns
        inside = min(max(ts_ns, self.span.start_ns), self.span.end_ns)
        part = (inside - self.span.left_ns) / length if length else 0.0
        return _EDGE + part * (self.width() - 2 * _EDGE)

    # --- mouse

    def mousePressEvent(self, event: QMouseEvent) -> None:
        if event.button() is Qt.MouseButton.LeftButton:
            self._before_ns = self._now_ns
            self._drag(event)
        elif event.button() in _PANNING:
            self._pan, self._panned = (event.position().x(), self.span), False

    def mouseMoveEvent(self, event: QMouseEvent) -> None:
        if self._drag_ns is not None:
            self._drag(event)
        elif self._pan is not None:
            pressed_x, span = self._pan
            moved = pressed_x - event.position().x()
            self._panned = self._panned or abs(moved) >= _NEAR_PX
            width = max(self.width() - 2 * _EDGE, 1)
            self._look_at(span.panned(round(moved / width * (span.right_ns - span.left_ns))))

    def mouseReleaseEvent(self, event: QMouseEvent) -> None:
        if self._drag_ns is not None and event.button() is Qt.MouseButton.LeftButton:
            target, self._drag_ns = self._drag_ns, None
            self.update()
            self.chosen.emit(target)
        elif self._pan is not None and event.button() in _PANNING:
            self._pan = None
            if event.button() is Qt.MouseButton.RightButton and not self._panned:
                self._offer(event.position().x(), event.globalPosition().toPoint())

    def mouseDoubleClickEvent(self, event: QMouseEvent) -> None:
        """Show all of the recording, at the moment that was shown before the first of the two clicks."""
        if event.button() is Qt.MouseButton.LeftButton:
            self.show_whole()
            self.chosen.emit(self._before_ns)

    def wheelEvent(self, event: QWheelEvent) -> None:
        """Zoom about the pointer; sideways, or with Shift, pan."""
        turned, across = event.angleDelta().y() / _NOTCH, event.angleDelta().x() / _NOTCH
        if event.modifiers() & Qt.KeyboardModifier.ShiftModifier:
            turned, across = 0.0, turned or across
        if turned:
            self.zoom(_ZOOM_A_NOTCH**turned, self.time_at(event.position().x()))
        if across:
            self.pan(-round(across * _PAN_A_NOTCH * (self.span.right_ns - self.span.left_ns)))
        event.accept()

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
        """The menu by key; the right button pans, and opens it on release."""
        if event.reason() is not QContextMenuEvent.Reason.Mouse:
            self._offer(event.pos().x(), event.globalPos())

    def _offer(self, x: float, on_screen: QPoint) -> None:
        """Offer to remove the bookmark under the pointer, and to show all of the recording."""
        menu = QMenu(self)
        menu.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        mark = self.mark_at(x)
        if mark is not None:
            action = menu.addAction(f"Remove bookmark {mark.text}".rstrip())
            action.triggered.connect(lambda: self.mark_removed.emit(mark.ts_ns))
        if self.span.zoomed:
            menu.addAction("Show all of the recording\tDouble click", self.show_whole)
        if menu.isEmpty():
            menu.deleteLater()
        else:
            menu.popup(on_screen)

    def _drag(self, event: QMouseEvent) -> None:
        self._drag_ns = self.time_at(event.position().x())
        self.hovered.emit(event.globalPosition().toPoint(), self._drag_ns)
        self.update()

    # --- painting

    @paints
    def paintEvent(self, painter: QPainter) -> None:
        look, now = theme(), self.x_of(self._now_ns)
        labelled = self.height() >= self.minimumHeight() + _LABELS_PX
        height = self.height() - (_LABELS_PX if labelled else 0)
        area, middle = QRectF(_EDGE, 1, self.width() - 2 * _EDGE, height - 6), height / 2
        if labelled:
            self._draw_labels(painter)
        painter.setClipRect(QRectF(_EDGE - 3, 0, area.width() + 6, height))
        if self._outline is not None and self._outline.price:
            painter.fillRect(QRectF(_EDGE, 0, max(now - _EDGE, 0), height), look.brush("replay", 36))
            painter.drawPixmap(0, 0, self._outline_picture(area, self._outline))
            middle = height - 4
        role = "replay" if self.isEnabled() else "faint"
        painter.fillRect(QRectF(_EDGE, middle - 2, area.width(), 4), look.brush("hairline"))
        painter.fillRect(QRectF(_EDGE, middle - 2, max(now - _EDGE, 0), 4), look.brush(role))
        draw_bookmarks(painter, area, self._marks, self.x_of)
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(look.brush("text" if self.isEnabled() else "faint"))
        painter.drawPolygon(_handle(now, middle))
        if self._drag_ns is not None:
            painter.setBrush(look.brush("focus"))
            painter.drawPolygon(_handle(self.x_of(self._drag_ns), middle))

    def _outline_picture(self, area: QRectF, outline: Outline) -> QPixmap:
        """The outline and its setups, painted again only when something of them changed."""
        scale, size = self.devicePixelRatioF(), QSize(self.width(), round(area.bottom()) + 2)
        key = (self.span, size, scale)
        if self._picture is None or self._picture[0] != key:
            picture = QPixmap(size * scale)
            picture.setDevicePixelRatio(scale)
            picture.fill(Qt.GlobalColor.transparent)
            with QPainter(picture) as painter:
                painter.setClipRect(area)
                draw_outline(painter, area, outline, (self.span.left_ns, self.span.right_ns))
                draw_setups(painter, area.adjusted(0, 0, 0, -2), outline.setups or (), self.x_of)
            self._picture = key, picture
        return self._picture[1]

    def labels(self) -> list[tuple[float, str]]:
        """The times under the outline: left edge in px and text, without those that would touch the one before."""
        width, measure, free = self.width() - 2 * _EDGE, self.label_metrics.horizontalAdvance, 0.0
        found = []
        for ts_ns, text, _is_day in time_ticks(self.span.left_ns, self.span.right_ns, width, _LABEL_SPACING_PX):
            wide = measure(text)
            left = min(max(self.x_of(ts_ns) - wide / 2, 0.0), float(self.width() - wide))
            if left >= free:
                found.append((left, text))
                free = left + wide + _EDGE
        return found

    @property
    def label_metrics(self) -> QFontMetrics:
        """The size of texts in the font of the labels."""
        return QFontMetrics(_label_font())

    def _draw_labels(self, painter: QPainter) -> None:
        painter.setFont(_label_font())
        painter.setPen(theme().pen("muted"))
        for left, text in self.labels():
            painter.drawText(QPointF(left, self.height() - 2.0), text)


def _label_font() -> QFont:
    font = theme().font(small=True)
    font.setPixelSize(min(font.pixelSize(), _LABELS_PX - 2))
    return font


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
