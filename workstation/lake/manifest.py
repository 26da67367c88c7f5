"""What was added to a lake, one small file a recording, written last: files that no manifest names do not count."""

from __future__ import annotations

import hashlib
import os
from pathlib import Path

import msgspec

from feeds.model.errors import RecordingError

FOLDER = "_manifests"
VERSION = 1


class LakeMarket(msgspec.Struct, frozen=True):
    """A market in a recording.

    `spans` are the venue times in which every trade was received; one open at the end ends with the venue time
    last seen in its base. `began` is whether the recording says when trades are whole. `first_ns` and `last_ns` bound
    the venue times of its trades, 0 and 0 where there are none. `focus` is whether it was listened to by itself, and
    not only with all others of its venue.
    """

    base: str
    venue: str
    kind: str
    symbol: str
    tick: float
    tick_num: int
    tick_den: int
    spans: tuple[tuple[int, int], ...]
    began: bool
    first_ns: int
    last_ns: int
    seen_ns: int
    focus: bool


class Manifest(msgspec.Struct, frozen=True):
    """One recording. `recording` is the beginning of the SHA-256 of its file; `files` maps paths to rows."""

    recording: str
    name: str
    start_ns: int
    end_ns: int
    markets: tuple[LakeMarket, ...]
    files: dict[str, int]
    version: int = VERSION


def identity(path: Path) -> str:
    """A name for a recording that is a function of its bytes. Raises OSError."""
    with path.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()[:16]


def manifest_path(root: Path, recording: str) -> Path:
    """Where the manifest of a recording is, if it was added."""
    return root / FOLDER / f"{recording}.json"


def read_manifests(root: Path) -> list[Manifest]:
    """All recordings of a lake by their start, of equal ones the longest first.

    Raises:
        RecordingError: one of the manifests cannot be understood.
    """
    found = []
    for file in sorted((root / FOLDER).glob("*.json")):
        try:
            manifest = msgspec.json.decode(file.read_bytes(), type=Manifest)
        except ValueError as error:
            raise RecordingError(f"{file} is damaged; delete it and add the recording again.", str(error)) from error
        if manifest.version > VERSION:
            raise RecordingError("The lake was made by a newer version of this program; update to read it.")
        found.append(manifest)
    return sorted(found, key=lambda manifest: (manifest.start_ns, -manifest.end_ns, manifest.recording))


def write_manifest(root: Path, manifest: Manifest) -> None:
    """Commit a recording. Raises OSError."""
    target = manifest_path(root, manifest.recording)
    target.parent.mkdir(parents=True, exist_ok=True)
    fresh = target.with_suffix(f".{os.getpid()}.tmp")
    fresh.write_bytes(msgspec.json.format(msgspec.json.encode(manifest), indent=1))
    sync(fresh)
    os.replace(fresh, target)
    sync(target.parent)


def sync(path: Path) -> None:
    """Have a file, or the names in a folder, on the disk before going on."""
    if path.is_dir() and os.name == "nt":
        return  # Windows cannot sync a folder
    handle = os.open(path, os.O_RDONLY if path.is_dir() else os.O_RDWR)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
