"""The pressure pane: every coin with its pressure score (open interest, funding, premium) and its flow score."""

import math
from dataclasses import asdict
from functools import partial
from typing import Any

from PySide6.QtCore import Qt
from PySide6.QtGui import QGuiApplication, QKeyEvent
from PySide6.QtWidgets import QMenu, QSplitter

from feeds.model.instrument import Venue
from widgets.dialogs.files import ask_table, save_table
from widgets.elements.layouts import column_of
from widgets.pane import Pane, Table
from widgets.panes.pressure.bar import PressureBar
from widgets.panes.pressure.columns import BY_NAME, COLUMNS, SYMBOL, Look
from widgets.panes.pressure.method import PressureMethod
from widgets.panes.pressure.model import PressureModel
from widgets.panes.pressure.rows import Sort
from widgets.panes.pressure.summary import PressureSummary
from widgets.panes.pressure.table import PressureTable
from workstation.readmodels.markets import Freshness, MarketFilter, MarketState
from workstation.readmodels.request import View
from workstation.readmodels.universe.pressure import FlowWeights, PressureRequest, PressureView, PressureWeights

_TEXT_LOOKS = frozenset({Look.BIAS, Look.REGIME, Look.SYMBOL})
_LIVE_S = 20.0
_MOST_WEIGHT = 100.0


class PressurePane(Pane):
    """Refreshed once a second. Rows move no more often, and never while the pointer is over them."""

    title = "Pressure"
    help = (
        "Every coin, summed over its perpetuals on all venues. The pressure score (0-100) is a weighted mean of open"
        " interest change, funding and premium, each limited by tanh: how far derivatives lean to one side. The flow"
        " score is how far a coin's taker flow, funding, liquidations and book are from those of all coins now. Click"
        " a heading to sort, Shift+click to sort by several; click a coin to open it in the linked panes, its arrow to"
        " show the terms of the scores and the markets. Rows do not move while the pointer is over them. A dash is a"
        " number that no venue published; grey rows are stale. 'method' shows formulas, weights and the terms of the"
        " selected coin."
    )
    keys = (
        ("click, Enter", "open the coin in linked panes"),
        ("Shift+click on a heading", "sort by one more column"),
        ("right, left, double click", "expand, collapse"),
        ("P", "pin to the top, unpin"),
        ("/", "search for a coin"),
        ("M", "formulas, weights, terms"),
        ("Ctrl+C", "copy the row"),
    )
    every_frames = 60
    has_settings = True

    def __init__(self) -> None:
        super().__init__()
        self.model = PressureModel(self)
        self.bar, self.table = PressureBar(), PressureTable(self.model)
        self.summary, self.method = PressureSummary(), PressureMethod()
        self._weights = PressureWeights(), FlowWeights()
        self.method.hide()
        self._lay_out()
        self._connect()

    def _lay_out(self) -> None:
        self.halves = QSplitter(Qt.Orientation.Vertical)
        self.halves.addWidget(self.table)
        self.halves.addWidget(self.method)
        self.halves.setChildrenCollapsible(False)
        self.halves.setStretchFactor(0, 1)
        column = column_of(self.bar, filling=self.halves, within=self)
        column.addWidget(self.summary)
        self.setFocusProxy(self.table)

    def _connect(self) -> None:
        self.table.chosen.connect(self.choose_base)
        self.summary.chosen.connect(self.choose_base)
        self.table.order_changed.connect(self.model.arrange)
        self.table.pins_changed.connect(self.model.arrange)
        self.table.menu_asked.connect(self._fill_menu)
        self.table.selectionModel().currentRowChanged.connect(lambda *_: self._show_parts())
        self.bar.changed.connect(self._filter)
        self.bar.method_asked.connect(self._show_method)
        self.bar.search.left.connect(self.table.setFocus)
        self.method.weights_changed.connect(self._weigh)

    # --- pane interface

    def request(self) -> PressureRequest:
        weights, flow = self._weights
        return PressureRequest("", MarketFilter(venues=self.bar.summed.ticks.chosen), weights, flow)

    def refresh(self, view: View) -> None:
        """Show a view; rows are sorted again unless the pointer is over them."""
        if not isinstance(view, PressureView) or view.request != self.request():
            return
        self.model.take(view)
        held = self.table.hovered and self.isVisible()
        if not held:
            self.model.arrange()
        self.summary.show_view(view, held=held)
        self._show_parts()

    def clear(self) -> None:
        self.model.take(None)
        self.summary.show_view(None)
        self._show_parts()

    def set_base(self, base: str) -> None:
        if base != self.table.painted.base:
            self.table.painted.base = base
            self.table.viewport().update()
            self._show_parts()

    def shown_markets(self) -> tuple[MarketState, ...]:
        """The most recently updated market of each venue, with its age."""
        view = self.model.view
        if view is None:
            return ()
        markets = view.universe.markets
        last: dict[Venue, tuple[float, int]] = {}
        for at, age_s in enumerate(markets.columns.age_s.tolist()):
            if age_s < last.get(markets.venues[at], (math.inf,))[0]:
                last[markets.venues[at]] = (age_s, at)
        return tuple(self._state(view, at, age_s) for age_s, at in last.values())

    def _state(self, view: PressureView, at: int, age_s: float) -> MarketState:
        markets = view.universe.markets
        freshness = Freshness.LIVE if age_s <= _LIVE_S else Freshness.STALE
        venue, kind = markets.venues[at], markets.kinds[at]
        symbol = markets.ids[at].rsplit(".", 2)[0]
        last_ns = view.now_ns - round(age_s * 1e9)
        return MarketState(markets.ids[at], venue, kind, symbol, 1.0, freshness, freshness, "", last_ns)

    def as_table(self) -> Table | None:
        if self.model.view is None or not self.model.rowCount():
            return None
        return Table(self._header(), tuple(self._row(row) for row in range(self.model.rowCount())))

    def open_settings(self) -> None:
        self.bar.method.setChecked(not self.bar.method.isChecked())
        self._show_method()

    def state(self) -> dict[str, object]:
        weights, flow = self._weights
        return {
            "sort": [[COLUMNS[sort.column].name, sort.rising] for sort in self.model.sorts],
            "filter": self.bar.state(),
            "pinned": sorted(self.model.pinned),
            "columns": list(self.table.columns) if self.table.columns is not None else None,
            "weights": asdict(weights),
            "flow_weights": asdict(flow),
            "method": self.bar.method.isChecked(),
        }

    def restore(self, state: dict[str, Any]) -> None:
        self.model.sorts = _sorts(state.get("sort")) or self.model.sorts
        self.model.pinned = {name for name in _listed(state.get("pinned")) if isinstance(name, str)}
        columns = state.get("columns")
        known = tuple(name for name in _listed(columns) if isinstance(name, str) and name in BY_NAME)
        self.table.columns = known if columns is not None and known else None
        filters = state.get("filter")
        self.bar.restore(filters if isinstance(filters, dict) else {})
        self._weights = (
            _weights(PressureWeights, state.get("weights")),
            _weights(FlowWeights, state.get("flow_weights")),
        )
        self.method.show_weights(*self._weights)
        self.bar.method.setChecked(state.get("method") is True)
        self._show_method()
        self.table.fit_columns()
        self._filter()

    # --- user actions

    def _filter(self) -> None:
        self.model.filter = self.bar.value
        self.model.arrange()

    def _show_method(self) -> None:
        shown = self.bar.method.isChecked()
        if shown and self.method.isHidden():
            self.halves.setSizes(
                [self.halves.height(), min(self.method.wanted_height(self.width()), self.halves.height() // 2)]
            )
        self.method.setVisible(shown)
        self._show_parts()

    def _show_parts(self) -> None:
        """Show the score terms of the selected coin, or else of the one that linked panes show."""
        if self.method.isHidden():
            return
        row = self.table.chosen_row()
        on_row = self.model.view is not None and 0 <= row < self.model.rowCount()
        self.method.show_coin(self.model.view, self.model.symbol(row) if on_row else self.table.painted.base)

    def _weigh(self) -> None:
        self._weights = self.method.values

    def keyPressEvent(self, event: QKeyEvent) -> None:
        if event.key() == Qt.Key.Key_Slash:
            self.bar.search.setFocus()
            self.bar.search.selectAll()
        elif event.key() == Qt.Key.Key_M and not event.modifiers():
            self.open_settings()
        elif event.key() == Qt.Key.Key_C and event.modifiers() == Qt.KeyboardModifier.ControlModifier:
            self.copy_row()
        else:
            super().keyPressEvent(event)

    # --- copies

    def copy_row(self) -> None:
        """Copy the selected row with its header to the clipboard."""
        row = self.table.chosen_row()
        if row >= 0:
            QGuiApplication.clipboard().setText(Table(self._header(), (self._row(row),)).text())

    def _fill_menu(self, menu: QMenu) -> None:
        table = self.as_table()
        if self.table.chosen_row() >= 0:
            menu.addAction("Copy row\tCtrl+C").triggered.connect(lambda _=False: self.copy_row())
        copied, written = menu.addAction("Copy table"), menu.addAction("Export as csv...")
        for action in (copied, written):
            action.setEnabled(table is not None)
        if table is not None:
            copied.triggered.connect(lambda _=False: QGuiApplication.clipboard().setText(table.text()))
            written.triggered.connect(lambda _=False: ask_table(self, "pressure.csv", partial(save_table, self, table)))
        menu.addSeparator()
        self._list_columns(menu.addMenu("Columns"))

    def _list_columns(self, menu: QMenu) -> None:
        automatic = menu.addAction("As many as fit")
        automatic.setCheckable(True)
        automatic.setChecked(self.table.columns is None)
        automatic.triggered.connect(lambda _=False: self.choose_columns(None))
        menu.addSeparator()
        shown = {COLUMNS[at].name for at in self.table.shown_columns()}
        for at, column in enumerate(COLUMNS):
            if at != SYMBOL:
                action = menu.addAction(f"{column.head}   {column.name}" if column.head != column.name else column.head)
                action.setCheckable(True)
                action.setChecked(column.name in shown)
                action.triggered.connect(lambda _=False, name=column.name: self.choose_columns(shown ^ {name}))

    def choose_columns(self, names: set[str] | None) -> None:
        """Show these columns beside the symbol; None as many as fit."""
        self.table.columns = None if names is None else tuple(name for name in BY_NAME if name in names)
        self.table.fit_columns()

    def _header(self) -> tuple[str, ...]:
        return ("coin", *(column.name for column in COLUMNS if column.look is not Look.SYMBOL))

    def _row(self, row: int) -> tuple[str | float | None, ...]:
        """A row as data: the coin, then numbers, or texts in text columns; None for NaN."""
        name = self.model.symbol(row)
        part = "" if self.model.is_coin(row) else f" {self.model.text(row, SYMBOL)}"
        cells: list[str | float | None] = [name + part]
        for at, column in enumerate(COLUMNS):
            if column.look is not Look.SYMBOL:
                value = self.model.number(row, at)
                cell = self.model.text(row, at) if column.look in _TEXT_LOOKS else value
                cells.append(None if math.isnan(value) else cell)
        return tuple(cells)


def _listed(value: object) -> list[Any]:
    return value if isinstance(value, list) else []


def _sorts(saved: object) -> tuple[Sort, ...]:
    found = [
        Sort(BY_NAME[one[0]], bool(one[1]))
        for one in _listed(saved)
        if isinstance(one, list) and len(one) == 2 and isinstance(one[0], str) and one[0] in BY_NAME
    ]
    return tuple(found)


def _weights(kind: type[Any], saved: object) -> Any:
    """Saved weights; the defaults if they are invalid."""
    try:
        found = {name: float(value) for name, value in dict(saved).items()}  # type: ignore[call-overload]
        return kind(**found) if all(abs(weight) <= _MOST_WEIGHT for weight in found.values()) else kind()
    except (TypeError, ValueError):
        return kind()


PANE = PressurePane
