"""The engine's numbers as tables: headless, deterministic, one row a fact, columns as in `columns`.

Times are ns since the epoch, UTC. Sizes are base coin, `*_usd` quote notional. Floats are rounded to 12 significant
digits, which hides the last bits of binary sums and nothing else.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from feeds.model.events import BookLost, Event, Side
from feeds.recording import RecordingReader
from workstation.analytics.engine import Engine
from workstation.analytics.state.base import Base, Limits
from workstation.analytics.state.market import Market
from workstation.analytics.views.footprint import footprint_view
from workstation.exports.cells import Row, names_of, number
from workstation.exports.cvd import cvd_rows
from workstation.exports.obi import ObiRows
from workstation.exports.paper import PaperRows
from workstation.exports.positions import interest_row, premium_rows, quadrant_rows
from workstation.exports.pressure import PressureRows, pressure_rows
from workstation.exports.setups import setup_rows
from workstation.readmodels.flow.footprint import FootprintBar, FootprintRequest, FootprintRules
from workstation.readmodels.markets import MarketFilter
from workstation.readmodels.universe.paper import PaperSettings
from workstation.session.core import Core

EVERYTHING = Limits(trades=1 << 62, bars=1 << 62)


@dataclass(frozen=True, slots=True)
class ExportSettings:
    """What to export. `row_size` None takes ten ticks of the coarsest market; `book_levels` 0 takes all levels."""

    tables: tuple[str, ...]
    bar_ns: int = 60_000_000_000
    row_size: float | None = None
    every_ns: int = 1_000_000_000
    book_levels: int = 20
    rules: FootprintRules = field(default_factory=FootprintRules)
    paper: PaperSettings = field(default_factory=PaperSettings)


def export_rows(
    path: Path, settings: ExportSettings, progress: Callable[[int, int], None] | None = None
) -> Iterator[tuple[str, list[Row]]]:
    """Read a recording to its end and yield (table, rows) as they come to be known.

    Raises:
        RecordingError: the file is no recording.
    """
    reader = RecordingReader(path)
    core = Core(EVERYTHING)
    flow, pressure, obi = _Flow(settings), PressureRows(settings.bar_ns), ObiRows(settings.every_ns)
    paper = PaperRows(settings.paper)
    start_ns, end_ns = reader.start_ns or 0, reader.end_ns or 0
    for chunk_at in range(len(reader.chunk_starts)):
        for frame in reader.chunk(chunk_at) or ():
            yield from flow.book_due(core.engine, frame.ts_recv_ns)
            if "obi" in settings.tables:
                yield from obi.due(core.engine, frame.ts_recv_ns)
            if "pressure" in settings.tables:
                yield from pressure.due(core.engine, frame.ts_recv_ns)
            if "paper" in settings.tables:
                yield from paper.due(core.engine, frame.ts_recv_ns)
            handle = core.handler(frame.connection)
            for event in core.feed.receive(frame):
                yield from flow.book_ending(core.engine, event)
                handle(event)
                flow.note(event)
        yield from flow.take()
        if progress is not None:
            progress(core.engine.now_ns - start_ns, end_ns - start_ns)
    core.engine.advance(end_ns)
    yield from state_rows(core.engine, settings, max(end_ns, core.engine.now_ns))


def state_rows(engine: Engine, settings: ExportSettings, now_ns: int) -> Iterator[tuple[str, list[Row]]]:
    """The tables that are a function of the engine's state: all but those of events."""
    for base in engine.bases.values():
        if "bars" in settings.tables:
            yield "bars", list(_bars(base, settings, now_ns))
        if "footprint" in settings.tables:
            yield "footprint", list(_footprint(base, settings, now_ns))
        if "cvd" in settings.tables:
            yield "cvd", cvd_rows(base, settings.bar_ns, now_ns)
        if "premium" in settings.tables:
            yield "premium", list(premium_rows(base, settings.bar_ns, now_ns))
        if "quadrant" in settings.tables:
            yield "quadrant", list(quadrant_rows(base))
        if "setups" in settings.tables:
            yield "setups", setup_rows(base, settings.bar_ns, now_ns)
        if "book" in settings.tables:
            yield "book", [row for market in base.markets for row in _book(market, now_ns, settings.book_levels)]
    if "pressure" in settings.tables:
        yield "pressure", list(pressure_rows(engine))


class _Flow:
    """Tables that grow with the events, and the book at its cadence."""

    def __init__(self, settings: ExportSettings) -> None:
        self._settings = settings
        self._rows: dict[str, list[Row]] = {
            name: [] for name in settings.tables if name in ("trades", "liquidations", "funding", "open_interest")
        }
        self._next_book_ns = 0

    def note(self, event: Any) -> None:
        """Keep the row of an event, if its table is wanted."""
        made = _EVENT_ROWS.get(type(event).__name__)
        if made is not None and made[0] in self._rows:
            self._rows[made[0]].append(made[1](event))

    def take(self) -> Iterator[tuple[str, list[Row]]]:
        """Hand over the rows kept so far."""
        for name, rows in self._rows.items():
            if rows:
                self._rows[name] = []
                yield name, rows

    def book_ending(self, engine: Engine, event: Event) -> Iterator[tuple[str, list[Row]]]:
        """The last book of a market before it is lost."""
        if isinstance(event, BookLost) and "book" in self._settings.tables:
            market = engine.market(event.instrument.id)
            if market is not None:
                yield "book", list(_book(market, event.ts_recv_ns, self._settings.book_levels))

    def book_due(self, engine: Engine, now_ns: int) -> Iterator[tuple[str, list[Row]]]:
        """Books at every multiple of the cadence, as they stood before the first frame at or after it."""
        every_ns = self._settings.every_ns
        if "book" not in self._settings.tables or now_ns < self._next_book_ns:
            return
        at_ns = self._next_book_ns or now_ns
        self._next_book_ns = now_ns - now_ns % every_ns + every_ns
        for base in engine.bases.values():
            yield "book", [row for market in base.markets for row in _book(market, at_ns, self._settings.book_levels)]


def _trade_row(event: Any) -> Row:
    side = event.aggressor.value if event.aggressor is not None else ""
    numbers = (number(event.price), number(event.size), number(event.notional))
    return (event.ts_venue_ns, event.ts_recv_ns, *names_of(event.instrument), str(event.trade_id), *numbers, side)


def _liquidation_row(event: Any) -> Row:
    position = "long" if event.side is Side.SELL else "short"
    numbers = (number(event.price), number(event.size), number(event.notional))
    return (event.ts_venue_ns, *names_of(event.instrument), position, *numbers)


def _funding_row(event: Any) -> Row:
    return (event.ts_venue_ns, *names_of(event.instrument), event.rate, event.next_funding_ns)


_EVENT_ROWS: dict[str, tuple[str, Callable[[Any], Row]]] = {
    "Trade": ("trades", _trade_row),
    "Liquidation": ("liquidations", _liquidation_row),
    "Funding": ("funding", _funding_row),
    "OpenInterest": ("open_interest", interest_row),
}


def _groups(base: Base) -> Iterator[tuple[Row, MarketFilter]]:
    """Every market by itself, then the sums over perpetuals and over spot."""
    for market in base.markets:
        instrument = market.instrument
        one = MarketFilter(None, frozenset((instrument.venue,)), frozenset((instrument.kind,)))
        yield names_of(instrument), one
    for kind, perp in (("perp", True), ("spot", False)):
        if any(market.instrument.kind.is_perp == perp for market in base.markets):
            yield (base.name, "all", kind, ""), MarketFilter(perp=perp)


def _request(base: Base, chosen: MarketFilter, settings: ExportSettings) -> FootprintRequest:
    row_size = settings.row_size or float(base.largest_tick(base.markets) * 10)
    return FootprintRequest(base.name, chosen, settings.bar_ns, row_size, settings.rules)


def _group_bars(base: Base, settings: ExportSettings, now_ns: int) -> Iterator[tuple[Row, float, FootprintBar]]:
    for names, chosen in _groups(base):
        view = footprint_view(base, _request(base, chosen, settings), 0, now_ns)
        for bar in view.bars:
            yield names, view.row_size, bar


def _bars(base: Base, settings: ExportSettings, now_ns: int) -> Iterator[Row]:
    for names, row_size, bar in _group_bars(base, settings, now_ns):
        numbers = (bar.open, bar.high, bar.low, bar.close, bar.buy, bar.sell, bar.buy_usd, bar.sell_usd)
        deltas = (bar.delta, bar.min_delta, bar.max_delta)
        poc = number(bar.poc_row * row_size)
        complete = bar.complete and bar.closed
        yield (bar.start_ns, *names, *map(number, numbers + deltas), bar.trades, poc, complete)


def _footprint(base: Base, settings: ExportSettings, now_ns: int) -> Iterator[Row]:
    """One row for each price row that traded."""
    for names, row_size, bar in _group_bars(base, settings, now_ns):
        traded = np.flatnonzero((bar.buy_volume > 0) | (bar.sell_volume > 0))
        for at in traded.tolist():
            row = bar.first_row + at
            sell, buy = number(bar.sell_volume[at]), number(bar.buy_volume[at])
            yield (bar.start_ns, *names, number(row * row_size), sell, buy, row == bar.poc_row)


def _book(market: Market, ts_ns: int, levels: int) -> Iterable[Row]:
    if not market.book.known:
        return
    instrument = market.instrument
    for side, book_side in (("bid", market.book.bids), ("ask", market.book.asks)):
        chosen = book_side.top(levels) if levels else book_side.levels()
        for level, (ticks, size) in enumerate(chosen):
            price = instrument.price_from_ticks(ticks)
            yield (ts_ns, *names_of(instrument), side, level, number(price), number(size))
