"""The ledger, newest line first, and the scores of a rebalance as tables."""

import math
from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

from PySide6.QtCore import QAbstractTableModel, QModelIndex, QPersistentModelIndex, Qt
from PySide6.QtGui import QFontMetricsF
from PySide6.QtWidgets import QHeaderView, QTableView

from feeds.venues.registry import PROFILES, profile_of
from widgets.elements.captions import selection_style
from widgets.theme import format as text_of
from widgets.theme.theme import theme
from workstation.readmodels.universe.paper import EntryKind, PaperEntry, ScoredCoin

Index = QModelIndex | QPersistentModelIndex
ROW_PX = 18


class Column(NamedTuple):
    """A column: heading, text of a line, widest expected text, tooltip, and whether it is left-aligned."""

    name: str
    text: Callable[[Any], str]
    widest: str
    tip: str
    left: bool = False


def _money(entry: PaperEntry, value: float) -> str:
    return text_of.money(value) if entry.kind in (EntryKind.TRADE, EntryKind.FUNDING) and value else ""


def _price(value: float | None) -> str:
    if value is None:
        return ""
    decimals = max(0, 5 - math.floor(math.log10(value)) - 1) if value > 0 else 2
    return text_of.price(value, 10.0**-decimals)


def _worth(entry: PaperEntry) -> str:
    at = entry.mid if entry.mid is not None else entry.price
    return text_of.signed(entry.size * at) if entry.size and at is not None else ""


def _seen(entry: PaperEntry) -> str:
    return "" if entry.seen is None else f"{100 * entry.seen:.0f}%"


def _rank(entry: PaperEntry) -> str:
    return f"{entry.rank} of {entry.ranked}" if entry.rank else ""


def _score(entry: PaperEntry) -> str:
    return "" if entry.score is None else text_of.fixed(entry.score, 2)


_LONGEST = max((kind.value for kind in EntryKind), key=len)
_WIDEST_VENUE = max((profile.label for profile in PROFILES.values()), key=len)
LEDGER = (
    Column("time", lambda one: text_of.clock(one.ts_ns), "00:00:00", "Time of the data", left=True),
    Column("#", lambda one: str(one.rebalance or ""), "0000", "Number of the rebalance"),
    Column("event", lambda one: one.kind.value, _LONGEST, "hold: within 1 % of target; skip: not traded", left=True),
    Column("coin", lambda one: one.base, "1000SATS", "The coin", left=True),
    Column("USD", _worth, "+100.0k", "USD bought (+) or sold, at mid"),
    Column("price", lambda one: _price(one.price), "61,663.5", "Average fill price"),
    Column("mid", lambda one: _price(one.mid), "61,663.5", "Mid price then; for funding the mark price"),
    Column("seen", _seen, "100%", "Share of the size found in the recorded book; the rest is filled at its last price"),
    Column("slippage", lambda one: _money(one, one.slippage), "1,000.00", "Cost against mid, USD"),
    Column("fee", lambda one: _money(one, one.fee), "1,000.00", "Taker fee, USD"),
    Column("funding", lambda one: _money(one, one.funding), "1,000.00", "Funding received (+) or paid, USD"),
    Column("score", _score, "+100.00", "Score behind the trade"),
    Column("rank", _rank, "100 of 100", "Rank of the score"),
    Column("venue", lambda one: profile_of(one.venue).label if one.venue else "", _WIDEST_VENUE, "Venue", left=True),
    Column("note", lambda one: one.note, "", "Reason or remark", left=True),
)  # fmt: skip
SCORES = (
    Column("rank", lambda one: str(one.rank), "0000", "1 is the highest score"),
    Column("coin", lambda one: one.base, "1000SATS", "The coin", left=True),
    Column("score", lambda one: text_of.fixed(one.score, 2), "+100.00", "Score at the rebalance"),
    Column("target USD", lambda one: text_of.signed(one.target) if one.target else "", "+100.0k", "Target position"),
    Column(
        "volatility", lambda one: text_of.NO_DATA if one.volatility is None else f"{100 * one.volatility:.2f}%",
        "volatility", "Volatility of an hour, from prices every 30 s",
    ),
    Column("", lambda _: "", "", ""),
)  # fmt: skip


class PaperTable(QAbstractTableModel):
    """A table of lines; `newest_first` reverses them. Appended lines are inserted, so that the selection stays."""

    def __init__(self, columns: tuple[Column, ...], *, newest_first: bool) -> None:
        super().__init__()
        self.columns = columns
        self.lines: Sequence[Any] = ()
        self._turned = newest_first

    def show_lines(self, lines: Sequence[Any]) -> None:
        before, count = self.lines, len(lines)
        added = count - len(before)
        grew = added > 0 and len(before) > 0 and lines[0] == before[0] and lines[len(before) - 1] == before[-1]
        if self._turned and grew:
            self.beginInsertRows(QModelIndex(), 0, added - 1)
            self.lines = lines
            self.endInsertRows()
        elif lines != before:
            self.beginResetModel()
            self.lines = lines
            self.endResetModel()

    def line(self, row: int) -> Any:
        return self.lines[len(self.lines) - 1 - row if self._turned else row]

    def rowCount(self, parent: Index = QModelIndex()) -> int:
        return 0 if parent.isValid() else len(self.lines)

    def columnCount(self, parent: Index = QModelIndex()) -> int:
        return 0 if parent.isValid() else len(self.columns)

    def headerData(self, section: int, orientation: Qt.Orientation, role: int = Qt.ItemDataRole.DisplayRole) -> object:
        if orientation is not Qt.Orientation.Horizontal:
            return None
        column = self.columns[section]
        if role == Qt.ItemDataRole.TextAlignmentRole:
            return _side(column)
        return {Qt.ItemDataRole.DisplayRole: column.name, Qt.ItemDataRole.ToolTipRole: column.tip}.get(
            Qt.ItemDataRole(role)
        )

    def data(self, index: Index, role: int = Qt.ItemDataRole.DisplayRole) -> object:
        column, line = self.columns[index.column()], self.line(index.row())
        if role in (Qt.ItemDataRole.DisplayRole, Qt.ItemDataRole.ToolTipRole):
            return column.text(line)
        if role == Qt.ItemDataRole.TextAlignmentRole:
            return _side(column)
        if role == Qt.ItemDataRole.ForegroundRole:
            return theme().color(_role(column, line))
        return None


def _side(column: Column) -> Qt.AlignmentFlag:
    return (Qt.AlignmentFlag.AlignLeft if column.left else Qt.AlignmentFlag.AlignRight) | Qt.AlignmentFlag.AlignVCenter


def _role(column: Column, line: Any) -> str:
    if isinstance(line, ScoredCoin):
        chosen = "buy" if line.target > 0 else "sell" if line.target < 0 else "muted"
        return chosen if column.name in ("coin", "target USD") else "text" if line.target else "muted"
    if line.kind in (EntryKind.SKIP, EntryKind.GAP):
        return "gap"
    if column.name == "USD":
        return "buy" if line.size > 0 else "sell"
    if column.name == "seen" and line.seen is not None and line.seen < 1:
        return "gap"
    return "text" if line.kind in (EntryKind.TRADE, EntryKind.FUNDING) else "muted"


def table_of(model: PaperTable, name: str) -> QTableView:
    """A table widget for a model; `name` is its accessible name."""
    table = QTableView()
    table.setModel(model)
    table.setAccessibleName(name)
    table.setFont(theme().font(small=True))
    table.setShowGrid(False)
    table.setWordWrap(False)
    table.setFrameShape(QTableView.Shape.NoFrame)
    table.setSelectionBehavior(QTableView.SelectionBehavior.SelectRows)
    table.setSelectionMode(QTableView.SelectionMode.SingleSelection)
    table.verticalHeader().hide()
    table.verticalHeader().setDefaultSectionSize(ROW_PX)
    table.verticalHeader().setMinimumSectionSize(ROW_PX)
    table.verticalHeader().setSectionResizeMode(QHeaderView.ResizeMode.Fixed)
    header, metrics = table.horizontalHeader(), QFontMetricsF(theme().font(small=True))
    large = QFontMetricsF(theme().font())  # headings
    header.setFont(theme().font(small=True))
    header.setHighlightSections(False)
    header.setStretchLastSection(True)
    header.setFixedHeight(ROW_PX + 2)
    for at, column in enumerate(model.columns):
        wide = max(metrics.horizontalAdvance(column.widest), large.horizontalAdvance(column.name))
        header.resizeSection(at, round(wide) + 10)
    table.setStyleSheet(selection_style())
    return table
