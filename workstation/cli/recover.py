"""The `recover` command."""

from pathlib import Path
from typing import Annotated

import typer

from workstation.process.terminal import echo


def recover(
    file: Annotated[Path, typer.Argument(help="A damaged or unfinished recording.")],
    out: Annotated[Path, typer.Option(help="The recording to write.")],
) -> None:
    """Write a whole recording of what can be read of a damaged one; what is lost becomes a marked gap."""
    from feeds.recording.recover import recover as write
    from workstation.cli.inspection import damage_text

    if out.exists():
        raise typer.BadParameter(f"{out} exists already; choose another name")
    made = write(file, out)
    echo(f"{out}: {made.frames:,} frames, {made.out_bytes:,} bytes")
    if made.damage is None:
        echo("nothing was lost")
        return
    echo(f"lost: {damage_text(made.damage)}")
    if made.gaps:
        echo(f"gaps marked: {', '.join(f'{name} {count}' for name, count in sorted(made.gaps.items()))}")
