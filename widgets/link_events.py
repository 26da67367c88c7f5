"""Events between panes of one link group. A new event is a class here, a member of the union and a method of `Pane`
that `Pane.receive` calls.
"""

from dataclasses import dataclass

from widgets.items.grids import RunGrid
from workstation.readmodels.flow.drawings import Level
from workstation.readmodels.session.setup_rules import SetupRules


@dataclass(frozen=True, slots=True)
class BaseChosen:
    """Show this base."""

    base: str


@dataclass(frozen=True, slots=True)
class Crosshair:
    """The pointer is at a moment (ns), or has left (None)."""

    ts_ns: int | None


@dataclass(frozen=True, slots=True)
class VisibleRange:
    """A chart shows this span, in ns."""

    start_ns: int
    end_ns: int


@dataclass(frozen=True, slots=True)
class BarLengthChosen:
    """Bars of time have this length, in ns."""

    bar_ns: int


@dataclass(frozen=True, slots=True)
class BarGridChanged:
    """Where bars stand that are not of time; None for bars of time."""

    grid: RunGrid | None


@dataclass(frozen=True, slots=True)
class AnchorChosen:
    """Cumulative sums begin at this moment (ns); None for their usual resets."""

    ts_ns: int | None


@dataclass(frozen=True, slots=True)
class LevelsChanged:
    """The levels and zones that are drawn, of every base."""

    levels: tuple[Level, ...]


@dataclass(frozen=True, slots=True)
class SetupRulesChosen:
    """Setups are detected by these parameters."""

    rules: SetupRules


LastingEvent = BarLengthChosen | BarGridChanged | AnchorChosen | LevelsChanged | SetupRulesChosen
"""The newest of each also holds for a pane that joins the group later."""

LinkEvent = BaseChosen | Crosshair | VisibleRange | LastingEvent
