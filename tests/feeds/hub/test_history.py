"""A span of the stream saved as a recording, from a sync point on."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from feeds.hub.broker import Broker
from feeds.hub.history import fetch
from feeds.model.errors import TransportError
from feeds.recording import RecordingReader
from tests.feeds.hub.broker import free_port, needs_broker, place
from tests.feeds.hub.test_hub import shown, stand_still
from workstation.readmodels.times import ago
from workstation.replay.core import read_to_end

pytestmark = needs_broker
NOW = datetime(2026, 11, 25, 12, tzinfo=UTC)


def at(ts_ns: int) -> datetime:
    return datetime.fromtimestamp(ts_ns / 1e9, UTC)


async def test_a_span_of_the_stream_replays_as_it_was_received(tmp_path: Path) -> None:
    out = tmp_path / "span.mcap"
    async with place(tmp_path) as here:
        await asyncio.sleep(3.0)
        await stand_still(here.clock)
        now_ns = here.clock.now_ns()
        shares: list[float] = []
        frames = await fetch(
            here.broker.broker(),
            at(now_ns) - timedelta(minutes=1),
            at(now_ns),
            out,
            lambda done, whole: shares.append(done / whole),
        )
        wanted = shown(here.hub.session, now_ns)
    tape = read_to_end(out)
    assert tape.reader.metadata.simulated
    assert frames > 500
    assert shares == sorted(shares)
    assert len(wanted["bars"]) > 10
    assert {name: len(rows) for name, rows in wanted.items()} == {
        name: len(rows) for name, rows in shown(tape, now_ns).items()
    }
    assert shown(tape, now_ns) == wanted


async def test_a_span_that_ends_early_holds_no_later_frame(tmp_path: Path) -> None:
    out = tmp_path / "span.mcap"
    async with place(tmp_path) as here:
        end_ns = here.clock.now_ns()
        await asyncio.sleep(1.0)
        await fetch(here.broker.broker(), at(end_ns) - timedelta(minutes=1), at(end_ns), out, lambda done, whole: None)
    reader = RecordingReader(out)
    assert reader.end_ns is not None
    assert end_ns - 1_000_000_000 < reader.end_ns <= end_ns


async def test_a_missing_broker_and_an_empty_span_raise_errors(tmp_path: Path) -> None:
    nowhere = Broker(f"nats://127.0.0.1:{free_port()}")
    with pytest.raises(TransportError, match="does not answer"):
        await fetch(nowhere, NOW, NOW, tmp_path / "a.mcap", lambda done, whole: None, connect_s=0.5)
    async with place(tmp_path) as here:
        future = at(here.clock.now_ns()) + timedelta(days=1)
        with pytest.raises(TransportError, match="nothing from then on"):
            await fetch(here.broker.broker(), future, future, tmp_path / "b.mcap", lambda done, whole: None)


def test_moments_are_parsed_as_ages_or_as_times() -> None:
    assert ago("now", NOW) == NOW
    assert ago("1h30m", NOW) == NOW - timedelta(minutes=90)
    assert ago("2026-11-24T08:00:00", NOW) == datetime(2026, 11, 24, 8, tzinfo=UTC)
    with pytest.raises(ValueError, match="no moment"):
        ago("yesterday", NOW)
