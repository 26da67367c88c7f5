"""Stores paper books in SQLite: settings, state, ledger, equity curve and scores. A step is one transaction.

Ledger rows are immutable; a trigger in the database enforces it.
"""

import sqlite3
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import astuple, fields
from pathlib import Path
from typing import Any, NamedTuple

import msgspec

from workstation.analytics.paper.book import PaperState, Written
from workstation.readmodels.universe.paper import (
    EntryKind,
    PaperEntry,
    PaperMark,
    PaperMoment,
    PaperSettings,
    ScoredCoin,
)

_ENTRY = tuple(field.name for field in fields(PaperEntry))
_MOMENT = ("ts_ns", "equity", "price_pnl", "funding", "fees", "slippage", "marks")
_SCHEMA = (
    "CREATE TABLE IF NOT EXISTS books (book TEXT PRIMARY KEY, settings TEXT NOT NULL, state TEXT NOT NULL)",
    f"CREATE TABLE IF NOT EXISTS ledger (book TEXT, {', '.join(_ENTRY)}, PRIMARY KEY (book, seq)) WITHOUT ROWID",
    f"CREATE TABLE IF NOT EXISTS curve (book TEXT, {', '.join(_MOMENT)}, PRIMARY KEY (book, ts_ns)) WITHOUT ROWID",
    "CREATE TABLE IF NOT EXISTS scores (book TEXT, rebalance INTEGER, scores TEXT, PRIMARY KEY (book, rebalance))",
    "CREATE TRIGGER IF NOT EXISTS ledger_stays BEFORE UPDATE ON ledger"
    " BEGIN SELECT RAISE(ABORT, 'a line of the ledger never changes'); END",
)


class StoredBook(NamedTuple):
    """A stored paper book."""

    settings: PaperSettings
    state: PaperState
    entries: list[PaperEntry]
    curve: list[PaperMoment]


class PaperStore:
    """The database. All methods raise sqlite3.Error where it cannot be read or written."""

    def __init__(self, path: Path | str) -> None:
        self._db = sqlite3.connect(path, isolation_level=None)
        self.execute("PRAGMA journal_mode = WAL")
        self.execute("PRAGMA synchronous = NORMAL")  # whole after any kill; a power cut may cost the last steps
        for statement in _SCHEMA:
            self.execute(statement)

    def close(self) -> None:
        self._db.close()

    def load(self, book: str) -> StoredBook | None:
        """Load a book; None if there is none of this name."""
        found = self.execute("SELECT settings, state FROM books WHERE book = ?", (book,)).fetchone()
        if found is None:
            return None
        settings = msgspec.json.decode(found[0], type=PaperSettings)
        state = msgspec.json.decode(found[1], type=PaperState)
        return StoredBook(settings, state, self._entries(book), self._curve(book))

    def write(self, book: str, settings: PaperSettings, state: PaperState, written: Written) -> None:
        """Store the rows of a step, with the state after it."""
        with self._transaction():
            self._add("ledger", [(book, *astuple(entry)) for entry in written.entries])
            if written.moment is not None:
                self._add("curve", [_curve_row(book, written.moment)])
            if written.scores:
                self._add("scores", [(book, state.rebalance, _text(written.scores))])
            self.execute("INSERT OR REPLACE INTO books VALUES (?, ?, ?)", (book, _text(settings), _text(state)))

    def reset(self, book: str) -> None:
        with self._transaction():
            for table in ("ledger", "curve", "scores", "books"):
                self.execute(f"DELETE FROM {table} WHERE book = ?", (book,))

    def scores(self, book: str, rebalance: int) -> tuple[ScoredCoin, ...]:
        """The scores that a rebalance was based on, highest first; empty if unknown."""
        row = self.execute("SELECT scores FROM scores WHERE book = ? AND rebalance = ?", (book, rebalance)).fetchone()
        return msgspec.json.decode(row[0], type=tuple[ScoredCoin, ...]) if row is not None else ()

    def _entries(self, book: str) -> list[PaperEntry]:
        rows = self.execute(f"SELECT {', '.join(_ENTRY)} FROM ledger WHERE book = ? ORDER BY seq", (book,))
        made = (dict(zip(_ENTRY, row, strict=True)) for row in rows)
        return [PaperEntry(**facts | {"kind": EntryKind(facts["kind"])}) for facts in made]

    def _curve(self, book: str) -> list[PaperMoment]:
        rows = self.execute(f"SELECT {', '.join(_MOMENT)} FROM curve WHERE book = ? ORDER BY ts_ns", (book,))
        made = (dict(zip(_MOMENT, row, strict=True)) for row in rows)
        marks = tuple[PaperMark, ...]
        return [PaperMoment(**facts | {"marks": msgspec.json.decode(facts["marks"], type=marks)}) for facts in made]

    def _add(self, table: str, rows: Sequence[tuple[Any, ...]]) -> None:
        for row in rows:
            self.execute(f"INSERT INTO {table} VALUES ({', '.join('?' * len(row))})", row)

    def execute(self, statement: str, values: tuple[Any, ...] = ()) -> sqlite3.Cursor:
        """Run one statement. Raises sqlite3.Error."""
        return self._db.execute(statement, values)

    @contextmanager
    def _transaction(self) -> Iterator[None]:
        self.execute("BEGIN IMMEDIATE")
        try:
            yield
            self.execute("COMMIT")
        except BaseException:
            self._db.rollback()
            raise


def _curve_row(book: str, moment: PaperMoment) -> tuple[Any, ...]:
    return (book, *(getattr(moment, name) for name in _MOMENT[:-1]), _text(moment.marks))


def _text(value: object) -> str:
    return msgspec.json.encode(value).decode()
