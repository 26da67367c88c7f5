"""The command line's recordings of simulated venues."""

from __future__ import annotations

from pathlib import Path

import typer

from feeds.model.instrument import Venue
from feeds.simulator.catalogue.markets import markets_of
from feeds.simulator.offline import write_session
from workstation.process.terminal import echo, status


def write(
    out: Path, seed: int, span_ns: int, speed: str, bases: tuple[str, ...], venues: tuple[Venue, ...] | None
) -> None:
    """Record a session at so many simulated seconds a second, or at "max", and report its size."""
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
