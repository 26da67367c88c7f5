"""Adds recordings to a lake, each once and atomically.

Files are written and synced in `_staging`, renamed into their partitions, and listed in a manifest at the very end. A
recording always yields the same files, so leftovers of a killed add are overwritten by the next.
"""

import os
import shutil
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import psutil

from feeds.pipeline.feed import Feed
from feeds.recording import Damage, Recording, RecordingReader
from feeds.recording.venue_time import in_venue_time
from feeds.venues.registry import protocol_for
from workstation.lake.decoded import Row, RowDecoder
from workstation.lake.manifest import Manifest, identity, manifest_path, sync, write_manifest
from workstation.lake.pressure import EVERY_NS, PressureSampler
from workstation.lake.schema import Partition
from workstation.lake.sink import Sink

STAGING = "_staging"

Progress = Callable[[int, int], None]


@dataclass(frozen=True, slots=True)
class Added:
    """The result of an add. `rows` and `files` are 0 where the recording was in the lake already (`existed`)."""

    recording: str
    rows: int
    files: int
    existed: bool = False
    damage: Damage | None = None


def add(path: Path, root: Path, progress: Progress | None = None, *, pressure_every_ns: int = EVERY_NS) -> Added:
    """Add one recording, with a row of pressure every `pressure_every_ns` of receive time.

    Raises:
        RecordingError: the file is not a recording.
        OSError: the lake cannot be written.
    """
    reader = in_venue_time(RecordingReader(path))
    recording = identity(path)
    if manifest_path(root, recording).exists():
        return Added(recording, 0, 0, existed=True)
    staging = _staging(root, recording)
    made = _Build(staging, recording, reader, pressure_every_ns)
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
    return Added(recording, sum(files.values()), len(files), damage=reader.damage)


def publish(made: Path, target: Path) -> None:
    """Move a finished file into its partition. Raises OSError."""
    target.parent.mkdir(parents=True, exist_ok=True)
    os.replace(made, target)


def _staging(root: Path, recording: str) -> Path:
    """A staging folder of this process; removes those of killed adds."""
    folder = root / STAGING
    folder.mkdir(parents=True, exist_ok=True)
    for old in folder.iterdir():
        _, _, owner = old.name.rpartition("-")
        if owner.isdigit() and (int(owner) == os.getpid() or not psutil.pid_exists(int(owner))):
            shutil.rmtree(old)
    return folder / f"{recording}-{os.getpid()}"


class _Build:
    """Decodes one recording into files."""

    def __init__(self, staging: Path, recording: str, reader: Recording, pressure_every_ns: int) -> None:
        self._staging, self._recording, self._reader = staging, recording, reader
        self._sinks: dict[Partition, Sink] = {}
        self._start_ns, self._end_ns = reader.start_ns or 0, reader.end_ns or 0
        self._decoded = RowDecoder(recording, self._start_ns, self._put)
        self._pressure = PressureSampler(recording, self._put, pressure_every_ns)

    def read(self, progress: Progress | None) -> None:
        """Decode every readable frame."""
        feed, take, survey = Feed(protocol_for), self._decoded.take, self._pressure.take
        for chunk_at in range(len(self._reader.chunk_starts)):
            for frame in self._reader.chunk(chunk_at) or ():
                self._pressure.pass_time(frame.ts_recv_ns)
                events = feed.receive(frame)
                universe = frame.connection in feed.universe
                for event in events:
                    take(event, universe=universe)
                    survey(event, universe=universe)
            if progress is not None:
                progress(self._reader.chunk_starts[chunk_at] - self._start_ns, self._end_ns - self._start_ns)

    def finish(self) -> dict[str, int]:
        """Write all files; returns their rows by path relative to the root."""
        orders = self._decoded.orders()
        files: dict[str, int] = {}
        for partition, sink in sorted(self._sinks.items()):
            if sink.rows:
                sink.finish(orders)
                files[partition.path(self._recording).as_posix()] = sink.rows
        return files

    def manifest(self, files: dict[str, int]) -> Manifest:
        markets = tuple(self._decoded.markets())
        return Manifest(self._recording, self._reader.path.name, self._start_ns, self._end_ns, markets, files)

    def close(self) -> None:
        """Close all files, finished or not."""
        for sink in self._sinks.values():
            sink.close()

    def _put(self, partition: Partition, rows: list[Row]) -> None:
        sink = self._sinks.get(partition)
        if sink is None:
            sink = self._sinks[partition] = Sink(self._staging / partition.path(self._recording), partition)
        sink.put(rows)
