"""What the venues list now, and the connections that it takes to follow it: asked at the start and again and again.

A base that is followed for a while has connections of its own, so that the others do not feel it come and go. A venue
that allows few sockets carries all such bases on shared ones.
"""

from __future__ import annotations

from collections.abc import Iterator

import msgspec

from feeds.live.focus import Focus
from feeds.live.rest import Rest
from feeds.model.frame import ConnectionSpec
from feeds.model.instrument import Instrument, MarketKind, Venue
from feeds.venues.driver import VenueDriver
from feeds.venues.shared.context import context_spec

_ADDED = "+"
_SHARED = f"{_ADDED}focus"


def is_added(connection: str) -> bool:
    """Whether a connection carries bases that are followed for a while."""
    return _ADDED in connection


def is_shared(connection: str) -> bool:
    """Whether it carries all such bases of its market together."""
    return connection.endswith(_SHARED)


class Roster:
    """The plans of all markets of the bases in focus. `missing` names those that were followed and are not listed now.

    `candles_s` is how far back candles are asked for, `universe` whether all perpetuals are followed in few words.
    """

    def __init__(self, focus: Focus, rest: Rest, *, candles_s: int, universe: bool) -> None:
        self._focus = focus
        self._rest = rest
        self._candles_s = candles_s
        self._universe = universe
        self._lists: dict[tuple[Venue, MarketKind], tuple[Instrument, ...]] = {}
        self._followed: dict[str, dict[str, str]] = {}
        self.missing: dict[str, tuple[str, ...]] = {}

    async def plans(self, driver: VenueDriver, kind: MarketKind) -> dict[str, ConnectionSpec]:
        """The connections for what one market of a venue lists now, by name.

        Raises:
            TransportError: the list did not come.
            ProtocolError: it cannot be read.
        """
        self._lists[driver.venue, kind] = await self._listed(driver, kind)
        return self.planned(driver, kind)

    def is_listed(self, driver: VenueDriver, kind: MarketKind) -> bool:
        """Whether it is known what a market lists."""
        return (driver.venue, kind) in self._lists

    def planned(self, driver: VenueDriver, kind: MarketKind) -> dict[str, ConnectionSpec]:
        """The connections for what a market listed when it was last asked."""
        listed = self._lists[driver.venue, kind]
        self._compare(f"{driver.venue}.{kind.value}", driver.choose(listed, self._focus.bases))
        return {spec.name: spec for spec in self._specs(driver, kind, listed)}

    def knows(self, driver: VenueDriver, base: str) -> bool:
        """Whether a venue has a market of a base, as far as its lists are known."""
        return any(
            driver.choose(listed, (base,)) for (venue, _), listed in self._lists.items() if venue == driver.venue
        )

    def _specs(self, driver: VenueDriver, kind: MarketKind, listed: tuple[Instrument, ...]) -> Iterator[ConnectionSpec]:
        yield from self._following(driver, kind, driver.choose(listed, self._focus.always), "")
        if self._universe and driver.universe is not None and kind.is_perp:
            yield from driver.universe(kind, listed, driver.endpoints[kind])
        added = self._focus.added
        for bases, suffix in ((added, _SHARED),) if driver.shares else ((((base,), _ADDED + base)) for base in added):
            yield from self._following(driver, kind, driver.choose(listed, bases), suffix)

    def _following(
        self, driver: VenueDriver, kind: MarketKind, chosen: tuple[Instrument, ...], suffix: str
    ) -> Iterator[ConnectionSpec]:
        specs = [*driver.connections(kind, chosen, driver.endpoints[kind])]
        if driver.context is not None:
            specs += context_spec(kind, chosen, self._candles_s)
        yield from (msgspec.structs.replace(spec, name=spec.name + suffix) for spec in specs)

    async def _listed(self, driver: VenueDriver, kind: MarketKind) -> tuple[Instrument, ...]:
        bodies: list[bytes] = []
        for first in driver.listing(kind):
            request = first
            while request is not None:
                bodies.append(await self._rest.ask(driver, kind, request))
                request = driver.next_page(kind, bodies[-1])  # type: ignore[assignment]
        return driver.instruments(kind, bodies)

    def _compare(self, market: str, chosen: tuple[Instrument, ...]) -> None:
        now = {instrument.symbol: instrument.base for instrument in chosen}
        before = {symbol: base for symbol, base in self._followed.get(market, {}).items() if base in self._focus.bases}
        self._followed[market] = before | now
        self.missing[market] = tuple(symbol for symbol in before if symbol not in now)
