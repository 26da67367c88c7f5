"""The session library: recordings in a folder, their outlines, and the user's notes and bookmarks.

Outlines are computed one at a time by a child process, so that the window stays responsive, and cached beside the
folder. Notes are in a file beside the recording.
"""

import asyncio
import contextlib
import logging
import shutil
import sys
import time
from collections.abc import Iterable
from dataclasses import replace
from pathlib import Path
from typing import TypeVar

import msgspec

from feeds.model.errors import RecordingError
from feeds.recording import RecordingReader
from workstation.library.retention import FinishedRecording, RetentionPolicy
from workstation.readmodels.session.library import (
    Bookmark,
    LibraryRequest,
    LibraryView,
    Notes,
    Outline,
    RecordingEntry,
    buckets_of,
)
from workstation.replay.index import index_file
from workstation.settings import paths

log = logging.getLogger(__name__)

SCAN_S = 3.0
_GROWS_NS = 60_000_000_000  # an unfinished file that was written to so recently is still being recorded
_LONGEST_LINE = 1 << 24
Stored = TypeVar("Stored", Notes, Outline)


class Library:
    """The recordings of a folder, and others that were opened.

    `current` is the path of the replayed recording, `writing` of the one being written, which is not read.
    """

    requests = (LibraryRequest,)

    def __init__(self, folder: Path | None = None) -> None:
        self.folder = folder or paths.recordings_dir()
        self._revision = 0
        self.current = ""
        self.writing = ""
        self._others: list[Path] = []
        self._entries: dict[Path, RecordingEntry] = {}
        self._wanted = asyncio.Event()
        self._reading: tuple[str, float] = ("", 0.0)
        self._hopeless: set[Path] = set()

    def revision(self, request: LibraryRequest) -> int:
        """Grows with every change of the list."""
        return self._revision

    def view(self, request: LibraryRequest) -> LibraryView:
        ordered = sorted(self._entries.values(), key=lambda entry: -(entry.start_ns or entry.modified_ns))
        free = shutil.disk_usage(self.folder).free if self.folder.exists() else 0
        name, done = self._reading
        return LibraryView(request, self._revision, tuple(ordered), self.current, name, done, str(self.folder), free)

    def entry(self, path: Path) -> RecordingEntry | None:
        return self._entries.get(path)

    def add(self, *recordings: Path) -> None:
        """Add recordings from other folders; the first is the one that is replayed."""
        self._others += [path for path in recordings if path.parent != self.folder and path not in self._others]
        self.current = str(recordings[0])
        self.scan()

    def scan(self) -> None:
        """Scan the folder; files that have grown are read again."""
        found: dict[Path, RecordingEntry] = {}
        for path in (*self.folder.glob("*.mcap"), *self._others):
            with contextlib.suppress(FileNotFoundError):  # deleted since it was listed
                found[path] = self._look(path)
        if found != self._entries:
            self._entries = found
            self._revision += 1
            self._wanted.set()

    async def run(self) -> None:
        """Scan the folder and compute outlines until cancelled."""
        while True:
            self.scan()
            missing = next((path for path in self._entries if self.lacks_outline(path)), None)
            if missing is not None:
                await self.make_outline(missing)
                continue
            self._wanted.clear()
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(self._wanted.wait(), SCAN_S)

    async def make_outline(self, path: Path) -> None:
        """Compute the outline of a file in a child process, which prints its progress and then the outline."""
        self._reading = (path.name, 0.0)
        command = (sys.executable, "-m", "workstation", "outline", str(path))
        process = await asyncio.create_subprocess_exec(
            *command, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.DEVNULL, limit=_LONGEST_LINE
        )
        assert process.stdout is not None
        last = b""
        try:
            async for line in process.stdout:
                last = line
                if not line.startswith(b"{"):
                    self._reading = (path.name, float(line))
                    self._revision += 1
            await process.wait()
        except ValueError:
            log.warning("the outline of %s is too large", path.name)
            last = b""
        finally:
            self._reading = ("", 0.0)
            if process.returncode is None:
                process.kill()
                await process.wait()
        self.store_outline(path, last)

    def set_note(self, path: Path, note: str) -> None:
        """Save the user's note on a recording; a failure is logged."""
        self._write_notes(path, msgspec.structs.replace(self._notes(path), note=note))

    def add_bookmark(self, path: Path, bookmark: Bookmark) -> None:
        notes = self._notes(path)
        marks = tuple(sorted((*notes.bookmarks, bookmark), key=lambda mark: mark.ts_ns))
        self._write_notes(path, msgspec.structs.replace(notes, bookmarks=marks))

    def remove_bookmark(self, path: Path, ts_ns: int) -> None:
        notes = self._notes(path)
        marks = tuple(mark for mark in notes.bookmarks if mark.ts_ns != ts_ns)
        if marks == notes.bookmarks:
            return
        self._write_notes(path, msgspec.structs.replace(notes, bookmarks=marks))

    def delete(self, path: Path) -> None:
        """Delete a recording with its notes and its index. Raises OSError."""
        path.unlink(missing_ok=True)
        _notes_file(path).unlink(missing_ok=True)
        index_file(path).unlink(missing_ok=True)
        self.scan()

    def expire(self, policy: RetentionPolicy, now_ns: int, spared: Iterable[Path] = ()) -> list[Path]:
        """Delete expired recordings; returns those deleted. A file that cannot be deleted is logged and left.

        `spared` are the files in progress. Where the newest file is older than `now_ns` that clock is wrong: the age of
        the others is then counted to the newest file.
        """
        self.scan()
        ours = {path: entry for path, entry in self._entries.items() if path.parent == self.folder}
        files = [
            FinishedRecording(
                path,
                entry.size_bytes,
                max(entry.modified_ns, entry.end_ns or 0),
                entry.notes != Notes() or path in spared,
            )
            for path, entry in ours.items()
        ]
        written_ns = max((entry.modified_ns for entry in ours.values()), default=now_ns)
        gone = []
        for path in policy.expired(files, min(now_ns, written_ns)):
            try:
                self.delete(path)
            except OSError:
                log.exception("%s is past its policy and was not deleted", path.name)
                continue
            log.info("deleted %s, past its policy", path.name)
            gone.append(path)
        return gone

    def _look(self, path: Path) -> RecordingEntry:
        stat = path.stat()
        known = self._entries.get(path)
        notes = self._notes(path)
        if known is not None and (known.size_bytes, known.modified_ns) == (stat.st_size, stat.st_mtime_ns):
            return replace(known, notes=notes) if known.notes != notes else known
        entry = RecordingEntry(str(path), path.name, stat.st_size, stat.st_mtime_ns, notes=notes)
        if str(path) == self.writing:
            return replace(entry, trouble="being recorded")
        try:
            reader = RecordingReader(path)
        except RecordingError as error:
            return replace(entry, trouble=error.text)
        markets = reader.metadata.instruments
        outline = _read(_outline_file(path, stat.st_size), Outline) or (known.outline if known else None)
        damage = reader.damage.reason if reader.damage else outline.damage if outline else ""
        return replace(
            entry,
            start_ns=reader.start_ns,
            end_ns=reader.end_ns,
            bases=tuple(dict.fromkeys(market.base for market in markets)),
            venues=tuple(dict.fromkeys(str(market.venue) for market in markets)),
            simulated=reader.metadata.simulated,
            trouble=damage,
            outline=outline,
        )

    def lacks_outline(self, path: Path) -> bool:
        """Whether an outline of a listed file is to be made: there is none, or one without setups."""
        entry = self._entries[path]
        growing = bool(entry.trouble) and time.time_ns() - entry.modified_ns < _GROWS_NS
        lacking = entry.outline is None or _from_before(entry.outline)
        return lacking and entry.start_ns is not None and not growing and path not in self._hopeless

    def store_outline(self, path: Path, line: bytes) -> None:
        """Store an outline as printed by the child process; an unreadable one is logged and not tried again."""
        try:
            outline = msgspec.json.decode(line, type=Outline)
        except msgspec.DecodeError as error:
            log.warning("no outline of %s could be made (%s)", path.name, error)
            self._hopeless.add(path)
            return
        entry = self._entries.get(path)
        if entry is not None:
            self._entries[path] = replace(entry, outline=outline, trouble=entry.trouble or outline.damage)
            _write(_outline_file(path, entry.size_bytes), outline)
            self._revision += 1

    def _notes(self, path: Path) -> Notes:
        return _read(_notes_file(path), Notes) or Notes()

    def _write_notes(self, path: Path, notes: Notes) -> None:
        _write(_notes_file(path), notes)
        self.scan()


def _from_before(outline: Outline) -> bool:
    """Whether an earlier version made it, without setups or with few buckets."""
    count = buckets_of(outline.end_ns - outline.start_ns)
    return outline.setups is None or len(outline.price) not in (0, count)


def _notes_file(path: Path) -> Path:
    return path.with_suffix(".notes.json")


def _outline_file(path: Path, size_bytes: int) -> Path:
    return paths.data_dir() / "outlines" / f"{path.stem}-{size_bytes}.json"


def _read(file: Path, kind: type[Stored]) -> Stored | None:
    try:
        return msgspec.json.decode(file.read_bytes(), type=kind)
    except FileNotFoundError:
        return None
    except (OSError, msgspec.DecodeError, UnicodeDecodeError) as error:
        log.warning("%s cannot be read (%s)", file, error)
        return None


def _write(file: Path, value: Notes | Outline) -> None:
    try:
        file.parent.mkdir(parents=True, exist_ok=True)
        draft = file.with_suffix(".new")
        draft.write_bytes(msgspec.json.encode(value))
        draft.replace(file)
    except OSError:
        log.exception("%s was not written", file)
