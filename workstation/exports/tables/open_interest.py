"""Open interest as the venues published it."""

from feeds.model.events import OpenInterest
from workstation.exports.cells import Row, names_of, number
from workstation.exports.table import MARKET, Table, floats, integers, of_each


def _row(event: OpenInterest) -> Row:
    notional = None if event.notional is None else number(event.notional)
    return (event.ts_venue_ns, *names_of(event.instrument), number(event.open_interest), notional)


TABLE = Table(
    "open_interest",
    (*integers("ts_venue_ns"), *MARKET, *floats("open_interest", "notional_usd")),
    of_each(OpenInterest, _row),
    "open_interest is base coin, one side counted.",
)
