"""The alerts pane: an editor for rules, the rules with their present numbers, and the alerts that fired."""

from collections.abc import Sequence

from PySide6.QtCore import Qt
from PySide6.QtGui import QKeyEvent
from PySide6.QtWidgets import (
    QAbstractItemView,
    QHBoxLayout,
    QLabel,
    QListWidget,
    QListWidgetItem,
    QPushButton,
    QSplitter,
    QWidget,
)

from widgets.commands import RemoveAlert, SetAlert
from widgets.elements.captions import selection_style, set_text, tint
from widgets.elements.layouts import column_of
from widgets.pane import Pane, Table
from widgets.panes.alerts.editor import RuleEditor
from widgets.theme import format as fmt
from widgets.theme.theme import CELL, theme
from workstation.readmodels.request import View
from workstation.readmodels.session.alerts import (
    CHANGES,
    AlertRule,
    AlertsRequest,
    AlertsView,
    Fired,
    Quantity,
    RuleState,
)


class AlertsPane(Pane):
    """An editor over two lists: the rules, and the alerts that fired."""

    title = "Alerts"
    help = (
        "A rule compares one number of a coin, or of every coin in focus, with a value. It fires when the condition "
        "becomes true. To fire again the number must first return past the value by the hysteresis. After firing the "
        "rule is silent for the cool-down, in data time. Rises, falls and moves compare with the number one window "
        "ago. Rules are checked once a second. Numbers are those of the panes: CVD change and delta in USD over all "
        "perpetuals and whole minutes, OBI of the blended book, the narrowest spread of any market, funding, "
        "premium, OI and scores of the pressure table; sums of liquidations are lower bounds where a venue publishes "
        "only some. Unknown numbers fire nothing. Alerts during a replay are labelled. Sound, desktop notification "
        "and webhook are in the settings."
    )
    keys = (("Enter", "add or change the rule"), ("Space", "rule on or off"), ("Del", "remove the rule"))
    every_frames = 15

    def __init__(self) -> None:
        super().__init__()
        self._view: AlertsView | None = None
        self.editor, self.rules, self.history, self.note = RuleEditor(), QListWidget(), QListWidget(), QLabel()
        self.turn, self.remove = QPushButton("Turn off"), QPushButton("Delete")
        self._lay_out()
        self._connect()
        self._show()

    def _connect(self) -> None:
        self.editor.done.connect(self._set_rule)
        self.rules.currentRowChanged.connect(self._edit)
        self.turn.clicked.connect(self._turn_chosen)
        self.remove.clicked.connect(self._remove_chosen)

    def _lay_out(self) -> None:
        column = column_of(within=self)
        split = QSplitter(Qt.Orientation.Vertical)
        split.setHandleWidth(1)
        for title, listed in (("Rules", self.rules), ("Fired", self.history)):
            box = QWidget()
            inner = column_of(_head(title, (self.turn, self.remove) if listed is self.rules else ()), within=box)
            inner.addWidget(listed, 1)
            split.addWidget(box)
            listed.setAccessibleName(title)
            listed.setFrameShape(QListWidget.Shape.NoFrame)
            listed.setUniformItemSizes(True)
            listed.setStyleSheet(selection_style())
            listed.setTextElideMode(Qt.TextElideMode.ElideRight)
            listed.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.history.setSelectionMode(QAbstractItemView.SelectionMode.NoSelection)
        tint(self.note, "gap")
        self.note.setWordWrap(True)
        self.note.setContentsMargins(2 * CELL, 2, 2 * CELL, 2)
        column.addWidget(self.editor)
        column.addWidget(split, 1)
        column.addWidget(self.note)
        self.setFocusProxy(self.rules)

    def request(self) -> AlertsRequest:
        return AlertsRequest()

    def set_bases(self, bases: list[str]) -> None:
        self.editor.set_bases(bases)

    def set_base(self, base: str) -> None:
        """Suggest the linked coin for a new rule, unless a rule is selected."""
        if self._chosen() is None:
            self.editor.suggest(base)

    def refresh(self, view: View) -> None:
        """Show the rules, their present numbers and what fired."""
        if isinstance(view, AlertsView):
            self._view = view
            self._show()

    def clear(self) -> None:
        """Drop the view; the rules stay listed, because they do not depend on the session."""
        self._view = None

    def as_table(self) -> Table | None:
        if self._view is None or not self._view.fired:
            return None
        rows = tuple((one.ts_ns, one.session.value, one.base, one.value, one.text) for one in self._view.fired)
        return Table(("ts_ns", "session", "base", "value", "alert"), rows)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        if event.key() == Qt.Key.Key_Delete:
            self._remove_chosen()
        elif event.key() == Qt.Key.Key_Space:
            self._turn_chosen()
        else:
            super().keyPressEvent(event)

    def _set_rule(self, rule: AlertRule) -> None:
        self.command.emit(SetAlert(rule))

    def _turn_chosen(self) -> None:
        rule = self._chosen()
        if rule is not None:
            self._set_rule(self.editor.turned(rule))

    def _remove_chosen(self) -> None:
        rule = self._chosen()
        if rule is not None:
            self.command.emit(RemoveAlert(rule.id))

    def _chosen(self) -> AlertRule | None:
        at = self.rules.currentRow()
        return self._view.rules[at] if self._view is not None and 0 <= at < len(self._view.rules) else None

    def _edit(self, _: int) -> None:
        self.editor.show_rule(self._chosen())
        self._name_buttons()

    def _name_buttons(self) -> None:
        rule = self._chosen()
        self.turn.setText("Turn on" if rule is not None and not rule.on else "Turn off")
        for button in (self.turn, self.remove):
            button.setEnabled(rule is not None)

    def _show(self) -> None:
        view = self._view
        if view is None:
            return
        lines = [(rule_line(*pair), rule_role(*pair)) for pair in zip(view.rules, view.states, strict=True)]
        _fill(self.rules, lines)
        self._name_buttons()
        _fill(self.history, [(fired_line(one), "text") for one in view.fired])
        text = view.trouble or ("" if view.rules else "No rules yet: choose a number, a condition and a value above.")
        set_text(self.note, text)
        self.note.setVisible(bool(text))


def _head(title: str, buttons: Sequence[QPushButton]) -> QHBoxLayout:
    """The caption of a list, with the buttons for its selected line."""
    line, label = QHBoxLayout(), QLabel(title)
    line.setContentsMargins(2 * CELL, 2, CELL, 2)
    line.setSpacing(CELL)
    tint(label, "muted")
    line.addWidget(label)
    line.addStretch(1)
    for button in buttons:
        button.setStyleSheet("padding: 0 6px")
        line.addWidget(button)
    return line


def rule_line(rule: AlertRule, states: Sequence[RuleState]) -> str:
    """A rule with its present numbers and the time it last fired."""
    if not rule.on:
        return f"off  {rule.base or 'all'} {rule.description}"
    texts = [(one.base, _number(rule, one.value)) for one in states]
    now = "  ".join(text if rule.base else f"{base} {text}" for base, text in texts)
    fired = max((one.fired_ns for one in states if one.fired_ns is not None), default=None)
    last = f"  fired {fmt.clock(fired)}" if fired is not None else ""
    return f"{rule.base or 'all'} {rule.description}  now {now or fmt.NO_DATA}{last}"


def _number(rule: AlertRule, value: float | None) -> str:
    whole = rule.quantity is Quantity.PRICE and rule.condition not in CHANGES
    return (fmt.significant(value) if whole else fmt.size(value)).replace("-", "\N{MINUS SIGN}")


def rule_role(rule: AlertRule, states: Sequence[RuleState]) -> str:
    """The role of a rule's colour: focus while it is true, faint while off, stale while its number is unknown."""
    if not rule.on:
        return "faint"
    known = [one.is_true for one in states if one.value is not None]
    return "focus" if any(known) else "text" if known else "stale"


def fired_line(fired: Fired) -> str:
    """A fired alert as a line: date and time, session unless live, text."""
    label = "" if fired.session.value == "live" else f"{fired.session.value}  "
    return f"{fmt.date_clock(fired.ts_ns)[5:]}  {label}{fired.text}"


def _fill(listed: QListWidget, lines: list[tuple[str, str]]) -> None:
    """Show (text, colour role) lines; only lines that differ change, so that the selection stays."""
    while listed.count() > len(lines):
        listed.takeItem(listed.count() - 1)
    for at, (text, role) in enumerate(lines):
        if at == listed.count():
            listed.addItem(QListWidgetItem())
        item = listed.item(at)
        if item.text() != text or item.data(Qt.ItemDataRole.UserRole) != role:
            item.setText(text)
            item.setToolTip(text)
            item.setData(Qt.ItemDataRole.UserRole, role)
            item.setForeground(theme().brush(role))


PANE = AlertsPane
