"""Rows of lists that cannot be read: left out so that the other rows count, counted, and logged once."""

import logging
from typing import NamedTuple

from feeds.model.instrument import Venue

log = logging.getLogger(__name__)


class OddStream(NamedTuple):
    """How many rows of one stream of a venue were left out, and why the first one was."""

    venue: Venue
    stream: str
    rows: int
    reason: str


class OddRows:
    """Counts of rows left out, by venue and stream. The first row of each is logged."""

    def __init__(self) -> None:
        self._streams: dict[tuple[Venue, str], OddStream] = {}

    def leave_out(self, venue: Venue, stream: str, reason: str) -> None:
        known = self._streams.get((venue, stream))
        if known is None:
            log.error("%s %s: a row is left out: %s", venue, stream, reason)
            known = OddStream(venue, stream, 0, reason)
        self._streams[venue, stream] = known._replace(rows=known.rows + 1)

    @property
    def streams(self) -> tuple[OddStream, ...]:
        """The streams with rows left out, by venue and name."""
        return tuple(sorted(self._streams.values()))
