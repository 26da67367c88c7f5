"""The list of recordings: two lines of facts and a price and volume strip each."""

from PySide6.QtCore import QAbstractListModel, QModelIndex, QPersistentModelIndex, QRectF, QSize, Qt
from PySide6.QtGui import QPainter
from PySide6.QtWidgets import QStyle, QStyledItemDelegate, QStyleOptionViewItem

from widgets.elements.labels import Align, Labels
from widgets.items.outline import draw_bookmarks, draw_outline
from widgets.theme import format as fmt
from widgets.theme.theme import CELL, theme
from workstation.readmodels.session.library import RecordingEntry

ROW_PX = 11 * CELL
_STRIP_PART = 0.45
Index = QModelIndex | QPersistentModelIndex


def duration(entry: RecordingEntry) -> str:
    """The length of a recording; empty if it has no data."""
    if entry.start_ns is None or entry.end_ns is None:
        return ""
    return fmt.age(entry.end_ns - entry.start_ns)


def facts(entry: RecordingEntry) -> str:
    """The second line: start, length, size, coins, and what is wrong with the file."""
    began = fmt.date_clock(entry.start_ns) if entry.start_ns is not None else "no data"
    texts = (began, duration(entry), f"{entry.size_bytes / 1e6:,.1f} MB", " ".join(entry.bases), entry.trouble)
    return "  ".join(text for text in texts if text)


class RecordingList(QAbstractListModel):
    """The entries that match the filter, as a Qt list model."""

    def __init__(self) -> None:
        super().__init__()
        self._all: tuple[RecordingEntry, ...] = ()
        self._terms: list[str] = []
        self.entries: list[RecordingEntry] = []
        self.current = ""

    def show_entries(self, entries: tuple[RecordingEntry, ...], current: str) -> None:
        """Show these entries; `current` is the path of the one being replayed."""
        self._all, self.current = entries, current
        self._fill()

    def show_filter(self, typed: str) -> None:
        """Show the entries that contain every typed term in their name, note or facts."""
        self._terms = typed.lower().split()
        self._fill()

    def entry(self, index: Index) -> RecordingEntry | None:
        """The entry of a row, None outside the list."""
        return self.entries[index.row()] if 0 <= index.row() < len(self.entries) else None

    def rowCount(self, parent: Index = QModelIndex()) -> int:
        return 0 if parent.isValid() else len(self.entries)

    def data(self, index: Index, role: int = Qt.ItemDataRole.DisplayRole) -> object:
        entry = self.entry(index)
        if entry is None:
            return None
        if role == Qt.ItemDataRole.DisplayRole:
            return f"{entry.name}  {facts(entry)}"
        if role == Qt.ItemDataRole.ToolTipRole:
            marks = [f"{fmt.clock(mark.ts_ns)}  {mark.text}" for mark in entry.notes.bookmarks]
            return "\n".join(text for text in (entry.path, entry.notes.note, *marks) if text)
        return None

    def _fill(self) -> None:
        fitting = [entry for entry in self._all if self._fits(entry)]
        if [entry.path for entry in fitting] == [entry.path for entry in self.entries]:
            self.entries = fitting
            if fitting:
                self.dataChanged.emit(self.index(0), self.index(len(fitting) - 1))
            return
        self.beginResetModel()
        self.entries = fitting
        self.endResetModel()

    def _fits(self, entry: RecordingEntry) -> bool:
        text = f"{entry.name} {entry.notes.note} {facts(entry)}".lower()
        return all(term in text for term in self._terms)


class RecordingPainter(QStyledItemDelegate):
    """Paints a row: name and note above the facts, the strip at the right."""

    def __init__(self) -> None:
        super().__init__()
        self._bold, self._small = Labels(theme().font(bold=True)), Labels(theme().font(small=True))

    def sizeHint(self, option: QStyleOptionViewItem, index: Index) -> QSize:
        return QSize(200, ROW_PX)

    def paint(self, painter: QPainter, option: QStyleOptionViewItem, index: Index) -> None:
        model = index.model()
        assert isinstance(model, RecordingList)
        entry = model.entry(index)
        if entry is None:
            return
        area, look = QRectF(option.rect), theme()
        if option.state & QStyle.StateFlag.State_Selected:
            painter.fillRect(area, look.brush("raised"))
        if entry.path == model.current:
            painter.fillRect(QRectF(area.left(), area.top(), 3, area.height()), look.brush("replay"))
        painter.fillRect(QRectF(area.left(), area.bottom() - 1, area.width(), 1), look.brush("hairline"))
        strip = QRectF(area.right() - area.width() * _STRIP_PART, area.top() + 4, area.width() * _STRIP_PART - 8, 34)
        self._write(painter, QRectF(area.left() + 8, area.top() + 3, strip.left() - area.left() - 16, 18), entry)
        self._draw_strip(painter, strip, entry)

    def _write(self, painter: QPainter, line: QRectF, entry: RecordingEntry) -> None:
        look = theme()
        painter.setPen(look.pen("text"))
        self._bold.draw(painter, entry.name, line.x(), line.y(), line.width(), line.height(), Align.LEFT)
        used = min(self._bold.width(entry.name) + 12, line.width())
        painter.setPen(look.pen("focus"))
        self._small.draw(
            painter, entry.notes.note, line.x() + used, line.y(), line.width() - used, line.height(), Align.LEFT
        )
        painter.setPen(look.pen("gap" if entry.trouble else "muted"))
        self._small.draw(painter, facts(entry), line.x(), line.y() + 18, line.width(), line.height(), Align.LEFT)

    def _draw_strip(self, painter: QPainter, strip: QRectF, entry: RecordingEntry) -> None:
        outline = entry.outline
        if outline is None or not outline.price:
            painter.setPen(theme().pen("muted"))
            text = "" if entry.trouble else "no trades" if outline is not None else "reading"
            self._small.draw(painter, text, strip.x(), strip.y(), strip.width(), strip.height(), Align.CENTER)
            return
        draw_outline(painter, strip, outline)
        whole = max(outline.end_ns - outline.start_ns, 1)
        draw_bookmarks(
            painter,
            strip,
            entry.notes.bookmarks,
            lambda ts_ns: strip.left() + strip.width() * (ts_ns - outline.start_ns) / whole,
        )
