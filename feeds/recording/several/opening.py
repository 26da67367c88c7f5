"""Opens files and folders as one recording, in the venues' time."""

import logging
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path

from feeds.model.errors import RecordingError
from feeds.recording.reader import RecordingReader
from feeds.recording.recording import Recording
from feeds.recording.several.overlap import OverlappingRecordings
from feeds.recording.several.sequence import RecordingSequence, is_continued
from feeds.recording.venue_time import in_venue_time

log = logging.getLogger(__name__)

SUFFIX = ".mcap"


def open_recording(*places: Path) -> Recording:
    """Open a recording, or several and the recordings of folders as one.

    In a folder what is no recording is passed over, and what was simulated where there are others.

    Raises:
        RecordingError: a file is none, a folder holds none, or real and simulated files were chosen together.
    """
    readers = [reader for place in places for reader in _readers(place)]
    simulated = {reader.metadata.simulated for reader in readers}
    if len(simulated) > 1:
        raise RecordingError("Some of these recordings are of simulated venues and others are not; open them apart.")
    filled = [reader for reader in _distinct(readers) if reader.start_ns is not None]
    if len(filled) < 2:
        return filled[0] if filled else readers[0]
    path = places[0] if len(places) == 1 else filled[0].path
    return _sequence(filled, path)


def recordings_in(folder: Path) -> list[Path]:
    """The files of a folder that may be recordings, by name. Raises OSError."""
    return sorted(path for path in folder.iterdir() if path.suffix == SUFFIX and path.is_file())


def _readers(place: Path) -> list[Recording]:
    if not place.is_dir():
        return [in_venue_time(RecordingReader(place))]
    try:
        found = list(_readable(recordings_in(place)))
    except OSError as error:
        raise RecordingError(f"{place.name} cannot be read: {error.strerror}.", str(error)) from error
    if not found:
        raise RecordingError(f"The folder {place.name} holds no recording.", str(place))
    real = [reader for reader in found if not reader.metadata.simulated]
    return real or found


def _readable(files: Iterable[Path]) -> Iterator[Recording]:
    for file in files:
        try:
            yield in_venue_time(RecordingReader(file))
        except RecordingError as error:
            log.warning("%s is passed over", file, exc_info=error)


def _distinct(readers: Sequence[Recording]) -> list[Recording]:
    """Without copies of a file under other names, by time."""
    found = {(reader.start_ns, reader.end_ns, reader.size_bytes): reader for reader in reversed(readers)}
    return sorted(found.values(), key=lambda reader: reader.start_ns or 0)


def _sequence(readers: Sequence[Recording], path: Path) -> Recording:
    """Files that a rotation cut stay one behind the other; the frames of others that overlap are merged."""
    groups, reached_ns = list[list[list[Recording]]](), 0
    for run in _runs(readers):
        if groups and (run[0].start_ns or 0) <= reached_ns:
            groups[-1].append(run)
        else:
            groups.append([run])
        reached_ns = max(reached_ns, *(reader.end_ns or 0 for reader in run))
    parts = list[Recording]()
    for group in groups:
        if len(group) == 1:
            parts += group[0]
        else:
            parts.append(OverlappingRecordings([RecordingSequence(run, path) for run in group], path))
    return RecordingSequence(parts, path)


def _runs(readers: Sequence[Recording]) -> list[list[Recording]]:
    """Files in order of time, those together that a rotation cut."""
    runs = list[list[Recording]]()
    for reader in readers:
        if runs and is_continued(runs[-1][-1], reader):
            runs[-1].append(reader)
        else:
            runs.append([reader])
    return runs
