"""Samples the pressure of every coin and perpetual at every minute of a recording.

The engine here sees neither trades nor books, because pressure does not depend on them.
"""

from feeds.model import events
from workstation.analytics.engine import Engine
from workstation.exports.table import Schedule
from workstation.exports.tables.pressure import pressure_rows
from workstation.lake.decoded import Put, Row
from workstation.lake.schema import DAY_NS, Partition

EVERY_NS = 60_000_000_000
_PRESSURE_EVENTS = frozenset(
    {events.DayStats, events.Funding, events.IndexPrice, events.Liquidation, events.LongShortRatio, events.MarkPrice}
    | {events.OpenInterest, events.OpenInterestHistory, events.TakerFlow}
)
"""The events used of followed markets; of all-market connections every event is used."""


class PressureSampler:
    """Turns the events of one recording into pressure rows."""

    def __init__(self, recording: str, put: Put, every_ns: int = EVERY_NS) -> None:
        self._recording = recording
        self._put = put
        self._engine = Engine()
        self._schedule = Schedule(every_ns)

    def pass_time(self, now_ns: int) -> None:
        """Write the rows of the minute that ended before `now_ns`; further ones passed in silence have none."""
        due_ns = self._schedule.due_ns(now_ns)
        if due_ns is not None:
            self._engine.advance(due_ns)
            for row in pressure_rows(self._engine):
                self._put_row(row)

    def take(self, event: events.Event, *, universe: bool) -> None:
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
