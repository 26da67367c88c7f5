"""The controls of a CVD pane: lines, unit, reset, candles; the menu has venues and trade sizes too."""

import itertools
from collections.abc import Callable, Iterable
from enum import StrEnum
from typing import Any, NamedTuple

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QInputDialog, QMenu, QToolButton, QWidget

from feeds.model.instrument import Venue
from widgets.elements.captions import Choice
from widgets.elements.layouts import line_of
from widgets.elements.venue_menu import VenueMenu
from widgets.theme import format as text_of
from widgets.theme.theme import theme
from workstation.readmodels.flow.cvd import DAY_NS, HOUR_NS, RESETS_NS, WEEK_NS, CvdUnit


class Show(StrEnum):
    """Which lines are shown."""

    VENUES = "venues"
    SPOT_PERP = "spot | perp"
    SIZES = "sizes"


class Choices(NamedTuple):
    """The settings of a CVD pane; `venues` None is all of them. `breaks`: a sum that lacks a market is not drawn."""

    show: Show = Show.VENUES
    unit: CvdUnit = CvdUnit.USD
    reset_ns: int | None = DAY_NS
    anchor_ns: int | None = None
    candles: bool = False
    edges_usd: tuple[float, ...] = (10_000.0, 100_000.0, 1_000_000.0)
    venues: frozenset[Venue] | None = None
    breaks: bool = False


RESET_LABELS: dict[int | None, str] = {
    DAY_NS: "daily",
    None: "no reset",
    HOUR_NS: "1 h",
    4 * HOUR_NS: "4 h",
    8 * HOUR_NS: "8 h",
    WEEK_NS: "week",
}
UNIT_LABELS = {CvdUnit.USD: "USD", CvdUnit.COIN: "coin", CvdUnit.OI: "% of OI"}
_ANCHOR = "anchor"


class CvdControls(QWidget):
    """A row of controls. `changed` follows new `choices`; `anchor_wanted` asks for a click on the chart."""

    changed = Signal()
    anchor_wanted = Signal()

    def __init__(self) -> None:
        super().__init__()
        self.choices = Choices()
        self.known: set[Venue] = set()
        self.venues = VenueMenu(self)
        self.show_, self.unit, self.reset, self.candles = Choice(), Choice(), Choice(), QToolButton()
        for show in Show:
            self.show_.addItem(show.value, show)
        for unit, label in UNIT_LABELS.items():
            self.unit.addItem(label, unit)
        for reset in RESETS_NS:
            self.reset.addItem(RESET_LABELS[reset], reset)
        self.reset.addItem(_ANCHOR, _ANCHOR)
        self.candles.setText("candles")
        self.candles.setCheckable(True)
        tips = (
            (self.show_, "Lines by market, spot and perpetuals, or by trade size"),
            (self.unit, "USD, base coin, or per cent of the latest open interest"),
            (self.reset, "When the sum restarts at 0: days from 00:00 UTC, weeks on Monday, or an anchor on the chart"),
            (self.candles, "The sum as candles, with the extremes of its delta within each bar"),
        )
        row = line_of(within=self)
        for widget, tip in tips:
            widget.setToolTip(tip)
            widget.setFont(theme().font(small=True))
            row.addWidget(widget)
        self.show_.activated.connect(lambda _: self.choose(show=Show(self.show_.currentData())))
        self.unit.activated.connect(lambda _: self.choose(unit=CvdUnit(self.unit.currentData())))
        self.reset.activated.connect(lambda _: self._choose_reset())
        self.venues.changed.connect(lambda: self.choose(venues=self.venues.chosen))
        self.candles.clicked.connect(lambda on: self.choose(candles=on))

    def know(self, venues: Iterable[Venue]) -> None:
        """Offer these venues too; earlier ones stay, because a filtered view lacks the others."""
        self.known.update(venues)
        self.venues.set_venues(self.known)

    def choose(self, **changes: Any) -> None:
        """Change some settings; emits `changed` if any differs."""
        before = self.choices
        self.set(before._replace(**changes))
        if self.choices != before:
            self.changed.emit()

    def set(self, choices: Choices) -> None:
        """Show these choices without `changed`."""
        self.choices = choices
        self.show_.setCurrentIndex(self.show_.findText(choices.show.value))
        self.unit.setCurrentIndex(list(UNIT_LABELS).index(choices.unit))
        anchored = choices.anchor_ns is not None
        self.reset.setCurrentIndex(len(RESETS_NS) if anchored else RESETS_NS.index(choices.reset_ns))
        self.candles.setChecked(choices.candles)
        self.venues.show_chosen(choices.venues)

    def _choose_reset(self) -> None:
        chosen = self.reset.currentData()
        if chosen == _ANCHOR:
            self.anchor_wanted.emit()
        else:
            self.choose(reset_ns=chosen, anchor_ns=None)

    def menu(self, parent: QWidget, at_ns: int | None, anchor: Callable[[int], None]) -> QMenu:
        """The menu for a place on the chart, at time `at_ns`; None for the menu of the pane."""
        menu = QMenu(parent)
        if at_ns is not None:
            menu.addAction(f"Anchor here, {text_of.clock(at_ns)}", lambda: anchor(at_ns))
        if self.choices.anchor_ns is not None:
            menu.addAction("Remove the anchor", lambda: self.choose(anchor_ns=None))
        menu.addSeparator()
        self._listed(menu, "Show", [(show.value, show) for show in Show], "show")
        self._listed(menu, "Unit", [(label, unit) for unit, label in UNIT_LABELS.items()], "unit")
        self._listed(menu, "Reset", [(RESET_LABELS[reset], reset) for reset in RESETS_NS], "reset_ns")
        menu.addMenu(self.venues)
        breaks = menu.addAction("Break sums where a market is missing")
        breaks.setCheckable(True)
        breaks.setChecked(self.choices.breaks)
        breaks.triggered.connect(lambda on: self.choose(breaks=on))
        menu.addAction(f"Trade sizes {edges_text(self.choices.edges_usd)}...", lambda: self._ask_edges(parent))
        return menu

    def _listed(self, menu: QMenu, title: str, entries: list[tuple[str, Any]], field: str) -> None:
        listed = menu.addMenu(title)
        for label, value in entries:
            action = listed.addAction(label)
            action.setCheckable(True)
            action.setChecked(getattr(self.choices, field) == value)
            changes = {field: value, "anchor_ns": None} if field == "reset_ns" else {field: value}
            action.triggered.connect(lambda _, changes=changes: self.choose(**changes))

    def _ask_edges(self, parent: QWidget) -> None:
        dialog = QInputDialog(parent)
        dialog.setWindowTitle("Trade sizes")
        dialog.setLabelText("Limits between size classes in USD, ascending, for example 10k 100k 1m")
        dialog.setTextValue(edges_text(self.choices.edges_usd))
        dialog.textValueSelected.connect(self._take_edges)
        dialog.open()

    def _take_edges(self, text: str) -> None:
        edges = parsed_edges(text)
        if edges is not None:
            self.choose(edges_usd=edges, show=Show.SIZES)


def edges_text(edges: tuple[float, ...]) -> str:
    """Edges as typed: 10k 100k 1m."""
    return " ".join(short_usd(edge) for edge in edges)


def short_usd(value: float) -> str:
    """A round sum of money: 10k, 2.5m."""
    for divisor, suffix in ((1e12, "t"), (1e9, "b"), (1e6, "m"), (1e3, "k")):
        if value >= divisor:
            return f"{text_of.plain(value / divisor, 6)}{suffix}"
    return text_of.plain(value, 6)


def parsed_edges(text: str) -> tuple[float, ...] | None:
    """One to six ascending positive edges; None for any other text."""
    units = {"k": 1e3, "m": 1e6, "b": 1e9, "t": 1e12}
    try:
        typed = text.lower().replace(",", " ").split()
        edges = tuple(float(edge.rstrip("kmb")) * units.get(edge[-1], 1.0) for edge in typed)
    except ValueError:
        return None
    rising = all(low < high for low, high in itertools.pairwise(edges))
    return edges if 1 <= len(edges) <= 6 and rising and edges[0] > 0 and edges[-1] < 1e15 else None


def size_labels(edges: tuple[float, ...]) -> list[str]:
    """The size classes: <10k, 10k-100k, 100k-1m, at least 1m."""
    middle = [f"{short_usd(low)}-{short_usd(high)}" for low, high in itertools.pairwise(edges)]
    return [f"<{short_usd(edges[0])}", *middle, f"\N{GREATER-THAN OR EQUAL TO}{short_usd(edges[-1])}"]
