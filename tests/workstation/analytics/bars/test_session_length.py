"""Nothing grows with a session: late ticks and frames make as many calls as early ones, and as many objects live.

`tests/bench/session_length.py` measures the same in time, after 4,000,000 trades.
"""

from __future__ import annotations

import gc
import sys
from collections.abc import Callable
from functools import partial
from types import FrameType

from tests.bench.session_length import VIEWS, Session
from workstation.analytics.state.limits import Limits
from workstation.analytics.store.column_store import CHUNK

EARLY, LATER, LATE = 18_000, 45_000, 60_000
LIMITS = Limits(trades=2 * CHUNK, bars=20)
FRAMES = 25


def calls(work: Callable[[], object]) -> int:
    """How many functions are called, ours and those written in C."""
    count = 0

    def note(frame: FrameType, event: str, argument: object) -> None:
        nonlocal count
        count += event in ("call", "c_call")

    sys.setprofile(note)
    try:
        work()
    finally:
        sys.setprofile(None)
    return count


def frame_calls(session: Session) -> dict[str, int]:
    found = dict.fromkeys(VIEWS, 0)
    session.look()
    for _ in range(FRAMES):
        session.run_to(session.count + 2)
        session.move_book()
        for name, request in VIEWS.items():
            found[name] += calls(partial(session.engine.view, request))
    return found


def objects(session: Session) -> int:
    session.look()
    gc.collect()
    return len(gc.get_objects())


def test_a_long_session_costs_what_a_short_one_does() -> None:
    session = Session(LIMITS, trades=400_000)
    session.run_to(EARLY)
    ticks, frames = calls(partial(session.run_to, EARLY + 400)), frame_calls(session)
    session.run_to(LATER)
    alive = objects(session)
    session.run_to(LATE)
    assert calls(partial(session.run_to, LATE + 400)) <= 1.1 * ticks
    assert {name: count for name, count in frame_calls(session).items() if count > 1.1 * frames[name]} == {}
    assert objects(session) <= 1.1 * alive
    assert len(session.engine.bases["BTC"].trades) <= 3 * CHUNK
