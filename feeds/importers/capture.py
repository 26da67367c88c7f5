"""The importer interface, and reading of compressed, possibly truncated files."""

import zlib
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import BinaryIO, Protocol

import msgspec
import zstandard

from feeds.model.errors import ImportFailed
from feeds.model.frame import Frame
from feeds.model.instrument import Instrument, MarketKind

BLOCK_BYTES = 64 * 1024
LINE_BYTES = 64 << 20
"""A longer line is no message of a venue."""
_PACKED_BYTES = 1024  # a small piece, because zstd expands up to 32,000-fold
_FREE_BYTES, _EXPANSION = 64 << 20, 500
GZIP_MAGIC = b"\x1f\x8b"
ZSTD_MAGIC = b"\x28\xb5\x2f\xfd"


class Tally(msgspec.Struct):
    """What is missing of a capture.

    `torn_lines` counts unreadable lines, `damaged` names files that ended early, `left_out` markets not imported.
    """

    torn_lines: int = 0
    damaged: list[str] = []
    left_out: list[str] = []


class Capture(msgspec.Struct, frozen=True):
    """An opened capture: its instruments, and an iterator over its frames in receive order."""

    instruments: tuple[Instrument, ...]
    frames: Iterator[Frame]
    tally: Tally


Advance = Callable[[int], None]
"""Called with the number of input bytes read since the last call."""


class Importer(Protocol):
    """One kind of capture. `passes` is how often each input byte is read."""

    passes: int

    def recognises(self, head: bytes) -> bool:
        """Whether a file whose decompressed content begins with `head` is of this kind."""

    def open(self, files: Sequence[Path], market: MarketKind | None, advance: Advance) -> Capture:
        """Open files as one capture; `market` overrides the kind inferred from the content.

        Raises:
            ImportFailed: a file is missing, unreadable or not of this kind; also raised while iterating the frames.
        """


class _Decompressor(Protocol):
    def decompress(self, data: bytes, /) -> bytes: ...

    @property
    def eof(self) -> bool: ...

    @property
    def unused_data(self) -> bytes: ...


def read_blocks(path: Path, tally: Tally, advance: Advance) -> Iterator[bytes]:
    """Yield the decompressed content of a `.gz`, `.zst` or plain file; a truncated file is added to `tally.damaged`.

    Raises:
        ImportFailed: the file cannot be opened or read.
    """
    try:
        with path.open("rb") as stream:
            magic = stream.read(4)
            stream.seek(0)
            start = _decompressor(magic)
            if start is None:
                yield from _plain(stream, advance)
                return
            size = _PACKED_BYTES if magic == ZSTD_MAGIC else BLOCK_BYTES
            yield from _unpacked(stream, start, path.name, tally, advance, size)
    except OSError as error:
        raise ImportFailed(f"{path.name} cannot be read: {error.strerror}.", str(path)) from error


def read_lines(path: Path, tally: Tally, advance: Advance) -> Iterator[bytes]:
    """Yield the lines of a file without newlines, including an unfinished last one. Raises ImportFailed."""
    rest = b""
    for block in read_blocks(path, tally, advance):
        if b"\n" in block:
            lines = (rest + block).split(b"\n")
            rest = lines.pop()
            yield from lines
        else:
            rest += block
        if len(rest) > LINE_BYTES:
            raise ImportFailed(f"{path.name} has a line of more than {LINE_BYTES >> 20} MB and is no capture.")
    if rest:
        yield rest


def read_head(path: Path, size: int = BLOCK_BYTES) -> bytes:
    """The first decompressed bytes of a file, at most `size`. Raises ImportFailed."""
    head = b""
    for block in read_blocks(path, Tally(), lambda _: None):
        head += block
        if len(head) >= size:
            break
    return head[:size]


def _decompressor(magic: bytes) -> Callable[[], _Decompressor] | None:
    if magic.startswith(GZIP_MAGIC):
        return lambda: zlib.decompressobj(31)
    if magic.startswith(ZSTD_MAGIC):
        return lambda: zstandard.ZstdDecompressor().decompressobj()
    return None


def _plain(stream: BinaryIO, advance: Advance, size: int = BLOCK_BYTES) -> Iterator[bytes]:
    while block := stream.read(size):
        advance(len(block))
        yield block


def _unpacked(
    stream: BinaryIO, start: Callable[[], _Decompressor], name: str, tally: Tally, advance: Advance, size: int
) -> Iterator[bytes]:
    unpacker, whole = start(), True
    taken = made = 0
    try:
        for packed in _plain(stream, advance, size):
            block, taken = packed, taken + len(packed)
            while block:
                made += len(content := unpacker.decompress(block))
                if made > max(_FREE_BYTES, taken * _EXPANSION):
                    raise ImportFailed(f"{name} expands more than {_EXPANSION}-fold and is no capture.")
                yield content
                whole = unpacker.eof
                block = unpacker.unused_data.lstrip(b"\0") if whole else b""
                unpacker = start() if whole else unpacker
    except (zlib.error, zstandard.ZstdError):
        whole = False
    if not whole:
        tally.damaged.append(name)
