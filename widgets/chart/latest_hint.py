"""A button on a chart that does not follow the latest bar: shows how far away that bar is and goes there."""

import math

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QPushButton

from widgets.chart.chart import TimeChart
from widgets.theme.theme import theme

_EDGE_PX = 6  # from the corner of the plot


class LatestHint(QPushButton):
    """A quiet button in the lower right corner of the plot; a click follows the newest bar again, as L does."""

    def __init__(self, chart: TimeChart) -> None:
        super().__init__(chart)
        self._chart = chart
        look = theme()
        self.setFont(look.font(small=True))
        self.setFocusPolicy(Qt.FocusPolicy.TabFocus)  # a click leaves the keys to the chart
        self.setCursor(Qt.CursorShape.PointingHandCursor)
        self.setToolTip("Follow the latest bar (L)")
        ink, ground, edge = (look.color(role).name() for role in ("muted", "pane", "hairline"))
        self.setStyleSheet(
            f"QPushButton {{ color: {ink}; background: {ground}; border: 1px solid {edge}; padding: 1px 6px; }}"
            f" QPushButton:hover {{ color: {look.color('text').name()}; }}"
        )
        self.hide()
        self.clicked.connect(chart.follow)
        chart.follow_changed.connect(self._show_distance)
        chart.range_changed.connect(self._show_distance)
        chart.box.sigResized.connect(self._place)

    def _show_distance(self) -> None:
        latest = self._chart.latest
        away = latest is not None and not self._chart.following
        if away:
            text = _distance_text(latest or 0.0, self._chart.visible[1])
            if text != self.text():
                self.setText(text)
                self.adjustSize()
            self._place()
        if away != (not self.isHidden()):
            self.setVisible(away)

    def _place(self, *_: object) -> None:
        corner = self._chart.box.sceneBoundingRect().toRect().bottomRight()
        self.move(corner.x() - self.width() - _EDGE_PX, corner.y() - self.height() - _EDGE_PX)


def _distance_text(latest: float, right: float) -> str:
    """How many bars the newest one is to the right of the last visible one."""
    beyond = math.floor(latest) - (math.ceil(right) - 1)
    if beyond < 1:
        return "not following \N{MIDDLE DOT} L"
    return f"latest {beyond} {'bar' if beyond == 1 else 'bars'} on \N{MIDDLE DOT} L"
