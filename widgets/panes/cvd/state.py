"""The saved state of a CVD pane."""

import itertools
import logging

import msgspec

from feeds.model.instrument import Venue
from feeds.venues.registry import venue_named
from widgets.panes.cvd.controls import Choices, Show
from workstation.readmodels.flow.cvd import RESETS_NS, CvdUnit

log = logging.getLogger(__name__)


class CvdState(msgspec.Struct):
    """The choices without the anchor, which is a time of one session."""

    show: Show
    unit: CvdUnit
    reset_ns: int | None
    candles: bool
    edges_usd: tuple[float, ...]
    venues: list[Venue] | None
    breaks: bool = False


def remembered(choices: Choices) -> dict[str, object]:
    venues = None if choices.venues is None else sorted(choices.venues)
    state = CvdState(
        choices.show, choices.unit, choices.reset_ns, choices.candles, choices.edges_usd, venues, choices.breaks
    )
    saved: dict[str, object] = msgspec.to_builtins(state)
    return saved


def recalled(state: dict[str, object]) -> Choices | None:
    """The choices of a saved state; None if it is empty or invalid."""
    if not state:
        return None
    try:
        saved = msgspec.convert(state, CvdState)
        venues = frozenset(map(venue_named, saved.venues or ())) or None
    except ValueError as error:
        log.warning("the saved state of a CVD pane is invalid, defaults are used: %s", error)
        return None
    edges = saved.edges_usd
    if saved.reset_ns not in RESETS_NS or not edges or any(a >= b for a, b in itertools.pairwise(edges)):
        return None
    return Choices(saved.show, saved.unit, saved.reset_ns, None, saved.candles, edges, venues, saved.breaks)
