"""What every pane is: a titled widget with a request, refreshed with the view that answers it.

A pane never asks the engine, owns no timer and repaints only in `refresh`. The frame timer does the asking, and the
title bar of its dock shows what is common to all: link group, data age, copies, help.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import NamedTuple, assert_never

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QWidget

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
from workstation.readmodels.flow.drawings import Level
from workstation.readmodels.markets import MarketState
from workstation.readmodels.request import Request, View
from workstation.readmodels.session.setup_rules import SetupRules
from workstation.readmodels.session.status import StatusView


class Table(NamedTuple):
    """What a pane shows, as data: a header and rows of texts or numbers; None is an empty cell."""

    header: tuple[str, ...]
    rows: tuple[tuple[str | int | float | None, ...], ...]

    def text(self) -> str:
        """Tab-separated lines, as spreadsheets take them."""
        lines = (self.header, *self.rows)
        return "\n".join("\t".join("" if cell is None else str(cell) for cell in line) for line in lines)


class Pane(QWidget):
    """Base of all panes, one level deep. Subclasses set `title` and implement `request`, `refresh` and `clear`.

    `help` is a paragraph for a person: what is shown, by which definition, and what the marks mean. `link_group` is 1
    to 9, or 0 for a pane that follows nobody. Of charts that are seen together the one with the highest `range_rank`
    decides which time is shown while nobody moves them by hand.

    `command` carries a `Command` for the window, `link_event` a `LinkEvent` for the group, after a change made in this
    pane only. The methods that `receive` calls, and those that the window calls on every pane, do nothing here: a pane
    overrides what concerns it.
    """

    title = ""
    help = ""
    keys: tuple[tuple[str, str], ...] = ()
    every_frames = 1  # a pane whose numbers nobody can read at 60 Hz asks for fewer
    has_settings = False
    link_group = 1
    range_rank = 0
    fills_width = False  # takes the width that a wider window gains,
    keeps_width = False  # and this one leaves it to that one
    range: SharedRange | None = None
    command = Signal(object)
    link_event = Signal(object)

    def request(self) -> Request[View] | None:
        """What the pane wants to show now; None while it has nothing to ask for."""
        raise NotImplementedError

    def side_requests(self) -> tuple[Request[View], ...]:
        """More that the pane shows, each different; `refresh` receives their views as well."""
        return ()

    def state(self) -> dict[str, object]:
        """What is remembered of the pane between runs, as values that JSON knows."""
        return {}

    def restore(self, state: dict[str, object]) -> None:
        """Take up a remembered state; one that makes no sense changes nothing."""

    def refresh(self, view: View) -> None:
        """Show this view. Called at most once a frame, only while visible and only with a new revision or request."""
        raise NotImplementedError

    def clear(self) -> None:
        """Forget what is shown: the source changed or playback jumped."""
        raise NotImplementedError

    def shown_markets(self) -> tuple[MarketState, ...]:
        """The markets in what is shown; the title bar tells the age of their data."""
        return ()

    def as_table(self) -> Table | None:
        """What is shown, as data; None while there is nothing."""
        return None

    @property
    def bar_count(self) -> int:
        """How many bars are drawn; 0 where no chart of bars is shown."""
        return 0

    @property
    def follows_latest(self) -> bool:
        """Whether a chart moves by itself with the newest bar."""
        return self.range is not None and self.range.follows_latest

    def share_range(self, *, lead: bool) -> None:
        """Follow the latest bar again, and tell that range to the group if this chart is to `lead`."""
        if self.range is not None:
            self.range.release()
            if lead:
                self.range.tell()

    def open_settings(self) -> None:
        """Show the settings in place; only where `has_settings`."""

    # --- link group

    def choose_base(self, base: str) -> None:
        """Show a base here and in the group."""
        self.set_base(base)
        self.link_event.emit(BaseChosen(base))

    def replace_base(self, shown: str, bases: list[str]) -> None:
        """Show the first of `bases` if `shown` is not among them; the group follows only if a base was shown before."""
        if bases and shown not in bases:
            (self.choose_base if shown else self.set_base)(bases[0])

    def send_crosshair(self, ts_ns: int | None) -> None:
        """Show the group where the pointer is; None: nowhere."""
        self.link_event.emit(Crosshair(ts_ns))

    def send_range(self, start_ns: int, end_ns: int) -> None:
        """Show the group what this chart shows."""
        self.link_event.emit(VisibleRange(start_ns, end_ns))

    def receive(self, event: LinkEvent) -> None:
        """Follow another pane of the group. Emits no link event of the same kind."""
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
        """Mark the bar of this moment; None takes the mark away."""

    def set_visible_range(self, start_ns: int, end_ns: int) -> None:
        """Show this span from now on."""

    def set_bar_length(self, bar_ns: int) -> None:
        """Use bars of this length."""

    def set_grid(self, grid: RunGrid | None) -> None:
        """Stand where the bars of another pane stand that are not of time; None: on plain time."""

    def set_anchor(self, ts_ns: int | None) -> None:
        """Begin cumulative sums at this moment; None: at their usual resets."""

    def set_levels(self, levels: Iterable[Level]) -> None:
        """Know the levels and zones that are drawn, of every base."""

    def set_setup_rules(self, rules: SetupRules) -> None:
        """Detect setups by these parameters."""

    # --- what the window sends to every pane

    def set_bases(self, bases: list[str]) -> None:
        """The bases that can be chosen."""

    def show_status(self, status: StatusView) -> None:
        """The session as of this frame; sent while the pane is on screen."""

    def cancel(self) -> None:
        """Resume what is paused, drop what is being drawn."""

    def recentre(self) -> None:
        """Put the last price in the middle."""

    def ask_time(self) -> bool:
        """Ask for a moment and show it. Returns False where the pane shows no time."""
        return False
