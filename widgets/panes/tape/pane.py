"""Time and sales: trades of all markets of a base, newest first, with a speed meter."""

from PySide6.QtCore import QRectF, Qt
from PySide6.QtGui import QGuiApplication, QKeyEvent, QKeySequence, QPainter
from PySide6.QtWidgets import QSizePolicy, QWidget

from widgets.elements.captions import Choice
from widgets.elements.labels import Align, Labels
from widgets.elements.layouts import column_of, line_of
from widgets.elements.venue_menu import VenueButton
from widgets.items.paint_guard import paints
from widgets.pane import Pane, Table
from widgets.panes.tape.canvas import TapeCanvas
from widgets.panes.tape.rows import SIZE_CLASSES, Speed, classes_for, rows_as_table, tape_speed
from widgets.theme import format as fmt
from widgets.theme.theme import CELL, theme
from workstation.readmodels.flow.tape import TapeRequest, TapeView
from workstation.readmodels.markets import MarketFilter, MarketState
from workstation.readmodels.request import View
from workstation.readmodels.session.status import StatusView

MINIMA = (
    ("all sizes", 0.0),
    ("from 1k", 1e3),
    ("from 10k", 1e4),
    ("from 50k", 5e4),
    ("from 100k", 1e5),
    ("from 250k", 2.5e5),
    ("from 1m", 1e6),
)
SIDES: tuple[tuple[str, int], ...] = (("buy + sell", 0), ("buys", 1), ("sells", -1))
KINDS: tuple[tuple[str, bool | None], ...] = (("perp + spot", None), ("perp", True), ("spot", False))


class TapePane(Pane):
    """The trades and their filters. Scrolling down pauses; a click on the banner, a middle click or Esc resumes."""

    title = "Tape"
    keeps_width = True
    help = (
        "Every trade of the chosen markets, newest first, with the venue's time and the aggressor's side; trades of "
        "one market, side and millisecond in a run are one print at their average price. Larger trades are filled and "
        "bold: from 100k, 250k, 1m and 10m USD, or, for a coin whose usual big trade (99.5th percentile) is below 25k, "
        "from 1, 2.5, 10 and 100 times that. A filled price made or equalled the market's high or low of the UTC day "
        "so far. An L instead of the arrow: the venue reported a liquidation of that market and side within 5 ms. The "
        "meter shows prints per second of all sizes and both sides over 15 s, and their ratio to the mean of the half "
        "hour before; from 1.5 times on it reads fast. The bar is the buyers' share of the notional."
    )
    every_frames = 3
    keys = (
        ("wheel", "scroll; scrolling down pauses"),
        ("Esc, middle click", "resume"),
        ("Ctrl+C", "copy the visible trades"),
    )

    def __init__(self, base: str = "") -> None:
        super().__init__()
        self._base = base
        self._now_ns: int | None = None
        self.canvas, self.meter = TapeCanvas(), SpeedMeter()
        self.minimum, self.kinds, self.sides, self.sizes = Choice(), Choice(), Choice(), Choice()
        self.venues = VenueButton()
        for label, usd in MINIMA:
            self.minimum.addItem(label, usd)
        for label, perp in KINDS:
            self.kinds.addItem(label, perp)
        for label, side in SIDES:
            self.sides.addItem(label, side)
        for label in ("sizes auto", "sizes 100k"):
            self.sizes.addItem(label)
        self.sides.setToolTip("Side of the aggressor")
        self.minimum.setToolTip("Smallest trade shown, USD notional")
        self.kinds.setToolTip("Perpetual or spot markets")
        self.minimum.currentIndexChanged.connect(self.clear)
        self.kinds.currentIndexChanged.connect(self.clear)
        self.sides.currentIndexChanged.connect(self.clear)
        self.venues.ticks.changed.connect(self.clear)
        self.sizes.currentIndexChanged.connect(self._classify)
        self.setFocusPolicy(Qt.FocusPolicy.ClickFocus)
        self._lay_out()

    def _lay_out(self) -> None:
        top = line_of(self.minimum, self.sides, self.kinds, self.venues, margins=(CELL, CELL, CELL, 2), spacing=2)
        top.addStretch(1)
        below = line_of(self.sizes, margins=(CELL, 0, CELL, 2))
        below.addWidget(self.meter, 1)
        column_of(top, below, filling=self.canvas, within=self)

    def request(self) -> TapeRequest | None:
        if not self._base:
            return None
        perp = KINDS[self.kinds.currentIndex()][1]
        wanted = MarketFilter(perp, self.venues.ticks.chosen)
        minimum, side = float(self.minimum.currentData()), int(self.sides.currentData())
        return TapeRequest(self._base, wanted, minimum, side=side, detail=True)

    def refresh(self, view: View) -> None:
        if isinstance(view, TapeView) and view.request == self.request():
            self.venues.ticks.set_venues({market.venue for market in view.markets})
            self.canvas.show_view(view)
            self._classify()
            self._measure()

    def clear(self) -> None:
        self.canvas.show_view(None)
        self.meter.show_speed(None)

    def set_base(self, base: str) -> None:
        if base != self._base:
            self._base = base
            self.clear()

    def show_status(self, status: StatusView) -> None:
        """Advance the speed meter's clock: without new trades the speed falls."""
        now_ns = status.now_ns
        if self._now_ns is None or abs(now_ns - self._now_ns) >= 500_000_000:
            self._now_ns = now_ns
            self._measure()

    def shown_markets(self) -> tuple[MarketState, ...]:
        view, asked = self.canvas.view, self.request()
        if view is None or asked is None:
            return ()
        return tuple(market for market in view.markets if asked.markets.accepts(market.venue, market.kind))

    def as_table(self) -> Table | None:
        view = self.canvas.held or self.canvas.view
        return rows_as_table(view) if view is not None and len(view.price) else None

    def copy_rows(self) -> None:
        """Copy the visible trades for a spreadsheet."""
        view = self.canvas.held or self.canvas.view
        if view is not None and len(view.price):
            rows = rows_as_table(view, self.canvas.offset, self.canvas.visible_rows())
            QGuiApplication.clipboard().setText(rows.text())

    def state(self) -> dict[str, object]:
        return {name: choice.currentText() for name, choice in self._choices().items()}

    def restore(self, state: dict[str, object]) -> None:
        for name, choice in self._choices().items():
            at = choice.findText(str(state.get(name, "")))
            if at >= 0:
                choice.setCurrentIndex(at)

    def _choices(self) -> dict[str, Choice]:
        return {"minimum": self.minimum, "kinds": self.kinds, "side": self.sides, "sizes": self.sizes}

    def _classify(self) -> None:
        """Use the size classes of the coin, or the fixed ones."""
        view, automatic = self.canvas.view, self.sizes.currentIndex() == 0
        classes = classes_for(view.usual_big_usd) if automatic and view is not None else SIZE_CLASSES
        if classes != self.canvas.classes:
            self.canvas.classes = classes
            self.canvas.update()
        steps = ", ".join(fmt.size(step) for step in classes)
        self.sizes.setToolTip(f"Trades stand out from {steps} USD: auto uses the coin's usual big trade")

    def cancel(self) -> None:
        self.canvas.resume()

    def keyPressEvent(self, event: QKeyEvent) -> None:
        if event.key() == Qt.Key.Key_Escape and self.canvas.held is not None:
            self.cancel()
        elif event.matches(QKeySequence.StandardKey.Copy):
            self.copy_rows()
        else:
            super().keyPressEvent(event)

    def _measure(self) -> None:
        if self.canvas.view is not None:
            self.meter.show_speed(tape_speed(self.canvas.view, self._now_ns))


class SpeedMeter(QWidget):
    """Trades per second, over a bar that splits their notional into buyers and sellers."""

    def __init__(self) -> None:
        super().__init__()
        self.speed: Speed | None = None
        self._labels, self._small = Labels(theme().font(bold=True)), Labels(theme().font(small=True))
        self.setMinimumWidth(80)
        self.setFixedHeight(20)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
        self.setToolTip(
            "Trades per second over 15 s, their ratio to the mean of the half hour before, "
            "and the buyers' share of the notional"
        )

    def show_speed(self, speed: Speed | None) -> None:
        if speed != self.speed:
            self.speed = speed
            self.update()

    def text(self) -> str:
        """The speed, and its ratio to the usual one if that is known."""
        if self.speed is None:
            return ""
        times = self.speed.times_mean
        ratio = "" if times is None else f"  {times:.1f}x usual"
        return f"{'fast ' if self.speed.fast else ''}{self.speed.per_second:.1f} trades/s{ratio}"

    @paints
    def paintEvent(self, painter: QPainter) -> None:
        if self.speed is None:
            return
        look, share = theme(), self.speed.buy_share
        if share is not None:
            split = round(self.width() * share)
            painter.fillRect(QRectF(0, self.height() - 4, split, 4), look.brush("buy"))
            painter.fillRect(QRectF(split, self.height() - 4, self.width() - split, 4), look.brush("sell"))
        painter.setPen(look.pen("gap" if self.speed.fast else "text"))
        self._labels.draw(painter, self.text(), 0, 0, self.width(), 15, Align.LEFT)
        painter.setPen(look.pen("muted"))
        if share is not None:
            text, room = f"buy {share * 100:.0f}%", self.width() - self._labels.width(self.text()) - 8
            if self._small.width(text) <= room:
                self._small.draw(painter, text, self.width() - room, 0, room, 15)


PANE = TapePane
