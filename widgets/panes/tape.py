"""Time and sales: prints of all markets of a base, newest first, with a speed meter."""

from __future__ import annotations

from PySide6.QtCore import QRectF, Qt
from PySide6.QtGui import QKeyEvent, QPainter
from PySide6.QtWidgets import QHBoxLayout, QSizePolicy, QVBoxLayout, QWidget

from widgets.captions import Choice
from widgets.labels import Align, Labels
from widgets.paint_guard import paints
from widgets.pane import Pane
from widgets.panes.tape_canvas import TapeCanvas
from widgets.panes.tape_rows import SPEED_NS, Speed, tape_speed
from widgets.theme import CELL, theme
from workstation.readmodels import MarketFilter, TapeRequest, TapeView, View

MINIMA = (
    ("all sizes", 0.0),
    ("from 1k", 1e3),
    ("from 10k", 1e4),
    ("from 50k", 5e4),
    ("from 100k", 1e5),
    ("from 250k", 2.5e5),
    ("from 1m", 1e6),
)
KINDS: tuple[tuple[str, bool | None], ...] = (("perp + spot", None), ("perp", True), ("spot", False))


class TapePane(Pane):
    """Scrolling down pauses; a click on the banner, a middle click or Esc resumes."""

    title = "Tape"
    every_frames = 3
    keys = (("wheel", "scroll; away from the top it pauses"), ("Esc, middle click", "resume"))

    def __init__(self, base: str = "") -> None:
        super().__init__()
        self._base = base
        self._now_ns: int | None = None
        self.canvas, self.meter = TapeCanvas(), SpeedMeter()
        self.minimum, self.kinds = Choice(), Choice()
        for label, usd in MINIMA:
            self.minimum.addItem(label, usd)
        for label, perp in KINDS:
            self.kinds.addItem(label, perp)
        self.minimum.setToolTip("Smallest print shown, USD notional")
        self.kinds.setToolTip("Which markets are shown")
        self.minimum.currentIndexChanged.connect(self._choose)
        self.kinds.currentIndexChanged.connect(self._choose)
        self.setFocusPolicy(Qt.FocusPolicy.ClickFocus)
        self._lay_out()

    def _lay_out(self) -> None:
        top = QHBoxLayout()
        top.setContentsMargins(CELL, CELL, CELL, CELL)
        top.setSpacing(CELL)
        top.addWidget(self.minimum)
        top.addWidget(self.kinds)
        top.addWidget(self.meter, 1)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(0)
        column.addLayout(top)
        column.addWidget(self.canvas, 1)

    def request(self) -> TapeRequest | None:
        """The prints of the base that pass the filters; None without a base."""
        if not self._base:
            return None
        perp = KINDS[self.kinds.currentIndex()][1]
        return TapeRequest(self._base, MarketFilter(perp=perp), float(self.minimum.currentData()))

    def refresh(self, view: View) -> None:
        """Show a tape view."""
        if isinstance(view, TapeView) and view.request == self.request():
            self.canvas.show_view(view)
            self._measure()

    def clear(self) -> None:
        """Forget all prints; a paused list resumes."""
        self.canvas.show_view(None)
        self.meter.show_speed(None)

    def set_base(self, base: str) -> None:
        """Show the prints of another base."""
        if base != self._base:
            self._base = base
            self._choose()

    def set_now(self, now_ns: int) -> None:
        """Move the speed meter's clock: without prints the tape slows down too."""
        if self._now_ns is None or abs(now_ns - self._now_ns) >= 500_000_000:
            self._now_ns = now_ns
            self._measure()

    def resume(self) -> None:
        """Leave the pause."""
        self.canvas.resume()

    def keyPressEvent(self, event: QKeyEvent) -> None:
        if event.key() == Qt.Key.Key_Escape and self.canvas.held is not None:
            self.resume()
        else:
            super().keyPressEvent(event)

    def _measure(self) -> None:
        if self.canvas.view is not None:
            self.meter.show_speed(tape_speed(self.canvas.view, self._now_ns))

    def _choose(self) -> None:
        self.clear()
        self.request_changed.emit()


class SpeedMeter(QWidget):
    """Prints a second, over a bar that splits their notional into buyers and sellers."""

    def __init__(self) -> None:
        super().__init__()
        self.speed: Speed | None = None
        self._labels, self._small = Labels(theme().font(bold=True)), Labels(theme().font(small=True))
        self.setMinimumWidth(80)
        self.setFixedHeight(20)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
        self.setToolTip("Prints a second over the last 15 s of the list, and the buyers' share of their notional")

    def show_speed(self, speed: Speed | None) -> None:
        """Show a speed, or nothing."""
        if speed != self.speed:
            self.speed = speed
            self.update()

    def text(self) -> str:
        """The speed in words; a span shorter than 15 s is named."""
        if self.speed is None:
            return ""
        over = "" if self.speed.span_ns == SPEED_NS else f" over {self.speed.span_ns / 1e9:.1f}s"
        return f"{self.speed.per_second:.1f}/s{over}"

    @paints
    def paintEvent(self, painter: QPainter) -> None:
        if self.speed is None:
            return
        look, share = theme(), self.speed.buy_share
        if share is not None:
            split = round(self.width() * share)
            painter.fillRect(QRectF(0, self.height() - 4, split, 4), look.brush("buy"))
            painter.fillRect(QRectF(split, self.height() - 4, self.width() - split, 4), look.brush("sell"))
        painter.setPen(look.pen("text"))
        self._labels.draw(painter, self.text(), 0, 0, self.width(), 15, Align.LEFT)
        painter.setPen(look.pen("muted"))
        if share is not None:
            words, room = f"buy {share * 100:.0f}%", self.width() - self._labels.width(self.text()) - 8
            if self._small.width(words) <= room:
                self._small.draw(painter, words, self.width() - room, 0, room, 15)
