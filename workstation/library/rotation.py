"""Long recordings: continued in a new file by size or age, old files deleted, stopped before the disk is full."""

import shutil
from collections.abc import Callable, Iterable
from dataclasses import replace
from pathlib import Path
from typing import Protocol

from workstation.library.retention import RetentionPolicy

ROTATE = "rotate"
_LOOK_NS = 10_000_000_000


class Recording(Protocol):
    """A recording in progress."""

    path: Path

    @property
    def bytes_written(self) -> int:
        """The size of the file in bytes."""


def free_bytes(folder: Path) -> int:
    """Free bytes on the disk of a folder. Raises OSError."""
    return shutil.disk_usage(folder).free


class RecordingRotation:
    """Decides when a recording rotates or stops. `expire(policy, now_ns, paths in use)` deletes old files.

    It is called once a file, as soon as the venues' time is known: our clock may be wrong, and what is deleted by age
    is gone. Where no venue shows its time, files are deleted by size alone.
    """

    def __init__(
        self,
        rules: Callable[[], RetentionPolicy],
        expire: Callable[[RetentionPolicy, int, Iterable[Path]], object],
        free: Callable[[Path], int] = free_bytes,
    ) -> None:
        self._rules, self._expire, self._free = rules, expire, free
        self._path: Path | None = None
        self._began_ns = 0
        self._expires = False  # old files are still to be deleted
        self._next_look_ns = 0

    def has_room(self, folder: Path, now_ns: int) -> bool:
        """Whether a recording that stopped may begin again; looks at the disk every ten seconds."""
        if now_ns < self._next_look_ns:
            return False
        self._next_look_ns = now_ns + _LOOK_NS
        return self._rules().has_room(self._free(folder))

    def judge(self, recording: Recording, now_ns: int, venue_ns: int) -> str:
        """`ROTATE` when the recording must continue in a new file, a reason to stop, or "" to continue.

        `venue_ns` is the newest time of a trade by the venues' clocks, 0 while none was received.
        """
        rules = self._rules()
        if recording.path != self._path:
            self._path, self._began_ns, self._expires = recording.path, now_ns, True
        if self._expires and venue_ns:
            self._expires = False
            self._expire(rules, min(now_ns, venue_ns), (recording.path,))
        if now_ns >= self._next_look_ns:
            self._next_look_ns = now_ns + _LOOK_NS
            left = self._free(recording.path.parent)
            if rules.is_too_full(left):
                return f"recording stopped: only {left / 1e9:.1f} GB left on the disk"
        if not rules.is_due(recording.bytes_written, now_ns - self._began_ns):
            return ""
        if self._expires:
            self._expire(replace(rules, max_age_ns=0), now_ns, (recording.path,))
        return ROTATE
