"""The index of a recording: states to go on from, so that any moment is reached without playing to it.

It is derived from the frames alone and may be deleted at any time. It lies beside the recording, or in the program's
data folder where that cannot be written to. What does not fit the recording as it is now does not count.
"""

import gc
import hashlib
import logging
import os
from bisect import bisect_right
from collections.abc import Mapping
from itertools import takewhile
from pathlib import Path

from feeds.recording import Recording
from feeds.recording.venue_time import in_venue_time
from workstation.replay import stamp
from workstation.replay.codec import load
from workstation.replay.core import Core, Tape
from workstation.replay.states import DAMAGED, Entry, StatesReader
from workstation.settings import paths

log = logging.getLogger(__name__)

SUFFIX = ".index"


def index_file(recording: Path) -> Path:
    beside = recording.with_name(recording.name + SUFFIX)
    if beside.exists() or os.access(recording.parent, os.W_OK):
        return beside
    return _elsewhere(recording, recording.name)


def _elsewhere(file: Path, name: str) -> Path:
    digest = hashlib.blake2b(str(file.absolute()).encode(), digest_size=8).hexdigest()
    return paths.data_dir() / "indexes" / f"{name}-{digest}{SUFFIX}"


def index_file_of(reader: Recording) -> Path:
    """Where the index of a recording of one file or several lies."""
    return index_file(reader.path) if len(reader.files) == 1 else _elsewhere(reader.files[0], "several")


def lock_file(index: Path) -> Path:
    """The file that holds the number of the process which writes an index."""
    return index.with_name(index.name + ".lock")


def stamp_of(*files: Path) -> Mapping[str, object]:
    """What an index of the recording in these files by this program is stamped with. Raises OSError."""
    made = {"program": stamp.program(), "recording": stamp.recording(files[0])}
    return made if len(files) == 1 else made | {"first of": "several"}


class RecordingIndex:
    """The states of one recording, as far as they were written. Without an index there are none."""

    def __init__(self, reader: Recording, file: Path | None = None) -> None:
        self.reader = in_venue_time(reader)
        self.file = file or index_file_of(reader)
        self._states: StatesReader | None = None
        self._counted: tuple[Entry, ...] = ()
        self._fit = _Fit(self.reader)
        self._cut = False  # by a damaged state
        self.trouble = ""
        """Why the index, or its later part, is not used; "" if it is used as far as it was written."""
        self.refresh()

    @property
    def entries(self) -> tuple[Entry, ...]:
        """The states that fit the recording, oldest first."""
        return self._counted

    @property
    def states(self) -> StatesReader | None:
        """The file, for a writer that appends to it; None where it cannot be continued."""
        whole = self._states is not None and len(self._counted) == len(self._states.entries)
        return self._states if whole else None

    @property
    def damage(self) -> str:
        """What of the recording could not be read when it was indexed; "" for nothing."""
        return self._counted[-1].damage if self._counted else ""

    @property
    def complete(self) -> bool:
        """Whether it reaches the end of the recording as that is now."""
        return bool(self._counted) and self._counted[-1].recording == identity(self.reader)

    def refresh(self) -> None:
        """Look for states that were written since."""
        try:
            if self._states is None:
                self._states, self._fit = StatesReader(self.file, stamp_of(*self.reader.files)), _Fit(self.reader)
            else:
                self._states.refresh()
            if not self._cut:
                self._counted += self._fit.fitting(self._states.entries[len(self._counted) :])
                changed = len(self._counted) < len(self._states.entries)
                self.trouble = "the recording was changed since" if changed else self._states.torn
        except FileNotFoundError:
            self._states, self._counted, self.trouble = None, (), ""
        except (OSError, *DAMAGED) as error:
            log.info("the index %s is not used: %s", self.file.name, error)
            self._states, self._counted, self.trouble = None, (), str(error)

    def verify(self) -> None:
        """Check every state; the first that is damaged no longer counts, nor what follows it."""
        for number in range(len(self._counted)):
            try:
                assert self._states is not None
                self._states.check(number)
            except (OSError, *DAMAGED) as error:
                self._end_before(number, error)
                return

    def tape_before(self, target_ns: int, after_ns: int = 0) -> Tape | None:
        """The latest state in [after_ns, target_ns] and what follows it; None without one.

        A state that turns out damaged is logged and no longer counts, nor what follows it.
        """
        at = bisect_right(self._counted, target_ns, key=lambda entry: entry.position_ns) - 1
        while at >= 0 and self._counted[at].position_ns >= after_ns:
            if (core := self._core(at)) is not None:
                entry = self._counted[at]
                tape = Tape(self.reader, core, entry.mark)
                tape.position_ns = entry.position_ns
                return tape
            at -= 1
        return None

    def _core(self, number: int) -> Core | None:
        assert self._states is not None
        collecting = gc.isenabled()
        gc.disable()  # nothing is dropped while a state is built, and looking for it takes half the time
        try:
            core = load(*self._states.state(number))
        except (OSError, *DAMAGED) as error:
            self._end_before(number, error)
            return None
        finally:
            if collecting:
                gc.enable()
        return core if isinstance(core, Core) else None

    def _end_before(self, number: int, error: Exception) -> None:
        log.warning("the index %s is damaged and is no longer used from there on: %s", self.file.name, error)
        self._counted, self._cut = self._counted[:number], True
        self.trouble = f"state {number + 1} is damaged: {error}"


class _Fit:
    """Compares states, oldest first, with the chunks that the recording has now."""

    def __init__(self, reader: Recording) -> None:
        self._reader, self._digest = reader, stamp.ChunkDigest()

    def fitting(self, entries: tuple[Entry, ...]) -> tuple[Entry, ...]:
        """The first of the states behind those of the last call that fit; none if the recording was changed since."""
        size, changed_ns = identity(self._reader)
        if any(entry.recording[:1] == (size,) and entry.recording[1] != changed_ns for entry in entries):
            return ()
        return tuple(takewhile(self._fits, entries))

    def _fits(self, entry: Entry) -> bool:
        chunks, read = self._reader.chunks, chunks_read(entry)
        return read <= len(chunks) and self._digest.advance(chunks[self._digest.count : read]) == entry.chunks


def chunks_read(entry: Entry) -> int:
    """How many chunks a state was made from, the last perhaps in part."""
    return entry.mark.chunk + (entry.mark.frame > 0)


def identity(reader: Recording) -> tuple[int, int]:
    """Size in bytes and time of the last change (ns) of a recording. Raises OSError."""
    return reader.size_bytes, reader.changed_ns
