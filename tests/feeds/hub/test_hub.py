"""One hub and many desktops over a real broker show the same as a direct connection, whichever process ends."""

from __future__ import annotations

import asyncio
from contextlib import AsyncExitStack
from pathlib import Path
from typing import Any

import pytest

from feeds.hub.retention import Retention
from feeds.hub.stream import info_of, request
from feeds.hub.wire import Subjects
from feeds.model.instrument import Venue
from feeds.simulator.market.spec import SECOND
from feeds.venues.registry import VENUES
from tests.feeds.hub.broker import eventually, needs_broker, place, source_of, until_live
from tests.workstation.session.faults import DEFAULT_LEVELS, LEVELS, Brake, Desk
from workstation.exports.export import state_rows
from workstation.exports.table import ExportSettings
from workstation.readmodels.session.status import Presence
from workstation.replay.core import Tape
from workstation.session.live import LiveSession

pytestmark = needs_broker
SHOWN = ExportSettings(("bars", "footprint", "cvd", "book"), bar_ns=2 * SECOND, row_size=5.0)

Table = dict[str, list[tuple[Any, ...]]]


def shown(session: LiveSession | Tape, now_ns: int, since_ns: int = 0) -> Table:
    """Bars from a time on, and books, as panes would show them."""
    tables: Table = {}
    for name, rows in state_rows(session.core.engine, SHOWN, now_ns):
        tables.setdefault(name, []).extend(row for row in rows if name == "book" or row[0] >= since_ns)
    return {name: sorted(rows, key=str) for name, rows in tables.items()}


def near(tables: Table) -> list[tuple[Any, ...]]:
    """The levels in every book message of a venue: five in Hyperliquid's fast book, its whole book is rare."""
    return [row for row in tables["book"] if row[6] < LEVELS.get(row[2], DEFAULT_LEVELS)]


def without_sums(tables: Table) -> Table:
    """Drop running sums, which depend on where the trades start."""
    return {name: rows for name, rows in tables.items() if name != "cvd"}


async def stand_still(clock: Brake, *desks: Desk) -> None:
    """Stop the clock and wait until everything published has arrived."""
    await clock.stop()
    await asyncio.sleep(0.3)
    for desk in desks:
        await desk.settle()


def assert_right(desk: Desk) -> None:
    """Assert no duplicates, no unmarked gaps and no wrong book."""
    for venue in VENUES:
        trades = desk.trades(venue, noticed_only=True)
        assert trades.kept > 0
        assert trades.phantoms == 0
        assert trades.unmarked == 0, f"{venue}: {trades}"
        assert desk.wrong_books(venue) == []


def lost_at(desk: Desk) -> set[Venue]:
    """The venues whose trades were marked as lost."""
    return {venue for venue in VENUES if desk.noted[venue].events["TradesLost"]}


def presence(desk: Desk) -> Presence:
    return desk.session.status().presence


@pytest.mark.parametrize("count", [3, pytest.param(8, marks=pytest.mark.soak)])
async def test_desktops_show_what_a_direct_connection_shows(tmp_path: Path, count: int) -> None:
    async with place(tmp_path) as here, AsyncExitStack() as running:
        direct, *desks = here.direct(), *(here.desktop(since_s=3_600.0) for _ in range(count))
        for desk in (direct, *desks):
            await running.enter_async_context(desk)
        await asyncio.gather(direct.until_live(), *(until_live(desk) for desk in desks))
        begin_ns = here.clock.now_ns() + SECOND
        await asyncio.sleep(5.0)
        await stand_still(here.clock, direct, *desks)
        now_ns = here.clock.now_ns()
        wanted = shown(here.hub.session, now_ns)
        assert len(wanted["bars"]) > 20
        for desk in desks:
            assert source_of(desk).lost == 0
            assert presence(desk) is Presence.LIVE
            assert source_of(desk).simulated
            assert shown(desk.session, now_ns) == wanted
            assert_right(desk)
        own = without_sums(shown(direct.session, now_ns, begin_ns))
        assert without_sums(shown(desks[0].session, now_ns, begin_ns)) == own


async def test_joining_in_the_past_shows_the_same_bars_as_having_been_connected(tmp_path: Path) -> None:
    async with place(tmp_path) as here, here.desktop() as early:
        await until_live(early)
        begin_ns = here.clock.now_ns() + SECOND
        await asyncio.sleep(4.0)
        async with here.desktop(since_s=60.0) as late, here.desktop() as fresh:
            await asyncio.gather(until_live(late), until_live(fresh))
            await asyncio.sleep(1.5)
            await stand_still(here.clock, early, late, fresh)
            now_ns = here.clock.now_ns()
            wanted = without_sums(shown(early.session, now_ns, begin_ns))
            assert len(wanted["bars"]) > 10
            assert without_sums(shown(late.session, now_ns, begin_ns)) == wanted
            assert near(shown(fresh.session, now_ns)) == near(wanted)
            for desk in (early, late, fresh):
                assert_right(desk)


async def test_killing_the_broker_loses_nothing(tmp_path: Path) -> None:
    async with place(tmp_path) as here, here.desktop() as desk:
        await until_live(desk)
        assert presence(desk) is Presence.LIVE
        here.broker.kill()
        await eventually(lambda: presence(desk) is Presence.RECONNECTING, what="the loss")
        assert desk.session.status().links[0].trouble == "not reached"
        await asyncio.sleep(2.0)
        here.broker.start()
        await eventually(lambda: presence(desk) is Presence.LIVE, what="the broker")
        await eventually(lambda: here.hub.publisher.waiting < 100, what="what waited")
        await asyncio.sleep(1.0)
        await stand_still(here.clock, desk)
        assert (here.hub.publisher.lost, source_of(desk).lost) == (0, 0)
        assert_right(desk)
        assert lost_at(desk) == set()


async def test_a_killed_and_restarted_hub_leaves_marked_gaps_only(tmp_path: Path) -> None:
    async with place(tmp_path) as here, here.desktop() as desk:
        await until_live(desk)
        await asyncio.sleep(1.0)
        await here.hub.crash()
        await eventually(lambda: "silent" in desk.session.status().links[1].trouble, 5.0, "the silence")
        assert presence(desk) is Presence.RECONNECTING
        async with here.another_hub():
            await eventually(lambda: not desk.session.status().links[1].trouble, what="the second hub")
            await until_live(desk)
            await asyncio.sleep(1.5)
            await stand_still(here.clock, desk)
            assert lost_at(desk) == set(VENUES)
            assert_right(desk)


class Gate:
    """Delays a desktop's session, like a slow machine."""

    def __init__(self, desk: Desk) -> None:
        self.open = asyncio.Event()
        self.open.set()
        self._batches = desk.source.batches
        desk.source.batches = self._held  # type: ignore[method-assign]

    async def _held(self) -> Any:
        async for batch in self._batches():
            await self.open.wait()
            yield batch


async def test_a_slow_desktop_marks_what_the_stream_dropped_and_affects_no_other(tmp_path: Path) -> None:
    async with place(tmp_path, retention=Retention(age_s=3_600.0, max_bytes=1_000_000)) as here:
        slow, publisher = here.desktop(buffer_frames=200), here.hub.publisher
        gate = Gate(slow)
        async with slow, here.desktop() as other:
            await asyncio.gather(until_live(slow), until_live(other))
            gate.open.clear()
            at = publisher.published
            await eventually(lambda: publisher.published > at + 8_000, within_s=60.0, what="a full stream")
            gate.open.set()
            await eventually(lambda: source_of(slow).lost > 0, what="the hole")
            await until_live(slow)
            await asyncio.sleep(1.5)
            await stand_still(here.clock, slow, other)
            assert lost_at(slow) == set(VENUES)
            assert_right(slow)
            assert (source_of(other).lost, publisher.lost) == (0, 0)
            assert lost_at(other) == set()
            assert_right(other)


async def test_frames_dropped_while_the_broker_is_away_are_marked(tmp_path: Path) -> None:
    async with place(tmp_path, buffer_bytes=1_000_000) as here, here.desktop() as desk:
        await until_live(desk)
        here.broker.kill()
        await eventually(lambda: here.hub.publisher.lost > 0, what="a full buffer")
        here.broker.start()
        await eventually(lambda: source_of(desk).lost > 0, what="the roster")
        await until_live(desk)
        await asyncio.sleep(1.5)
        await stand_still(here.clock, desk)
        assert lost_at(desk) == set(VENUES)
        assert_right(desk)


async def test_desktops_show_why_nothing_is_published(tmp_path: Path) -> None:
    """Here because another stream has taken the subjects of this one."""
    async with place(tmp_path) as here, here.desktop() as desk:
        await until_live(desk)
        client = here.hub.publisher.client
        assert client is not None
        config = (await info_of(client, Subjects())).config
        await request(client, "STREAM.DELETE.MD", {})
        await request(client, "STREAM.CREATE.OTHER", config | {"name": "OTHER"})
        trouble = lambda: desk.session.status().links[1].trouble  # noqa: E731
        # until the broker has answered, the reason is that it is not ready
        await eventually(lambda: "publishes nothing" in trouble() and "overlap" in trouble(), 30.0, "the reason")
        assert presence(desk) is Presence.RECONNECTING


async def test_a_hub_that_stops_announces_it(tmp_path: Path) -> None:
    async with place(tmp_path) as here, here.desktop() as desk:
        await until_live(desk)
        await here.hub.stop()
        await eventually(lambda: not any(one.is_open for one in desk.source.connections.values()), what="the end")
        assert {one.trouble for one in desk.source.connections.values()} == {"the hub ended"}


async def test_the_hub_follows_a_coin_displayed_on_a_desktop(tmp_path: Path) -> None:
    async with place(tmp_path, listed=("BTC", "ETH")) as here, here.desktop() as desk:
        await eventually(lambda: source_of(desk).bases == ("BTC",), what="the state of the hub")
        desk.session.focus("ETH")
        await eventually(lambda: source_of(desk).bases == ("BTC", "ETH"), what="the coin")
        await eventually(lambda: "ETH" in desk.core.engine.bases, what="its frames")
