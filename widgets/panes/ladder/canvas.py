"""The painted rows of the ladder: one widget, only the visible rows, no object per cell."""

from PySide6.QtCore import QEvent, Qt, Signal
from PySide6.QtGui import QEnterEvent, QMouseEvent, QPainter, QWheelEvent
from PySide6.QtWidgets import QSizePolicy, QWidget

from widgets.items.paint_guard import paints
from widgets.panes.ladder.paint import LadderPaint, Scene
from widgets.panes.ladder.rows import centre_after, row_of, visible_slots
from widgets.theme.markets import BookState, book_state, chosen_markets
from workstation.readmodels.flow.ladder import LadderView


class LadderCanvas(QWidget):
    """Shows a LadderView around a fixed centre row. Hovering freezes it; the wheel moves it."""

    grouping_stepped = Signal(int)

    def __init__(self) -> None:
        super().__init__()
        self.view: LadderView | None = None
        self.centre: int | None = None
        self.frozen = False
        self._hovered_row: int | None = None
        self._wheel = 0
        self._paint = LadderPaint()
        self._row_px = self._paint.row_px
        self.setMouseTracking(True)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Expanding)
        self.setMinimumSize(260, self._row_px * 6)

    def show_view(self, view: LadderView | None) -> None:
        """Show a view; on another price grid the ladder is centred on the last price again."""
        if view is None or (self.view is not None and view.row_size != self.view.row_size):
            self.centre = None
        self.view = view
        self._settle()

    def recentre(self) -> None:
        """Centre on the last price, or without one on the best bid or ask."""
        self.centre = None
        self._settle()

    def _settle(self) -> None:
        self.centre = centre_after(self.centre, self.anchor_row(), self.frozen)
        self.update()

    def anchor_row(self) -> int | None:
        """The row the ladder centres on: of the last price, else of the best bid or ask."""
        view = self.view
        if view is None:
            return None
        price = next((p for p in (view.last_price, view.best_bid, view.best_ask) if p is not None), None)
        return None if price is None else row_of(price, view.row_size)

    @property
    def row_count(self) -> int:
        """How many rows fit between the headings and the state line."""
        return max(1, (self.height() - 2 * self._row_px) // self._row_px)

    def state(self) -> BookState | None:
        """The state of the shown book; None before the first view."""
        if self.view is None:
            return None
        request = self.view.request
        return book_state(chosen_markets(self.view.markets, request.market, request.markets))

    # --- input

    def wheelEvent(self, event: QWheelEvent) -> None:
        self._wheel += event.angleDelta().y()
        notches = int(self._wheel / 120)
        self._wheel -= notches * 120
        if event.modifiers() & Qt.KeyboardModifier.ControlModifier:
            if notches:
                self.grouping_stepped.emit(-notches)
        else:
            self.scroll_rows(3 * notches)
        event.accept()

    def mousePressEvent(self, event: QMouseEvent) -> None:
        if event.button() is Qt.MouseButton.MiddleButton:
            self.recentre()

    def hide_columns(self, hidden: frozenset[str]) -> None:
        self._paint.hidden = hidden
        self.update()

    def scroll_rows(self, rows: int) -> None:
        if self.centre is not None:
            self.centre += rows
            self.update()

    def mouseMoveEvent(self, event: QMouseEvent) -> None:
        slot = int(event.position().y()) // self._row_px - 1
        if slot != self._hovered_row:
            self._hovered_row = slot
            self.update()

    def enterEvent(self, event: QEnterEvent) -> None:
        self.frozen = True
        super().enterEvent(event)

    def leaveEvent(self, event: QEvent) -> None:
        self.frozen, self._hovered_row = False, None
        self._settle()
        super().leaveEvent(event)

    # --- painting

    @paints
    def paintEvent(self, painter: QPainter) -> None:
        self._paint.begin(painter, self.width(), self.height())
        view, state = self.view, self.state()
        if view is None or state is None:
            self._paint.notice(painter, "waiting for the book")
        elif self.centre is None:
            self._paint.notice(painter, state.message or "waiting for the first price")
        else:
            slots = visible_slots(view, self.centre, self.row_count)
            self._paint.draw(painter, Scene(view, slots, state, self._hovered_row))
