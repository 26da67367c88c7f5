"""Stores alert rules in a JSON file, and fired alerts in SQLite."""

import logging
import sqlite3
from collections.abc import Iterable
from pathlib import Path

import msgspec

from workstation.readmodels.session.alerts import AlertRule, Fired
from workstation.readmodels.session.setups import SessionKind

log = logging.getLogger(__name__)

SHOWN = 200
_TABLE = """CREATE TABLE IF NOT EXISTS fired (
    ts_ns INTEGER NOT NULL, rule INTEGER NOT NULL, base TEXT NOT NULL, value REAL NOT NULL, text TEXT NOT NULL,
    session TEXT NOT NULL)"""


def load_rules(file: Path) -> tuple[tuple[AlertRule, ...], str]:
    """Load the rules; returns them and a notice for the user, "" without problems. An unreadable file is renamed."""
    if not file.exists():
        return (), ""
    try:
        return tuple(msgspec.json.decode(file.read_bytes(), type=list[AlertRule])), ""
    except (OSError, msgspec.DecodeError) as error:
        log.warning("the alert rules cannot be read", exc_info=error)
        file.replace(file.with_suffix(".bad"))
        return (), f"the alert rules could not be read; the file was renamed to {file.with_suffix('.bad').name}"


def save_rules(file: Path, rules: Iterable[AlertRule]) -> None:
    """Write the rules atomically. Raises OSError."""
    draft = file.with_suffix(".new")
    draft.write_bytes(msgspec.json.format(msgspec.json.encode(list(rules)), indent=2))
    draft.replace(file)


class AlertHistory:
    """Fired alerts; `latest` are the newest `SHOWN`, newest first. Raises sqlite3.Error where the file is unusable."""

    def __init__(self, file: Path) -> None:
        self._database = sqlite3.connect(file)
        self._database.execute("PRAGMA journal_mode = WAL")
        self._database.execute(_TABLE)
        found = self._database.execute("SELECT * FROM fired ORDER BY rowid DESC LIMIT ?", (SHOWN,))
        self.latest = tuple(
            Fired(ts_ns, rule, base, value, text, SessionKind(kind)) for ts_ns, rule, base, value, text, kind in found
        )

    def add(self, fired: Iterable[Fired]) -> None:
        """Store alerts. Raises sqlite3.Error."""
        new = list(fired)
        rows = [(one.ts_ns, one.rule, one.base, one.value, one.text, one.session.value) for one in new]
        with self._database:
            self._database.executemany("INSERT INTO fired VALUES (?, ?, ?, ?, ?, ?)", rows)
        self.latest = (*reversed(new), *self.latest)[:SHOWN]

    def close(self) -> None:
        self._database.close()
