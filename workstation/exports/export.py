"""The engine's numbers as tables: headless, deterministic, one row a fact.

Floats are rounded to 12 significant digits, which hides the last bits of binary sums and nothing else.
"""

from collections.abc import Callable, Iterator
from pathlib import Path

from feeds.model.events import Event
from feeds.recording import Damage, Recording
from feeds.recording.several.opening import open_recording
from workstation.analytics.engine import Engine
from workstation.analytics.state.limits import Limits
from workstation.exports.cells import Row
from workstation.exports.table import ExportSettings, TableRows
from workstation.exports.tables import all_tables
from workstation.replay.core import Core
from workstation.replay.index import RecordingIndex

EVERYTHING = Limits(trades=1 << 62, bars=1 << 62)

Batch = tuple[str, list[Row]]  # the name of a table, rows in the order of its columns


def export_rows(
    path: Path,
    settings: ExportSettings,
    progress: Callable[[int, int], None] | None = None,
    on_damage: Callable[[Damage], object] = lambda damage: None,
) -> Iterator[Batch]:
    """Read a recording to its end and yield (table, rows) as they come to be known.

    `on_damage` is called at the end, where a part of the recording cannot be read.

    Raises:
        KeyError: a table of the settings does not exist.
        RecordingError: the file is no recording.
    """
    reader = open_recording(path)
    core, chosen = Core(EVERYTHING), _ChosenTables(settings)
    start_ns, end_ns = reader.start_ns or 0, reader.end_ns or 0
    if chosen.of_state and (engine := _engine_at_end(reader)) is not None:
        yield from chosen.at_end(engine, max(end_ns, engine.now_ns))
        return
    for chunk_at in range(len(reader.chunk_starts)):
        for frame in reader.chunk(chunk_at) or ():
            yield from chosen.before_frame(core.engine, frame.ts_recv_ns)
            handle = core.handler(frame.connection)
            for event in core.feed.receive(frame):
                yield from chosen.before_event(core.engine, event)
                handle(event)
        yield from chosen.after_chunk()
        if progress is not None:
            progress(core.engine.now_ns - start_ns, end_ns - start_ns)
    core.engine.advance(end_ns)
    yield from chosen.at_end(core.engine, max(end_ns, core.engine.now_ns))
    if reader.damage is not None:
        on_damage(reader.damage)


def _engine_at_end(reader: Recording) -> Engine | None:
    """The state at the end by the index; None where that is not whole, or left out what an export contains."""
    index, end_ns = RecordingIndex(reader), reader.end_ns or 0
    tape = index.tape_before(end_ns) if index.complete and not index.damage else None
    if tape is None or any(base.trades.dropped_count for base in tape.core.engine.bases.values()):
        return None
    while not tape.play(end_ns):
        pass
    for base in tape.core.engine.bases.values():
        base.limits = EVERYTHING
    return tape.core.engine


def state_rows(engine: Engine, settings: ExportSettings, now_ns: int) -> Iterator[Batch]:
    """The rows that tables have at the end of a recording, from an engine in any state."""
    return _ChosenTables(settings).at_end(engine, now_ns)


class _ChosenTables:
    """The rows of the tables of one export, in order of the tables' names."""

    def __init__(self, settings: ExportSettings) -> None:
        known = all_tables()
        self._rows = {name: known[name].rows(settings) for name in sorted(set(settings.tables))}
        self._by_event: dict[type[Event], list[tuple[str, TableRows]]] = {}
        for name, rows in self._rows.items():
            for kind in rows.event_types:
                self._by_event.setdefault(kind, []).append((name, rows))

    @property
    def of_state(self) -> bool:
        """Whether all rows depend on the state at the end alone."""
        return all(rows.of_state for rows in self._rows.values())

    def before_frame(self, engine: Engine, now_ns: int) -> Iterator[Batch]:
        """Samples that are due, in order of time: a later one may let the engine's time pass."""
        due = [(ts_ns, name) for name, rows in self._rows.items() if (ts_ns := rows.due_ns(now_ns)) is not None]
        for ts_ns, name in sorted(due):
            for batch in self._rows[name].sample(engine, ts_ns):
                yield name, batch

    def before_event(self, engine: Engine, event: Event) -> Iterator[Batch]:
        for name, rows in self._by_event.get(type(event), ()):
            for batch in rows.before_event(engine, event):
                yield name, batch

    def after_chunk(self) -> Iterator[Batch]:
        for name, rows in self._rows.items():
            for batch in rows.after_chunk():
                yield name, batch

    def at_end(self, engine: Engine, now_ns: int) -> Iterator[Batch]:
        for name, rows in self._rows.items():
            for batch in rows.at_end(engine, now_ns):
                yield name, batch
