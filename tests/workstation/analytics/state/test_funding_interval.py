"""A funding message without an interval leaves the known one."""

from __future__ import annotations

from feeds.model.events import Funding
from tests.feeds.venues.binance.wire import BTC
from workstation.analytics.engine import Engine

HOUR = 3_600_000_000_000


def test_the_interval_stays_known_after_a_message_without_one() -> None:
    engine = Engine()
    for number, interval in enumerate((None, 4 * HOUR, None, 8 * HOUR, None)):
        event = Funding(BTC, number, number, number / 1e4, 5, interval)
        (engine.survey if interval else engine.apply)(event)
    market = engine.market(BTC.id)
    assert market is not None
    assert market.funding is not None
    assert (market.funding.rate, market.funding.interval_ns) == (4e-4, 8 * HOUR)
