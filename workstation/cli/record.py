"""`workstation record`: venues onto disk, without a window."""

from __future__ import annotations

import logging
from pathlib import Path
from typing import Annotated

import typer

from workstation.cli.arguments import Bases, bases_of, span_of, writing
from workstation.process.terminal import echo, status

log = logging.getLogger(__name__)


def record(
    bases: Bases = None,
    out: Annotated[Path, typer.Option(help="The file to write.")] = ...,  # type: ignore[assignment]
    duration: Annotated[
        str, typer.Option("--for", help="How long, for example 10m or 1h; until Ctrl+C if not given.")
    ] = "",
    history: Annotated[str, typer.Option(help="Trades before the start to fetch, for example 15m.")] = "",
    focus_only: Annotated[
        bool, typer.Option("--focus-only", help="Without all other perpetuals, candles and account ratios: less data.")
    ] = False,
    port: Annotated[int, typer.Option(help="Record the simulated venues at this loopback port instead.")] = 0,
) -> None:
    """Record venues without a window: what the window receives, so that scores and paper books replay from it."""
    import asyncio

    from feeds.live.source import LiveSource
    from feeds.model.clock import SystemClock
    from feeds.recording import Recorder, RecordingMetadata
    from feeds.venues.driver import loopback
    from feeds.venues.registry import DRIVERS
    from workstation.session.record import record as run
    from workstation.settings import files as settings

    drivers = [loopback(driver, port) if port else driver for driver in DRIVERS.values()]
    history_s = span_of(history) // 1_000_000_000 if history else 0
    for_s = span_of(duration) / 1e9 if duration else None
    followed = bases_of(bases)
    known = settings.load()[0]
    with writing(), status("connecting") as update:

        def show(frames: int, size: int) -> None:
            update(f"recording to {out.name}: {frames:,} frames, {size / 1e6:,.1f} MB")

        async def work() -> None:
            source = LiveSource(
                followed,
                drivers,
                SystemClock(),
                history_s=history_s,
                candle_hours=0.0 if focus_only else known.candle_hours,
                universe=known.universe and not focus_only,
            )
            if missing := await source.unlisted():
                await source.close()
                raise typer.BadParameter("; ".join(missing))
            recorder = Recorder(out, RecordingMetadata(simulated=bool(port)))
            recorders.append(recorder)
            await run(source, recorder, for_s, show)

        recorders = list[Recorder]()
        try:
            asyncio.run(work())
        except KeyboardInterrupt:
            log.info("stopped by the user")
    for recorder in recorders:
        echo(f"{out}: {recorder.frames_written:,} frames, {recorder.bytes_written:,} bytes")
