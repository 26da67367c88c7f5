"""Every trade as it was received."""

from __future__ import annotations

from feeds.model.events import Trade
from workstation.exports.cells import Row, names_of, number
from workstation.exports.table import MARKET, Table, floats, integers, of_each, texts


def _row(event: Trade) -> Row:
    side = event.aggressor.value if event.aggressor is not None else ""
    numbers = (number(event.price), number(event.size), number(event.notional))
    return (event.ts_venue_ns, event.ts_recv_ns, *names_of(event.instrument), str(event.trade_id), *numbers, side)


TABLE = Table(
    "trades",
    (
        *(*integers("ts_venue_ns", "ts_recv_ns"), *MARKET, *texts("trade_id")),
        *(*floats("price", "size", "notional_usd"), *texts("aggressor")),
    ),
    of_each(Trade, _row),
    "aggressor is buy, sell or empty.",
    is_default=True,
)
