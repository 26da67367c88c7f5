"""What every pane is: a titled widget with a request, refreshed with the view that answers it.

A pane never asks the engine, owns no timer and repaints only in `refresh`. The frame timer does the asking.
"""

from __future__ import annotations

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QWidget

from workstation.readmodels import View, ViewRequest


class Pane(QWidget):
    """Base of all panes, one level deep. Subclasses set `title` and implement `request`, `refresh` and `clear`."""

    title = ""
    every_frames = 1  # a pane whose numbers nobody can read at 60 Hz asks for fewer
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
