"""The tables of the lake and the paths of their files.

`TABLE/date=YYYY-MM-DD/venue=VENUE/symbol=SYMBOL/KIND-RECORDING.parquet`. Dates are UTC days of venue time, for the book
of receive time. Times are ns since the epoch, UTC, sizes base coin. `seq` is the order in which the engine applies
rows: the start of the recording in ns plus a running number, so it grows from one recording to the next. Rows are
sorted by venue time, those of the book by `seq`, because deltas buffered for a snapshot follow it. A price is exactly
`price_ticks * tick_num / tick_den`.

A trade merges `matches` ids up to `trade_id`; the column is null in files of earlier versions.

Pressure is the exported table of that name: every coin (venue `all`) and perpetual (`market` is its symbol) at every
minute of receive time, from the events before that minute. It has one file per venue and day, under symbol `all`.
"""

from datetime import UTC, datetime
from pathlib import PurePosixPath
from typing import NamedTuple
from urllib.parse import quote

import pyarrow as pa

from feeds.model.instrument import Instrument
from workstation.exports.table import MARKET, CellType
from workstation.exports.tables.pressure import TABLE as PRESSURE

_INT, _FLOAT, _TEXT = pa.int64(), pa.float64(), pa.string()
_CATEGORY = pa.dictionary(pa.int32(), pa.string())
_TIMES = (("ts_venue_ns", _INT), ("ts_recv_ns", _INT), ("seq", _INT))
_PRICE = (("price_ticks", _INT), ("tick", _FLOAT), ("tick_num", _INT), ("tick_den", _INT), ("price", _FLOAT))
_MARKET = (("base", _CATEGORY), ("kind", _CATEGORY), ("recording", _CATEGORY))
_TYPES = {CellType.INTEGER: _INT, CellType.FLOAT: _FLOAT, CellType.TEXT: _CATEGORY}
_PRESSURE = PRESSURE.columns[1 + len(MARKET) :]  # those after the time and the market

SCHEMAS: dict[str, pa.Schema] = {
    "trades": pa.schema(
        (
            *(*_TIMES, ("trade_id", _TEXT), *_PRICE, ("size", _FLOAT), ("notional_usd", _FLOAT)),
            *(("aggressor", _CATEGORY), *_MARKET, ("matches", _INT)),
        )
    ),
    "book": pa.schema(  # the rows of one seq are one event: a snapshot replaces the book, `lost` clears it
        (*_TIMES, ("event", _CATEGORY), ("side", _CATEGORY), *_PRICE, ("size", _FLOAT), ("update_id", _INT), *_MARKET)
    ),
    "liquidations": pa.schema(
        (*_TIMES, ("position", _CATEGORY), ("price", _FLOAT), ("size", _FLOAT), ("notional_usd", _FLOAT), *_MARKET)
    ),
    "funding": pa.schema((*_TIMES, ("rate", _FLOAT), ("next_funding_ns", _INT), ("interval_ns", _INT), *_MARKET)),
    "open_interest": pa.schema((*_TIMES, ("open_interest", _FLOAT), ("notional_usd", _FLOAT), *_MARKET)),
    "pressure": pa.schema(
        (("ts_ns", _INT), ("market", _CATEGORY), *((name, _TYPES[kind]) for name, kind in _PRESSURE), *_MARKET)
    ),
}
SORTED_BY = dict.fromkeys(SCHEMAS, "ts_venue_ns") | {"book": "seq", "pressure": "ts_ns"}
IN_ORDER = ("book", "pressure")
"""Tables whose rows are produced in sort order."""
DAY_NS = 86_400_000_000_000


class Partition(NamedTuple):
    """The partition of a row. `day` is days since the epoch, UTC."""

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


def partition_of(table: str, ts_ns: int, instrument: Instrument) -> Partition:
    """The partition of a market's row at a time."""
    return Partition(table, ts_ns // DAY_NS, instrument.venue, instrument.kind.value, instrument.symbol)
