"""The demo without a window, for long, while something goes wrong every few seconds: nothing wears out or adds up."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from feeds.live.source import SourceLimits
from feeds.model.instrument import Venue
from feeds.simulator.market.tape import TAPE_CAPACITY
from feeds.venues.registry import VENUES
from tests.conftest import TABLES
from tests.workstation.session.faults import SILENCE, SPANS, Brake, Desk, world
from tests.workstation.session.matrix import UNNUMBERED
from workstation.session.watchdog import WatchdogLimits

pytestmark = pytest.mark.soak  # over sockets and wall time: `make soak`

STATM = Path("/proc/self/statm")
PAGE = 4_096
LAG_NS = 1_000_000_000
GROWTH = 1.5
"""How much larger the process may be at the end than after a fifth of the run; the simulator is in it."""
KEPT = 9_000
"""Trades that the simulated venues remember a market: the usual 60,000 take longer to fill than the run, and would
hide what grows without end.
"""


@dataclass
class Lived:
    """What a run showed."""

    lags_ns: list[int] = field(default_factory=list)
    sizes: list[int] = field(default_factory=list)
    wrong: list[str] = field(default_factory=list)
    told: str = ""


def size() -> int:
    """Bytes of this process in memory, 0 where the system does not tell."""
    return int(STATM.read_text().split()[1]) * PAGE if STATM.exists() else 0


async def live(
    run_s: float,
    bases: Sequence[str],
    faults_every_s: float,
    spans: SourceLimits = SPANS,
    silence: WatchdogLimits = SILENCE,
    tape_capacity: int = TAPE_CAPACITY,
) -> Lived:
    """Live through it, stop the faults, and hold everything against the truth."""
    lived, clock, loop = Lived(), Brake(), asyncio.get_running_loop()
    async with await world(clock, bases, 21, faults_every_s, tape_capacity) as server:
        desk = Desk(server, clock, bases, spans=spans, silence=silence)
        async with desk:
            end = loop.time() + run_s
            while (left := end - loop.time()) > 0:
                await asyncio.sleep(min(0.5, left))
                lived.lags_ns.append(desk.session.status().lag_ns)
                lived.sizes.append(size())
                for market in server.simulation.markets:
                    desk.true_lots(market)
            server.stop_faults()
            await desk.until_live(within_s=120.0)
            await asyncio.sleep(2.0)
            await clock.stop()
            await desk.settle()
            lived.wrong = [why for venue in VENUES for why in wrong_at(desk, venue)]
            lived.told = told(desk, lived)
            clock.go()
        lived.wrong += [desk.failure()] if desk.failure() else []
        lived.wrong += await desk.leaked()
    return lived


def wrong_at(desk: Desk, venue: Venue) -> list[str]:
    """What is not as it should be at one venue.

    Outside the marked gaps bought and sold are the ledger's, but for what venues without numbers cannot show as lost.
    """
    trades = desk.trades(venue, noticed_only=True)
    unmarked = trades.unexplained if venue in UNNUMBERED else trades.unmarked
    wrong = [*desk.not_live(venue), *desk.wrong_books(venue)]
    wrong += [f"{venue}: too much at {trades.phantoms} places"] if trades.phantoms else []
    wrong += [f"{venue}: too little at {unmarked} places without a mark"] if unmarked else []
    if not trades.sums_agree and not trades.unmarked:
        wrong.append(f"{venue}: bought and sold differ from the ledger")
    return wrong


def told(desk: Desk, lived: Lived) -> str:
    """The run in a few lines."""
    lines = [
        f"soak: {len(desk.server.faults.injected)} faults, lag at most {max(lived.lags_ns) / 1e6:.0f} ms, "
        f"{lived.sizes[len(lived.sizes) // 5] / 1e6:.0f} MB after a fifth, {lived.sizes[-1] / 1e6:.0f} MB at the end"
    ]
    for venue, noted in desk.noted.items():
        trades = desk.trades(venue, noticed_only=True)
        lines.append(
            f"  {venue:12} books lost {noted.events['BookLost']:4}, marked {noted.events['TradesLost']:4}, "
            f"filled {noted.filled:6}, kept {trades.kept:7}, in marked gaps {trades.marked:6}, unseen {trades.unmarked}"
        )
    return "\n".join(lines)


def judge(lived: Lived, request: pytest.FixtureRequest) -> None:
    """All venues live and right, never late, no growth."""
    request.config.stash.setdefault(TABLES, []).append(lived.told)
    assert lived.wrong == []
    assert max(lived.lags_ns) < LAG_NS
    assert lived.sizes[-1] <= GROWTH * lived.sizes[len(lived.sizes) // 5]


def test_twenty_five_seconds_of_faults_leave_no_trace(request: pytest.FixtureRequest) -> None:
    judge(asyncio.run(live(25.0, ["BTC"], faults_every_s=1.0)), request)


@pytest.mark.soak
@pytest.mark.timeout(1_200)
def test_ten_minutes_of_faults_leave_no_trace(request: pytest.FixtureRequest) -> None:
    judge(asyncio.run(live(600.0, ["BTC", "ETH"], 5.0, SourceLimits(), WatchdogLimits(), KEPT)), request)
