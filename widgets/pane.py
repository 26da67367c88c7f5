"""The base of every pane: a titled widget with a request, refreshed with the view that answers it.

A pane never asks the engine, owns no timer and repaints only in `refresh`. The frame timer does the asking, and the
title bar of its dock shows what is common to all: link group, data age, copies, help.
"""

from collections.abc import Iterable
from typing import NamedTuple, assert_never

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QWidget

from widgets.chart.chart import TimeChart
from widgets.chart.shared_crosshair import SharedCrosshair
from widgets.chart.shared_range import SharedRange
from widgets.items.grids import RunGrid
from widgets.link_events import (
    AnchorChosen,
    BarGridChanged,
    BarLengthChosen,
    BaseChosen,
    Crosshair,
    LevelsChanged,
    LinkEvent,
    SetupRulesChosen,
    VisibleRange,
)
from widgets.theme import format as text_of
from workstation.readmodels.flow.drawings import Level
from workstation.readmodels.markets import MarketState
from workstation.readmodels.request import Request, View
from workstation.readmodels.session.setup_rules import SetupRules
from workstation.readmodels.session.status import StatusView


class Table(NamedTuple):
    """A pane's content as data: a header and rows of texts or numbers; None is an empty cell."""

    header: tuple[str, ...]
    rows: tuple[tuple[str | int | float | None, ...], ...]

    def text(self) -> str:
        """Tab-separated lines for a spreadsheet."""
        lines = (self.header, *self.rows)
        return "\n".join("\t".join(_cell(cell) for cell in line) for line in lines)


def _cell(value: str | int | float | None) -> str:
    if value is None:
        return ""
    return text_of.plain(value, 17) if isinstance(value, float) and "e" in str(value) else str(value)


class Pane(QWidget):
    """Base of all panes, one level deep. Subclasses set `title` and implement `request`, `refresh` and `clear`.

    `help` explains to the user what is shown, by which definition, and what the marks mean. `link_group` is 1 to 9, or
    0 for a pane that is not linked. Of the visible charts of a group the one with the highest `range_rank` decides
    which time is shown until one is moved by hand.

    `command` carries a `Command` for the window, `link_event` a `LinkEvent` for the group, after a change made in this
    pane only. The methods that `receive` calls, and those that the window calls on every pane, do nothing here: a pane
    overrides what concerns it.
    """

    title = ""
    help = ""
    keys: tuple[tuple[str, str], ...] = ()
    every_frames = 1  # refresh every n-th frame: numbers need not change 60 times a second
    has_settings = False
    link_group = 1
    range_rank = 0
    fills_width = False  # grows when the window becomes wider
    keeps_width = False  # does not
    range: SharedRange | None = None
    crosshair: SharedCrosshair | None = None
    command = Signal(object)
    link_event = Signal(object)

    def request(self) -> Request[View] | None:
        """The view the pane needs now; None if it needs none."""
        raise NotImplementedError

    def side_requests(self) -> tuple[Request[View], ...]:
        """Further views the pane needs, no two alike; `refresh` receives them as well."""
        return ()

    def state(self) -> dict[str, object]:
        """What is saved of the pane between runs, as JSON values."""
        return {}

    def restore(self, state: dict[str, object]) -> None:
        """Apply a saved state; an invalid one changes nothing."""

    def refresh(self, view: View) -> None:
        """Show a view. Called at most once a frame, only while visible and only for a new revision or request."""
        raise NotImplementedError

    def clear(self) -> None:
        """Discard what is shown: the source changed or playback jumped."""
        raise NotImplementedError

    def shown_markets(self) -> tuple[MarketState, ...]:
        """The markets in what is shown; the title bar shows the age of their data."""
        return ()

    def as_table(self) -> Table | None:
        """The content as data; None if there is none."""
        return None

    @property
    def bar_count(self) -> int:
        """How many bars are drawn; 0 in panes without a chart of bars."""
        return 0

    @property
    def follows_latest(self) -> bool:
        """Whether a chart moves by itself with the newest bar."""
        return self.range is not None and self.range.follows_latest

    def share_range(self, *, lead: bool) -> None:
        """Follow the latest bar again; the chart that is to `lead` sends its range to the group."""
        if self.range is not None:
            self.range.release()
            if lead:
                self.range.publish()

    def open_settings(self) -> None:
        """Open the settings; called only where `has_settings`."""

    # --- link group

    def choose_base(self, base: str) -> None:
        """Show a base here and in the group."""
        self.set_base(base)
        self.link_event.emit(BaseChosen(base))

    def replace_base(self, shown: str, bases: list[str]) -> None:
        """Show the first of `bases` if `shown` is not among them; the group follows only if a base was shown before."""
        if bases and shown not in bases:
            (self.choose_base if shown else self.set_base)(bases[0])

    def share_chart(self, chart: TimeChart) -> None:
        """Share a chart's crosshair and visible range with the group."""
        self.crosshair, self.range = SharedCrosshair(chart), SharedRange(chart)
        self.crosshair.moved.connect(self.send_crosshair)
        self.range.moved.connect(self.send_range)

    def send_crosshair(self, ts_ns: int | None) -> None:
        """Send the time under the pointer (ns) to the group; None when the pointer has left."""
        self.link_event.emit(Crosshair(ts_ns))

    def send_range(self, start_ns: int, end_ns: int) -> None:
        """Send the visible range (ns) to the group."""
        self.link_event.emit(VisibleRange(start_ns, end_ns))

    def receive(self, event: LinkEvent) -> None:
        """Apply an event of another pane of the group. Emits no link event of the same kind."""
        match event:
            case BaseChosen(base):
                self.set_base(base)
            case Crosshair(ts_ns):
                self.show_crosshair(ts_ns)
            case VisibleRange(start_ns, end_ns):
                self.set_visible_range(start_ns, end_ns)
            case BarLengthChosen(bar_ns):
                self.set_bar_length(bar_ns)
            case BarGridChanged(grid):
                self.set_grid(grid)
            case AnchorChosen(ts_ns):
                self.set_anchor(ts_ns)
            case LevelsChanged(levels):
                self.set_levels(levels)
            case SetupRulesChosen(rules):
                self.set_setup_rules(rules)
            case _:
                assert_never(event)

    def set_base(self, base: str) -> None:
        """Show this base."""

    def show_crosshair(self, ts_ns: int | None) -> None:
        """Mark the bar of a time (ns) in the chart; None removes the mark. Emits nothing."""
        if self.crosshair is not None:
            self.crosshair.show(ts_ns)

    def set_visible_range(self, start_ns: int, end_ns: int) -> None:
        """Show this span (ns) in the chart from now on. Emits nothing."""
        if self.range is not None:
            self.range.show(start_ns, end_ns)

    def set_bar_length(self, bar_ns: int) -> None:
        """Use bars of this length."""

    def set_grid(self, grid: RunGrid | None) -> None:
        """Align with another pane's bars that are not time bars; None for plain time."""

    def set_anchor(self, ts_ns: int | None) -> None:
        """Start cumulative sums at this moment (ns); None for their usual resets."""

    def set_levels(self, levels: Iterable[Level]) -> None:
        """Receive the drawn levels and zones of every base."""

    def set_setup_rules(self, rules: SetupRules) -> None:
        """Detect setups by these parameters."""

    # --- what the window sends to every pane

    def set_bases(self, bases: list[str]) -> None:
        """List the bases that can be chosen."""

    def show_status(self, status: StatusView) -> None:
        """Show the state of the session; called once a frame while the pane is on screen."""

    def cancel(self) -> None:
        """Resume a paused list, abort a drawing or measurement."""

    def recentre(self) -> None:
        """Centre on the last price."""

    def ask_time(self) -> bool:
        """Ask the user for a time and show it. Returns False in panes without a time axis."""
        return False
