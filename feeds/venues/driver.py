"""What a venue offers to the rest of the program, as data and pure functions: one `VenueDriver` a venue."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field, replace

import msgspec

from feeds.model.frame import ConnectionSpec
from feeds.model.instrument import Instrument, MarketKind, Venue
from feeds.model.protocol import Fetch, VenueProtocol
from feeds.pipeline.freshness import Stream
from feeds.venues.profile import VenueProfile
from feeds.venues.shared.connections import coins
from feeds.venues.shared.limits import Limits


class Endpoints(msgspec.Struct, frozen=True):
    """Base addresses of one market, without a trailing slash."""

    websocket: str
    rest: str


Carried = tuple[Stream, str]
"""What a stream of a spec publishes, and the symbol of its market, "" for all markets."""

Plan = Callable[[tuple[Instrument, ...], Endpoints], tuple[ConnectionSpec, ...]]
"""The connections of some markets of one kind, of which there is at least one."""


@dataclass(frozen=True, slots=True)
class VenueDriver:
    """How to reach, list, subscribe and decode one venue. A kind that the venue lacks is not in `endpoints`.

    `listing` are the requests whose bodies, in order, `instruments` reads. `choose` picks the markets worth showing for
    some bases. `connections` plans the sockets for chosen markets; `protocol` decodes one of them. `weights` names the
    pool that a market's REST calls draw on and its limit a minute. `lifetime_s` is how long to keep a connection where
    the venue ends it by itself. `universe` plans the connections of route `universe` for all perpetuals of a kind,
    `universe_protocol` decodes them, and `context_protocol` those of route `context`. `next_page` is the request after
    a listing's body that is not the last, `limit` the seconds to wait that an answer asks for, `limit_pause_s` those
    after a refusal that does not say how long. `connects` are the new sockets that may be opened at once and then a
    second. `carries` reads the name of a stream in a spec, None for one that publishes at no pace of its own.
    `shares` is whether bases followed for a while share sockets, because the venue allows few; else each has its own.
    """

    profile: VenueProfile
    endpoints: dict[MarketKind, Endpoints]
    listing: Callable[[MarketKind], tuple[Fetch, ...]]
    instruments: Callable[[MarketKind, Sequence[bytes]], tuple[Instrument, ...]]
    choose: Callable[[Iterable[Instrument], Iterable[str]], tuple[Instrument, ...]]
    connections: Plan
    protocol: Callable[[ConnectionSpec, Limits], VenueProtocol]
    weights: dict[MarketKind, tuple[str, float]] = field(default_factory=dict)
    lifetime_s: float | None = None
    universe: Plan | None = None
    universe_protocol: Callable[[ConnectionSpec], VenueProtocol] | None = None
    context_protocol: Callable[[ConnectionSpec], VenueProtocol] | None = None
    next_page: Callable[[MarketKind, bytes], Fetch | None] = lambda kind, body: None
    limit: Callable[[bytes], float | None] = lambda body: None
    limit_pause_s: float = 60.0
    connects: tuple[int, float] = (5, 1.0)
    carries: Callable[[str], Carried | None] = lambda stream: None
    shares: bool = False

    @property
    def venue(self) -> Venue:
        return self.profile.name

    def plan(self, markets: tuple[Instrument, ...]) -> tuple[ConnectionSpec, ...]:
        return self.connections(markets, self.endpoints[markets[0].kind]) if markets else ()

    def plan_universe(self, listed: Iterable[Instrument]) -> tuple[ConnectionSpec, ...]:
        """The connections of route `universe` for the listed markets of one kind, none where no coin is among them."""
        markets = coins(listed)
        return self.universe(markets, self.endpoints[markets[0].kind]) if markets and self.universe is not None else ()


def loopback(driver: VenueDriver, port: int) -> VenueDriver:
    """The same venue as the simulator serves it on this machine."""
    at = f"127.0.0.1:{port}/{driver.venue}"
    endpoints = {kind: Endpoints(f"ws://{at}/{kind.value}", f"http://{at}/{kind.value}") for kind in driver.endpoints}
    return replace(driver, endpoints=endpoints)
