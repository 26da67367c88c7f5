"""Saves a span of the stream as a recording, because seeking needs the recording's index."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Callable
from datetime import datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING

from feeds.hub.broker import Broker, broker_errors, connect
from feeds.hub.joiner import Joiner
from feeds.hub.reading import StreamMessage, StreamReader, sync_point_before
from feeds.hub.source import SYNC_EVERY_S
from feeds.hub.stream import info_of
from feeds.model.errors import RecordingError, TransportError
from feeds.model.frame import Frame
from feeds.recording import Recorder, RecordingMetadata

if TYPE_CHECKING:
    from nats.aio.client import Client

_BACKLOG = 100_000

Progress = Callable[[int, int], None]


async def fetch(
    broker: Broker, since: datetime, until: datetime, path: Path, progress: Progress, *, connect_s: float = 10.0
) -> int:
    """Write the frames of a span, from the sync point before it on; returns their number.

    `progress` receives ns written and ns in total.

    Raises:
        TransportError: the broker cannot be reached, or its stream begins after the end of the span.
        RecordingError: the file cannot be written.
    """
    client: Client | None = None
    try:
        async with asyncio.timeout(connect_s):
            client = await connect(broker, "history", lambda trouble: None)
        start = await sync_point_before(client, broker.subjects, since, since - timedelta(seconds=2 * SYNC_EVERY_S))
        if not start:
            raise TransportError("The stream holds nothing from then on where one could begin.")
        return await _Span(broker, until, path, progress).write(client, start)
    except broker_errors() as error:
        raise TransportError(f"The broker at {broker.address} cannot be read: {_reason(error)}", str(error)) from error
    finally:
        if client is not None:
            with contextlib.suppress(*broker_errors()):
                await client.close()


class _Span:
    """Writes a span. The file is created at the first sync point, which states whether the venues are simulated."""

    def __init__(self, broker: Broker, until: datetime, path: Path, progress: Progress) -> None:
        self._broker, self._path, self._progress = broker, path, progress
        self._end_ns = round(until.timestamp() * 1e9)
        self._joiner = Joiner(broker.subjects)
        self._begin_ns = 0

    async def write(self, client: Client, start: int) -> int:
        """Write everything from a sequence on; returns the number of frames."""
        subjects = self._broker.subjects
        last = (await info_of(client, subjects)).state.last_seq
        recorder: Recorder | None = None
        at_end = False
        try:
            async with contextlib.aclosing(StreamReader(client, subjects, start).batches()) as batches:
                async for batch in batches:
                    frames, at_end = self._frames(batch, last)
                    recorder = recorder or Recorder(self._path, RecordingMetadata(simulated=self._joiner.simulated))
                    for frame in frames:
                        recorder.append(frame)
                    if at_end or recorder.failed is not None:
                        break
                    await self._go_on(recorder)
        finally:
            if recorder is not None:
                recorder.close()
        if recorder is not None and recorder.failed is not None:
            raise RecordingError(recorder.failed.text)
        if not at_end:
            raise TransportError("The broker ended the stream while it was read; what had arrived is saved.")
        return recorder.frames_written if recorder is not None else 0

    def _frames(self, batch: list[StreamMessage], last: int) -> tuple[list[Frame], bool]:
        """The frames within the span, and whether it ends here."""
        found: list[Frame] = []
        for one in batch:
            for frame in self._joiner.take(one.sequence, one.subject, one.headers, one.body, one.stored_ns):
                if frame.ts_recv_ns > self._end_ns:
                    return found, True
                found.append(frame)
            if one.sequence >= last:
                return found, True
        return found, False

    async def _go_on(self, recorder: Recorder) -> None:
        """Report the progress, and wait while the disk is behind."""
        self._begin_ns = self._begin_ns or self._joiner.ts_ns
        self._progress(self._joiner.ts_ns - self._begin_ns, max(self._end_ns - self._begin_ns, 1))
        while recorder.backlog > _BACKLOG and recorder.failed is None:  # noqa: ASYNC110
            await asyncio.sleep(0.05)


def _reason(error: Exception) -> str:
    return "it does not answer" if isinstance(error, TimeoutError) else str(error).strip() or type(error).__name__
