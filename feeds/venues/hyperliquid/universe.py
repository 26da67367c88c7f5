"""Hyperliquid's perpetuals all at once: one answer holds the context of every coin (README: All-market streams).

There is no socket: the stream of all contexts comes every 13 s and without names. The venue publishes neither a best
bid and ask (`impactPxs` are prices of a given size) nor liquidations here, so there are none.

Sample (trimmed, recorded); the contexts are in the order of the names, delisted ones included:
  [{"universe":[{"szDecimals":5,"name":"BTC","maxLeverage":40},..],..},[{"funding":"0.0000125","openInterest":
    "34782.03188","prevDayPx":"79917.0","dayNtlVlm":"904303380.42","premium":"-0.00033","oraclePx":"79699.3","markPx":
    "79666.1","midPx":"79672.5","impactPxs":["79672.0","79673.0"],"dayBaseVlm":"11324.51819"},..]]
"""

from collections.abc import Iterable, Iterator
from typing import Generic, TypeVar

import msgspec

from feeds.model.errors import ProtocolError
from feeds.model.events import DayStats, Event
from feeds.model.frame import UNIVERSE, ConnectionSpec
from feeds.model.instrument import Instrument
from feeds.model.protocol import Fetch
from feeds.pipeline.units import Size
from feeds.venues.driver import Endpoints
from feeds.venues.hyperliquid.derivatives import LAG_NS, derivatives
from feeds.venues.hyperliquid.wire import ContextFields
from feeds.venues.shared.connections import connection
from feeds.venues.shared.numbers import Price
from feeds.venues.shared.polling import every
from feeds.venues.shared.rows import RowDecoder
from feeds.venues.shared.universe import REST, Events, UniverseProtocol

_CONTEXTS = "metaAndAssetCtxs"
_EVERY_S, _WEIGHT = 5.0, 20

Row = TypeVar("Row")
Other = TypeVar("Other")


class _Name(msgspec.Struct, gc=False):
    name: str


class _Meta(msgspec.Struct, Generic[Row], gc=False):
    universe: list[Row]


class _Context(ContextFields, gc=False, kw_only=True):
    """A coin's derived values and its day, in listed units. Delisted coins have no `midPx`."""

    prevDayPx: Price
    dayNtlVlm: Size
    midPx: Price | None = None
    dayBaseVlm: Size | None = None


class _Contexts(msgspec.Struct, Generic[Row, Other], gc=False, array_like=True):
    meta: _Meta[Row]
    contexts: list[Other]


_decoder = RowDecoder(
    _Contexts,
    _Name,
    _Context,
    lists=lambda answer: (answer.meta.universe, answer.contexts),
    positional=True,
)


def universe_connections(markets: tuple[Instrument, ...], endpoints: Endpoints) -> tuple[ConnectionSpec, ...]:
    """One connection without a socket."""
    return (connection(markets, UNIVERSE, (REST + _CONTEXTS,)),)


class HyperliquidUniverse(UniverseProtocol):
    """The universe connection of the main dex."""

    def __init__(self, spec: ConnectionSpec) -> None:
        request = Fetch("/info", _CONTEXTS, _WEIGHT, f'{{"type":"{_CONTEXTS}"}}')
        super().__init__(spec, [every(_EVERY_S, request)])
        self._perps = {market.symbol: market for market in spec.markets}

    def _answer(self, topic: str, symbol: str, body: bytes, now_ns: int) -> Events:
        if topic != _CONTEXTS:
            return ()
        answer = self._decoded(topic, _decoder, body)
        names, contexts = answer.meta.universe, answer.contexts
        if len(names) != len(contexts):
            raise ProtocolError("Hyperliquid sent contexts of other coins than it named", f"{len(contexts)} contexts")
        return self._each(topic, zip(names, contexts, strict=True), self._coin, now_ns)

    def _coin(self, row: tuple[_Name | None, _Context | None], now_ns: int) -> Iterable[Event]:
        """The events of a name and its context, either of which is None where it was odd."""
        name, context = row
        instrument = self._perps.get(name.name) if name is not None else None
        return _events(instrument, context, now_ns) if instrument is not None and context is not None else ()


def _events(instrument: Instrument, row: _Context, now_ns: int) -> Iterator[Event]:
    scale, ts_ns = instrument.multiplier, now_ns - LAG_NS
    yield from derivatives(instrument, row, ts_ns, now_ns)
    price = row.midPx if row.midPx is not None else row.markPx
    if row.prevDayPx and row.dayBaseVlm is not None:
        change = price / row.prevDayPx - 1
        yield DayStats(instrument, ts_ns, now_ns, price / scale, change, row.dayBaseVlm * scale, row.dayNtlVlm)
