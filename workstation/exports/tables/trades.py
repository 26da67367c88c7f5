"""Every trade that the bars contain: live ones as received, fetched ones when the answer came."""

from collections.abc import Iterable

from feeds.model.events import Trade, TradesFilled
from workstation.exports.cells import Row, names_of, number
from workstation.exports.table import MARKET, EventRows, ExportSettings, Table, floats, integers, texts


def _row(event: Trade) -> Row:
    side = event.aggressor.value if event.aggressor is not None else ""
    numbers = (number(event.price), number(event.size), number(event.notional))
    return (event.ts_venue_ns, event.ts_recv_ns, *names_of(event.instrument), str(event.trade_id), *numbers, side)


def _fetched(event: TradesFilled) -> Iterable[Row]:
    return map(_row, event.trades)


def _rows(_: ExportSettings) -> EventRows:
    return EventRows({Trade: lambda event: (_row(event),), TradesFilled: _fetched})


TABLE = Table(
    "trades",
    (
        *(*integers("ts_venue_ns", "ts_recv_ns"), *MARKET, *texts("trade_id")),
        *(*floats("price", "size", "notional_usd"), *texts("aggressor")),
    ),
    _rows,
    "Rows in receive order, fetched trades when they were fetched; aggressor is buy, sell or empty.",
    is_default=True,
)
