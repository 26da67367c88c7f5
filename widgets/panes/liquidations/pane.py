"""Liquidations: forced orders by the side of the position they ended, with sums, coverage and the cascade."""

from __future__ import annotations

from PySide6.QtCore import Qt
from PySide6.QtGui import QKeyEvent
from PySide6.QtWidgets import QHBoxLayout, QToolButton, QVBoxLayout

from feeds.model.instrument import Venue
from feeds.venues.registry import PROFILES, VENUES
from widgets.elements.captions import Choice
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
    """Scrolling down pauses; a click on the banner, a middle click or Esc resumes."""

    title = "Liquidations"
    help = (
        "Forced orders as the venues tell them. The side is that of the position which was ended: a forced sale ends "
        "a long (purple, pointing down), a forced purchase a short (orange, pointing up). Rows stand out from 50k, "
        "100k, 200k and 1m USD. A time in the colour of gaps was told more than a minute late. Badges say what a "
        "venue tells: all, sampled (some are left out, so sums are floors and carry a ≥), an hour late, or no feed; "
        "a click leaves a venue out of list and sums. Sums are by venue time and say how much of their span is known. "
        "The rate is what was liquidated in the last 60 s; the baseline is the median over the minutes of the last "
        "24 h in which anything was, of which there have to be 10. From 3 times the median on it is elevated, from "
        f"10 times on a cascade. Bankruptcy prices ({', '.join(_BANKRUPTCY)}) are not the prices of fills."
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
        for words, _ in SIDES:
            self.side.addItem(words)
        self.minimum.setToolTip("Smallest order listed, USD notional; the sums count all")
        self.side.setToolTip("Which ended positions are listed; the sums count both")
        self.everything.setText("whole market")
        self.everything.setCheckable(True)
        self.everything.setToolTip("Every symbol that the venues tell of, not only this base")
        self.minimum.currentIndexChanged.connect(self.clear)
        self.side.currentIndexChanged.connect(self.clear)
        self.everything.toggled.connect(self.clear)
        self.venues.toggled.connect(self._toggle)
        self.setFocusPolicy(Qt.FocusPolicy.ClickFocus)
        self._lay_out()

    def _lay_out(self) -> None:
        top = QHBoxLayout()
        top.setContentsMargins(CELL, CELL, CELL, 2)
        top.setSpacing(CELL)
        for widget in (self.minimum, self.side, self.everything):
            top.addWidget(widget)
        top.addStretch(1)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(0)
        column.addLayout(top)
        for part in (self.venues, self.cascade, self.totals, self.bars):
            column.addWidget(part)
        column.addWidget(self.canvas, 1)

    def request(self) -> LiquidationsRequest | None:
        """The orders that pass the filters; None without a base, unless the whole market is asked for."""
        whole = self.everything.isChecked()
        if not self._base and not whole:
            return None
        wanted = frozenset(VENUES) - self._left_out if self._left_out else None
        position = SIDES[self.side.currentIndex()][1]
        minimum = float(self.minimum.currentData())
        return LiquidationsRequest("" if whole else self._base, MarketFilter(venues=wanted), position, minimum)

    def refresh(self, view: View) -> None:
        """Show a view of what is asked for."""
        if isinstance(view, LiquidationsView) and view.request == self.request():
            self._show(view)

    def clear(self) -> None:
        """Forget all orders; a paused list resumes."""
        self._show(None)

    def _show(self, view: LiquidationsView | None) -> None:
        self.canvas.show_view(view)
        self.bars.show_view(view)
        self.totals.show_view(view)
        self.cascade.show_cascade(view.cascade if view is not None else None)
        if view is not None:
            self.venues.show_sources(view.sources, view.request.markets.venues)

    def set_base(self, base: str) -> None:
        """Show the orders of another base."""
        if base != self._base:
            self._base = base
            if not self.everything.isChecked():
                self.clear()

    def cancel(self) -> None:
        """Leave the pause."""
        self.canvas.resume()

    def state(self) -> dict[str, object]:
        """The filters."""
        return {
            "minimum": float(self.minimum.currentData()),
            "side": self.side.currentIndex(),
            "whole_market": self.everything.isChecked(),
            "left_out": sorted(self._left_out),
        }

    def restore(self, state: dict[str, object]) -> None:
        """Take up the filters."""
        self.minimum.setCurrentIndex(max(self.minimum.findData(state.get("minimum")), 0))
        side, left_out = state.get("side"), state.get("left_out")
        if isinstance(side, int) and 0 <= side < len(SIDES):
            self.side.setCurrentIndex(side)
        if isinstance(left_out, list):
            self._left_out = frozenset(venue for venue in VENUES if venue in left_out)
        self.everything.setChecked(state.get("whole_market") is True)

    def shown_markets(self) -> tuple[MarketState, ...]:
        """The perpetuals of the base."""
        return self.canvas.view.markets if self.canvas.view is not None else ()

    def as_table(self) -> Table | None:
        """The orders in the list."""
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
        """The last venue cannot be left out."""
        left_out = self._left_out ^ {venue}
        if any(source.venue not in left_out for source in self.venues.sources):
            self._left_out = left_out
            self.clear()


PANE = LiquidationsPane
