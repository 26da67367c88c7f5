"""What is watched behind the panes, whatever is on screen: setups of every coin in focus, kept on disk, and alerts."""

from __future__ import annotations

import logging
import sqlite3
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Protocol

from workstation.alerts.quantities import Numbers
from workstation.alerts.rules import Alerts
from workstation.alerts.store import AlertHistory, load_rules, save_rules
from workstation.readmodels.requests import View, ViewRequest
from workstation.readmodels.session.alerts import AlertRule, AlertsRequest, AlertsView, Fired
from workstation.readmodels.session.setups import (
    SessionKind,
    SetupEvent,
    SetupHistoryRequest,
    SetupHistoryView,
    SetupsRequest,
    SetupsView,
)
from workstation.setups.store import SetupStore

log = logging.getLogger(__name__)

LOOK_S = 1.0


class Views(Protocol):
    """Where views come from."""

    def revision(self, request: ViewRequest) -> int:
        """Changes whenever `view(request)` would."""

    def view(self, request: ViewRequest) -> View:
        """The frozen answer to a request."""


class AlertMonitor:
    """Keeps its files in `folder`, and the rules of alerts in `rules`. What cannot be used is told in `trouble` and
    left out. `on_fired` is called with every alert.
    """

    def __init__(self, folder: Path, rules: Path | None = None) -> None:
        self.on_fired: Callable[[Fired], object] = lambda fired: None
        self._rules_file = rules or folder / "alerts.json"
        known, self.trouble = load_rules(self._rules_file)
        self.alerts = Alerts(known)
        self._current = SessionKind.LIVE
        self._epoch: int | None = None
        self._seen: dict[str, tuple[SessionKind, int, tuple[SetupEvent, ...]]] = {}
        self._store: SetupStore | None = None
        self._history: AlertHistory | None = None
        try:
            self._store = SetupStore(folder / "setups.sqlite")
            self._history = AlertHistory(folder / "alerts.sqlite")
        except sqlite3.Error as error:
            self._give_up(error)

    def look(self, views: Views, bases: Sequence[str], session: SessionKind) -> None:
        """Look at every base once: bars close at most once a second."""
        self._current = session
        for base in bases:
            self._keep_setups(views, SetupsRequest(base), session)

    def alert(self, views: Views, bases: Sequence[str], session: SessionKind, now_ns: int, epoch: int) -> None:
        """Judge all rules once. After a jump in time what was true before says nothing."""
        if epoch != self._epoch:
            self._epoch = epoch
            self.alerts.restart()
        fired = self.alerts.look(Numbers(views).read, bases, now_ns, session)
        for one in fired:
            log.info("alert (%s): %s", one.session.value, one.text)
            self.on_fired(one)
        try:
            if fired and self._history is not None:
                self._history.add(fired)
        except sqlite3.Error as error:
            self._give_up(error)

    def set_alert(self, rule: AlertRule) -> None:
        """Change a rule or add one, and write all down."""
        self.alerts.set_rule(rule)
        self._save_rules()

    def remove_alert(self, number: int) -> None:
        """Take a rule away, and write the others down."""
        self.alerts.remove_rule(number)
        self._save_rules()

    def alerts_view(self, request: AlertsRequest) -> AlertsView:
        """The rules as they stand."""
        alerts, latest = self.alerts, self._history.latest if self._history is not None else ()
        return AlertsView(request, alerts.revision, alerts.rules, alerts.states(), latest, self.trouble)

    def _save_rules(self) -> None:
        try:
            save_rules(self._rules_file, self.alerts.rules)
        except OSError as error:
            log.warning("the alert rules were not saved", exc_info=error)
            self.trouble = f"the alert rules were not saved: {error.strerror or error}"

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
        for kept in (self._store, self._history):
            if kept is not None:
                kept.close()

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
        log.warning("setups and alerts are not kept", exc_info=error)
        self.trouble = f"setups and alerts are not kept: {error}"
        self._store = self._history = None
