"""The only repaint clock: once a frame, every visible pane whose view has changed is refreshed."""

import math
import time
from collections import deque
from collections.abc import Callable, Collection, Iterable
from typing import Protocol

from PySide6.QtCore import QObject, Qt, QTimer, Signal

from widgets.pane import Pane
from workstation.readmodels.request import Request, View, Views
from workstation.readmodels.session.status import StatusView

PATIENCE_MS = 8.0  # half a frame at 60 Hz; the other half is for painting
SIDE_FRAMES = 3  # side requests are answered 20 times a second at most


class ViewSource(Views, Protocol):
    """Supplies the panes' views: the session behind the window."""

    def mark_displayed(self, requests: Collection[Request[View]], /) -> None:
        """Called once a frame with the requests of the panes on screen."""

    def status(self) -> StatusView:
        """The current state of the session."""


class FrameTimer(QObject):
    """Drives panes at `hz`. `frame_ms` holds how long the last frames took on this thread, painting excluded.

    Panes with a lower rate are spread over the frames. After `PATIENCE_MS` the remaining panes wait for the next frame,
    where they come first: the window stays responsive while every pane has a day of trades to count.
    """

    ticked = Signal(object)

    def __init__(self, source: ViewSource, panes: Callable[[], Iterable[Pane]], hz: int = 60) -> None:
        super().__init__()
        self._source = source
        self._panes = panes
        self._drawn: dict[Pane, tuple[Request[View], int, int]] = {}
        self._turns: dict[Pane, int] = {}
        self._drawn_sides: dict[Pane, dict[Request[View], tuple[Request[View], int, int]]] = {}
        self._waiting: list[Pane] = []
        self._displayed: list[Request[View]] = []
        self._frame = 0
        self.frame_ms: deque[float] = deque(maxlen=240)
        self._timer = QTimer(self)
        self._timer.setTimerType(Qt.TimerType.PreciseTimer)
        self.set_rate(hz)
        self._timer.timeout.connect(lambda: self.tick(PATIENCE_MS))

    def set_rate(self, hz: int) -> None:
        """Tick this often a second from now on."""
        self._timer.setInterval(round(1000 / hz))

    def start(self) -> None:
        self._timer.start()

    def stop(self) -> None:
        """Stop ticking; panes keep what they show."""
        self._timer.stop()

    def tick(self, patience_ms: float = math.inf) -> None:
        """Run one frame: refresh at least one pane, and no more after `patience_ms`."""
        began = time.perf_counter()
        self._frame += 1
        status = self._source.status()
        panes = [pane for pane in self._panes() if pane.isVisible()]
        cleared = [pane for pane in panes if self._forget_before(pane, status.epoch)]
        panes = [
            *(pane for pane in self._waiting if pane in panes),
            *(one for one in panes if one not in self._waiting),
        ]
        if cleared:
            panes.sort(key=lambda pane: not pane.fills_width)  # after a seek the charts are never seen empty
        while panes:
            pane = panes.pop(0)
            self._refresh(pane, status.epoch)
            self._refresh_sides(pane, status.epoch)
            if (time.perf_counter() - began) * 1e3 > patience_ms:
                break
        self._waiting = panes
        self._source.mark_displayed(self._displayed)
        self._displayed.clear()
        self.ticked.emit(status)
        self.frame_ms.append((time.perf_counter() - began) * 1e3)

    def _forget_before(self, pane: Pane, epoch: int) -> bool:
        """Clear a pane that shows a view of another session."""
        drawn = self._drawn.get(pane)
        if drawn is not None and drawn[2] != epoch:
            pane.clear()
            del self._drawn[pane]
            return True
        return False

    def _refresh(self, pane: Pane, epoch: int) -> None:
        request = pane.request()
        if request is None:
            return
        self._displayed.append(request)
        drawn, has_turn = self._drawn.get(pane), self._has_turn(pane, pane.every_frames)
        if drawn is not None and drawn[0] == request and not has_turn:
            return
        key = (request, self._source.revision(request), epoch)
        if drawn != key:
            self._drawn[pane] = key
            pane.refresh(self._source.view(request))

    def _refresh_sides(self, pane: Pane, epoch: int) -> None:
        requests = pane.side_requests()
        self._displayed.extend(requests)
        if not requests and pane not in self._drawn_sides:
            return
        before, has_turn = self._drawn_sides.get(pane, {}), self._has_turn(pane, max(pane.every_frames, SIDE_FRAMES))
        drawn = self._drawn_sides[pane] = {}
        for request in requests:
            key = before.get(request)
            if has_turn or key is None or key[2] != epoch:
                key = (request, self._source.revision(request), epoch)
            drawn[request] = key
            if key != before.get(request):
                pane.refresh(self._source.view(request))

    def _has_turn(self, pane: Pane, every_frames: int) -> bool:
        """Whether a pane is due in this frame or waited; panes of the same rate are spread over different frames."""
        turn = self._turns.setdefault(pane, len(self._turns) - self._frame)
        return pane in self._waiting or (self._frame + turn) % every_frames == 0
