"""Names of markets on screen, and the state of a summed book."""

from collections.abc import Iterable
from typing import NamedTuple

from feeds.model.instrument import InstrumentId, MarketKind, Venue
from feeds.venues.registry import profile_of
from widgets.theme.theme import theme
from workstation.readmodels.markets import Freshness, MarketFilter, MarketState

_KIND_MARKS = {MarketKind.LINEAR: "", MarketKind.INVERSE: "-inv", MarketKind.SPOT: "-spot"}
_WORST_LAST = (Freshness.LIVE, Freshness.STALE, Freshness.SYNCING, Freshness.LOST, Freshness.WAITING)


def venue_mark(venue: Venue) -> str:
    """Three letters for a venue."""
    return profile_of(venue).mark


def listed_mark(venue: Venue, kind: MarketKind) -> str:
    """Venue and, unless it is the linear perpetual, kind: `BIN`, `OKX-inv`, `BYB-spot`."""
    return venue_mark(venue) + _KIND_MARKS[kind]


def market_mark(market: MarketState) -> str:
    return listed_mark(market.venue, market.kind)


def market_name(market: MarketState) -> str:
    """The mark with the venue's own symbol, for menus."""
    return f"{market_mark(market)}  {market.symbol}"


def chosen_markets(
    markets: Iterable[MarketState], market: InstrumentId | None, wanted: MarketFilter
) -> tuple[MarketState, ...]:
    """The markets a request sums: the single one if named, else those the filter accepts."""
    if market is not None:
        return tuple(state for state in markets if state.id == market)
    return tuple(state for state in markets if wanted.accepts(state.venue, state.kind))


class BookState(NamedTuple):
    """The state of a summed book: `live` of `known` books are in it; `message` is empty when all are."""

    freshness: Freshness
    live: int
    known: int
    message: str


def book_state(markets: tuple[MarketState, ...]) -> BookState:
    """The state of the sum: live while any book is, otherwise the best state among them."""
    live = sum(market.book is Freshness.LIVE for market in markets)
    best = min((market.book for market in markets), key=_WORST_LAST.index, default=Freshness.WAITING)
    return BookState(best, live, len(markets), _book_message(markets, best, live))


def _book_message(markets: tuple[MarketState, ...], best: Freshness, live: int) -> str:
    absent = [market for market in markets if market.book is not Freshness.LIVE]
    reason = next((market.reason for market in absent if market.reason and market.book is best), "")
    if best is Freshness.LIVE:
        return f"{live} of {len(markets)} books: {_absences(absent)}" if absent else ""
    texts = {
        Freshness.STALE: "book stale",
        Freshness.SYNCING: "book resyncing",
        Freshness.LOST: "book lost",
        Freshness.WAITING: "waiting for the book",
    }
    return f"{texts[best]}: {reason}" if reason else texts[best]


def _absences(absent: list[MarketState]) -> str:
    """The absent books by state, the worst first: `lost OKX, HYP; stale BIN-inv`."""
    states = sorted({market.book for market in absent}, key=_WORST_LAST.index, reverse=True)
    groups = (f"{state} {', '.join(market_mark(m) for m in absent if m.book is state)}" for state in states)
    return "; ".join(groups)


def freshness_color(freshness: Freshness) -> str:
    """The theme role in which a state is written."""
    return {
        Freshness.LIVE: "text",
        Freshness.STALE: "stale",
        Freshness.SYNCING: "gap",
        Freshness.LOST: "error",
        Freshness.WAITING: "muted",
    }[freshness]


def row_height() -> int:
    """Height of one line of the ladder and the tape."""
    return theme().spec.font.size + 4
