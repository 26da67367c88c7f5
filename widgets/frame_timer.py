"""The only repaint clock: once a frame, every visible pane whose view moved is refreshed."""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Callable, Iterable
from typing import Protocol

from PySide6.QtCore import QObject, Qt, QTimer, Signal

from widgets.pane import Pane
from workstation.readmodels import StatusView, View, ViewRequest


class ViewSource(Protocol):
    """Where panes' views come from; the session behind the window."""

    def revision(self, request: ViewRequest) -> int:
        """Cheap: changes exactly when `view(request)` would."""

    def view(self, request: ViewRequest) -> View:
        """The frozen answer to a request."""

    def status(self) -> StatusView:
        """The session as of now."""


class FrameTimer(QObject):
    """Drives panes at `hz`. `frame_ms` holds how long the last frames took on this thread, painting excluded."""

    ticked = Signal(object)

    def __init__(self, source: ViewSource, panes: Callable[[], Iterable[Pane]], hz: int = 60) -> None:
        super().__init__()
        self._source = source
        self._panes = panes
        self._drawn: dict[Pane, tuple[ViewRequest, int, int]] = {}
        self._drawn_at: dict[Pane, int] = {}
        self._drawn_sides: dict[Pane, dict[type, tuple[ViewRequest, int, int]]] = {}
        self._frame = 0
        self.frame_ms: deque[float] = deque(maxlen=240)
        self._timer = QTimer(self)
        self._timer.setTimerType(Qt.TimerType.PreciseTimer)
        self.set_rate(hz)
        self._timer.timeout.connect(self.tick)

    def set_rate(self, hz: int) -> None:
        """Tick this often a second from now on."""
        self._timer.setInterval(round(1000 / hz))

    def start(self) -> None:
        """Begin to tick."""
        self._timer.start()

    def stop(self) -> None:
        """Stop ticking; panes keep what they show."""
        self._timer.stop()

    def tick(self) -> None:
        """One frame."""
        began = time.perf_counter()
        self._frame += 1
        status = self._source.status()
        for pane in self._panes():
            if pane.isVisible():
                self._refresh(pane, status.epoch)
                self._refresh_sides(pane, status.epoch)
        self.ticked.emit(status)
        self.frame_ms.append((time.perf_counter() - began) * 1e3)

    def _refresh(self, pane: Pane, epoch: int) -> None:
        request = pane.request()
        if request is None:
            return
        drawn = self._drawn.get(pane)
        if drawn is not None and drawn[2] != epoch:
            pane.clear()
        elif drawn is not None and drawn[0] == request and self._frame - self._drawn_at[pane] < pane.every_frames:
            return
        key = (request, self._source.revision(request), epoch)
        if drawn != key:
            self._drawn[pane], self._drawn_at[pane] = key, self._frame
            pane.refresh(self._source.view(request))

    def _refresh_sides(self, pane: Pane, epoch: int) -> None:
        requests = pane.side_requests()
        if not requests and pane not in self._drawn_sides:
            return
        before = self._drawn_sides.get(pane, {})
        self._drawn_sides[pane] = {type(one): (one, self._source.revision(one), epoch) for one in requests}
        for request in requests:
            if before.get(type(request)) != self._drawn_sides[pane][type(request)]:
                pane.refresh(self._source.view(request))
