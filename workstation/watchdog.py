"""Which open connections are dead although their sockets live. An acknowledgement or a pong is not life; data is.

Two ages count: that of the last data of a connection as a whole, and that of each book it carries, because a venue may
stop one stream and keep the others (a wrong route, a forgotten subscription). A connection without a socket only asks,
and would ask no better for being opened anew.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from feeds.connection import LiveConnection
from workstation.core import Core

CONNECTION_NS = 20_000_000_000
BOOK_NS = 30_000_000_000


def silent_connections(connections: Mapping[str, LiveConnection], core: Core, now_ns: int) -> Iterator[tuple[str, str]]:
    """Open connections that should be opened anew, each with the reason."""
    for name, keeper in connections.items():
        if not keeper.spec.url or not keeper.is_open or now_ns - keeper.opened_ns < CONNECTION_NS:
            continue
        heard_ns = max(core.feed.heard.get(name, 0), keeper.opened_ns)
        if now_ns - heard_ns > CONNECTION_NS:
            yield name, f"no data for {(now_ns - heard_ns) / 1e9:.0f} s"
        elif (reason := _silent_book(name, keeper, core, now_ns)) is not None:
            yield name, reason


def _silent_book(name: str, keeper: LiveConnection, core: Core, now_ns: int) -> str | None:
    for instrument in keeper.spec.markets:
        market = core.engine.market(instrument.id)
        if market is None or core.feed.once.book_carrier(instrument.id) != name:
            continue
        if now_ns - max(market.last_book_ns, keeper.opened_ns) > BOOK_NS:
            return f"the book of {instrument.symbol} is silent"
    return None
