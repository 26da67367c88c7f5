"""A span of the stream as a recording: seeking in it needs an index of our own."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Callable
from datetime import datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING

from feeds.errors import RecordingError, TransportError
from feeds.hub.broker import Broker, broker_errors, connect
from feeds.hub.joiner import Joiner
from feeds.hub.reading import Reading, Received, roster_before, state_of
from feeds.hub.source import ROSTER_EVERY_S
from feeds.recording import Recorder, RecordingMetadata

if TYPE_CHECKING:
    from nats.aio.client import Client

CONNECT_S = 10.0
_BACKLOG = 100_000

Progress = Callable[[int, int], None]


async def fetch(broker: Broker, since: datetime, until: datetime, path: Path, progress: Progress) -> int:
    """Write the stream's frames of a span, from the roster before it on; returns how many. `progress` gets ns and ns.

    Raises:
        TransportError: the broker is not reached, or its stream begins later than the span ends.
        RecordingError: the file cannot be written.
    """
    client: Client | None = None
    try:
        async with asyncio.timeout(CONNECT_S):
            client = await connect(broker, "history", lambda trouble: None)
        start = await roster_before(client, broker.subjects, since, since - timedelta(seconds=2 * ROSTER_EVERY_S))
        if not start:
            raise TransportError("The stream holds nothing from then on where one could begin.")
        with Recorder(path, RecordingMetadata()) as recorder:
            await _write(client, broker, start, until, recorder, progress)
        if recorder.failed is not None:
            raise RecordingError(recorder.failed.text)
        return recorder.frames_written
    except broker_errors() as error:
        raise TransportError(f"The broker at {broker.place} cannot be read: {_words(error)}", str(error)) from error
    finally:
        if client is not None:
            with contextlib.suppress(*broker_errors()):
                await client.close()


async def _write(
    client: Client, broker: Broker, start: int, until: datetime, recorder: Recorder, progress: Progress
) -> None:
    joiner, end_ns, begin_ns = Joiner(broker.subjects), round(until.timestamp() * 1e9), 0
    last = (await state_of(client, broker.subjects)).state.last_seq
    async with contextlib.aclosing(Reading(client, broker.subjects, start).portions()) as portions:
        async for portion in portions:
            for one in portion:
                if _is_after(joiner, one, end_ns, recorder) or one.sequence >= last:
                    return
            begin_ns = begin_ns or joiner.ts_ns
            progress(joiner.ts_ns - begin_ns, max(end_ns - begin_ns, 1))
            while recorder.backlog > _BACKLOG and recorder.failed is None:  # noqa: ASYNC110
                await asyncio.sleep(0.05)


def _is_after(joiner: Joiner, one: Received, end_ns: int, recorder: Recorder) -> bool:
    """Write one message, unless it is later than the span."""
    for frame in joiner.take(one.sequence, one.subject, one.headers, one.body):
        if frame.ts_recv_ns > end_ns:
            return True
        recorder.append(frame)
    return False


def _words(error: Exception) -> str:
    return "it does not answer" if isinstance(error, TimeoutError) else str(error).strip() or type(error).__name__
