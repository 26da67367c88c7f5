"""The facts about one venue that the rest of the program asks for: names, colours, fees, what it publishes."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from enum import StrEnum

import msgspec

from feeds.model.instrument import MarketKind, Venue
from feeds.model.protocol import Fetch
from feeds.pipeline.symbols import SymbolRules


class Coverage(StrEnum):
    """How many of a venue's liquidations it publishes."""

    ALL = "all"
    SAMPLED = "sampled"  # some are left out, so counts and sums are floors
    DELAYED = "delayed"
    NONE = "none"


class LiquidationCoverage(msgspec.Struct, frozen=True):
    """What a venue publishes of the liquidations of its perpetuals.

    `description` is a text for the user, `delay_ns` the delay that the venue states. `price_is_fill`:
    the published price is that of the execution, not for instance the bankruptcy price.
    """

    published: Coverage
    description: str
    delay_ns: int = 0
    price_is_fill: bool = True

    @property
    def in_real_time(self) -> bool:
        """Whether silence means that little or nothing was liquidated."""
        return self.published in (Coverage.ALL, Coverage.SAMPLED)


_NO_POSITIONS = LiquidationCoverage(Coverage.NONE, "spot has no positions to liquidate")


class VenueColors(msgspec.Struct, frozen=True):
    """The colour of a venue as `#rrggbb` on themes with a dark and with a light background."""

    on_dark: str
    on_light: str

    def on(self, *, dark: bool) -> str:
        """The colour on a dark or a light background."""
        return self.on_dark if dark else self.on_light


class ServerTime(msgspec.Struct, frozen=True):
    """How to ask for a venue's clock: the market whose REST host answers, the request, and the reader of its body.

    `read_ns` returns ns since the epoch and raises ProtocolError.
    """

    kind: MarketKind
    request: Fetch
    read_ns: Callable[[bytes], int]


@dataclass(frozen=True, slots=True, kw_only=True)
class VenueProfile:
    """One venue.

    `label` is its name on screen, `mark` its short form of three capital letters. `taker_fee` is that of the lowest fee
    tier, as a fraction of the notional. `quotes` is the quote currency of the markets shown, by kind; a kind that the
    venue lacks is absent. `symbols` are its ways to write an asset's name. `captures` are the names under which
    multi-venue captures (JSON lines) record the venue, each with its usual kind of market; where there are several, a
    capture holds one kind only.
    """

    name: Venue
    label: str
    mark: str
    colors: VenueColors
    taker_fee: float
    liquidations: LiquidationCoverage
    quotes: Mapping[MarketKind, str]
    server_time: ServerTime | None = None
    symbols: SymbolRules = field(default_factory=SymbolRules)
    captures: Mapping[str, MarketKind] = field(default_factory=dict)

    def liquidations_of(self, kind: MarketKind) -> LiquidationCoverage:
        return self.liquidations if kind.is_perp else _NO_POSITIONS
