"""Indexes of the recording that is replayed and of the one that is written, made by processes of their own."""

import asyncio
import contextlib
import logging
import sys
from pathlib import Path

from workstation.session.replay import ReplaySession

log = logging.getLogger(__name__)

WORTH_BYTES = 8_000_000
"""A smaller recording is played to any moment as quickly."""


class Indexing:
    """Makes the index of what is replayed, and follows what is recorded.

    `share` is how much of the former is done, 0 to 1, None while none is made.
    """

    def __init__(self, worth_bytes: int = WORTH_BYTES, patience_s: float = 3.0) -> None:
        self.share: float | None = None
        self._patience_s = patience_s  # that a process has for the rest of what was recorded; another goes on later
        self._worth_bytes = worth_bytes
        self._task: asyncio.Task[None] | None = None
        self._followed: Path | None = None
        self._follower: asyncio.Task[None] | None = None
        self._ending: set[asyncio.Task[None]] = set()

    def begin(self, session: ReplaySession) -> None:
        """Index what is replayed, instead of what was before. What is done can be used at once."""
        self._stop(self._task)
        self.share = None
        reader = session.index.reader
        if reader.size_bytes >= self._worth_bytes and not session.index.complete:
            self._task = asyncio.create_task(self._build(session), name="index")

    def follow(self, recording: Path | None) -> None:
        """Index what is recorded, as it grows, until another or none is."""
        if recording == self._followed or (recording is not None and not self._is_worth(recording)):
            return
        self._stop(self._follower)
        self._followed, self._follower = recording, None
        if recording is not None:
            self._follower = asyncio.create_task(self._follow(recording), name="index what is recorded")

    def _is_worth(self, recording: Path) -> bool:
        return recording.exists() and recording.stat().st_size >= self._worth_bytes

    async def close(self) -> None:
        """Stop; what was indexed stays."""
        self._stop(self._task)
        self._stop(self._follower)
        await asyncio.gather(*self._ending, return_exceptions=True)

    async def _build(self, session: ReplaySession) -> None:
        process = await _started("--shares", *session.index.reader.files)
        try:
            assert process.stdout is not None
            async for line in process.stdout:
                with contextlib.suppress(ValueError):
                    self.share = float(line)
                session.index.refresh()
            failed = await process.wait()
            session.index.refresh()  # the last state comes after the last line
            if failed:
                log.warning("%s was not indexed", session.index.reader.path.name)
        finally:
            self.share = None
            await _ended(process)

    async def _follow(self, recording: Path) -> None:
        process = await _started("--follow", recording)
        try:
            if await process.wait():
                log.warning("%s is no longer indexed while it is recorded", recording.name)
        finally:
            assert process.stdin is not None
            process.stdin.close()  # it reads what is left and ends
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(process.wait(), self._patience_s)
            await _ended(process)

    def _stop(self, task: asyncio.Task[None] | None) -> None:
        if task is not None:
            task.cancel()
            self._ending.add(task)
            task.add_done_callback(self._ending.discard)


async def _started(mode: str, *recordings: Path) -> asyncio.subprocess.Process:
    pipe = asyncio.subprocess.PIPE
    command = (sys.executable, "-m", "workstation", "index", mode, *map(str, recordings))
    return await asyncio.create_subprocess_exec(*command, stdin=pipe, stdout=pipe, stderr=asyncio.subprocess.DEVNULL)


async def _ended(process: asyncio.subprocess.Process) -> None:
    if process.returncode is None:
        process.terminate()
        await process.wait()
