"""The state of every kind of connection of every venue can be saved: focus, all-market, candles and history."""

from __future__ import annotations

from feeds.simulator.offline import OfflineSession
from feeds.venues.registry import DRIVERS
from tests.views import assert_same_view
from tests.workstation.replay.requests import all_requests
from workstation.replay.codec import load, save
from workstation.replay.core import Core


def test_every_protocol_goes_on_from_its_saved_state() -> None:
    session = OfflineSession(3, bases=("BTC",), universe=True, candle_hours=1.0, history_s=30)
    steps = session.steps(4_000_000_000)
    core = Core()
    for frames in steps:
        core.consume(frames)
        if session.now_ns % 2_000_000_000 == 0:
            break
    venues = {market.instrument.venue for base in core.engine.bases.values() for market in base.markets}
    assert venues == set(DRIVERS)
    assert core.feed.universe
    loaded = load(*save(core.checkpoint()))
    for frames in steps:
        core.consume(frames)
        loaded.consume(frames)
    assert loaded.frames == core.frames
    for request in all_requests(core.engine):
        assert_same_view(loaded.engine.view(request), core.engine.view(request), str(request))
