"""Stores the setups of every followed coin, whatever is displayed."""

import logging
import sqlite3
from collections.abc import Iterable
from pathlib import Path

from workstation.readmodels.request import Views
from workstation.readmodels.session.setups import (
    SessionKind,
    SetupEvent,
    SetupHistoryRequest,
    SetupHistoryView,
    SetupsRequest,
)
from workstation.setups.store import SetupStore

log = logging.getLogger(__name__)


class SetupRecorder:
    """Stores setups in `folder` (None stores none). `trouble` is why storing fails, "" while it works."""

    requests = (SetupHistoryRequest,)

    def __init__(self, folder: Path | None = None) -> None:
        self.trouble = ""
        self._session = SessionKind.LIVE
        self._seen: dict[str, tuple[SessionKind, int, tuple[SetupEvent, ...]]] = {}
        self._store: SetupStore | None = None
        if folder is None:
            return
        try:
            self._store = SetupStore(folder / "setups.sqlite")
        except sqlite3.Error as error:
            self._stop(error)

    def record(self, views: Views, bases: Iterable[str], session: SessionKind) -> None:
        """Store new and progressed setups of every base. Once a second is enough, as bars close no more often."""
        self._session = session
        for base in bases:
            self._record(views, SetupsRequest(base), session)

    def revision(self, request: SetupHistoryRequest) -> int:
        return -1 if self._store is None else 4 * self._store.revision + list(SessionKind).index(self._session)

    def view(self, request: SetupHistoryRequest) -> SetupHistoryView:
        if self._store is None:
            return SetupHistoryView(request, -1, request.session or self._session)
        return self._store.view(request, self._session)

    def close(self) -> None:
        if self._store is not None:
            self._store.close()

    def _record(self, views: Views, request: SetupsRequest, session: SessionKind) -> None:
        kind, revision, before = self._seen.get(request.base, (session, None, ()))
        now = views.revision(request)
        if self._store is None or (kind, revision) == (session, now):
            return
        events = views.view(request).events
        self._seen[request.base] = (session, now, events)
        known = set(map(id, before)) if kind is session else set()
        changed = [event for event in events if id(event) not in known]
        if not changed:
            return
        try:
            self._store.put(changed, session)
        except sqlite3.Error as error:
            self._stop(error)

    def _stop(self, error: sqlite3.Error) -> None:
        log.warning("setups are not stored", exc_info=error)
        self.trouble = f"setups are not stored: {error}"
        self._store = None
