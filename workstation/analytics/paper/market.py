"""Market data of one second for the paper book: sampled prices, order books in focus, funding, scores."""

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol

import numpy as np

from feeds.model.instrument import Instrument, InstrumentId, MarketKind
from workstation.analytics.state.market import Market
from workstation.analytics.universe.sparklines import SPARKLINE_STEP_NS
from workstation.analytics.universe.universe import LIVE_NS, Cells, Universe
from workstation.readmodels.arrays import Floats
from workstation.readmodels.markets import Freshness
from workstation.readmodels.universe.paper import HOUR_NS, PaperScore
from workstation.readmodels.universe.pressure import PressureRequest, PressureView

Levels = tuple[tuple[float, float], ...]
LEAST_RETURNS = 5
_DEEP = 500


@dataclass(frozen=True, slots=True)
class Depth:
    """Order book levels (price, size in base coin), best first; neither side is empty."""

    bids: Levels
    asks: Levels

    @property
    def mid(self) -> float:
        """Mean of best bid and best ask."""
        return (self.bids[0][0] + self.asks[0][0]) / 2


@dataclass(frozen=True, slots=True)
class NextFunding:
    """A market's next funding as last published: `rate` is a fraction per interval, None unknown; times 0 unknown."""

    rate: float | None
    due_ns: int
    interval_ns: int
    mark: float | None


@dataclass(frozen=True, slots=True)
class Ranked:
    """Coins with a score, highest first, ties by name. `volatility` is of an hourly log return, None while unknown."""

    coins: tuple[str, ...]
    scores: tuple[float, ...]
    volatility: tuple[float | None, ...]


@dataclass(frozen=True, slots=True)
class MarketSecond:
    """Market data at `now_ns`. `mid`, `depth` and `funding` are of a market, None without live data; `market` is where
    a base would be traded, None if nowhere; `ranked` is computed when called.
    """

    now_ns: int
    mid: Callable[[InstrumentId], float | None]
    depth: Callable[[InstrumentId], Depth | None]
    funding: Callable[[InstrumentId], NextFunding | None]
    market: Callable[[str], Instrument | None]
    ranked: Callable[[PaperScore], Ranked]


class SampledEngine(Protocol):
    """The part of an engine that is read: the universe's last sample, markets in focus, the pressure view."""

    universe: Universe

    def market(self, instrument: InstrumentId, /) -> Market | None:
        """A market in focus, None for any other."""

    def view(self, request: PressureRequest, /) -> object:
        """A `PressureView` of all coins."""


class SecondReader:
    """Reads seconds from an engine's last sample. The row of each market is cached until markets are added."""

    def __init__(self) -> None:
        self._instruments: tuple[Instrument, ...] = ()
        self._rows: dict[InstrumentId, int] = {}
        self._of_base: dict[str, list[int]] = {}

    def read(self, engine: SampledEngine) -> MarketSecond:
        sample = engine.universe.sampled
        if sample.instruments is not self._instruments:
            self._list(sample.instruments)
        second = _Second(engine, sample.cells, sample.now_ns, self._instruments, self._rows, self._of_base)
        return MarketSecond(sample.now_ns, second.mid, second.depth, second.funding, second.market, second.ranked)

    def _list(self, instruments: tuple[Instrument, ...]) -> None:
        self._instruments = instruments
        self._rows = {one.id: row for row, one in enumerate(instruments)}
        self._of_base = {}
        for row, one in enumerate(instruments):
            if one.kind is MarketKind.LINEAR:
                self._of_base.setdefault(one.base, []).append(row)


@dataclass(frozen=True, slots=True)
class _Second:
    engine: SampledEngine
    cells: Cells
    now_ns: int
    instruments: tuple[Instrument, ...]
    rows: dict[InstrumentId, int]
    of_base: dict[str, list[int]]

    def mid(self, market: InstrumentId) -> float | None:
        """Mid of the sampled quote, else of the order book in focus; None without a usable one."""
        row = self._live(market)
        if row is None:
            return None
        bid, ask = float(self.cells.bid[row]), float(self.cells.ask[row])
        if _crossed(bid, ask):
            focus = self._focus(market)
            return focus.mid if focus is not None else None
        return (bid + ask) / 2

    def depth(self, market: InstrumentId) -> Depth | None:
        """The order book in focus, else the sampled quote as a book of one level; None without either."""
        row = self._live(market)
        if row is None:
            return None
        focus = self._focus(market)
        if focus is not None:
            return focus
        cells = self.cells
        bid, ask = float(cells.bid[row]), float(cells.ask[row])
        if _crossed(bid, ask):
            return None
        return Depth(((bid, _size(cells.bid_size[row])),), ((ask, _size(cells.ask_size[row])),))

    def funding(self, market: InstrumentId) -> NextFunding | None:
        """The rate last published; an unpublished due time is the next multiple of the interval from 00:00 UTC."""
        row = self._live(market)
        if row is None:
            return None
        cells = self.cells
        hours = float(cells.interval_h[row])
        interval_ns = round(hours * HOUR_NS) if hours > 0 else 0
        due_ns = int(cells.next_funding_ns[row])
        if not due_ns and interval_ns:
            due_ns = self.now_ns - self.now_ns % interval_ns + interval_ns
        return NextFunding(_known(cells.funding[row]), due_ns, interval_ns, _known(cells.mark[row]))

    def market(self, base: str) -> Instrument | None:
        """The live linear perpetual with a price and the largest 24 h turnover."""
        turnover = self.cells.turnover
        priced = [row for row in self.of_base.get(base, ()) if self.mid(self.instruments[row].id) is not None]
        best = max(priced, key=lambda row: (-1.0 if math.isnan(turnover[row]) else turnover[row], -row), default=None)
        return self.instruments[best] if best is not None else None

    def ranked(self, score: PaperScore) -> Ranked:
        """The coins by a score, as the pressure table shows them with default weights."""
        view = self.engine.view(PressureRequest())
        assert isinstance(view, PressureView)
        chosen = view.pressure.signed if score is PaperScore.PRESSURE else view.flow.score
        names = view.universe.symbols
        order = sorted((row for row in range(len(names)) if not math.isnan(chosen[row])), key=_by(chosen, names))
        return Ranked(
            tuple(names[row] for row in order),
            tuple(float(chosen[row]) for row in order),
            tuple(hourly_volatility(view.price_sparkline[row]) for row in order),
        )

    def _live(self, market: InstrumentId) -> int | None:
        row = self.rows.get(market)
        return row if row is not None and self.now_ns - self.cells.received_ns[row] <= LIVE_NS else None

    def _focus(self, market: InstrumentId) -> Depth | None:
        found = self.engine.market(market)
        if found is None or found.book_freshness(self.now_ns) is not Freshness.LIVE:
            return None
        price = found.instrument.price_from_ticks
        bids = tuple((price(ticks), size) for ticks, size in found.book.bids.top(_DEEP))
        asks = tuple((price(ticks), size) for ticks, size in found.book.asks.top(_DEEP))
        return Depth(bids, asks) if bids and asks and not _crossed(bids[0][0], asks[0][0]) else None


def hourly_volatility(prices: Floats) -> float | None:
    """Standard deviation of hourly log returns, scaled from sparkline steps by the square root of time.

    `prices` (steps,) may hold NaN. None with fewer than five known returns or without any move.
    """
    steps = np.diff(np.log(prices))
    steps = steps[np.isfinite(steps)]
    if len(steps) < LEAST_RETURNS:
        return None
    found = float(np.std(steps) * math.sqrt(HOUR_NS / SPARKLINE_STEP_NS))
    return found if found > 0 else None


def _by(chosen: Floats, names: tuple[str, ...]) -> Callable[[int], tuple[float, str]]:
    return lambda row: (-float(chosen[row]), names[row])


def _crossed(bid: float, ask: float) -> bool:
    """Whether the pair of prices is unusable: one is missing or bid is above ask."""
    return not 0 < bid <= ask < math.inf


def _size(size: float) -> float:
    return float(size) if size > 0 else 0.0


def _known(value: float) -> float | None:
    return float(value) if math.isfinite(value) else None
