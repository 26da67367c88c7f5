"""Another venue filter over a full day: 4,000,000 stored trades of four perpetual markets binned again.

`venue_switch_ms` is the first view of one venue after the aggregate was shown, rows chosen; `venue_switch_all_ms` the
first view of the aggregate; `venue_switch_back_ms` a view of a filter that was shown before. Processor time.
`bars_in_steps_ms` is the longest that the window is held up while bars of 1,000 trades are made in steps.
Run: `python -m tests.bench.switching`.
"""

from __future__ import annotations

import time
from dataclasses import replace
from functools import partial

import numpy as np

from feeds.model.events import TradesLive
from feeds.model.instrument import Venue
from tests.bench.metric import Metric, cpu_seconds
from tests.bench.session_length import LATE, MARKETS, PRICE
from tests.workstation.analytics.market_events import DAY, START, trade
from workstation.analytics.engine import Engine
from workstation.analytics.store.trades import Trades
from workstation.readmodels.flow.footprint import BarKind, BarRule, FootprintRequest
from workstation.readmodels.markets import MarketFilter

PERPS = tuple(market for market in MARKETS if market.kind.is_perp)


def measure() -> dict[str, Metric]:
    """Milliseconds of the first view after each switch."""
    engine = a_day(LATE)
    everything = FootprintRequest("BTC", row_size=10.0)
    one = FootprintRequest("BTC", MarketFilter(venues=frozenset((Venue("bybit"),))), row_size=10.0)
    first = cpu_seconds(partial(engine.view, everything)) * 1e3
    switched = cpu_seconds(partial(engine.view, one)) * 1e3
    back = cpu_seconds(partial(engine.view, everything)) * 1e3
    steps = held_up_ms(engine, FootprintRequest("BTC", row_size=10.0, rule=BarRule(BarKind.TICK, 1_000)))
    return {
        "venue_switch_all_ms": Metric(first, "ms", note=f"{LATE:,} trades of {len(PERPS)} venues"),
        "venue_switch_ms": Metric(switched, "ms", note="one venue, a quarter of them"),
        "venue_switch_back_ms": Metric(back, "ms", note="shown before"),
        "bars_in_steps_ms": Metric(max(steps), "ms", sum(steps), note="baseline: all of the steps together"),
    }


def held_up_ms(engine: Engine, request: FootprintRequest) -> list[float]:
    """How long each step takes that makes the bars of a request."""
    steps, asked = [], replace(request, in_steps=True)
    while True:
        began = time.process_time()
        view = engine.view(asked)
        engine.work([asked.base])
        steps.append((time.process_time() - began) * 1e3)
        if view.progress == 1.0:
            return steps


def a_day(count: int) -> Engine:
    """An engine that keeps a day of trades of four venues, put into its store as they come out of the memory."""
    engine, rng = Engine(), np.random.default_rng(3)
    for market in PERPS:
        engine.apply(TradesLive(market, START))
        engine.apply(trade(market, START, market.ticks_from_price(PRICE)))
    steps = np.array([float(market.tick) for market in PERPS])
    place = rng.integers(0, len(PERPS), count)
    walk = PRICE + 600 * np.sin(np.arange(count) / count * 30) + np.cumsum(rng.normal(0, 0.3, count))
    ticks = np.rint(walk / steps[place]).astype(np.int64)
    size = np.exp(rng.normal(-4, 2, count)) + 0.001
    ts_ns = START + np.arange(count) * (DAY // count)
    lane = (3 * place + rng.integers(1, 3, count)).astype(np.int16)
    base = engine.bases["BTC"]
    base.trades.extend(Trades(ts_ns, ticks, size, size * walk, lane))
    base.watermark_ns = int(ts_ns[-1])
    return engine


if __name__ == "__main__":
    for name, metric in measure().items():
        print(metric.line(name))
