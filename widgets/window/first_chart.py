"""Writes into the log when a person sees the first chart, so that what a start takes can be read there."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterable

from PySide6.QtCore import QEvent, QObject, QTimer

from widgets.frame_timer import FrameTimer
from widgets.pane import Pane
from widgets.panes.footprint.pane import FootprintPane
from workstation.readmodels.session.status import Presence, StatusView

log = logging.getLogger(__name__)

FIRST_CHART = "the first chart is painted"
"""How the line in the log begins. It is written once, after a footprint with bars of venues that are all live."""


class FirstChart(QObject):
    """Looks at each frame until a footprint has bars of a live session, waits for it to be painted, and goes."""

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
            if isinstance(pane, FootprintPane) and pane.layers.view is not None and pane.layers.view.bars:
                self._timer.ticked.disconnect(self._look)
                self._bars = len(pane.layers.view.bars)
                pane.chart.viewport().installEventFilter(self)
                pane.chart.viewport().update()
                return

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        """Take part in the painting of the chart, which is done when the loop comes round again."""
        if event.type() == QEvent.Type.Paint:
            watched.removeEventFilter(self)
            QTimer.singleShot(0, self._tell)
        return False

    def _tell(self) -> None:
        log.info("%s: %d bars", FIRST_CHART, self._bars)
        self.deleteLater()
