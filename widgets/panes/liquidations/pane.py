"""The liquidations pane: liquidations by side, with sums, the venues' coverage and the cascade indicator."""

from PySide6.QtCore import Qt
from PySide6.QtGui import QKeyEvent
from PySide6.QtWidgets import QToolButton

from feeds.model.instrument import Venue
from feeds.venues.registry import PROFILES, VENUES
from widgets.elements.captions import Choice
from widgets.elements.layouts import column_of, line_of
from widgets.pane import Pane, Table
from widgets.panes.liquidations.canvas import LiquidationsCanvas
from widgets.panes.liquidations.summary import CascadeLine, MinuteBars, Totals, VenueStrip
from widgets.theme.theme import CELL
from workstation.readmodels.markets import MarketFilter, MarketState
from workstation.readmodels.positions.liquidations import LiquidationsRequest, LiquidationsView, Position
from workstation.readmodels.request import View

MINIMA = (
    ("all sizes", 0.0),
    ("from 1k", 1e3),
    ("from 10k", 1e4),
    ("from 50k", 5e4),
    ("from 100k", 1e5),
    ("from 200k", 2e5),
    ("from 1m", 1e6),
)
SIDES: tuple[tuple[str, Position | None], ...] = (
    ("both sides", None),
    ("longs", Position.LONG),
    ("shorts", Position.SHORT),
)

_BANKRUPTCY = [profile.label for profile in PROFILES.values() if not profile.liquidations.price_is_fill]


class LiquidationsPane(Pane):
    """Scrolling down pauses the list; a click on the banner, a middle click or Esc resumes."""

    title = "Liquidations"
    help = (
        "Liquidations as the venues publish them. The side is that of the closed position: a liquidated long is sold "
        "(purple, pointing down), a liquidated short is bought (orange, pointing up). Rows are highlighted from 50k, "
        "100k, 200k and 1m USD. An ochre time was published more than a minute late. Badges show what a venue "
        "publishes: all, sampled (some are left out, so sums are lower bounds, marked ≥), an hour late, or no feed; "
        "click a badge to leave the venue out of list and sums. Sums are by venue time; under each is how much of its "
        "span is known. The rate is the amount liquidated in the last 60 s, compared with the median over the minutes "
        "of the last 24 h that had any liquidation (at least 10 such minutes). From 3 times the median it is elevated, "
        f"from 10 times a cascade. Prices from {', '.join(_BANKRUPTCY)} are bankruptcy prices, not fill prices."
    )
    every_frames = 6
    keys = (("wheel", "scroll; away from the top it pauses"), ("Esc, middle click", "resume"))

    def __init__(self, base: str = "") -> None:
        super().__init__()
        self._base = base
        self._left_out: frozenset[Venue] = frozenset()
        self.canvas, self.bars, self.totals = LiquidationsCanvas(), MinuteBars(), Totals()
        self.venues, self.cascade = VenueStrip(), CascadeLine()
        self.minimum, self.side, self.everything = Choice(), Choice(), QToolButton()
        for label, usd in MINIMA:
            self.minimum.addItem(label, usd)
        for label, _ in SIDES:
            self.side.addItem(label)
        self.minimum.setToolTip("Smallest liquidation listed, USD; the sums count all")
        self.side.setToolTip("Side of the liquidated positions that are listed; the sums count both")
        self.everything.setText("all coins")
        self.everything.setCheckable(True)
        self.everything.setToolTip("Liquidations of all coins that the venues publish, not only of this one")
        self.minimum.currentIndexChanged.connect(self.clear)
        self.side.currentIndexChanged.connect(self.clear)
        self.everything.toggled.connect(self.clear)
        self.venues.toggled.connect(self._toggle)
        self.setFocusPolicy(Qt.FocusPolicy.ClickFocus)
        self._lay_out()

    def _lay_out(self) -> None:
        top = line_of(self.minimum, self.side, self.everything, margins=(CELL, CELL, CELL, 2))
        top.addStretch(1)
        column_of(top, self.venues, self.cascade, self.totals, self.bars, filling=self.canvas, within=self)

    def request(self) -> LiquidationsRequest | None:
        """The request with the chosen filters; None without a base unless all coins are shown."""
        whole = self.everything.isChecked()
        if not self._base and not whole:
            return None
        wanted = frozenset(VENUES) - self._left_out if self._left_out else None
        position = SIDES[self.side.currentIndex()][1]
        minimum = float(self.minimum.currentData())
        return LiquidationsRequest("" if whole else self._base, MarketFilter(venues=wanted), position, minimum)

    def refresh(self, view: View) -> None:
        if isinstance(view, LiquidationsView) and view.request == self.request():
            self._show(view)

    def clear(self) -> None:
        self._show(None)

    def _show(self, view: LiquidationsView | None) -> None:
        self.canvas.show_view(view)
        self.bars.show_view(view)
        self.totals.show_view(view)
        self.cascade.show_cascade(view.cascade if view is not None else None)
        if view is not None:
            self.venues.show_sources(view.sources, view.request.markets.venues)

    def set_base(self, base: str) -> None:
        if base != self._base:
            self._base = base
            if not self.everything.isChecked():
                self.clear()

    def cancel(self) -> None:
        self.canvas.resume()

    def state(self) -> dict[str, object]:
        return {
            "minimum": float(self.minimum.currentData()),
            "side": self.side.currentIndex(),
            "whole_market": self.everything.isChecked(),
            "left_out": sorted(self._left_out),
        }

    def restore(self, state: dict[str, object]) -> None:
        self.minimum.setCurrentIndex(max(self.minimum.findData(state.get("minimum")), 0))
        side, left_out = state.get("side"), state.get("left_out")
        if isinstance(side, int) and 0 <= side < len(SIDES):
            self.side.setCurrentIndex(side)
        if isinstance(left_out, list):
            self._left_out = frozenset(venue for venue in VENUES if venue in left_out)
        self.everything.setChecked(state.get("whole_market") is True)

    def shown_markets(self) -> tuple[MarketState, ...]:
        return self.canvas.view.markets if self.canvas.view is not None else ()

    def as_table(self) -> Table | None:
        view = self.canvas.held or self.canvas.view
        if view is None:
            return None
        header = ("ts_venue_ns", "base", "venue", "kind", "symbol", "position", "price", "size", "notional_usd")
        listed = [view.listed[at] for at in view.market.tolist()]
        names = [(one.base, one.venue, one.kind.value, one.symbol) for one in listed]
        sides = ["long" if position > 0 else "short" for position in view.position.tolist()]
        numbers = zip(view.price.tolist(), view.size.tolist(), view.notional.tolist(), strict=True)
        rows = zip(view.ts_venue_ns.tolist(), names, sides, numbers, strict=True)
        return Table(header, tuple((ts, *name, side, *values) for ts, name, side, values in rows))

    def keyPressEvent(self, event: QKeyEvent) -> None:
        if event.key() == Qt.Key.Key_Escape and self.canvas.held is not None:
            self.cancel()
        else:
            super().keyPressEvent(event)

    def _toggle(self, venue: Venue) -> None:
        """Leave a venue out or include it again; the last one cannot be left out."""
        left_out = self._left_out ^ {venue}
        if any(source.venue not in left_out for source in self.venues.sources):
            self._left_out = left_out
            self.clear()


PANE = LiquidationsPane
