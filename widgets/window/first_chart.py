"""Logs when the first chart is painted, so that the log shows the time of a start."""

import logging
from collections.abc import Callable, Iterable

from PySide6.QtCore import QEvent, QObject, QTimer

from widgets.frame_timer import FrameTimer
from widgets.pane import Pane
from workstation.readmodels.session.status import Presence, StatusView

log = logging.getLogger(__name__)

FIRST_CHART = "the first chart is painted"
"""The start of the log line. It is logged once, for a pane with bars, when all venues are live."""


class FirstChart(QObject):
    """Checks each frame until a pane draws bars of a live session, waits for its paint event, and deletes itself."""

    def __init__(self, timer: FrameTimer, panes: Callable[[], Iterable[Pane]]) -> None:
        super().__init__(timer)
        self._panes = panes
        self._timer = timer
        self._bars = 0
        timer.ticked.connect(self._look)

    def _look(self, status: StatusView) -> None:
        if status.presence is not Presence.LIVE:
            return
        for pane in self._panes():
            if pane.bar_count:
                self._timer.ticked.disconnect(self._look)
                self._bars = pane.bar_count
                pane.installEventFilter(self)
                pane.update()
                return

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        """Wait for the paint event of the pane: its children are painted by the time the event loop runs again."""
        if event.type() == QEvent.Type.Paint:
            watched.removeEventFilter(self)
            QTimer.singleShot(0, self._log)
        return False

    def _log(self) -> None:
        log.info("%s: %d bars", FIRST_CHART, self._bars)
        self.deleteLater()
