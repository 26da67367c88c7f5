"""The manifests of a lake: one file per recording, written last. Data files not listed in one are ignored."""

import hashlib
import os
from pathlib import Path

import msgspec

from feeds.model.errors import RecordingError

FOLDER = "_manifests"
VERSION = 1


class LakeMarket(msgspec.Struct, frozen=True):
    """A market of a recording.

    `spans` are the venue times with every trade received; a span open at the end ends at the last venue time seen in
    its base. `began` is whether the recording states when trades are complete. `first_ns` and `last_ns` bound the venue
    times of its trades, 0 where there are none. `focus` is whether it was followed, and not only covered by all-market
    streams. `price` is its last mark price, or that of a trade where it publishes none, 0 unknown; `turnover` the
    traded notional (quote).
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
    price: float = 0.0
    turnover: float = 0.0


class Manifest(msgspec.Struct, frozen=True):
    """One recording. `recording` is the start of its file's SHA-256; `files` maps paths to row counts."""

    recording: str
    name: str
    start_ns: int
    end_ns: int
    markets: tuple[LakeMarket, ...]
    files: dict[str, int]
    version: int = VERSION


def identity(path: Path) -> str:
    """The identifier of a recording, a hash of its bytes. Raises OSError."""
    with path.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()[:16]


def manifest_path(root: Path, recording: str) -> Path:
    """The path of a recording's manifest; it exists if the recording was added."""
    return root / FOLDER / f"{recording}.json"


def read_manifests(root: Path) -> list[Manifest]:
    """All manifests of a lake, by start time and then longest first.

    Raises:
        RecordingError: a manifest is damaged, or of a newer version of the program.
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
    """Flush a file, or the entries of a folder, to the disk. Raises OSError."""
    if path.is_dir() and os.name == "nt":
        return  # Windows cannot sync a folder
    handle = os.open(path, os.O_RDONLY if path.is_dir() else os.O_RDWR)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
