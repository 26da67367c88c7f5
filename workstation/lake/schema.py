"""The tables of the lake and where their files lie.

`TABLE/date=YYYY-MM-DD/venue=VENUE/symbol=SYMBOL/KIND-RECORDING.parquet`. Dates are UTC, of the venue's time; those of
the book of receive time. Times are ns since the epoch, UTC, sizes base coin. `seq` is the order in which the engine
takes rows: the start of the recording in ns plus a running number, so that it grows from one recording to the next.
Rows are sorted by venue time, those of the book by `seq`: changes that waited for a snapshot come after it. A price is
exactly `price_ticks * tick_num / tick_den`.

Pressure is what the engine told of every coin (venue `all`) and perpetual (`market` is its symbol) at every minute of
receive time, as it stood just before. It lies in one file a venue and day, under symbol `all`.
"""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import PurePosixPath
from typing import NamedTuple
from urllib.parse import quote

import pyarrow as pa

from feeds.model.instrument import Instrument
from workstation.exports.pressure import NUMBERS

_INT, _FLOAT, _TEXT = pa.int64(), pa.float64(), pa.string()
_WORD = pa.dictionary(pa.int32(), pa.string())
_TIMES = (("ts_venue_ns", _INT), ("ts_recv_ns", _INT), ("seq", _INT))
_PRICE = (("price_ticks", _INT), ("tick", _FLOAT), ("tick_num", _INT), ("tick_den", _INT), ("price", _FLOAT))
_MARKET = (("base", _WORD), ("kind", _WORD), ("recording", _WORD))

SCHEMAS: dict[str, pa.Schema] = {
    "trades": pa.schema(
        (
            *(*_TIMES, ("trade_id", _TEXT), *_PRICE, ("size", _FLOAT), ("notional_usd", _FLOAT)),
            *(("aggressor", _WORD), *_MARKET),
        )
    ),
    "book": pa.schema(  # an event is the rows of one seq: a snapshot replaces the book, lost empties it until the next
        (*_TIMES, ("event", _WORD), ("side", _WORD), *_PRICE, ("size", _FLOAT), ("update_id", _INT), *_MARKET)
    ),
    "liquidations": pa.schema(
        (*_TIMES, ("position", _WORD), ("price", _FLOAT), ("size", _FLOAT), ("notional_usd", _FLOAT), *_MARKET)
    ),
    "funding": pa.schema((*_TIMES, ("rate", _FLOAT), ("next_funding_ns", _INT), ("interval_ns", _INT), *_MARKET)),
    "open_interest": pa.schema((*_TIMES, ("open_interest", _FLOAT), ("notional_usd", _FLOAT), *_MARKET)),
    "pressure": pa.schema(
        (
            *(("ts_ns", _INT), ("market", _WORD), ("rank", _INT), ("score", _FLOAT), ("bias", _WORD)),
            *(("regime", _WORD), ("confidence", _FLOAT), ("flow_rank", _INT), ("flow_score", _FLOAT)),
            *((name, _FLOAT) for name in (*NUMBERS, "long_short_ratio", "age_s")),
            *_MARKET,
        )
    ),
}
SORTED_BY = dict.fromkeys(SCHEMAS, "ts_venue_ns") | {"book": "seq", "pressure": "ts_ns"}
IN_ORDER = ("book", "pressure")
"""Tables whose rows come as they are sorted."""
DAY_NS = 86_400_000_000_000


class Place(NamedTuple):
    """The partition of a row: table, days since the epoch, market."""

    table: str
    day: int
    venue: str
    kind: str
    symbol: str

    def path(self, recording: str) -> PurePosixPath:
        """The file of a recording in this partition, relative to the root."""
        date = datetime.fromtimestamp(self.day * 86_400, UTC).date().isoformat()
        folders = (self.table, f"date={date}", f"venue={self.venue}", f"symbol={quote(self.symbol, safe='')}")
        return PurePosixPath(*folders, f"{self.kind}-{recording}.parquet")


def place_of(table: str, ts_ns: int, instrument: Instrument) -> Place:
    """The partition of a moment of a market."""
    return Place(table, ts_ns // DAY_NS, instrument.venue, instrument.kind.value, instrument.symbol)
