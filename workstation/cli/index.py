"""`workstation index`: makes the indexes of recordings."""

import os
import sys
import threading
from collections.abc import Iterable, Iterator
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path
from typing import Annotated

import typer

from workstation.process.gc_thresholds import raise_gc_thresholds
from workstation.process.terminal import echo

_FOLLOW_S = 30.0


def index(
    files: Annotated[list[Path], typer.Argument(help="Recordings, or folders of them.")],
    jobs: Annotated[int, typer.Option(min=1, help="How many recordings to index at a time.")] = os.cpu_count() or 1,
    together: Annotated[
        bool, typer.Option("--together", help="As the one session that they are when replayed.")
    ] = False,
    shares: Annotated[
        bool, typer.Option("--shares", hidden=True, help="Print the share done, 0 to 1, a line each.")
    ] = False,
    follow: Annotated[
        bool, typer.Option("--follow", hidden=True, help="Go on while it grows, until input ends.")
    ] = False,
) -> None:
    """Index recordings, so that any moment of them is reached at once. Goes on where an earlier index ended."""
    os.nice(10)
    raise_gc_thresholds()
    recordings = [*_recordings(files)]
    if follow:
        _follow(recordings[0])
    elif shares:
        _print_shares(files)
    elif together:
        echo(_indexed(*files))
    elif len(recordings) == 1 or jobs == 1:
        for path in recordings:
            echo(_indexed(path))
    else:
        with ProcessPoolExecutor(min(jobs, len(recordings))) as pool:
            for line in pool.map(_indexed, recordings):
                echo(line)


def _recordings(files: Iterable[Path]) -> Iterator[Path]:
    for file in files:
        yield from sorted(file.glob("*.mcap")) if file.is_dir() else (file,)


def _indexed(*paths: Path) -> str:
    """Index one recording, or several as one; one line on the result. Raises RecordingError, OSError."""
    from workstation.replay.build import Busy, IndexBuilder

    try:
        with IndexBuilder(*paths) as builder:
            before = builder.tape.core.frames
            for _ in builder.steps():
                pass
            frames, file, whole = builder.tape.core.frames, builder.index.file, builder.index.reader.size_bytes
    except Busy as busy:
        return f"{paths[0].name}: process {busy} is indexing it"
    size = file.stat().st_size
    share = size / max(whole, 1)
    done = f"{paths[0].name}: {frames - before:,} of {frames:,} frames indexed"
    return f"{done}, {size:,} bytes ({share:.0%} of the recording)"


def _print_shares(paths: Iterable[Path]) -> None:
    from workstation.replay.build import Busy, build

    shown = -1
    try:
        for share in build(*paths):
            if int(share * 200) != shown:
                shown = int(share * 200)
                echo(f"{share:.3f}")
    except Busy:
        return


def _follow(path: Path) -> None:
    from workstation.replay.build import Busy, IndexBuilder

    ended = threading.Event()
    threading.Thread(target=_wait_for_end, args=(ended,), daemon=True).start()
    try:
        with IndexBuilder(path) as builder:
            last = False
            while not last:
                last = ended.wait(_FOLLOW_S)
                builder.extend()
                for _ in builder.steps(ended=last):
                    pass
    except Busy:
        return  # it is indexed already


def _wait_for_end(ended: threading.Event) -> None:
    sys.stdin.read()
    ended.set()
