"""The pressure table as a Qt model: a view and a row order, changed in batches.

New numbers are one `dataChanged` over all rows. Rows move only in `arrange`, so that the caller decides when; the
selection follows its row. If rows are added or removed, the model is reset; row codes keep their meaning.
"""

import math
from typing import Any

import numpy as np
from PySide6.QtCore import QAbstractTableModel, QModelIndex, QObject, QPersistentModelIndex, Qt

from widgets.panes.pressure.columns import COLUMNS, SYMBOL, Look, signed_text
from widgets.panes.pressure.rows import POINTS, Filter, PressureRows, Sort, laid_out, ordered, pinned_first
from widgets.theme.markets import listed_mark
from workstation.readmodels.arrays import Floats, Ints
from workstation.readmodels.universe.pressure import REGIMES, PressureView

Index = QModelIndex | QPersistentModelIndex


class PressureModel(QAbstractTableModel):
    """The table paints from `view`, None before the first one, and `rows`, empty before the first view."""

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self.view: PressureView | None = None
        self.rows = PressureRows()
        self.sorts: tuple[Sort, ...] = (Sort(2, False),)
        self.filter = Filter()
        self.pinned: set[str] = set()
        self.expanded: set[str] = set()
        self._values: dict[int, Floats] = {}

    # --- what is shown

    def take(self, view: PressureView | None) -> None:
        """Show the numbers of a view in the present row order; if its coins or markets differ, the rows are rebuilt."""
        before, self.view = self.view, view
        self._values.clear()
        if view is None or before is None or not _same_rows(before, view):
            self._reset()
        elif len(self.rows.codes):
            self.dataChanged.emit(self.index(0, 0), self.index(len(self.rows.codes) - 1, len(COLUMNS) - 1))

    def arrange(self) -> bool:
        """Sort the rows; True if any row moved. The sort is stable: equal rows keep their order."""
        if self.view is None:
            return False
        rows = self._arranged(self.view)
        if np.array_equal(rows.codes, self.rows.codes):
            self.rows = rows
            return False
        if len(rows.codes) != len(self.rows.codes) or not np.array_equal(np.sort(rows.codes), np.sort(self.rows.codes)):
            self.beginResetModel()
            self.rows = rows
            self.endResetModel()
        else:
            self._move(rows)
        return True

    def _arranged(self, view: PressureView) -> PressureRows:
        symbols = view.universe.symbols
        pinned = np.array([name in self.pinned for name in symbols], dtype=bool)
        shown = self.filter.accepts(view) | pinned
        before = self.rows.codes[(self.rows.codes >= 0) & (self.rows.codes < len(symbols))]
        seen = np.zeros(len(symbols), dtype=bool)
        seen[before] = True
        coins = np.concatenate((before, np.flatnonzero(~seen)))
        keys = [(self.values(sort.column)[: len(symbols)], sort.rising) for sort in self.sorts]
        coins = pinned_first(ordered(coins[shown[coins]], keys), pinned)
        return laid_out(coins, view, self.expanded, int(pinned.sum()))

    def _move(self, rows: PressureRows) -> None:
        self.layoutAboutToBeChanged.emit()
        place = {code: row for row, code in enumerate(rows.codes.tolist())}
        before = self.persistentIndexList()
        codes, self.rows = self.rows.codes, rows
        after = [self.index(place[int(codes[one.row()])], one.column()) for one in before]
        self.changePersistentIndexList(before, after)
        self.layoutChanged.emit()

    def _reset(self) -> None:
        self.beginResetModel()
        self.rows = PressureRows()
        if self.view is not None:
            self.rows = self._arranged(self.view)
        self.endResetModel()

    # --- rows and cells

    def values(self, column: int) -> Floats:
        """A column's values (coins + markets,), NaN where unknown."""
        found = self._values.get(column)
        if found is None:
            assert self.view is not None
            found = self._values[column] = COLUMNS[column].values(self.view)
        return found

    @property
    def base(self) -> Ints:
        """The index of each market's coin, (markets,)."""
        assert self.view is not None
        return self.view.universe.markets.base

    def coin(self, row: int) -> int:
        return self.rows.coin_of(row, self.base)

    def symbol(self, row: int) -> str:
        """The base asset that a row belongs to."""
        assert self.view is not None
        return self.view.universe.symbols[self.coin(row)]

    def row_of(self, symbol: str) -> int:
        """The row of a coin, -1 where it is not shown."""
        if self.view is None or symbol not in self.view.universe.symbols:
            return -1
        found = np.flatnonzero(self.rows.codes == self.view.universe.symbols.index(symbol))
        return int(found[0]) if len(found) else -1

    def is_coin(self, row: int) -> bool:
        """Whether a row is a coin, not a detail row below one."""
        return 0 <= int(self.rows.codes[row]) < self.rows.coins

    def number(self, row: int, column: int) -> float:
        """The number in a cell, NaN if none; in a row of score terms, the term of this column."""
        assert self.view is not None
        code = int(self.rows.codes[row])
        if code >= 0:
            return float(self.values(column)[code])
        coin, at, view = self.coin(row), COLUMNS[column], self.view
        if self.rows.part_of(row) == POINTS:
            if at.name == "score":
                return float(view.pressure.signed[coin])
            return float(view.pressure.parts[at.part, coin]) if at.part is not None else math.nan
        if at.name == "flow":
            return float(view.flow.score[coin])
        return float(view.flow.z[at.flow_part, coin]) if at.flow_part is not None else math.nan

    def text(self, row: int, column: int) -> str:
        """The text of a cell; empty where the column does not apply to the row."""
        assert self.view is not None
        code, at = int(self.rows.codes[row]), COLUMNS[column]
        if at.look is Look.SYMBOL:
            return self._name(row)
        if code < 0:
            return self._part_text(row, column)
        value = float(self.values(column)[code])
        if math.isnan(value) and code >= self.rows.coins and at.name in _COINS_ONLY:
            return ""
        return at.written.text(value)

    def _part_text(self, row: int, column: int) -> str:
        value, at = self.number(row, column), COLUMNS[column]
        points = self.rows.part_of(row) == POINTS
        mine = at.name == "score" or at.part is not None if points else at.name == "flow" or at.flow_part is not None
        return signed_text(value, 1 if points else 2) if mine else ""

    def _name(self, row: int) -> str:
        assert self.view is not None
        code, coins, universe = int(self.rows.codes[row]), self.rows.coins, self.view.universe
        if code < 0:
            return "points" if self.rows.part_of(row) == POINTS else "z"
        if code < coins:
            return universe.symbols[code]
        at = code - coins
        return listed_mark(universe.markets.venues[at], universe.markets.kinds[at])

    # --- Qt

    def rowCount(self, parent: Index = QModelIndex()) -> int:
        return 0 if parent.isValid() else len(self.rows.codes)

    def columnCount(self, parent: Index = QModelIndex()) -> int:
        return 0 if parent.isValid() else len(COLUMNS)

    def data(self, index: Index, role: int = Qt.ItemDataRole.DisplayRole) -> Any:
        if not index.isValid() or self.view is None:
            return None
        if role == Qt.ItemDataRole.DisplayRole:
            return self.text(index.row(), index.column())
        if role == Qt.ItemDataRole.ToolTipRole:
            return self.tip(index.row(), index.column())
        return None

    def headerData(self, section: int, orientation: Qt.Orientation, role: int = Qt.ItemDataRole.DisplayRole) -> Any:
        if orientation is not Qt.Orientation.Horizontal:
            return None
        if role == Qt.ItemDataRole.DisplayRole:
            return COLUMNS[section].head
        return COLUMNS[section].tip if role == Qt.ItemDataRole.ToolTipRole else None

    def tip(self, row: int, column: int) -> str:
        """A cell's tooltip: the column's description; on a coin's name the regime and how many markets are live."""
        assert self.view is not None
        at, coin, view = COLUMNS[column], self.coin(row), self.view
        if column != SYMBOL or not self.is_coin(row):
            return f"{self._name(row)}: {at.tip}"
        live, known = int(view.universe.live[coin]), int(view.universe.known[coin])
        regime = "" if math.isnan(view.pressure.signed[coin]) else f"{REGIMES[view.pressure.regime[coin]].value}\n"
        return f"{self.symbol(row)}\n{regime}{live} of {known} markets live"


_COINS_ONLY = frozenset({"rank", "score trail", "flow", "flow rank", "price trail", "venues"})


def _same_rows(one: PressureView, other: PressureView) -> bool:
    """Whether two views have the same coins and markets, so that row codes keep their meaning."""
    return one.universe.symbols == other.universe.symbols and one.universe.markets.ids == other.universe.markets.ids
