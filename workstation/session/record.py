"""The headless recorder: live frames onto disk, with nothing but the decoders that request snapshots."""

import asyncio
from collections.abc import Callable

from feeds.live.source import LiveSource
from feeds.model.frame import FrameKind
from feeds.pipeline.feed import Feed
from feeds.recording import Recorder
from feeds.venues.registry import protocol_for
from workstation.session.indexing import Indexing


async def record(
    source: LiveSource, recorder: Recorder, for_s: float | None, progress: Callable[[int, int], None]
) -> None:
    """Record until cancelled or `for_s` seconds have passed; `progress` gets frames and bytes written.

    Another process makes the index of the recording as it grows.

    Raises:
        RecordingError: writing failed; what was written before stays in the file.
    """
    indexing = Indexing()
    try:
        async with asyncio.timeout(for_s):
            await _pump(source, recorder, progress, indexing)
    except TimeoutError:
        return
    finally:
        await source.close()
        recorder.close()
        await indexing.close()


async def _pump(
    source: LiveSource, recorder: Recorder, progress: Callable[[int, int], None], indexing: Indexing
) -> None:
    feed = Feed(protocol_for)
    async for batch in source.batches():
        for frame in batch:
            recorder.append(frame)
            if frame.kind is FrameKind.TIMER:
                feed.tick(frame.ts_recv_ns)
            else:
                feed.receive(frame)
        for connection, request in feed.take_requests():
            source.perform(connection, request)
        if recorder.failed is not None:
            raise recorder.failed
        progress(recorder.frames_written, recorder.bytes_written)
        indexing.follow(recorder.path)
