"""`workstation simulate`: the simulated venues for any client, or a recording of them."""

from __future__ import annotations

import os
import signal
import sys
import threading
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from workstation.cli.arguments import Bases, span_of, writing
from workstation.process.terminal import echo, status

if TYPE_CHECKING:
    from feeds.model.instrument import Venue


def simulate(
    port: Annotated[int, typer.Option(help="The loopback port; 0 takes a free one.")] = 0,
    seed: Annotated[int, typer.Option(help="The same seed gives the same market.")] = 7,
    venues: Annotated[str, typer.Option(help="Venues to serve, separated by commas; all if not given.")] = "",
    faults_every: Annotated[str, typer.Option(help="Inject a random fault this often, for example 30s.")] = "",
    out: Annotated[Path | None, typer.Option("--record", help="Write what they send to this file instead.")] = None,
    span: Annotated[str, typer.Option(help="How much of a day to record, for example 10m or 24h.")] = "24h",
    speed: Annotated[str, typer.Option(help="Simulated seconds a second of the recording, or max.")] = "max",
    bases: Bases = None,
    with_parent: Annotated[bool, typer.Option(hidden=True)] = False,
) -> None:
    """Serve the simulated venues without a window, for any client; or record a day of them, the same by seed."""
    from feeds.simulator.service.server import run
    from feeds.venues.registry import venue_named

    try:
        served = tuple(map(venue_named, venues.split(","))) if venues else None
    except ValueError as error:
        raise typer.BadParameter(str(error)) from None
    if out is not None:
        with writing():
            _record(out, seed, span_of(span), speed, tuple(bases or ("BTC", "ETH")), served)
        return
    if with_parent:
        threading.Thread(target=_end_with_parent, daemon=True).start()
    run(
        port,
        seed,
        lambda bound: echo(f"simulated venues on 127.0.0.1 {bound}"),
        venues=served,
        faults_every_s=span_of(faults_every) / 1e9 if faults_every else None,
    )


def _record(
    out: Path, seed: int, span_ns: int, speed: str, bases: tuple[str, ...], venues: tuple[Venue, ...] | None
) -> None:
    """Record a session at so many simulated seconds a second, or at "max", and report its size."""
    from feeds.simulator.catalogue.markets import markets_of
    from feeds.simulator.offline import write_session

    bases = tuple(base.upper() for base in bases)
    for base in bases:
        if not markets_of(venues, (base,)):
            raise typer.BadParameter(f"no simulated venue lists {base}")
    try:
        pace = None if speed == "max" else float(speed)
    except ValueError:
        raise typer.BadParameter(f"{speed} is neither max nor a number") from None
    frames = size = 0
    with status("simulating") as update:
        for share, frames, size in write_session(out, seed, span_ns, bases, pace, venues):
            update(f"simulating {out.name}: {share:.0%}, {frames:,} frames, {size / 1e6:,.1f} MB")
    echo(f"{out}: {frames:,} frames, {size:,} bytes")


def _end_with_parent() -> None:
    sys.stdin.read()
    os.kill(os.getpid(), signal.SIGTERM)
