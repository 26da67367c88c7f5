"""What an exported table declares: its name, its columns and how its rows come about during an export.

Times are ns since the epoch, UTC; sizes are base coin, `*_usd` quote notional.
"""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any, NamedTuple

from feeds.model.events import Event
from workstation.analytics.engine import Engine
from workstation.analytics.state.base import Base
from workstation.exports.cells import Row
from workstation.readmodels.flow.footprint import FootprintRules
from workstation.readmodels.universe.paper import PaperSettings


class CellType(StrEnum):
    """What a column holds. Cells of every type may be empty (None)."""

    INTEGER = "integer"
    FLOAT = "float"
    TEXT = "text"
    BOOLEAN = "boolean"


class Column(NamedTuple):
    """A column of an exported table."""

    name: str
    type: CellType


def integers(*names: str) -> tuple[Column, ...]:
    """Columns of 64 bit integers, times among them."""
    return tuple(Column(name, CellType.INTEGER) for name in names)


def floats(*names: str) -> tuple[Column, ...]:
    """Columns of 64 bit floats."""
    return tuple(Column(name, CellType.FLOAT) for name in names)


def texts(*names: str) -> tuple[Column, ...]:
    return tuple(Column(name, CellType.TEXT) for name in names)


def booleans(*names: str) -> tuple[Column, ...]:
    return tuple(Column(name, CellType.BOOLEAN) for name in names)


MARKET = texts("base", "venue", "kind", "symbol")


@dataclass(frozen=True, slots=True)
class ExportSettings:
    """What to export. `row_size` None takes ten ticks of the coarsest market; `book_levels` 0 takes all levels."""

    tables: tuple[str, ...]
    bar_ns: int = 60_000_000_000
    row_size: float | None = None
    every_ns: int = 1_000_000_000
    book_levels: int = 20
    rules: FootprintRules = field(default_factory=FootprintRules)
    paper: PaperSettings = field(default_factory=PaperSettings)


class Schedule:
    """The multiples of a step of receive time; of those passed in silence only the first is due."""

    def __init__(self, step_ns: int) -> None:
        self._step_ns = step_ns
        self._next_ns = 0

    def due_ns(self, now_ns: int) -> int | None:
        """The multiple that `now_ns` reaches, once; None at the first call, which begins the schedule."""
        if now_ns < self._next_ns:
            return None
        due_ns, self._next_ns = self._next_ns, now_ns - now_ns % self._step_ns + self._step_ns
        return due_ns or None


Batches = Iterable[list[Row]]


class TableRows:
    """The rows of one table during one export, in batches. A table overrides the moments at which it has rows."""

    schedule: Schedule | None = None
    """When `sample` is called."""
    event_types: tuple[type[Event], ...] = ()
    """The events that `before_event` is called for."""
    of_state: bool = False
    """Whether all rows are those of `at_end`, so that the way to the end does not matter."""

    def due_ns(self, now_ns: int) -> int | None:
        """The receive time for which `sample` is to be called before a frame of `now_ns`, None if it is not due."""
        return self.schedule.due_ns(now_ns) if self.schedule is not None else None

    def sample(self, engine: Engine, ts_ns: int) -> Batches:
        """Rows of a moment, from the engine as it was before the first frame at or after it."""
        return ()

    def before_event(self, engine: Engine, event: Any) -> Batches:
        """Rows of an event that the engine has not applied yet."""
        return ()

    def after_chunk(self) -> Batches:
        """Rows collected since the last chunk of the recording."""
        return ()

    def at_end(self, engine: Engine, now_ns: int) -> Batches:
        """Rows of the state at the end of the recording, `now_ns` in receive time."""
        return ()


@dataclass(frozen=True, slots=True)
class Table:
    """An exported table. `note` explains columns whose names do not."""

    name: str
    columns: tuple[Column, ...]
    rows: Callable[[ExportSettings], TableRows]
    note: str = ""
    is_default: bool = False

    @property
    def column_names(self) -> tuple[str, ...]:
        return tuple(column.name for column in self.columns)


RowsOfEvent = Callable[[Any], Iterable[Row]]


class EventRows(TableRows):
    """The rows of each event of some types, handed over once a chunk."""

    def __init__(self, rows_of: Mapping[type[Event], RowsOfEvent]) -> None:
        self.event_types = tuple(rows_of)
        self._rows_of = rows_of
        self._rows: list[Row] = []

    def before_event(self, engine: Engine, event: Any) -> Batches:
        self._rows += self._rows_of[type(event)](event)
        return ()

    def after_chunk(self) -> Batches:
        rows, self._rows = self._rows, []
        return [rows] if rows else ()


def of_each(event: type[Event], row: Callable[[Any], Row]) -> Callable[[ExportSettings], TableRows]:
    return lambda _: EventRows({event: lambda one: (row(one),)})


BaseRows = Callable[[Base, ExportSettings, int], Iterable[Row]]


class _RowsAtEnd(TableRows):
    of_state = True

    def __init__(self, rows: BaseRows, settings: ExportSettings) -> None:
        self._rows, self._settings = rows, settings

    def at_end(self, engine: Engine, now_ns: int) -> Batches:
        for base in engine.bases.values():
            yield list(self._rows(base, self._settings, now_ns))


def at_end(rows: BaseRows) -> Callable[[ExportSettings], TableRows]:
    """A table that is a function of each base's state at the end: `rows(base, settings, now_ns)`."""
    return lambda settings: _RowsAtEnd(rows, settings)
