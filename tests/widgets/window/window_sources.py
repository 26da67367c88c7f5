"""What windows in tests are shown."""

from __future__ import annotations

from collections.abc import Collection

from PySide6.QtWidgets import QApplication

from tests.widgets import synthetic
from tests.widgets.market_views import ladder_view, live_status, tape_view
from tests.widgets.pressure_views import pressure_view
from widgets.window.main_window import MainWindow
from workstation.analytics.engine import Engine
from workstation.readmodels.flow.cvd import CvdRequest
from workstation.readmodels.flow.footprint import FootprintRequest
from workstation.readmodels.flow.ladder import LadderRequest
from workstation.readmodels.flow.tape import TapeRequest
from workstation.readmodels.request import Request, View
from workstation.readmodels.session.alerts import AlertsRequest, AlertsView
from workstation.readmodels.session.library import LibraryRequest, LibraryView
from workstation.readmodels.session.status import StatusView
from workstation.readmodels.universe.paper import PaperRequest, PaperView
from workstation.readmodels.universe.pressure import PressureRequest
from workstation.readmodels.universe.universe import UniverseRequest

_UNPROVIDED: dict[type, View] = {
    LibraryRequest: LibraryView(LibraryRequest(), 0, ()),
    AlertsRequest: AlertsView(AlertsRequest(), 0),
    PaperRequest: PaperView(PaperRequest(), 0, "live"),
}
"""Views that no engine provides, empty."""


class Source:
    def __init__(self) -> None:
        self.current = live_status()
        self.field = Engine().view(UniverseRequest())

    def mark_displayed(self, requests: Collection[Request[View]]) -> None:
        """Nothing is subscribed."""

    def revision(self, request: Request[View]) -> int:
        return 1

    def view(self, request: Request[View]) -> View:
        if isinstance(request, LadderRequest):
            return ladder_view(request)
        if isinstance(request, UniverseRequest):
            return self.field
        if isinstance(request, TapeRequest):
            return tape_view(request, count=request.count)
        if type(request) in _UNPROVIDED:
            return _UNPROVIDED[type(request)]
        return Engine().view(request)  # nothing known yet

    def status(self) -> StatusView:
        return self.current


class FullSource(Source):
    """Answers charts too."""

    def view(self, request: Request[View]) -> View:
        if isinstance(request, FootprintRequest):
            return synthetic.footprint(synthetic.walk(count=20), request)
        if isinstance(request, CvdRequest):
            return synthetic.cvd(20, request=request)
        if isinstance(request, PressureRequest):
            return pressure_view(request=request)
        return super().view(request)


def settle(window: MainWindow) -> None:
    for _ in range(3):
        window.frame_timer.tick()
        QApplication.processEvents()
