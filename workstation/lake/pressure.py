"""Samples the pressure of every coin and perpetual at every minute of a recording.

The engine here sees neither trades nor books, because pressure does not depend on them.
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
from workstation.lake.schema import DAY_NS, Partition

EVERY_NS = 60_000_000_000
_PRESSURE_EVENTS = frozenset(
    {DayStats, Funding, IndexPrice, Liquidation, LongShortRatio, MarkPrice}
    | {OpenInterest, OpenInterestHistory, TakerFlow}
)
"""The events used of followed markets; of all-market connections every event is used."""


class PressureSampler:
    """Turns the events of one recording into pressure rows."""

    def __init__(self, recording: str, put: Put) -> None:
        self._recording = recording
        self._put = put
        self._engine = Engine()
        self._rows = PressureRows(EVERY_NS)

    def pass_time(self, now_ns: int) -> None:
        """Write the rows of the minutes that ended before `now_ns`."""
        for _, rows in self._rows.due(self._engine, now_ns):
            for row in rows:
                self._put_row(row)

    def take(self, event: Event, *, universe: bool) -> None:
        """Apply one event, or only its time where pressure does not depend on it."""
        if universe:
            self._engine.survey(event)
        elif type(event) in _PRESSURE_EVENTS:
            self._engine.apply(event)
        else:
            self._engine.advance(event.ts_recv_ns)

    def _put_row(self, row: Row) -> None:
        ts_ns, base, venue, kind, symbol, *numbers = row
        partition = Partition("pressure", ts_ns // DAY_NS, venue, kind, "all")
        self._put(partition, [(ts_ns, symbol, *numbers, base, kind, self._recording)])
