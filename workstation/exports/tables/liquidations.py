"""Every liquidation as the venue published it."""

from feeds.model.events import Liquidation, Side
from workstation.exports.cells import Row, names_of, number
from workstation.exports.table import MARKET, Table, floats, integers, of_each, texts


def _row(event: Liquidation) -> Row:
    position = "long" if event.side is Side.SELL else "short"
    numbers = (number(event.price), number(event.size), number(event.notional))
    return (event.ts_venue_ns, *names_of(event.instrument), position, *numbers)


TABLE = Table(
    "liquidations",
    (*integers("ts_venue_ns"), *MARKET, *texts("position"), *floats("price", "size", "notional_usd")),
    of_each(Liquidation, _row),
    "position is the liquidated one, long or short.",
)
