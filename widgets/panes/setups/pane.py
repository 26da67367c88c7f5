"""The setups pane: detected setups, a receipt with the numbers behind each, and the outcome statistics of all."""

from collections.abc import Iterable

from PySide6.QtCore import Qt
from PySide6.QtGui import QResizeEvent
from PySide6.QtWidgets import (
    QAbstractItemView,
    QLabel,
    QSplitter,
    QStackedWidget,
    QTableView,
    QTextBrowser,
    QToolButton,
    QWidget,
)

from widgets.elements.captions import Choice, selection_style, set_text, tint
from widgets.elements.layouts import column_of, line_of
from widgets.link_events import SetupRulesChosen
from widgets.pane import Pane, Table
from widgets.panes.setups.rows import HEADS, WIDTHS, SetupRows, cells, order
from widgets.panes.setups.rules import SetupRulesEditor
from widgets.panes.setups.text import receipt, report
from widgets.theme.theme import CELL
from workstation.readmodels.flow.drawings import Level
from workstation.readmodels.markets import MarketState
from workstation.readmodels.request import Request, View
from workstation.readmodels.session.setup_rules import SetupRules, setup_rules_of, setup_rules_state
from workstation.readmodels.session.setups import (
    Detector,
    SessionKind,
    SetupEvent,
    SetupHistoryRequest,
    SetupHistoryView,
    SetupsRequest,
    SetupsView,
)

BARS = (("5s", 5_000_000_000), ("15s", 15_000_000_000), ("1m", 60_000_000_000), ("5m", 300_000_000_000))
SOURCES: tuple[tuple[str, SessionKind | None], ...] = (("now", None), *((kind.value, kind) for kind in SessionKind))
ROW_PX, SPAN_BARS, USUAL_BARS = 22, 40, 20
_SHED = ((640, 1), (560, 4), (450, 9), (410, 7), (330, 6), (290, 8))  # (width, column hidden below it)


class SetupsPane(Pane):
    """Sends the charts of the link group to the clicked setup, and shares the detectors' parameters with them."""

    title = "Setups"
    help = (
        "Four detectors watch closed bars of all perpetuals. Absorption: heavy one-sided aggression into a level that "
        "holds; confirmed when aggression fades, delta flips and imbalances stack the other way; a close beyond the "
        "level invalidates it. Divergence: price makes a new extreme at a level and CVD does not; an exhaustion bar "
        "confirms. Sweep: liquidations push price through a level, which is reclaimed within two bars with delta "
        "flipped and open interest lower. Breakout: price leaves a range on expanding delta with stacked imbalances; "
        "re-entry or flat delta invalidates it. The fifth compares with spot: L marks a move of perpetuals that spot "
        "did not confirm (leverage only). Levels are naked POCs, value areas, extremes of session and range, and those "
        "you drew. Bars with missing trades are skipped, and the detectors need 20 complete bars first. Setups are "
        "estimates by these rules, not advice: the receipt shows every number, and the statistics include the losers. "
        "Moves are from the close of the trigger bar to the last trade before 1, 5, 15 and 60 minutes later, in basis "
        "points, positive in the setup's direction."
    )
    keys = (("up, down", "show the receipt"), ("click, Enter", "show the receipt and the setup in the charts"))
    every_frames = 15
    has_settings = True

    def __init__(self, base: str = "") -> None:
        super().__init__()
        self._base = base
        self._drawn: tuple[Level, ...] = ()
        self._view: SetupsView | None = None
        self._history: SetupHistoryView | None = None
        self.bars, self.detectors, self.source = Choice(), Choice(), Choice()
        self.counting, self.parameters = QToolButton(), QToolButton()
        self.editor = SetupRulesEditor(self)
        self.rows, self.list, self.note = SetupRows(), QTableView(), QLabel()
        self.receipt, self.report = QTextBrowser(), QTextBrowser()
        self.stack, self.empty = QStackedWidget(), QLabel()
        self._fill_choices()
        self._lay_out()
        self._connect()
        self._show()

    def _fill_choices(self) -> None:
        for label, bar_ns in BARS:
            self.bars.addItem(label, bar_ns)
        self.bars.setCurrentIndex(2)
        self.detectors.addItem("all setups")
        for detector in Detector:
            self.detectors.addItem(detector.value)
        for label, _ in SOURCES:
            self.source.addItem(label)
        self.bars.setToolTip("Bar length that the detectors use")
        self.detectors.setToolTip("Detector whose setups are listed")
        self.source.setToolTip("now: computed from the trades in memory; others: all stored setups of such sessions")
        self.counting.setText("statistics")
        self.parameters.setToolTip("The parameters of the detectors")
        self._name_rules()
        self.counting.setCheckable(True)
        self.counting.setToolTip("Outcomes of all setups, losers included")
        names = ("Bar length", "Detector", "Source of setups", "Statistics", "Parameters of the detectors")
        for widget, name in zip(self._controls(), names, strict=True):
            widget.setAccessibleName(name)

    def _controls(self) -> tuple[QWidget, ...]:
        return self.bars, self.detectors, self.source, self.counting, self.parameters

    def _lay_out(self) -> None:
        line = line_of(*self._controls(), margins=(CELL, CELL, CELL, CELL))
        line.addStretch(1)
        self._dress_list()
        for browser in (self.receipt, self.report):
            browser.setFrameShape(QTextBrowser.Shape.NoFrame)
            browser.document().setDocumentMargin(2 * CELL)
        self.split = QSplitter(Qt.Orientation.Vertical)
        self.split.addWidget(self.list)
        self.split.addWidget(self.receipt)
        self.split.setSizes([300, 200])
        self.split.setHandleWidth(1)
        self.stack.addWidget(self.split)
        self.stack.addWidget(self.report)
        self.stack.addWidget(self.empty)
        self.empty.setAlignment(Qt.AlignmentFlag.AlignCenter)
        self.empty.setWordWrap(True)
        tint(self.empty, "muted")
        tint(self.note, "muted")
        self.note.setWordWrap(True)
        self.note.setContentsMargins(2 * CELL, 2, 2 * CELL, 2)
        column = column_of(line, filling=self.stack, within=self)
        column.addWidget(self.note)
        self.receipt.hide()
        self.setFocusProxy(self.list)

    def _dress_list(self) -> None:
        table = self.list
        table.setModel(self.rows)
        table.setAccessibleName("Setups")
        table.setFrameShape(QTableView.Shape.NoFrame)
        table.setShowGrid(False)
        table.setWordWrap(False)
        table.setSelectionBehavior(QAbstractItemView.SelectionBehavior.SelectRows)
        table.setSelectionMode(QAbstractItemView.SelectionMode.SingleSelection)
        table.setTabKeyNavigation(False)
        table.setStyleSheet(selection_style())
        table.verticalHeader().hide()
        table.verticalHeader().setDefaultSectionSize(ROW_PX)
        table.verticalHeader().setMinimumSectionSize(ROW_PX)
        table.horizontalHeader().setMinimumSectionSize(36)
        table.horizontalHeader().setHighlightSections(False)
        table.horizontalHeader().setDefaultAlignment(Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter)
        table.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        for column, width in enumerate(WIDTHS):
            table.setColumnWidth(column, width)

    def _connect(self) -> None:
        self.bars.currentIndexChanged.connect(self.clear)
        self.source.currentIndexChanged.connect(self.clear)
        self.detectors.currentIndexChanged.connect(lambda _: self._show())
        self.counting.toggled.connect(lambda _: self._show())
        self.parameters.clicked.connect(self.open_settings)
        self.editor.changed.connect(self._take_rules)
        self.list.selectionModel().currentRowChanged.connect(lambda now, _: self._show_receipt(self.rows.event_at(now)))
        self.list.clicked.connect(lambda index: self._go_to(self.rows.event_at(index)))
        self.list.activated.connect(lambda index: self._go_to(self.rows.event_at(index)))

    # --- requests

    @property
    def kind(self) -> SessionKind | None:
        """The kind of stored sessions that is shown; None for setups computed now."""
        return SOURCES[self.source.currentIndex()][1]

    def request(self) -> SetupsRequest | None:
        prices = {price for level in self._drawn if level.base == self._base for price in (level.low, level.high)}
        levels, bar_ns = tuple(sorted(prices)), int(self.bars.currentData())
        return SetupsRequest(self._base, bar_ns, levels, self.editor.rules) if self._base else None

    def side_requests(self) -> tuple[Request[View], ...]:
        return (SetupHistoryRequest(session=self.kind),) if self.kind is not None else ()

    def set_base(self, base: str) -> None:
        if base != self._base:
            self._base = base
            self.clear()

    def set_levels(self, levels: Iterable[Level]) -> None:
        """Use the levels drawn on a chart of the link group; a zone is two levels, its edges."""
        self._drawn = tuple(levels)
        self.clear()

    def refresh(self, view: View) -> None:
        if isinstance(view, SetupsView) and view.request == self.request():
            self._view = view
        elif isinstance(view, SetupHistoryView) and view.request in self.side_requests():
            self._history = view
        else:
            return
        self._show()

    def clear(self) -> None:
        self._view = self._history = None
        self._show()

    def state(self) -> dict[str, object]:
        return {
            "bar_ns": int(self.bars.currentData()),
            "detector": self.detectors.currentIndex(),
            "statistics": self.counting.isChecked(),
            "rules": setup_rules_state(self.editor.rules),
        }

    def restore(self, state: dict[str, object]) -> None:
        at = self.bars.findData(state.get("bar_ns"))
        self.bars.setCurrentIndex(at if at >= 0 else 2)
        detector = state.get("detector")
        if isinstance(detector, int) and 0 <= detector < self.detectors.count():
            self.detectors.setCurrentIndex(detector)
        self.counting.setChecked(state.get("statistics") is True)
        self.editor.show_rules(setup_rules_of(state.get("rules")))
        self._take_rules(self.editor.rules)

    def open_settings(self) -> None:
        self.editor.open_under(self.parameters)

    def set_setup_rules(self, rules: SetupRules) -> None:
        """Use the parameters of another pane of the link group, without emitting them."""
        self.editor.show_rules(rules)
        self._name_rules()
        self.clear()

    def shown_markets(self) -> tuple[MarketState, ...]:
        return self._view.markets if self._view is not None else ()

    def as_table(self) -> Table | None:
        if not self.rows.events:
            return None
        return Table(("ts_ns", *HEADS), tuple((event.trigger_ns, *cells(event)) for event in self.rows.events))

    # --- display

    def _show(self) -> None:
        chosen = self.rows.event_at(self.list.currentIndex())
        shown = self._view if self.kind is None else self._history
        at = self.detectors.currentIndex()
        events = order(list(Detector)[at - 1] if at else None, shown.events if shown is not None else ())
        if self.rows.events != events:
            self.rows.show_events(events)
            self._reselect(chosen)
        counting, text = self.counting.isChecked(), self._note_text()
        self.stack.setCurrentWidget(self.report if counting else self.split if events else self.empty)
        if counting:
            self._write_report()
        set_text(self.empty, f"no setups\n{text}" if text else "no setups")
        set_text(self.note, text)
        self.note.setVisible(bool(events) or counting)

    def _reselect(self, chosen: SetupEvent | None) -> None:
        """Select the event again if it is still listed."""
        rows = [event.key for event in self.rows.events]
        if chosen is None or chosen.key not in rows:
            self.receipt.hide()
            return
        index = self.rows.index(rows.index(chosen.key), 0)
        if self.list.currentIndex() != index:
            self.list.setCurrentIndex(index)
        self._show_receipt(self.rows.event_at(index))

    def _show_receipt(self, event: SetupEvent | None) -> None:
        self.receipt.setVisible(event is not None)
        if event is not None:
            self.receipt.setHtml(receipt(event))

    def _write_report(self) -> None:
        shown = self._view if self.kind is None else self._history
        where = f"{self._base}, yesterday and today" if self.kind is None else f"all stored {self.kind.value} sessions"
        place = self.report.verticalScrollBar().value()
        self.report.setHtml(report(shown.statistics if shown is not None else (), where))
        self.report.verticalScrollBar().setValue(place)

    def _go_to(self, event: SetupEvent | None) -> None:
        """Show the setup in the middle of the linked charts."""
        if event is not None:
            half = SPAN_BARS // 2 * event.bar_ns
            self.send_range(event.trigger_ns - half, event.trigger_ns + half)

    def _note_text(self) -> str:
        if self.kind is not None:
            count = len(self._history.events) if self._history is not None else 0
            stored = f"setups stored from {self.kind.value} sessions"
            return f"{count} {stored}" if count else f"no {stored}"
        view = self._view
        if view is None:
            return f"waiting for {self._base}" if self._base else "no coin chosen"
        complete = f"{view.complete} of {view.closed} closed bars are complete"
        return f"{complete}; {USUAL_BARS} in a row are needed first" if view.complete < USUAL_BARS else complete

    def _take_rules(self, rules: SetupRules) -> None:
        self._name_rules()
        self.clear()
        self.link_event.emit(SetupRulesChosen(rules))

    def _name_rules(self) -> None:
        own = self.editor.rules != SetupRules()
        set_text(self.parameters, "own rules" if own else "rules")
        tint(self.parameters, "gap" if own else "text")

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        for width, column in _SHED:
            self.list.setColumnHidden(column, self.width() < width)
        head = self.list.horizontalHeader()
        for column in (2, 4):
            wide = (column == 2) == self.list.isColumnHidden(4)
            head.setSectionResizeMode(column, head.ResizeMode.Stretch if wide else head.ResizeMode.Interactive)
            if not wide:
                self.list.setColumnWidth(column, WIDTHS[column])


PANE = SetupsPane
