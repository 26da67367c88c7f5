"""The 1-minute footprint of a day of four venues from the lake, beside reading the same from frames.

Both are scaled, for a day of frames takes hours to make. The lake holds a generated day with a part of the trades that
the shipped simulated session has a day, and the time of the query is multiplied by what is left out; the baseline is
the shipped minute of five venues, read to its end and asked for its footprint, times the minutes of a day.
"""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from pathlib import Path

import numpy as np

import resources
from feeds.model.events import Side, Trade, TradesLive
from feeds.model.instrument import Venue
from feeds.recording import RecordingReader
from tests.bench.metric import Metric, seconds
from tests.workstation.analytics.market_events import DAY, START, market
from workstation.lake.decoded import Row, RowDecoder
from workstation.lake.manifest import Manifest, write_manifest
from workstation.lake.query import connect
from workstation.lake.schema import Partition
from workstation.lake.sink import Sink
from workstation.readmodels.flow.footprint import FootprintRequest
from workstation.replay.core import Core

TRADES = 300_000
MARKETS = (
    market(Venue("binance")),
    market(Venue("bybit")),
    market(Venue("okx")),
    market(Venue("hyperliquid"), tick="1"),
)
FOOTPRINT = "SELECT count(*), sum(buy) FROM footprint('1m', 10, 'BTC')"


def measure() -> dict[str, Metric]:
    """Seconds on the wall; DuckDB uses every core it finds, reading frames one."""
    session = resources.path("sessions/simulated.mcap")
    reader = RecordingReader(session)
    core = Core()
    minute_s = seconds(lambda: _read(reader, core))
    of_minute = core.engine.bases["BTC"].trades.total
    span_s = ((reader.end_ns or 0) - (reader.start_ns or 0)) / 1e9
    frames_s, trades_a_day = minute_s * 86_400 / span_s, of_minute * 86_400 / span_s
    with tempfile.TemporaryDirectory(prefix="workstation-bench-") as folder:
        _generate(Path(folder))
        asked_s = min(seconds(lambda: connect(Path(folder)).execute(FOOTPRINT).fetchall()) for _ in range(3))
    day_s = asked_s * trades_a_day / TRADES
    note = (
        f"scaled: {asked_s:.2f} s for {TRADES:,} generated trades over a day, times {trades_a_day / TRADES:.1f}; "
        f"baseline {minute_s:.2f} s for the frames of {span_s:.0f} s, times {86_400 / span_s:,.0f}"
    )
    return {"lake_day_footprint_s": Metric(day_s, "s", frames_s, frames_s / day_s, note)}


def _read(reader: RecordingReader, core: Core) -> None:
    core.consume(list(reader.frames()))
    core.engine.view(FootprintRequest("BTC", row_size=10.0))


def _generate(root: Path) -> None:
    """A lake of one day, by the code that fills it from frames."""
    sinks: dict[Partition, Sink] = {}

    def put(place: Partition, rows: list[Row]) -> None:
        if place not in sinks:
            sinks[place] = Sink(root / place.path("generated"), place)
        sinks[place].put(rows)

    decoded = RowDecoder("generated", START, put)
    for event in _events():
        decoded.take(event, universe=False)
    orders = decoded.orders()
    for sink in sinks.values():
        sink.finish(orders)
    files = {place.path("generated").as_posix(): sink.rows for place, sink in sinks.items()}
    markets = tuple(decoded.markets())
    write_manifest(root, Manifest("generated", "generated", START, START + DAY, markets, files))


def _events() -> Iterator[Trade | TradesLive]:
    """Trades evenly over a day: a walk of the price, sizes with a long tail."""
    random = np.random.default_rng(7)
    for instrument in MARKETS:
        yield TradesLive(instrument, START)
    ticks_of = [float(1 / instrument.tick) for instrument in MARKETS]
    price = 60_000.0 + np.cumsum(random.normal(0.0, 1.5, TRADES))
    size = np.round(random.lognormal(-3.0, 1.5, TRADES) + 0.001, 3)
    venue, buys = random.integers(0, len(MARKETS), TRADES), random.random(TRADES) < 0.5
    step_ns = (DAY - 1_000_000_000) // TRADES
    columns = zip(price.tolist(), size.tolist(), venue.tolist(), buys.tolist(), strict=True)
    for at, (value, coins, number, buy) in enumerate(columns):
        instrument, ts_ns = MARKETS[number], START + at * step_ns
        ticks = round(value * ticks_of[number])
        paid, side = instrument.price_from_ticks(ticks), Side.BUY if buy else Side.SELL
        yield Trade(instrument, ts_ns, ts_ns, ticks, paid, coins, paid * coins, side, at)
