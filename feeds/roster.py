"""What the venues list now, and the connections that it takes to follow it: asked at the start and again and again."""

from __future__ import annotations

from collections.abc import Iterable

from feeds.frame import ConnectionSpec
from feeds.instrument import Instrument, MarketKind
from feeds.rest import Rest
from feeds.venues.context import context_spec
from feeds.venues.driver import VenueDriver


class Roster:
    """The plans of all markets of some bases. `missing` names those that were followed and are no longer listed.

    `candles_s` is how far back candles are asked for, `universe` whether all perpetuals are followed in few words.
    """

    def __init__(self, bases: Iterable[str], rest: Rest, *, candles_s: int, universe: bool) -> None:
        self._bases = tuple(bases)
        self._rest = rest
        self._candles_s = candles_s
        self._universe = universe
        self._followed: dict[str, dict[str, None]] = {}
        self.missing: dict[str, tuple[str, ...]] = {}

    async def plans(self, driver: VenueDriver, kind: MarketKind) -> dict[str, ConnectionSpec]:
        """The connections for what one market of a venue lists now, by name.

        Raises:
            TransportError: the list did not come.
            ProtocolError: it cannot be read.
        """
        listed = await self._listed(driver, kind)
        chosen = driver.choose(listed, self._bases)
        self._compare(f"{driver.venue.value}.{kind.value}", chosen)
        return {spec.name: spec for spec in self._specs(driver, kind, listed, chosen)}

    def _specs(
        self, driver: VenueDriver, kind: MarketKind, listed: tuple[Instrument, ...], chosen: tuple[Instrument, ...]
    ) -> Iterable[ConnectionSpec]:
        endpoints = driver.endpoints[kind]
        yield from driver.connections(kind, chosen, endpoints)
        if driver.context is not None:
            yield from context_spec(kind, chosen, self._candles_s)
        if self._universe and driver.universe is not None and kind.is_perp:
            yield from driver.universe(kind, listed, endpoints)

    async def _listed(self, driver: VenueDriver, kind: MarketKind) -> tuple[Instrument, ...]:
        bodies: list[bytes] = []
        for first in driver.listing(kind):
            request = first
            while request is not None:
                bodies.append(await self._rest.ask(driver, kind, request))
                request = driver.next_page(kind, bodies[-1])  # type: ignore[assignment]
        return driver.instruments(kind, bodies)

    def _compare(self, market: str, chosen: tuple[Instrument, ...]) -> None:
        now = dict.fromkeys(instrument.symbol for instrument in chosen)
        followed = self._followed[market] = self._followed.get(market, {}) | now
        self.missing[market] = tuple(symbol for symbol in followed if symbol not in now)
