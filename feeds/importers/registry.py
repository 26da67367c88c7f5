"""The kinds of capture, and their conversion to a recording."""

import os
from collections.abc import Callable, Sequence
from pathlib import Path

import msgspec

from feeds.importers.capture import Capture, Importer, read_head
from feeds.importers.findings import Findings
from feeds.importers.hftbacktest import HftbacktestImporter
from feeds.importers.multi_venue import MultiVenueImporter
from feeds.model.errors import ImportFailed, RecordingError
from feeds.model.instrument import Instrument, MarketKind
from feeds.recording import RecordingMetadata, RecordingWriter

KINDS: dict[str, Importer] = {"hftbacktest": HftbacktestImporter(), "multi-venue": MultiVenueImporter()}

Progress = Callable[[int, int], None]
"""Called with the input bytes done and the total; a file that is read twice counts twice."""


class OutputFailed(ImportFailed):
    """The recording cannot be written, for example because the disk is full."""


class ImportReport(msgspec.Struct, frozen=True):
    """The result of an import. `torn_lines` counts unreadable lines that were dropped; `damaged` files ended early.

    `left_out` names markets that were found and are not imported.
    """

    frames: int
    start_ns: int | None
    end_ns: int | None
    torn_lines: int
    files: tuple[str, ...]
    instruments: tuple[Instrument, ...]
    out_bytes: int
    damaged: tuple[str, ...] = ()
    left_out: tuple[str, ...] = ()


def detect(path: Path) -> str | None:
    """The kind of a capture by its content; None when unknown. Raises ImportFailed when unreadable."""
    head = read_head(path, 4096)
    return next((kind for kind, importer in KINDS.items() if importer.recognises(head)), None)


def import_captures(
    kind: str | None,
    files: Sequence[Path],
    out: Path,
    progress: Progress | None = None,
    *,
    market: MarketKind | None = None,
) -> ImportReport:
    """Write the captures, merged by receive time, as one recording. `out` is replaced only on success.

    `kind` is a key of `KINDS`, or None to detect it from the first file. `market` overrides the market kind inferred
    from the content.

    Raises:
        ImportFailed: the input is missing, of another kind, or holds nothing that can be shown.
        MarketUnknown: the input does not show the kind of its market, and `market` is None.
        OutputFailed: the recording cannot be written.
    """
    importer = _importer(kind, files)
    meter = _Meter(importer.passes * sum(map(_size, files)), progress)
    capture = importer.open(files, market, meter.advance)
    part = out.with_name(f".{out.name}.{os.getpid()}.part")
    try:
        written = _write(part, capture, files)
        part.replace(out)
    except (OSError, RecordingError) as error:
        reason = error.text if isinstance(error, RecordingError) else f"{error.strerror}."
        raise OutputFailed(f"{out.name} cannot be written: {reason}", str(error)) from error
    finally:
        part.unlink(missing_ok=True)
    meter.finish()
    return _report(written, capture, files)


def _report(written: RecordingWriter, capture: Capture, files: Sequence[Path]) -> ImportReport:
    return ImportReport(
        frames=written.frames_written,
        start_ns=written.start_ns,
        end_ns=written.end_ns,
        torn_lines=capture.tally.torn_lines,
        files=tuple(path.name for path in files),
        instruments=capture.instruments,
        out_bytes=written.bytes_written,
        damaged=tuple(capture.tally.damaged),
        left_out=tuple(capture.tally.left_out),
    )


def _importer(kind: str | None, files: Sequence[Path]) -> Importer:
    if not files:
        raise ImportFailed("No files to import were named.")
    if kind is None:
        kind = detect(files[0])
        if kind is None:
            raise ImportFailed(f"{files[0].name} is no capture of a known kind ({', '.join(KINDS)}).")
    if kind not in KINDS:
        raise ImportFailed(f"There is no kind of capture named {kind}; known are {', '.join(KINDS)}.")
    for path in files:
        if not KINDS[kind].recognises(read_head(path, 4096)):
            raise ImportFailed(f"{path.name} is not a capture of kind {kind}.")
    return KINDS[kind]


def _size(path: Path) -> int:
    try:
        return path.stat().st_size
    except OSError as error:
        raise ImportFailed(f"{path.name} cannot be read: {error.strerror}.", str(path)) from error


def _write(part: Path, capture: Capture, files: Sequence[Path]) -> RecordingWriter:
    note = "imported from " + ", ".join(path.name for path in files)
    with part.open("wb") as stream:
        writer = RecordingWriter(stream, RecordingMetadata(instruments=capture.instruments, note=note))
        findings = Findings()
        writer.write(findings.watch(capture.frames))
        findings.require(capture)
        writer.finish()
    return writer


class _Meter:
    def __init__(self, total: int, progress: Progress | None) -> None:
        self._done, self._total, self._progress = 0, total, progress

    def advance(self, count: int) -> None:
        self._done = min(self._done + count, self._total)
        if self._progress is not None:
            self._progress(self._done, self._total)

    def finish(self) -> None:
        self.advance(self._total)
