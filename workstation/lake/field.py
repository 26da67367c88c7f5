"""The pressure of every coin and perpetual at every minute of a recording, told by an engine that sees no trade and no
book: nothing of them is in it.
"""

from __future__ import annotations

from feeds.model.events import (
    DayStats,
    Event,
    Funding,
    IndexPrice,
    Liquidation,
    LongShortRatio,
    MarkPrice,
    OpenInterest,
    OpenInterestHistory,
    TakerFlow,
)
from workstation.analytics.engine import Engine
from workstation.exports.pressure import PressureRows
from workstation.lake.decoded import Put, Row
from workstation.lake.schema import DAY_NS, Place

EVERY_NS = 60_000_000_000
_TELLING = frozenset(
    {DayStats, Funding, IndexPrice, Liquidation, LongShortRatio, MarkPrice}
    | {OpenInterest, OpenInterestHistory, TakerFlow}
)
"""Of a market in focus; of others everything counts."""


class FieldRows:
    """Takes the events of one recording and puts rows."""

    def __init__(self, recording: str, put: Put) -> None:
        self._recording = recording
        self._put = put
        self._engine = Engine()
        self._rows = PressureRows(EVERY_NS)

    def pass_time(self, now_ns: int) -> None:
        """Put the rows of a minute before its first frame is taken."""
        for _, rows in self._rows.due(self._engine, now_ns):
            for row in rows:
                self._place(row)

    def take(self, event: Event, *, universe: bool) -> None:
        """Take one event; any lets time pass."""
        if universe:
            self._engine.survey(event)
        elif type(event) in _TELLING:
            self._engine.apply(event)
        else:
            self._engine.advance(event.ts_recv_ns)

    def _place(self, row: Row) -> None:
        ts_ns, base, venue, kind, symbol, *numbers = row
        place = Place("pressure", ts_ns // DAY_NS, venue, kind, "all")
        self._put(place, [(ts_ns, symbol, *numbers, base, kind, self._recording)])
