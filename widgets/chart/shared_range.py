"""The visible range that a chart shares with its link group, and the notice on an empty chart."""

from PySide6.QtCore import QObject, Qt, Signal
from PySide6.QtWidgets import QLabel

from widgets.chart.chart import TimeChart
from widgets.items.scale import SlotGrid
from widgets.theme.theme import theme


class SharedRange(QObject):
    """Once another pane has asked for a range, the chart shows it instead of the latest bar until `release`.

    `moved` carries two ns, after changes made in this chart only.
    """

    moved = Signal(object, object)

    def __init__(self, chart: TimeChart) -> None:
        super().__init__(chart)
        self._chart = chart
        self._wanted: tuple[int, int] | None = None
        self._quiet = False
        chart.range_changed.connect(self._on_range)

    @property
    def is_led(self) -> bool:
        """Whether another pane has asked for a range."""
        return self._wanted is not None

    @property
    def follows_latest(self) -> bool:
        """Whether the chart moves by itself with the newest bar."""
        return self._chart.following

    def begin(self, grid: SlotGrid) -> None:
        """Put other bars on the axis."""
        self._chart.set_grid(grid)
        self._chart.following = self._wanted is None

    def move_to(self, latest: float, *, fresh: bool) -> None:
        """Follow the newest bar; `fresh` after `begin`. Call after the drawn items have their values."""
        self._quiet = self._wanted is not None
        self._chart.set_latest(latest)
        if fresh:
            self.show_again()
            self._chart.auto_scale()
        self._quiet = False

    def show(self, start_ns: int, end_ns: int) -> None:
        """Show this span from now on. Does not emit `moved`."""
        self._wanted = start_ns, end_ns
        self._chart.following = False
        self.show_again()

    def show_again(self) -> None:
        """Show the span that was asked for, on the current grid."""
        if self._wanted is None or self._chart.latest is None:
            return
        before, self._quiet = self._quiet, True
        grid = self._chart.grid
        self._chart.set_visible(*(grid.slot(ts_ns) for ts_ns in self._wanted))
        self._quiet = before

    def release(self) -> None:
        """Follow the latest bar again, as a new chart does. Does not emit `moved`."""
        if self._wanted is not None:
            self._wanted, self._quiet = None, True
            self._chart.reset()
            self._quiet = False

    def publish(self) -> None:
        """Emit the visible range, unless there are no bars."""
        if self._chart.latest is not None:
            left, right = self._chart.visible
            grid = self._chart.grid
            self.moved.emit(grid.ts_ns(left), grid.ts_ns(right))

    def _on_range(self) -> None:
        if self._quiet:
            return
        if self._wanted is not None:
            left, right = self._chart.visible
            grid = self._chart.grid
            self._wanted = grid.ts_ns(left), grid.ts_ns(right)
        self.publish()


class Notice(QLabel):
    """Why a chart is empty, in its middle. The mouse goes through it."""

    def __init__(self, chart: TimeChart) -> None:
        super().__init__(chart)
        self._chart = chart
        self.setAttribute(Qt.WidgetAttribute.WA_TransparentForMouseEvents)
        self.setAlignment(Qt.AlignmentFlag.AlignCenter)
        self.setWordWrap(True)
        self.setStyleSheet(f"color: {theme().color('muted').name()}")
        chart.box.sigResized.connect(self._place)

    def show_text(self, text: str) -> None:
        """Show a reason; an empty text hides the notice."""
        if text != self.text():
            self.setText(text)
        self.setVisible(bool(text))
        self._place()

    def _place(self, *_: object) -> None:
        self.setGeometry(self._chart.box.sceneBoundingRect().toRect().adjusted(8, 0, -8, 0))
