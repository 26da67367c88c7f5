"""Hyperliquid's perpetuals all at once: one answer holds the context of every coin (VENUES 4.5, 7.5).

There is no socket: the stream of all contexts comes every 13 s and without names. The venue tells neither a best bid
and ask (`impactPxs` are prices of a given size) nor liquidations here, so there are none.

Sample (trimmed, recorded); the contexts are in the order of the names, delisted ones included:
  [{"universe":[{"szDecimals":5,"name":"BTC","maxLeverage":40},..],..},[{"funding":"0.0000125","openInterest":
    "34782.03188","prevDayPx":"79917.0","dayNtlVlm":"904303380.42","premium":"-0.00033","oraclePx":"79699.3","markPx":
    "79666.1","midPx":"79672.5","impactPxs":["79672.0","79673.0"],"dayBaseVlm":"11324.51819"},..]]
"""

from __future__ import annotations

from collections.abc import Iterator

import msgspec

from feeds.model.errors import ProtocolError
from feeds.model.events import DayStats, Event, Funding, IndexPrice, MarkPrice, OpenInterest
from feeds.model.frame import ConnectionSpec
from feeds.model.instrument import Instrument, MarketKind
from feeds.model.protocol import Fetch
from feeds.pipeline.units import Size
from feeds.venues.driver import Endpoints
from feeds.venues.hyperliquid.wire import Price, Rate
from feeds.venues.shared.polling import every
from feeds.venues.shared.universe import REST, Events, UniverseProtocol, coins, universe_spec

_SECOND = 1_000_000_000
_HOUR = 3_600 * _SECOND
_LAG_NS = _SECOND
_CONTEXTS = "metaAndAssetCtxs"
_EVERY_S, _WEIGHT = 5.0, 20


class _Name(msgspec.Struct, gc=False):
    name: str


class _Meta(msgspec.Struct, gc=False):
    universe: list[_Name]


class Context(msgspec.Struct, gc=False):
    """A coin's derived values, in listed units; `funding` is for the coming hour. Delisted coins have no `midPx`."""

    funding: Rate
    openInterest: Size
    oraclePx: Price
    markPx: Price
    prevDayPx: Price
    dayNtlVlm: Size
    midPx: Price | None = None
    dayBaseVlm: Size | None = None


_decoder = msgspec.json.Decoder(tuple[_Meta, list[Context]], strict=False)


def plan(kind: MarketKind, listed: tuple[Instrument, ...], endpoints: Endpoints) -> tuple[ConnectionSpec, ...]:
    """One connection without a socket."""
    markets = coins(listed)
    return (universe_spec(kind, markets, (REST + _CONTEXTS,)),) if markets else ()


class HyperliquidUniverse(UniverseProtocol):
    """The universe connection of the main dex."""

    def __init__(self, spec: ConnectionSpec) -> None:
        request = Fetch("/info", _CONTEXTS, _WEIGHT, f'{{"type":"{_CONTEXTS}"}}')
        super().__init__(spec, [every(_EVERY_S, request)])
        self._perps = {market.symbol: market for market in spec.markets}

    def _answer(self, topic: str, symbol: str, body: bytes, now_ns: int) -> Events:
        if topic != _CONTEXTS:
            return ()
        meta, contexts = _decoder.decode(body)
        if len(meta.universe) != len(contexts):
            raise ProtocolError("Hyperliquid told of other coins than it named", f"{len(contexts)} contexts")
        events: list[Event] = []
        for name, context in zip(meta.universe, contexts, strict=True):
            instrument = self._perps.get(name.name)
            if instrument is not None:
                events += _events(instrument, context, now_ns)
        return events


def _events(instrument: Instrument, row: Context, now_ns: int) -> Iterator[Event]:
    """Contexts carry no time; they are dated a second back, where the venue's block time is (VENUES 4.7)."""
    scale, ts_ns = instrument.multiplier, now_ns - _LAG_NS
    mark, size = row.markPx / scale, row.openInterest * scale
    yield MarkPrice(instrument, ts_ns, now_ns, mark)
    yield IndexPrice(instrument, ts_ns, now_ns, row.oraclePx / scale)
    yield Funding(instrument, ts_ns, now_ns, row.funding, ts_ns - ts_ns % _HOUR + _HOUR, _HOUR)
    yield OpenInterest(instrument, ts_ns, now_ns, size, size * mark)
    price = row.midPx if row.midPx is not None else row.markPx
    if row.prevDayPx and row.dayBaseVlm is not None:
        change = price / row.prevDayPx - 1
        yield DayStats(instrument, ts_ns, now_ns, price / scale, change, row.dayBaseVlm * scale, row.dayNtlVlm)
