"""What a CVD pane keeps between runs."""

from __future__ import annotations

import itertools
import logging

import msgspec

from feeds.model.instrument import Venue
from feeds.venues.registry import venue_named
from widgets.panes.cvd.controls import Choices, Show
from workstation.readmodels.flow.cvd import RESETS_NS, CvdUnit

log = logging.getLogger(__name__)


class CvdState(msgspec.Struct):
    """The choices but for the anchor, which is a moment of one session."""

    show: Show
    unit: CvdUnit
    reset_ns: int | None
    candles: bool
    edges_usd: tuple[float, ...]
    venues: list[Venue] | None


def remembered(choices: Choices) -> dict[str, object]:
    """As values that JSON knows."""
    venues = None if choices.venues is None else sorted(choices.venues)
    state = CvdState(choices.show, choices.unit, choices.reset_ns, choices.candles, choices.edges_usd, venues)
    kept: dict[str, object] = msgspec.to_builtins(state)
    return kept


def recalled(state: dict[str, object]) -> Choices | None:
    """Back again; None where it makes no sense."""
    if not state:
        return None
    try:
        kept = msgspec.convert(state, CvdState)
        venues = frozenset(map(venue_named, kept.venues or ())) or None
    except ValueError as error:
        log.warning("a remembered CVD pane is left as it is made: %s", error)
        return None
    edges = kept.edges_usd
    if kept.reset_ns not in RESETS_NS or not edges or any(a >= b for a, b in itertools.pairwise(edges)):
        return None
    return Choices(kept.show, kept.unit, kept.reset_ns, None, kept.candles, edges, venues)
