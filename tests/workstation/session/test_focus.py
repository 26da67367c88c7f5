"""Bases that are shown while a live session runs: over real sockets of all simulated venues, against their truth."""

from __future__ import annotations

import asyncio
import dataclasses
from collections.abc import AsyncIterator, Callable, Iterable, Sequence
from contextlib import asynccontextmanager
from pathlib import Path

import pytest
import pytest_asyncio

from feeds.live.connection_plan import is_added
from feeds.live.source import UNSEEN, SourceLimits
from feeds.model.frame import UNIVERSE
from feeds.model.instrument import Venue
from feeds.recording import RecordingReader
from feeds.venues.registry import VENUES
from tests.views import assert_same_view
from tests.workstation.session.faults import SILENCE, SPANS, Brake, Desk, Trades, world
from tests.workstation.session.test_replay_session import REQUESTS
from workstation.analytics.state.market import Market
from workstation.readmodels.flow.cvd import CvdRequest
from workstation.readmodels.session.status import Presence
from workstation.replay.core import read_to_end
from workstation.session.desk import Desk as Face
from workstation.session.replay import ReplaySession

BASES = ("BTC", "ETH", "SOL", "XRP")
SOCKETS = {Venue("hyperliquid"): 10, Venue("deribit"): 32}
PATIENCE_S = 40.0


class Shown(Desk):
    """A session that was started with BTC. What it is held against is what it follows now."""

    def pairs(self, venue: Venue) -> list[tuple[object, Market | None]]:  # type: ignore[override]
        found = super().pairs(venue)
        return [one for one in found if one[0].spec.instrument.base in self.source.bases]  # type: ignore[misc]

    def own_tasks(self) -> list[str]:
        return [name for name in super().own_tasks() if name != repr(asyncio.current_task())]

    def markets(self, base: str) -> list[Market]:
        return self.core.engine.bases[base].markets if base in self.core.engine.bases else []

    def keepers(self, base: str) -> set[str]:
        """The connections that carry a base in full."""
        connections = self.source.connections.items()
        return {
            name
            for name, keeper in connections
            if keeper.spec.route != UNIVERSE and any(one.base == base for one in keeper.spec.markets)
        }

    def sockets(self, venue: Venue) -> int:
        return sum(keeper.is_open and keeper.spec.venue == venue for keeper in self.source.connections.values())


async def until(condition: Callable[[], object], why: Callable[[], object] = lambda: "it never came true") -> None:
    end = asyncio.get_running_loop().time() + PATIENCE_S
    while not condition():
        assert asyncio.get_running_loop().time() < end, why()
        await asyncio.sleep(0.02)


def limited(**limits: int) -> pytest.MarkDecorator:
    """Let the `desk` of a test have other limits."""
    return pytest.mark.parametrize("spans", [dataclasses.replace(SPANS, settle_s=0.3, **limits)])


@pytest.fixture
def spans() -> SourceLimits:
    return dataclasses.replace(SPANS, settle_s=0.3)


@pytest_asyncio.fixture
async def desk(spans: SourceLimits, tmp_path: Path) -> AsyncIterator[Shown]:
    clock = Brake()
    async with await world(clock, BASES) as server:
        found = Shown(server, clock, ["BTC"], spans=spans, silence=SILENCE, record_to=tmp_path / "focus.mcap")
        found.source.history_s = 60
        async with found:
            await found.until_live()
            await until(lambda: found.session.status().presence is Presence.LIVE)
            yield found
        assert found.failure() == ""
        assert await found.leaked() == []


def wrong(desk: Shown) -> list[str]:
    """What differs from the simulator, while the clock stands."""
    total = Trades()
    for venue in VENUES:
        found = desk.trades(venue)
        for field in dataclasses.fields(Trades):
            setattr(total, field.name, getattr(total, field.name) + getattr(found, field.name))
    assert total.kept > 0
    books = [why for venue in VENUES for why in desk.wrong_books(venue)]
    return [*books, *(f"{name}: {count}" for name in ("phantoms", "unmarked") if (count := getattr(total, name)))]


def lives(desk: Shown, names: Iterable[str]) -> dict[str, int]:
    return {name: desk.source.connections[name].life for name in names}


def early(markets: Sequence[Market], begun_ns: int) -> list[Market]:
    """Those whose trades are known from before a moment: history was fetched."""
    return [one for one in markets if (spans := one.coverage.received()) and spans[0][0] < begun_ns]


async def test_a_base_that_is_shown_has_books_trades_and_history_like_the_others(desk: Shown) -> None:
    first = lives(desk, desk.source.connections)
    begun_ns = desk.clock.now_ns()
    desk.session.focus("SOL")
    desk.session.focus("SOL")
    desk.session.focus("ETH")
    assert desk.session.status().presence is Presence.LIVE, "what was there is as live as before"
    await desk.until_live()
    await desk.until_traded()
    await until(lambda: all(one.coverage.received() for one in desk.markets("SOL")))
    fetched = {Venue("binance"), Venue("okx"), Venue("deribit")}
    await until(lambda: fetched <= {one.instrument.venue for one in early(desk.markets("ETH"), begun_ns)})
    await desk.clock.stop()
    await desk.settle()
    venues = {market.instrument.venue for market in desk.markets("SOL")}
    assert venues == set(VENUES)
    assert wrong(desk) == []
    assert lives(desk, first) == first == dict.fromkeys(first, 1), "nobody else felt it"
    assert {venue for venue, most in SOCKETS.items() if desk.sockets(venue) > most} == set()


async def test_venues_with_few_sockets_carry_all_shown_bases_on_the_same_ones(desk: Shown) -> None:
    for base in ("ETH", "SOL", "XRP"):
        desk.session.focus(base)
        await asyncio.sleep(0.3)
    await desk.until_live()
    hyperliquid = [name for name in desk.source.connections if name.startswith("hyperliquid")]
    await until(lambda: len([name for name in desk.source.connections if name.startswith("hyperliquid")]) <= 6)
    assert max(desk.sockets(Venue("hyperliquid")), len(hyperliquid)) <= SOCKETS[Venue("hyperliquid")]
    await desk.until_live()
    await desk.until_traded()
    await desk.clock.stop()
    await desk.settle()
    assert wrong(desk) == []


@asynccontextmanager
async def displayed(desk: Shown, base: str) -> AsyncIterator[None]:
    """Report a base as displayed, as a window does every frame."""

    async def keep() -> None:
        while True:
            desk.session.keep_subscribed(base)
            await asyncio.sleep(0.02)

    task = asyncio.create_task(keep())
    try:
        yield
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)


@limited(added_retention_ns=1_000_000_000)
async def test_a_base_that_is_not_displayed_is_evicted_and_may_return(desk: Shown) -> None:
    own = lives(desk, desk.source.connections)
    desk.session.focus("ETH")
    async with displayed(desk, "ETH"):
        await asyncio.sleep(2.0)
        await desk.until_live()
        assert desk.keepers("ETH")
    await until(lambda: not desk.keepers("ETH"))
    assert desk.session.bases == ("BTC",)
    await until(lambda: all(not one.book.known and not one.coverage.live for one in desk.markets("ETH")))
    assert {one.trades_lost_reason for one in desk.markets("ETH")} == {UNSEEN}
    assert lives(desk, own) == own
    assert desk.session.status().presence is Presence.LIVE
    desk.session.focus("ETH")
    async with displayed(desk, "ETH"):
        await desk.until_live()
        await desk.until_traded()
        await desk.clock.stop()
        await desk.settle()
        assert wrong(desk) == []


@limited(added_most=2)
async def test_the_base_shown_least_recently_makes_room(desk: Shown) -> None:
    for base in ("ETH", "SOL", "XRP", "ETH", "SOL"):
        desk.session.focus(base)
        await asyncio.sleep(0.01)
    assert desk.session.bases == ("BTC", "ETH", "SOL")
    await desk.until_live()
    assert not desk.keepers("XRP")
    carried = [one.id for keeper in desk.source.connections.values() for one in keeper.spec.markets]
    assert len([name for name in desk.source.connections if is_added(name)]) < len(carried)
    await desk.clock.stop()
    await desk.settle()
    assert wrong(desk) == []


async def test_a_base_that_no_venue_lists_is_named_and_nothing_else_happens(desk: Shown) -> None:
    before = set(desk.source.connections)
    desk.session.focus("NOPE")
    assert "NOPE: no venue lists NOPE" in desk.session.status().notices
    desk.session.focus("")
    await asyncio.sleep(0.5)
    assert set(desk.source.connections) == before
    assert desk.session.status().presence is Presence.LIVE


async def test_a_base_shown_before_anything_is_listed_comes_with_the_rest() -> None:
    clock = Brake()
    async with await world(clock, BASES) as server:
        desk = Shown(server, clock, ["BTC"], spans=SPANS, silence=SILENCE)
        desk.session.focus("SOL")
        async with desk:
            await until(lambda: len(desk.markets("SOL")) >= 5)
            await desk.until_live()
        assert await desk.leaked() == []


async def test_a_recording_of_it_replays_to_the_same_numbers(desk: Shown) -> None:
    desk.session.toggle_recording()
    desk.session.focus("SOL")
    await desk.until_live()
    await desk.until_traded()
    await desk.clock.stop()
    await desk.settle()
    path = Path(desk.session.status().recording_to)
    desk.session.stop_recording()
    live = desk.core.engine
    replayed = read_to_end(path).core.engine
    live.advance(live.now_ns)
    replayed.advance(live.now_ns)
    assert "SOL" in replayed.bases
    for request in REQUESTS:
        if getattr(request, "base", ""):
            asked = dataclasses.replace(request, base="SOL")
            assert_same_view(live.view(asked), replayed.view(asked), type(request).__name__)


@limited(added_retention_ns=500_000_000)
async def test_what_a_window_displays_stays_and_what_is_only_asked_for_does_not(desk: Shown) -> None:
    face = Face()
    face.session = desk.session
    face.focus("ETH")
    assert face.bases()[:2] == ["BTC", "ETH"]
    assert desk.session.bases == ("BTC", "ETH")
    for _ in range(40):
        face.mark_displayed([CvdRequest("ETH")])
        await asyncio.sleep(0.02)
    assert desk.session.bases == ("BTC", "ETH")
    await until(lambda: face.view(CvdRequest("ETH")) and desk.session.bases == ("BTC",))


async def test_what_was_asked_for_too_early_is_followed_when_the_session_opens() -> None:
    clock, face = Brake(), Face()
    face.focus("SOL")
    async with await world(clock, BASES) as server:
        desk = Shown(server, clock, ["BTC"], spans=SPANS, silence=SILENCE)
        await face.open(desk.session)
        assert desk.session.bases == ("BTC", "SOL")
        await face.close()


async def test_a_replay_follows_nothing(desk: Shown) -> None:
    desk.session.toggle_recording()
    await asyncio.sleep(0.5)
    path = Path(desk.session.status().recording_to)
    desk.session.stop_recording()
    face = Face()
    face.session = ReplaySession(RecordingReader(path))
    face.focus("SOL")
    assert "SOL" not in face.bases()
    assert desk.session.bases == ("BTC",)
