"""Commands from panes to the window and its session, carried out by `widgets.window.controls.perform`."""

from dataclasses import dataclass
from pathlib import Path

from workstation.readmodels.session.alerts import AlertRule
from workstation.readmodels.universe.paper import PaperSettings


@dataclass(frozen=True, slots=True)
class LoadOlder:
    """Load recorded trades of a base from before a moment."""

    base: str
    until_ns: int


@dataclass(frozen=True, slots=True)
class OpenRecording:
    """Replay a recording, or it and more of them as one."""

    path: Path
    more: tuple[Path, ...] = ()


@dataclass(frozen=True, slots=True)
class SetNote:
    """Save the note of a recording."""

    path: Path
    note: str


@dataclass(frozen=True, slots=True)
class DeleteRecording:
    """Delete a recording and its notes."""

    path: Path


@dataclass(frozen=True, slots=True)
class SetAlert:
    """Change an alert rule, or add one (id 0)."""

    rule: AlertRule


@dataclass(frozen=True, slots=True)
class RemoveAlert:
    """Remove the alert rule of this id."""

    number: int


@dataclass(frozen=True, slots=True)
class SetPaper:
    """Use these settings for the paper book."""

    settings: PaperSettings


@dataclass(frozen=True, slots=True)
class ResetPaper:
    """Start the paper book again."""


Command = LoadOlder | OpenRecording | SetNote | DeleteRecording | SetAlert | RemoveAlert | SetPaper | ResetPaper
