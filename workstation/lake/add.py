"""Recordings into a lake: each once, whole or not at all.

Files are made in `_staging`, put on the disk, renamed into their partitions, and named by a manifest at the very end.
The same recording gives the same files, so whatever an add that was killed left behind is written over by the next.
"""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import psutil

from feeds.pipeline.feed import Feed
from feeds.recording import RecordingReader
from feeds.venues.registry import protocol_for
from workstation.lake.decoded import Decoded, Row
from workstation.lake.field import FieldRows
from workstation.lake.manifest import Manifest, identity, manifest_path, sync, write_manifest
from workstation.lake.schema import Place
from workstation.lake.sink import Sink

STAGING = "_staging"

Progress = Callable[[int, int], None]


@dataclass(frozen=True, slots=True)
class Added:
    """What an add did: the rows that are new, 0 for a recording that was there."""

    recording: str
    rows: int
    files: int
    was_there: bool = False
    damage: str = ""


def add(path: Path, root: Path, progress: Progress | None = None) -> Added:
    """Add one recording.

    Raises:
        RecordingError: the file is no recording.
        OSError: the lake cannot be written.
    """
    reader = RecordingReader(path)
    recording = identity(path)
    if manifest_path(root, recording).exists():
        return Added(recording, 0, 0, was_there=True)
    staging = _staging(root, recording)
    made = _Making(staging, recording, reader)
    try:
        made.read(progress)
        files = made.finish()
        for file in files:
            publish(staging / file, root / file)
        for folder in sorted({(root / file).parent for file in files}):
            sync(folder)
        write_manifest(root, made.manifest(files))
    finally:
        made.close()
        shutil.rmtree(staging, ignore_errors=True)
    damage = reader.damage.reason if reader.damage is not None else ""
    return Added(recording, sum(files.values()), len(files), damage=damage)


def publish(made: Path, target: Path) -> None:
    """Put a finished file where readers look. Raises OSError."""
    target.parent.mkdir(parents=True, exist_ok=True)
    os.replace(made, target)


def _staging(root: Path, recording: str) -> Path:
    """A folder of our own; those of adds that were killed are removed."""
    folder = root / STAGING
    folder.mkdir(parents=True, exist_ok=True)
    for old in folder.iterdir():
        _, _, owner = old.name.rpartition("-")
        if owner.isdigit() and (int(owner) == os.getpid() or not psutil.pid_exists(int(owner))):
            shutil.rmtree(old)
    return folder / f"{recording}-{os.getpid()}"


class _Making:
    """One recording being decoded into files."""

    def __init__(self, staging: Path, recording: str, reader: RecordingReader) -> None:
        self._staging, self._recording, self._reader = staging, recording, reader
        self._sinks: dict[Place, Sink] = {}
        self._start_ns, self._end_ns = reader.start_ns or 0, reader.end_ns or 0
        self._decoded = Decoded(recording, self._start_ns, self._put)
        self._field = FieldRows(recording, self._put)

    def read(self, progress: Progress | None) -> None:
        """Decode every frame that can be read."""
        feed, take, survey = Feed(protocol_for), self._decoded.take, self._field.take
        for chunk_at in range(len(self._reader.chunk_starts)):
            for frame in self._reader.chunk(chunk_at) or ():
                self._field.pass_time(frame.ts_recv_ns)
                events = feed.receive(frame)
                universe = frame.connection in feed.universe
                for event in events:
                    take(event, universe=universe)
                    survey(event, universe=universe)
            if progress is not None:
                progress(self._reader.chunk_starts[chunk_at] - self._start_ns, self._end_ns - self._start_ns)

    def finish(self) -> dict[str, int]:
        """Write all files; returns their paths, relative to the root, and rows."""
        orders = self._decoded.orders()
        files: dict[str, int] = {}
        for place, sink in sorted(self._sinks.items()):
            if sink.rows:
                sink.finish(orders)
                files[place.path(self._recording).as_posix()] = sink.rows
        return files

    def manifest(self, files: dict[str, int]) -> Manifest:
        """What the lake is to know of the recording."""
        markets = tuple(self._decoded.markets())
        return Manifest(self._recording, self._reader.path.name, self._start_ns, self._end_ns, markets, files)

    def close(self) -> None:
        """Let go of all files, whole or not."""
        for sink in self._sinks.values():
            sink.close()

    def _put(self, place: Place, rows: list[Row]) -> None:
        sink = self._sinks.get(place)
        if sink is None:
            sink = self._sinks[place] = Sink(self._staging / place.path(self._recording), place)
        sink.put(rows)
