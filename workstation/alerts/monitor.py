"""Alert rules, checked whatever is on screen, and a history on disk of every alert that fired."""

import logging
import sqlite3
from collections.abc import Callable, Sequence
from pathlib import Path

from workstation.alerts.quantities import Numbers
from workstation.alerts.rules import Alerts
from workstation.alerts.store import AlertHistory, load_rules, save_rules
from workstation.readmodels.request import Views
from workstation.readmodels.session.alerts import AlertRule, AlertsRequest, AlertsView, Fired
from workstation.readmodels.session.setups import SessionKind

log = logging.getLogger(__name__)


class AlertMonitor:
    """Checks alert rules. Stores the history in `folder` (None stores none) and the rules in the file `rules`.

    `trouble` names files that cannot be used, "" without problems. `on_fired` is called with every alert.
    """

    requests = (AlertsRequest,)

    def __init__(self, folder: Path | None = None, rules: Path | None = None) -> None:
        self.on_fired: Callable[[Fired], object] = lambda fired: None
        self.trouble = ""
        self._rules_file = rules or (folder / "alerts.json" if folder is not None else None)
        self._epoch: int | None = None
        self._history: AlertHistory | None = None
        known: tuple[AlertRule, ...] = ()
        if self._rules_file is not None:
            known, self.trouble = load_rules(self._rules_file)
        self._alerts = Alerts(known)
        if folder is None:
            return
        try:
            self._history = AlertHistory(folder / "alerts.sqlite")
        except sqlite3.Error as error:
            self._stop(error)

    @property
    def rules(self) -> tuple[AlertRule, ...]:
        """The rules in their order."""
        return self._alerts.rules

    def check(self, views: Views, bases: Sequence[str], session: SessionKind, now_ns: int, epoch: int) -> None:
        """Evaluate all rules once. A jump in time (another epoch) resets their states."""
        if epoch != self._epoch:
            self._epoch = epoch
            self._alerts.restart()
        fired = self._alerts.look(Numbers(views).read, bases, now_ns, session)
        for one in fired:
            log.info("alert (%s): %s", one.session.value, one.text)
            self.on_fired(one)
        try:
            if fired and self._history is not None:
                self._history.add(fired)
        except sqlite3.Error as error:
            self._stop(error)

    def set_rule(self, rule: AlertRule) -> None:
        """Change a rule or add one (id 0), and save all."""
        self._alerts.set_rule(rule)
        self._save_rules()

    def remove_rule(self, number: int) -> None:
        """Remove a rule, and save the others."""
        self._alerts.remove_rule(number)
        self._save_rules()

    def revision(self, request: AlertsRequest) -> int:
        return self._alerts.revision

    def view(self, request: AlertsRequest) -> AlertsView:
        """The rules as they stand, and the latest alerts."""
        alerts, latest = self._alerts, self._history.latest if self._history is not None else ()
        return AlertsView(request, alerts.revision, alerts.rules, alerts.states(), latest, self.trouble)

    def close(self) -> None:
        if self._history is not None:
            self._history.close()

    def _save_rules(self) -> None:
        if self._rules_file is None:
            return
        try:
            save_rules(self._rules_file, self._alerts.rules)
        except OSError as error:
            log.warning("the alert rules were not saved", exc_info=error)
            self.trouble = f"the alert rules were not saved: {error.strerror or error}"

    def _stop(self, error: sqlite3.Error) -> None:
        log.warning("the alert history is not stored", exc_info=error)
        self.trouble = f"the alert history is not stored: {error}"
        self._history = None
