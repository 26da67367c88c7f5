"""The list of setups as a table model, newest first."""

from PySide6.QtCore import QAbstractTableModel, QModelIndex, QPersistentModelIndex, Qt

from widgets.theme import format as fmt
from widgets.theme.theme import theme
from workstation.readmodels.session.setups import HORIZONS_MIN, Detector, SetupEvent, SetupState

HEADS = ("time", "base", "setup", "price", "level", "state", *(f"{minutes}m" for minutes in HORIZONS_MIN))
WIDTHS = (54, 44, 92, 62, 120, 78, 42, 42, 42, 42)
_ROLES = {
    SetupState.ARMED: "focus",
    SetupState.CONFIRMED: "text",
    SetupState.INVALIDATED: "faint",
    SetupState.EXPIRED: "faint",
}
ARROWS = {1: "\N{UPWARDS ARROW}", -1: "\N{DOWNWARDS ARROW}"}
Index = QModelIndex | QPersistentModelIndex


def points(move: float | None) -> str:
    """A move, given as a fraction, in basis points with its sign; an en dash for None."""
    return fmt.fixed(None if move is None else move * 1e4, 0 if move is not None and abs(move) >= 1e-3 else 1)


def state_text(event: SetupEvent) -> str:
    """The state, marked L for leverage only."""
    return f"{event.state.value} L" if event.leverage_only else event.state.value


class SetupRows(QAbstractTableModel):
    """The listed events as a Qt table model."""

    def __init__(self) -> None:
        super().__init__()
        self.events: list[SetupEvent] = []

    def show_events(self, events: list[SetupEvent]) -> None:
        """Show these events in this order. If only their contents changed, the selection stays."""
        if events == self.events:
            return
        if [one.key for one in events] == [one.key for one in self.events]:
            self.events = events
            self.dataChanged.emit(self.index(0, 0), self.index(len(events) - 1, len(HEADS) - 1))
            return
        self.beginResetModel()
        self.events = events
        self.endResetModel()

    def event_at(self, index: Index) -> SetupEvent | None:
        return self.events[index.row()] if 0 <= index.row() < len(self.events) else None

    def rowCount(self, parent: Index = QModelIndex()) -> int:
        return 0 if parent.isValid() else len(self.events)

    def columnCount(self, parent: Index = QModelIndex()) -> int:
        return len(HEADS)

    def headerData(self, section: int, way: Qt.Orientation, role: int = Qt.ItemDataRole.DisplayRole) -> object:
        if way is not Qt.Orientation.Horizontal:
            return None
        if role == Qt.ItemDataRole.ToolTipRole and section >= len(HEADS) - len(HORIZONS_MIN):
            return f"Move {HEADS[section]} after the trigger in basis points, positive in the setup's direction"
        return HEADS[section] if role == Qt.ItemDataRole.DisplayRole else None

    def data(self, index: Index, role: int = Qt.ItemDataRole.DisplayRole) -> object:
        event = self.event_at(index)
        if event is None:
            return None
        if role == Qt.ItemDataRole.DisplayRole:
            return cells(event)[index.column()]
        if role == Qt.ItemDataRole.ForegroundRole:
            return theme().color(_role(event, index.column()))
        if role == Qt.ItemDataRole.TextAlignmentRole:
            right = index.column() in (3, 6, 7, 8, 9)
            return int((Qt.AlignmentFlag.AlignRight if right else Qt.AlignmentFlag.AlignLeft) | _MIDDLE)
        if role == Qt.ItemDataRole.ToolTipRole:
            return f"{fmt.date_clock(event.trigger_ns)}  {event.reason or event.state.value}"
        return None


_MIDDLE = Qt.AlignmentFlag.AlignVCenter


def cells(event: SetupEvent) -> tuple[str, ...]:
    """The texts of a row, in the order of `HEADS`."""
    name = f"{ARROWS[event.direction]} {event.detector.value}"
    place = f"{event.level.kind.value} {fmt.significant(event.level.price)}"
    moves = tuple(map(points, event.moves))
    return (
        *(fmt.clock(event.trigger_ns), event.base, name, fmt.significant(event.trigger_price), place),
        *(state_text(event), *moves),
    )


def _role(event: SetupEvent, column: int) -> str:
    if column == 2:
        return "buy" if event.direction > 0 else "sell"
    if column == 5:
        return "gap" if event.leverage_only else _ROLES[event.state]
    if column >= 6:
        text = points(event.moves[column - 6])
        return "faint" if text == fmt.NO_DATA else "text" if text.startswith("+") else "muted"
    return "faint" if event.state in (SetupState.INVALIDATED, SetupState.EXPIRED) else "text"


def order(detector: Detector | None, events: tuple[SetupEvent, ...]) -> list[SetupEvent]:
    """The events of a detector, newest first."""
    mine = [event for event in events if detector is None or event.detector is detector]
    return sorted(mine, key=lambda event: -event.trigger_ns)
