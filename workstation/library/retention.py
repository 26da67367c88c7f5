"""Rules for starting a new file, deleting old recordings, and stopping when the disk is full."""

from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

from workstation.settings.declaration import Settings

_HOUR_NS = 3_600_000_000_000
_ROOM_FACTOR = 1.1
_LEAST_ROOM_BYTES = 100_000_000
_DAY_NS = 24 * _HOUR_NS


class FinishedRecording(NamedTuple):
    """A finished recording. Those with a note (`noted`) are never deleted.

    `modified_ns` is the later of the file system's time and the last time recorded.
    """

    path: Path
    size_bytes: int
    modified_ns: int
    noted: bool


@dataclass(frozen=True, slots=True)
class RetentionPolicy:
    """The limits of rotation and retention. A limit of 0 means none."""

    rotate_bytes: int = 1_000_000_000
    rotate_ns: int = 6 * _HOUR_NS
    max_bytes: int = 50_000_000_000
    max_age_ns: int = 0
    free_bytes: int = 2_000_000_000

    def is_due(self, size_bytes: int, age_ns: int) -> bool:
        """Whether a recording in progress continues in a new file."""
        return size_bytes >= self.rotate_bytes or age_ns >= self.rotate_ns

    def is_too_full(self, free_bytes: int) -> bool:
        """Whether there is too little disk space to continue."""
        return free_bytes < self.free_bytes

    def has_room(self, free_bytes: int) -> bool:
        """Whether there is enough disk space to begin again; more than `is_too_full` asks, so that it does not flap."""
        return free_bytes >= max(self.free_bytes * _ROOM_FACTOR, _LEAST_ROOM_BYTES)

    def expired(self, files: Iterable[FinishedRecording], now_ns: int) -> list[Path]:
        """The files to delete, oldest first: those over the age limit, and as many as the size limit requires."""
        ordered = sorted(files, key=lambda file: file.modified_ns)
        over = sum(file.size_bytes for file in ordered) - self.max_bytes if self.max_bytes else 0
        gone = []
        for file in ordered:
            old = self.max_age_ns and now_ns - file.modified_ns > self.max_age_ns
            if not file.noted and (old or over > 0):
                gone.append(file.path)
                over -= file.size_bytes
        return gone


def retention_policy(settings: Settings) -> RetentionPolicy:
    return RetentionPolicy(
        rotate_bytes=settings.rotate_megabytes * 1_000_000,
        rotate_ns=round(settings.rotate_hours * _HOUR_NS),
        max_bytes=round(settings.keep_gigabytes * 1e9),
        max_age_ns=settings.keep_days * _DAY_NS,
        free_bytes=round(settings.free_gigabytes * 1e9),
    )
