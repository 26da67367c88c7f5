"""What every pane is: a titled widget with a request, refreshed with the view that answers it.

A pane never asks the engine, owns no timer and repaints only in `refresh`. The frame timer does the asking, and the
title bar of its dock shows what is common to all: link group, data age, copies, help.
"""

from __future__ import annotations

from typing import NamedTuple

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QWidget

from widgets.chart.shared_range import SharedRange
from workstation.readmodels.markets import MarketState
from workstation.readmodels.requests import View, ViewRequest


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
    """

    title = ""
    help = ""
    keys: tuple[tuple[str, str], ...] = ()
    every_frames = 1  # a pane whose numbers nobody can read at 60 Hz asks for fewer
    has_settings = False
    link_group = 1
    range_rank = 0
    range: SharedRange | None = None
    request_changed = Signal()

    def request(self) -> ViewRequest | None:
        """What the pane wants to show now; None while it has nothing to ask for."""
        raise NotImplementedError

    def side_requests(self) -> tuple[ViewRequest, ...]:
        """More that the pane shows, at most one of each type; `refresh` takes their views as well."""
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
