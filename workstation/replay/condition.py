"""Whether a recording is indexed, how far, and why not."""

from enum import StrEnum
from pathlib import Path

import msgspec
import psutil

from feeds.recording import RecordingReader
from workstation.replay.index import RecordingIndex, lock_file


class Indexed(StrEnum):
    """How far the index of a recording serves."""

    ABSENT = "absent"
    WHOLE = "whole"
    IN_PART = "in part"
    UNUSABLE = "unusable"


class IndexCondition(msgspec.Struct, frozen=True, kw_only=True):
    """An index as it lies on the disk, all of it checked.

    `states` can be used and reach to `until_ns` (receive time; None without any). `trouble` is why the others, or all,
    cannot be used, "" if there is nothing wrong. `builder` is the process that is writing it, 0 for none.
    """

    indexed: Indexed
    states: int = 0
    until_ns: int | None = None
    size_bytes: int = 0
    trouble: str = ""
    builder: int = 0


def condition_of(reader: RecordingReader, file: Path | None = None) -> IndexCondition:
    """Check the index of a recording, `file` or the one at its usual place. Raises OSError if it cannot be read."""
    index = RecordingIndex(reader, file)
    builder = _builder(index.file)
    if not index.file.exists():
        return IndexCondition(indexed=Indexed.ABSENT, builder=builder)
    index.verify()
    entries = index.entries
    reached = Indexed.WHOLE if index.complete else Indexed.IN_PART if entries else Indexed.UNUSABLE
    return IndexCondition(
        indexed=reached,
        states=len(entries),
        until_ns=entries[-1].position_ns if entries else None,
        size_bytes=index.file.stat().st_size,
        trouble=index.trouble,
        builder=builder,
    )


def _builder(index: Path) -> int:
    try:
        owner = lock_file(index).read_text().strip()
    except FileNotFoundError:
        return 0
    return int(owner) if owner.isdigit() and psutil.pid_exists(int(owner)) else 0
