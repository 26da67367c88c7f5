"""Which markets of a venue are worth showing, and how connections are named."""

from collections.abc import Callable, Iterable

from feeds.model.frame import ConnectionSpec
from feeds.model.instrument import Instrument
from feeds.pipeline.symbols import TRADFI
from feeds.venues.profile import VenueProfile


def main_markets(profile: VenueProfile) -> Callable[[Iterable[Instrument], Iterable[str]], tuple[Instrument, ...]]:
    """Choose the main market of each base: the one in the quote currency of its kind."""

    def choose(instruments: Iterable[Instrument], bases: Iterable[str]) -> tuple[Instrument, ...]:
        wanted = set(bases)
        return tuple(
            market for market in instruments if market.base in wanted and market.quote == profile.quotes[market.kind]
        )

    return choose


def coins(markets: Iterable[Instrument]) -> tuple[Instrument, ...]:
    """The perpetuals on coins: stocks, metals and currencies are another universe."""
    return tuple(market for market in markets if market.kind.is_perp and not market.base.startswith(TRADFI))


def connection(
    markets: tuple[Instrument, ...],
    route: str,
    streams: Iterable[str] = (),
    url: str = "",
    part: str = "",
    candles_s: int = 0,
) -> ConnectionSpec:
    """A connection of some markets, of which there must be one. `part` distinguishes several of one route."""
    venue, kind = markets[0].venue, markets[0].kind
    return ConnectionSpec(
        name=f"{venue}.{kind.value}.{route}" + (f"-{part}" if part else ""),
        venue=venue,
        kind=kind,
        route=route,
        url=url,
        streams=tuple(streams),
        markets=markets,
        candles_s=candles_s,
    )
