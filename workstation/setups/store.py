"""Stores every detected setup with its receipt, and computes their statistics.

One row per event and kind of session. An event is updated as it progresses; a replay that stopped earlier never
overwrites a more complete row.
"""

import sqlite3
from collections.abc import Iterable
from pathlib import Path

import msgspec

from workstation.readmodels.session.setups import (
    SessionKind,
    SetupEvent,
    SetupHistoryRequest,
    SetupHistoryView,
    SetupState,
)
from workstation.setups.statistics import outcome, statistics

SHOWN = 500
_TABLE = """
CREATE TABLE IF NOT EXISTS setups (
    session TEXT NOT NULL, base TEXT NOT NULL, bar_ns INTEGER NOT NULL, detector TEXT NOT NULL,
    trigger_ns INTEGER NOT NULL, direction INTEGER NOT NULL, progress INTEGER NOT NULL, receipt TEXT NOT NULL,
    PRIMARY KEY (session, base, bar_ns, detector, trigger_ns, direction))
"""
_PUT = """
INSERT INTO setups VALUES (?, ?, ?, ?, ?, ?, ?, ?)
ON CONFLICT DO UPDATE SET progress = excluded.progress, receipt = excluded.receipt
WHERE excluded.progress >= setups.progress AND excluded.receipt != setups.receipt
"""


class SetupStore:
    """Events in a SQLite file; `revision` grows with every change. Raises sqlite3.Error where the file is unusable."""

    def __init__(self, file: Path) -> None:
        self.revision = 0
        self._database = sqlite3.connect(file)
        self._database.execute("PRAGMA journal_mode = WAL")
        self._database.execute(_TABLE)
        self._views: dict[tuple[SessionKind, str], tuple[int, SetupHistoryView]] = {}

    def put(self, events: Iterable[SetupEvent], session: SessionKind) -> int:
        """Write new and progressed events in one transaction; returns their number. Raises sqlite3.Error."""
        with self._database:
            rows = [(session.value, *event.key, _progress(event), _encoded(event)) for event in events]
            changed = self._database.executemany(_PUT, rows).rowcount
        self.revision += changed > 0
        return max(changed, 0)

    def view(self, request: SetupHistoryRequest, current: SessionKind) -> SetupHistoryView:
        session = request.session or current
        key = (session, request.base)
        cached = self._views.get(key)
        if cached is None or cached[0] != self.revision or cached[1].request != request:
            self._views[key] = cached = (self.revision, self._look(request, session))
        return cached[1]

    def close(self) -> None:
        self._database.close()

    def _look(self, request: SetupHistoryRequest, session: SessionKind) -> SetupHistoryView:
        found = self._database.execute(
            "SELECT receipt FROM setups WHERE session = ? AND ? IN ('', base) ORDER BY trigger_ns DESC, rowid DESC",
            (session.value, request.base),
        )
        events = [msgspec.json.decode(text, type=SetupEvent) for (text,) in found]
        counted = statistics(map(outcome, events))
        return SetupHistoryView(request, self.revision, session, tuple(events[:SHOWN]), counted)


def _encoded(event: SetupEvent) -> str:
    return msgspec.json.encode(event).decode()


def _progress(event: SetupEvent) -> int:
    """A number that grows as an event progresses."""
    moves = sum(move is not None for move in (*event.moves, *event.moves_confirmed))
    return moves + (event.ended_ns is not None) + 10 * (event.state is not SetupState.ARMED)
