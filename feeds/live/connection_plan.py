"""Plans the connections for the markets that the venues list.

A base that is followed temporarily gets connections of its own, so that adding or removing it does not interrupt the
others. On a venue that allows few sockets, all such bases share connections.
"""

from collections.abc import Iterator

import msgspec

from feeds.live.focus import Focus
from feeds.live.rest import Rest
from feeds.model.errors import ProtocolError
from feeds.model.frame import ConnectionSpec
from feeds.model.instrument import Instrument, MarketKind, Venue
from feeds.model.odd_rows import OddRows
from feeds.venues.driver import VenueDriver
from feeds.venues.shared.context import context_spec
from feeds.venues.shared.rows import Listing

_ADDED = "+"
_SHARED = f"{_ADDED}focus"


def is_added(connection: str) -> bool:
    """Whether a connection carries temporarily followed bases."""
    return _ADDED in connection


def is_shared(connection: str) -> bool:
    """Whether a connection carries all temporarily followed bases of its market."""
    return connection.endswith(_SHARED)


class ConnectionPlanner:
    """Plans the connections of the followed bases. `missing` are followed symbols no longer listed, by market,
    `odd_rows` rows left out of lists.

    `candles_s` is how many seconds of candles to fetch, `universe` whether to follow the all-market streams,
    `max_pages` and `max_bytes` the size of one market's list that is accepted.
    """

    def __init__(
        self,
        focus: Focus,
        rest: Rest,
        *,
        candles_s: int,
        universe: bool,
        max_pages: int = 50,
        max_bytes: int = 64 << 20,
    ) -> None:
        self._max_pages, self._max_bytes = max_pages, max_bytes
        self._focus = focus
        self._rest = rest
        self._candles_s = candles_s
        self._universe = universe
        self._lists: dict[tuple[Venue, MarketKind], tuple[Instrument, ...]] = {}
        self._followed: dict[str, dict[str, str]] = {}
        self.missing: dict[str, tuple[str, ...]] = {}
        self.odd_rows = OddRows()

    async def plans(self, driver: VenueDriver, kind: MarketKind) -> dict[str, ConnectionSpec]:
        """Fetch the list of one market; returns its planned connections by name.

        Raises:
            TransportError: the list was not received.
            ProtocolError: the list cannot be decoded.
        """
        self._lists[driver.venue, kind] = await self._fetch_listing(driver, kind)
        return self.planned(driver, kind)

    def is_listed(self, driver: VenueDriver, kind: MarketKind) -> bool:
        return (driver.venue, kind) in self._lists

    def planned(self, driver: VenueDriver, kind: MarketKind) -> dict[str, ConnectionSpec]:
        """The planned connections of one market by name, from its last list. Raises KeyError without one."""
        listed = self._lists[driver.venue, kind]
        self._note_missing(f"{driver.venue}.{kind.value}", driver.choose(listed, self._focus.bases))
        return {spec.name: spec for spec in self._specs(driver, kind, listed)}

    @property
    def bases(self) -> frozenset[str]:
        return frozenset(market.base for listed in self._lists.values() for market in listed)

    def lists(self, driver: VenueDriver, base: str) -> bool:
        """Whether a fetched list of a venue has a market of a base."""
        return any(
            driver.choose(listed, (base,)) for (venue, _), listed in self._lists.items() if venue == driver.venue
        )

    def _specs(self, driver: VenueDriver, kind: MarketKind, listed: tuple[Instrument, ...]) -> Iterator[ConnectionSpec]:
        yield from self._following(driver, kind, driver.choose(listed, self._focus.always), "")
        if self._universe:
            yield from driver.plan_universe(listed)
        added = self._focus.added
        for bases, suffix in ((added, _SHARED),) if driver.shares else ((((base,), _ADDED + base)) for base in added):
            yield from self._following(driver, kind, driver.choose(listed, bases), suffix)

    def _following(
        self, driver: VenueDriver, kind: MarketKind, chosen: tuple[Instrument, ...], suffix: str
    ) -> Iterator[ConnectionSpec]:
        specs = [*driver.plan(chosen)]
        if driver.context_protocol is not None:
            specs += context_spec(kind, chosen, self._candles_s)
        yield from (msgspec.structs.replace(spec, name=spec.name + suffix) for spec in specs)

    async def _fetch_listing(self, driver: VenueDriver, kind: MarketKind) -> tuple[Instrument, ...]:
        bodies: list[bytes] = []
        for first in driver.listing(kind):
            request = first
            while request is not None:
                bodies.append(await self._rest.ask(driver, kind, request))
                if len(bodies) > self._max_pages or sum(map(len, bodies)) > self._max_bytes:
                    raise ProtocolError("the venue's list of markets does not end", f"{len(bodies)} pages")
                request = driver.next_page(kind, bodies[-1])  # type: ignore[assignment]
        listing = driver.instruments(kind, bodies)
        for reason in listing.left_out if isinstance(listing, Listing) else ():
            self.odd_rows.leave_out(driver.venue, f"{kind.value} list", reason)
        return listing

    def _note_missing(self, market: str, chosen: tuple[Instrument, ...]) -> None:
        now = {instrument.symbol: instrument.base for instrument in chosen}
        before = {symbol: base for symbol, base in self._followed.get(market, {}).items() if base in self._focus.bases}
        self._followed[market] = before | now
        self.missing[market] = tuple(symbol for symbol in before if symbol not in now)
