"""What is replayed is indexed by another process, and what is done of it is used while it goes on."""

from __future__ import annotations

import asyncio
import shutil
from pathlib import Path

from feeds.recording import RecordingReader
from workstation.replay.index import RecordingIndex, index_file
from workstation.session.indexing import Indexing
from workstation.session.replay import ReplaySession

SAMPLE = Path("resources/sessions/simulated.mcap")


async def until(done: object, seconds: float = 60.0) -> None:
    async with asyncio.timeout(seconds):
        while not done():  # type: ignore[operator]
            await asyncio.sleep(0.05)


async def test_a_recording_is_indexed_while_it_is_replayed(tmp_path: Path) -> None:
    path = tmp_path / "sample.mcap"
    shutil.copy(SAMPLE, path)
    session, indexing = ReplaySession(RecordingReader(path)), Indexing(worth_bytes=0)
    indexing.begin(session)
    await until(lambda: indexing.share is not None)
    await until(lambda: session.index.complete)
    await until(lambda: indexing.share is None)
    session.jump(session.end_ns)
    assert session.core.frames == session.index.entries[-1].frames
    await indexing.close()


async def test_closing_ends_the_process_and_leaves_no_lock(tmp_path: Path) -> None:
    path = tmp_path / "sample.mcap"
    shutil.copy(SAMPLE, path)
    indexing = Indexing(worth_bytes=0)
    indexing.begin(ReplaySession(RecordingReader(path)))
    await until(lambda: indexing.share is not None)
    await indexing.close()
    assert indexing.share is None
    assert RecordingIndex(RecordingReader(path)).entries == () or index_file(path).exists()


async def test_small_recordings_are_left_alone(tmp_path: Path) -> None:
    path = tmp_path / "sample.mcap"
    shutil.copy(SAMPLE, path)
    indexing = Indexing()
    indexing.begin(ReplaySession(RecordingReader(path)))
    indexing.follow(path)
    await asyncio.sleep(0.2)
    assert indexing.share is None
    assert not index_file(path).exists()
    await indexing.close()


async def test_what_is_recorded_is_indexed_to_its_end(tmp_path: Path) -> None:
    path = tmp_path / "sample.mcap"
    shutil.copy(SAMPLE, path)
    indexing = Indexing(worth_bytes=0, patience_s=60)
    indexing.follow(path)
    await asyncio.sleep(1.0)
    indexing.follow(None)
    await until(lambda: RecordingIndex(RecordingReader(path)).complete)
    await indexing.close()
