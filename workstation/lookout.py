"""What is watched behind the panes, whatever is on screen: setups of every coin in focus, kept on disk."""

from __future__ import annotations

import logging
import sqlite3
from collections.abc import Sequence
from pathlib import Path
from typing import Protocol

from workstation.readmodels import View, ViewRequest
from workstation.setup_models import (
    SessionKind,
    SetupEvent,
    SetupHistoryRequest,
    SetupHistoryView,
    SetupsRequest,
    SetupsView,
)
from workstation.setup_store import SetupStore

log = logging.getLogger(__name__)

LOOK_S = 1.0


class Views(Protocol):
    """Where views come from."""

    def revision(self, request: ViewRequest) -> int:
        """Changes whenever `view(request)` would."""

    def view(self, request: ViewRequest) -> View:
        """The frozen answer to a request."""


class Lookout:
    """Keeps its files in `folder`. One that cannot be used is told in `trouble`, and nothing is kept."""

    def __init__(self, folder: Path) -> None:
        self.trouble = ""
        self._current = SessionKind.LIVE
        self._seen: dict[str, tuple[SessionKind, int, tuple[SetupEvent, ...]]] = {}
        self._store: SetupStore | None = None
        try:
            self._store = SetupStore(folder / "setups.sqlite")
        except sqlite3.Error as error:
            self._give_up(error)

    def look(self, views: Views, bases: Sequence[str], session: SessionKind) -> None:
        """Look at every base once: bars close at most once a second."""
        self._current = session
        for base in bases:
            self._keep_setups(views, SetupsRequest(base), session)

    def revision(self, request: SetupHistoryRequest) -> int:
        """Changes whenever `view(request)` would."""
        return -1 if self._store is None else 4 * self._store.revision + list(SessionKind).index(self._current)

    def view(self, request: SetupHistoryRequest) -> SetupHistoryView:
        """What is stored."""
        if self._store is None:
            return SetupHistoryView(request, -1, request.session or self._current)
        return self._store.view(request, self._current)

    def close(self) -> None:
        """Give the files back."""
        if self._store is not None:
            self._store.close()

    def _keep_setups(self, views: Views, request: SetupsRequest, session: SessionKind) -> None:
        kind, revision, before = self._seen.get(request.base, (session, None, ()))
        now = views.revision(request)
        if self._store is None or (kind, revision) == (session, now):
            return
        view = views.view(request)
        assert isinstance(view, SetupsView)
        self._seen[request.base] = (session, now, view.events)
        known = set(map(id, before)) if kind is session else set()
        changed = [event for event in view.events if id(event) not in known]
        if not changed:
            return
        try:
            self._store.put(changed, session)
        except sqlite3.Error as error:
            self._give_up(error)

    def _give_up(self, error: sqlite3.Error) -> None:
        log.warning("setups are not kept", exc_info=error)
        self.trouble = f"setups are not kept: {error}"
        self._store = None
