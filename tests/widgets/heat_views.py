"""Engines fed with a few books, for tests of the depth heatmap's pane."""

from __future__ import annotations

import random

from feeds.model.events import BookLost, Event
from feeds.model.instrument import Instrument
from tests.workstation.analytics.market_events import BINANCE, BYBIT, SECOND, START, delta, engine_of, snapshot, trade
from workstation.analytics.engine import Engine

BEGIN = START + 3_600 * SECOND


def walls(seconds: int, markets: tuple[Instrument, ...] = (BINANCE, BYBIT), lost: range = range(0)) -> Engine:
    """Books around 1,000, a wall of bids at 999 and of asks at 1,001; the first market's is lost for a while."""
    rng = random.Random(1)
    events: list[Event] = []
    for second in range(seconds):
        now_ns = BEGIN + second * SECOND - 1_000
        for at, instrument in enumerate(markets):
            middle = instrument.ticks_from_price(1_000.0)
            if at == 0 and second in lost:
                if second == lost.start:
                    events.append(BookLost(instrument, now_ns, "gap"))
                continue
            if second == 0 or (at == 0 and second == lost.stop):
                events.append(_whole(instrument, now_ns))
            bid, ask = rng.random() + 0.1, rng.random() + 0.1
            events.append(delta(instrument, now_ns, [(middle - 1, bid)], [(middle + 1, ask)]))
            if second % 7 == 0:
                events.append(trade(instrument, now_ns, middle, 1.0 + second, 1 + second % 2))
    engine = engine_of(events)
    engine.advance(BEGIN + (seconds - 1) * SECOND)
    return engine


def _whole(instrument: Instrument, now_ns: int) -> Event:
    middle = instrument.ticks_from_price(1_000.0)
    below, above = (instrument.ticks_from_price(price) for price in (999.0, 1_001.0))
    bids = [(middle - at, 50.0 if middle - at == below else 1.0) for at in range(1, 60)]
    asks = [(middle + at, 50.0 if middle + at == above else 1.0) for at in range(1, 60)]
    return snapshot(instrument, now_ns, bids, asks)
