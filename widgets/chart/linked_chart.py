"""A chart of lines over time that shares its crosshair and its visible range with other panes."""

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QVBoxLayout, QWidget

from widgets.chart.chart import TimeChart
from widgets.chart.shared_crosshair import SharedCrosshair
from widgets.chart.shared_range import Notice, SharedRange
from widgets.items.scale import SlotGrid
from workstation.readmodels.arrays import Ints, no_ints

PITCH_PX = 8.0


class LinkedChart(QWidget):
    """`crosshair_moved` carries ns or None, `range_moved` two ns, both after changes made here only.

    `pointed` follows any change of the crosshair. Once a range was asked for, it stays visible instead of the latest
    bar.
    """

    crosshair_moved = Signal(object)
    range_moved = Signal(object, object)
    pointed = Signal()

    def __init__(self) -> None:
        super().__init__()
        self._shown: tuple[int, int] | None = None  # bar length and first bar
        self.slots: Ints = no_ints()
        self.chart = TimeChart(PITCH_PX, keeps_pitch=False, pitches=(0.125, 480.0))
        self.crosshair = SharedCrosshair(self.chart)
        self.overlay = self.crosshair.overlay
        self.range, self.notice = SharedRange(self.chart), Notice(self.chart)
        self.chart.add(self.overlay)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.addWidget(self.chart)
        self.setFocusProxy(self.chart)
        self.range.moved.connect(self.range_moved)
        self.crosshair.moved.connect(self.crosshair_moved)
        self.crosshair.pointed.connect(self.pointed)
        self.chart.box.sigResized.connect(lambda _: self.chart.fit_values())

    def show_bars(self, starts: Ints, bar_ns: int) -> bool:
        """Put these bars on the axis. Returns True if the bar length changed, so that the axis starts over."""
        fresh = len(starts) > 0 and (self._shown is None or self._shown[0] != bar_ns)
        if fresh:
            self.range.begin(SlotGrid.at(bar_ns, int(starts[0])))
            self._shown = bar_ns, int(starts[0])
        self.slots = starts // bar_ns - self.chart.grid.origin if len(starts) else no_ints()
        return fresh

    def move_to_latest(self, fresh: bool) -> None:
        """Follow the newest bar. Call after the drawn items have their values, which the scale is fitted to."""
        if len(self.slots):
            self.range.move_to(float(self.slots[-1]), fresh=fresh)

    def forget(self) -> None:
        self._shown, self.slots = None, no_ints()
        self.crosshair.clear()

    def show_crosshair(self, ts_ns: int | None) -> None:
        """Mark the bar of this moment; None takes the mark away. Does not emit."""
        self.crosshair.show(ts_ns)

    def index(self) -> int | None:
        """The bar under the crosshair, or the newest; None where there is none."""
        slot = self.overlay.slot
        if slot is None:
            return len(self.slots) - 1 if len(self.slots) else None
        at = int(self.slots.searchsorted(slot // 1))
        return at if at < len(self.slots) and self.slots[at] == slot // 1 else None
