"""The pressure table widget: header with sort marks, clicks, keys and the menu of a row."""

from collections.abc import Callable
from functools import partial

from PySide6.QtCore import QEvent, QPoint, QRect, QRectF, Qt, Signal
from PySide6.QtGui import (
    QContextMenuEvent,
    QKeyEvent,
    QMouseEvent,
    QPainter,
    QPaintEvent,
    QPolygon,
    QResizeEvent,
)
from PySide6.QtWidgets import QAbstractItemView, QApplication, QHeaderView, QMenu, QTableView, QWidget

from widgets.elements.labels import Align, Labels
from widgets.items.paint_guard import PaintGuard
from widgets.panes.pressure.columns import COLUMNS, SYMBOL, Look, fitting
from widgets.panes.pressure.model import PressureModel
from widgets.panes.pressure.paint import ARROW_PX, Cells, TablePaint
from widgets.panes.pressure.rows import Sort
from widgets.theme.markets import row_height
from widgets.theme.theme import theme

_WIDEST = 1.3  # how far columns may grow to fill the pane
_LEFT = frozenset({Look.SYMBOL, Look.BIAS, Look.REGIME})


class PressureTable(QTableView):
    """`order_changed` asks for sorting at once. `columns` are the chosen columns, None for as many as fit."""

    chosen = Signal(str)
    order_changed = Signal()
    pins_changed = Signal()
    menu_asked = Signal(object)

    def __init__(self, model: PressureModel) -> None:
        super().__init__()
        self.setAccessibleName("Coins by score")
        self.rows = model
        self.columns: tuple[str, ...] | None = None
        self.hovered = False
        self._current: int | None = None
        self._top = 0
        self.setModel(model)
        self.painted = TablePaint(model)
        self._guard = PaintGuard("the pressure table")
        self.viewport().setAttribute(Qt.WidgetAttribute.WA_OpaquePaintEvent)
        self.setHorizontalHeader(PressureHeader(model, self))
        self._dress()
        head = self.horizontalHeader()
        head.sectionClicked.connect(self._sort_by)
        model.modelAboutToBeReset.connect(self._remember)
        model.modelReset.connect(self._recall)

    def _dress(self) -> None:
        self.setShowGrid(False)
        self.setFrameShape(QTableView.Shape.NoFrame)
        self.setSelectionBehavior(QAbstractItemView.SelectionBehavior.SelectRows)
        self.setSelectionMode(QAbstractItemView.SelectionMode.SingleSelection)
        self.setEditTriggers(QAbstractItemView.EditTrigger.NoEditTriggers)
        self.setVerticalScrollMode(QAbstractItemView.ScrollMode.ScrollPerItem)
        self.setHorizontalScrollMode(QAbstractItemView.ScrollMode.ScrollPerPixel)
        self.setTabKeyNavigation(False)
        self.setWordWrap(False)
        side = self.verticalHeader()
        side.hide()
        side.setSectionResizeMode(QHeaderView.ResizeMode.Fixed)
        side.setMinimumSectionSize(1)
        side.setDefaultSectionSize(row_height() + 2)
        self.setStyleSheet(f"QTableView {{ background: {theme().color('pane').name()}; border: none; outline: none; }}")
        self.setMinimumSize(160, 4 * row_height())

    # --- columns

    def shown_columns(self) -> list[int]:
        """Indices of the columns to show: the chosen ones, or those that fit."""
        if self.columns is not None:
            return [at for at, column in enumerate(COLUMNS) if column.name in self.columns or at == SYMBOL]
        return fitting(self.viewport().width())

    def fit_columns(self) -> None:
        """Show the columns, up to 30 % wider than needed to fill the pane."""
        shown = self.shown_columns()
        room, wanted = self.viewport().width(), sum(COLUMNS[at].width for at in shown)
        grow = min(max(room / wanted, 1.0), _WIDEST)
        for at, column in enumerate(COLUMNS):
            hidden = at not in shown
            if self.isColumnHidden(at) != hidden:
                self.setColumnHidden(at, hidden)
            if not hidden and self.columnWidth(at) != int(column.width * grow):
                self.setColumnWidth(at, int(column.width * grow))

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        self.fit_columns()

    # --- order

    def _sort_by(self, at: int) -> None:
        held = bool(QApplication.keyboardModifiers() & Qt.KeyboardModifier.ShiftModifier)
        self.sort_by(at, more=held)

    def sort_by(self, at: int, *, more: bool = False) -> None:
        """Sort by a column; a second time reverses the order. `more` adds the column as a further sort key, then
        reverses it, then removes it.
        """
        sorts, first = list(self.rows.sorts), COLUMNS[at].rising_first
        place = next((place for place, sort in enumerate(sorts) if sort.column == at), None)
        if not more:
            same = place == 0 and len(sorts) == 1
            sorts = [Sort(at, not sorts[0].rising if same else first)]
        elif place is None:
            sorts.append(Sort(at, first))
        elif sorts[place].rising is first:
            sorts[place] = Sort(at, not first)
        elif len(sorts) > 1:
            del sorts[place]
        self.rows.sorts = tuple(sorts)
        self.horizontalHeader().viewport().update()
        self.order_changed.emit()

    # --- rows

    def chosen_row(self) -> int:
        """The selected row, -1 for none."""
        return self.currentIndex().row() if self.currentIndex().isValid() else -1

    def toggle_expanded(self, row: int) -> None:
        """Show or hide the score terms and the markets of the coin in a row."""
        self.rows.expanded ^= {self.rows.symbol(row)}
        self.rows.arrange()

    def toggle_pin(self, row: int) -> None:
        """Pin the coin in a row to the top, or unpin it."""
        self.rows.pinned ^= {self.rows.symbol(row)}
        self.pins_changed.emit()

    def _remember(self) -> None:
        row = self.chosen_row()
        self._current = int(self.rows.rows.codes[row]) if 0 <= row < len(self.rows.rows.codes) else None
        self._top = self.verticalScrollBar().value()

    def _recall(self) -> None:
        codes = self.rows.rows.codes.tolist()
        if self._current is not None and self._current in codes:
            self.selectRow(codes.index(self._current))
        self.verticalScrollBar().setValue(self._top)
        self.fit_columns()

    # --- painting

    def paintEvent(self, event: QPaintEvent) -> None:
        """Paint all rows of the region at once: a delegate would be called for every cell."""
        self._guard.reset()
        painter = QPainter(self.viewport())
        whole, asked = self.viewport().rect(), event.region().boundingRect()
        try:
            painter.setClipRegion(event.region())
            self._guard.run(painter, QRectF(whole), lambda: self._paint(painter, asked))
        finally:
            painter.end()

    def why_empty(self) -> str:
        """What a table without rows shows."""
        view = self.rows.view
        if view is None or not view.universe.symbols:
            return "waiting for the first perpetual's data"
        return "no coin passes the filters"

    def _paint(self, painter: QPainter, asked: QRect) -> None:
        painter.fillRect(asked, theme().brush("pane"))
        count = self.rows.rowCount()
        if not count:
            painter.setPen(theme().pen("muted"))
            painter.setFont(theme().font())
            painter.drawText(self.viewport().rect(), Qt.AlignmentFlag.AlignCenter, self.why_empty())
            return
        first = self.rowAt(asked.top())
        if first < 0:
            return
        last = self.rowAt(asked.bottom())
        columns = [
            (at, float(self.columnViewportPosition(at)), float(self.columnWidth(at)))
            for at in range(len(COLUMNS))
            if not self.isColumnHidden(at)
            and self.columnViewportPosition(at) <= asked.right()
            and self.columnViewportPosition(at) + self.columnWidth(at) >= asked.left()
        ]
        shown = (count - 1 if last < 0 else last) - first + 1
        cells = Cells(first, shown, float(self.rowViewportPosition(first)), self.rowHeight(first), columns)
        self.painted.selected = self.chosen_row()
        self.painted.draw(painter, cells, self.viewport().width(), self.devicePixelRatioF())

    # --- mouse and keys

    def mousePressEvent(self, event: QMouseEvent) -> None:
        index = self.indexAt(event.position().toPoint())
        if event.button() is Qt.MouseButton.LeftButton and index.isValid():
            on_arrow = event.position().x() < self.columnViewportPosition(SYMBOL) + ARROW_PX
            if index.column() == SYMBOL and on_arrow and self.rows.is_coin(index.row()):
                self.toggle_expanded(index.row())
                return
            super().mousePressEvent(event)
            self.chosen.emit(self.rows.symbol(index.row()))
            return
        super().mousePressEvent(event)

    def mouseDoubleClickEvent(self, event: QMouseEvent) -> None:
        index = self.indexAt(event.position().toPoint())
        if index.isValid() and self.rows.is_coin(index.row()):
            self.toggle_expanded(index.row())

    def keyPressEvent(self, event: QKeyEvent) -> None:
        row = self.chosen_row()
        action = self._key_actions().get(Qt.Key(event.key()))
        plain = not event.modifiers() & ~Qt.KeyboardModifier.KeypadModifier
        if row >= 0 and action is not None and plain:
            action(row)
        elif event.text() and plain and event.key() != Qt.Key.Key_Escape:
            event.ignore()  # letters are shortcuts of the pane and the window, not Qt's search by first letters
        else:
            super().keyPressEvent(event)

    def _key_actions(self) -> dict[Qt.Key, Callable[[int], None]]:
        return {
            Qt.Key.Key_Return: lambda row: self.chosen.emit(self.rows.symbol(row)),
            Qt.Key.Key_Enter: lambda row: self.chosen.emit(self.rows.symbol(row)),
            Qt.Key.Key_Right: lambda row: self._set_expanded(row, expanded=True),
            Qt.Key.Key_Left: lambda row: self._set_expanded(row, expanded=False),
            Qt.Key.Key_P: self.toggle_pin,
        }

    def _set_expanded(self, row: int, *, expanded: bool) -> None:
        if (self.rows.symbol(row) in self.rows.expanded) != expanded:
            self.toggle_expanded(row)

    def viewportEvent(self, event: QEvent) -> bool:
        """Track whether the pointer is over the rows: then they do not move. Over the header they may."""
        if event.type() == QEvent.Type.Enter:
            self.hovered = True
        elif event.type() == QEvent.Type.Leave:
            self.hovered = False
        return super().viewportEvent(event)

    def contextMenuEvent(self, event: QContextMenuEvent) -> None:
        """Open the menu of the row under the pointer, or of the selected row if opened by a key."""
        index, at = self.indexAt(event.pos()), event.globalPos()
        if event.reason() is QContextMenuEvent.Reason.Keyboard:
            index = self.currentIndex()
            at = self.viewport().mapToGlobal(self.visualRect(index).bottomLeft())
        menu = QMenu(self)
        menu.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        if index.isValid():
            self._list_row(menu, index.row())
        self.menu_asked.emit(menu)
        menu.popup(at)

    def _list_row(self, menu: QMenu, row: int) -> None:
        symbol = self.rows.symbol(row)
        actions = {
            f"Open {symbol}": lambda: self.chosen.emit(symbol),
            f"{'Unpin' if symbol in self.rows.pinned else 'Pin'} {symbol}\tP": partial(self.toggle_pin, row),
            f"{'Collapse' if symbol in self.rows.expanded else 'Expand'} {symbol}": partial(self.toggle_expanded, row),
        }
        for text, effect in actions.items():
            menu.addAction(text).triggered.connect(lambda _=False, effect=effect: effect())
        menu.addSeparator()


class PressureHeader(QHeaderView):
    """Column headings with a mark for each sort key, numbered if there are several."""

    def __init__(self, model: PressureModel, parent: QWidget) -> None:
        super().__init__(Qt.Orientation.Horizontal, parent)
        self._model = model
        self._labels = Labels(theme().font(small=True))
        self.setSectionsClickable(True)
        self.setSectionResizeMode(QHeaderView.ResizeMode.Fixed)
        self.setMinimumSectionSize(12)
        self.setFixedHeight(row_height() + 4)
        self.setStyleSheet(f"QHeaderView {{ background: {theme().color('pane').name()}; border: none; }}")

    def paintSection(self, painter: QPainter, rect: QRect, logical: int) -> None:
        look, column = theme(), COLUMNS[logical]
        painter.fillRect(rect, look.brush("pane"))
        painter.setPen(look.pen("hairline"))
        painter.drawLine(rect.bottomLeft(), rect.bottomRight())
        place = next((n for n, sort in enumerate(self._model.sorts) if sort.column == logical), None)
        painter.setPen(look.pen("muted" if place is None else "text"))
        left = column.look in _LEFT
        mark = 0 if place is None else 10
        x = rect.x() + (12 if column.look is Look.SYMBOL else 4 if left else 0)
        align = Align.LEFT if left else Align.CENTER if column.look is Look.SPARKLINE else Align.RIGHT
        room = rect.right() - x - (mark if left or mark else 0) - 3
        self._labels.draw(painter, column.head, x, rect.y(), room, rect.height(), align)
        if place is not None:
            self._mark(painter, rect, place)

    def _mark(self, painter: QPainter, rect: QRect, place: int) -> None:
        sorts = self._model.sorts
        x, y = rect.right() - 7, rect.center().y()
        tip = -3 if sorts[place].rising else 3
        if len(sorts) > 1:
            self._labels.draw(painter, str(place + 1), x - 3, rect.y() - 5, 10, rect.height(), Align.RIGHT)
            y += 4
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(theme().brush("focus"))
        painter.drawPolygon(QPolygon([QPoint(x, y - tip), QPoint(x + 6, y - tip), QPoint(x + 3, y + tip)]))
