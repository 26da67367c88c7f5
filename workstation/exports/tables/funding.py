"""Every funding rate as the venue published it."""

from feeds.model.events import Funding
from workstation.exports.cells import Row, names_of
from workstation.exports.table import MARKET, Table, floats, integers, of_each


def _row(event: Funding) -> Row:
    return (event.ts_venue_ns, *names_of(event.instrument), event.rate, event.next_funding_ns)


TABLE = Table(
    "funding",
    (*integers("ts_venue_ns"), *MARKET, *floats("rate"), *integers("next_funding_ns")),
    of_each(Funding, _row),
    "rate is a fraction for the market's funding interval.",
)
