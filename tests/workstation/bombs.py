"""Inputs that claim, or unpack to, far more than they are.

`python -m tests.workstation.bombs FOLDER` opens each in a process of its own and prints the MB that it took.
"""

from __future__ import annotations

import asyncio
import base64
import contextlib
import gc
import gzip
import resource
import shutil
import sys
import threading
import zlib
from collections.abc import Callable
from multiprocessing import get_context
from pathlib import Path
from socketserver import BaseRequestHandler, TCPServer
from typing import BinaryIO, NamedTuple

import zstandard
from mcap.data_stream import RecordBuilder
from mcap.records import Channel, Chunk, ChunkIndex, Footer, Header, McapRecord, Message, Metadata

from feeds.importers import import_captures
from feeds.live.transport import Http
from feeds.model.errors import FeedError
from feeds.model.frame import FrameKind
from feeds.model.instrument import MarketKind
from feeds.recording import RecordingMetadata, RecordingReader
from feeds.recording.index import MAX_CHUNKS
from feeds.recording.layout import (
    MAGIC,
    MAX_CHUNK_BYTES,
    METADATA_NAME,
    OPENINGS_NAME,
    PROFILE,
    ChannelKey,
    fields_from_key,
    fields_from_metadata,
)
from feeds.venues.registry import DRIVERS

MB = 1 << 20
TS = 1_723_161_255_030_314_667
TEXT = Channel(1, "a/text", "json", fields_from_key(ChannelKey("a", FrameKind.TEXT, False)), 0)


class Bomb(NamedTuple):
    """How to write an input, and how the program opens it."""

    make: Callable[[Path], object]
    open: Callable[[Path], object]


def encoded(*records: McapRecord) -> bytes:
    builder = RecordBuilder()
    for record in records:
        record.write(builder)
    return bytes(builder.end())


def chunk(content: bytes, *, intact: bool = True) -> bytes:
    crc = zlib.crc32(content) ^ (not intact)
    return encoded(Chunk("zstd", zstandard.compress(content), TS, TS, crc, len(content)))


def recording(path: Path, *records: bytes, **fields: str) -> None:
    described = Metadata(METADATA_NAME, fields or fields_from_metadata(RecordingMetadata()))
    path.write_bytes(MAGIC + encoded(Header(PROFILE, ""), described) + b"".join(records))


def openings(rows: bytes) -> bytes:
    packed = base64.b64encode(zstandard.compress(rows)).decode()
    return encoded(Metadata(OPENINGS_NAME, {"json": packed, "crc32": str(zlib.crc32(packed.encode()))}))


def large() -> bytes:
    """A message as large as a chunk may be."""
    return encoded(TEXT, Message(1, TS, bytes(MAX_CHUNK_BYTES - 400), TS, 0))


def small() -> bytes:
    """As many small messages as a chunk may hold."""
    return encoded(TEXT) + encoded(Message(1, TS, b"{}" * 100, TS, 0)) * 270_000


def channels() -> bytes:
    """More connections than a chunk may have, with long names."""
    key = ChannelKey("a" * 800, FrameKind.TEXT, False)
    record = encoded(Channel(1, "a", "json", fields_from_key(key), 0))
    return record * (MAX_CHUNK_BYTES // len(record) - 1) + encoded(Message(1, TS, b"", TS, 0))


def with_holes(path: Path) -> None:
    """Damaged chunks with 16 MB of nothing behind each, which an index confirms; the file is sparse."""
    damaged, entries = chunk(encoded(TEXT, Message(1, TS, b"{}", TS, 0)), intact=False), list[ChunkIndex]()
    recording(path)
    with path.open("r+b") as stream:
        stream.seek(0, 2)
        for _ in range(40):
            entries.append(ChunkIndex(len(damaged), stream.tell(), "zstd", 0, TS, 0, {}, TS, 0))
            stream.write(damaged)
            stream.seek(16 * MB, 1)
        finish(stream, stream.tell(), encoded(*entries))


def many_entries(path: Path) -> None:
    """An index of as many chunks as it may name, of nine bytes."""
    recording(path)
    count, mark = MAX_CHUNKS, 0x1122334455667788
    before, after = encoded(ChunkIndex(9, mark, "", 0, TS, 0, {}, TS, 0)).split(mark.to_bytes(8, "little"))
    with path.open("r+b") as stream:
        first = stream.seek(0, 2)
        start = stream.seek(first + 9 * count)
        offsets = range(first, start, 9)
        finish(stream, start, b"".join([before + at.to_bytes(8, "little") + after for at in offsets]))


def finish(stream: BinaryIO, start: int, summary: bytes) -> None:
    footer = encoded(Footer(start, 0, 0))[:-4]
    stream.write(summary + footer + zlib.crc32(footer, zlib.crc32(summary)).to_bytes(4, "little") + MAGIC)


def zeros(pack: Callable[[bytes], bytes]) -> Callable[[Path], object]:
    return lambda path: path.write_bytes(pack(bytes(64 * MB)) * 16)


def head_then(letter: bytes) -> Callable[[Path], object]:
    """A capture whose first line is real and whose second is one letter, 20 MB of it."""
    line = b'1723161255030314667 {"stream":"btcusdt@trade","data":{"e":"trade","s":"BTCUSDT"}}\n'
    return lambda path: path.write_bytes(gzip.compress(line + b"1723161255030314668 " + letter * 20 * MB, 1))


def read_all(path: Path) -> None:
    for _ in RecordingReader(path).frames():
        pass


def import_one(path: Path) -> None:
    import_captures(None, [path], path.with_suffix(".mcap"), lambda done, total: None, market=MarketKind.LINEAR)


def fetch(path: Path) -> None:
    """Fetch the file as the gzipped body of an answer."""

    class Answer(BaseRequestHandler):
        def handle(self) -> None:
            self.request.recv(4096)
            self.request.sendall(b"HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nConnection: close\r\n\r\n")
            with contextlib.suppress(OSError):
                self.request.sendall(path.read_bytes())

    async def one(port: int) -> None:
        http = Http()
        try:
            await http.fetch(f"http://127.0.0.1:{port}/")
        finally:
            await http.close()

    with TCPServer(("127.0.0.1", 0), Answer) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        try:
            asyncio.run(one(server.server_address[1]))
        finally:
            server.shutdown()


LISTS = {
    "binance": b'{"symbols":[%b]}',
    "bybit": b'{"retCode":0,"retMsg":"OK","result":{"category":"linear","list":[%b]}}',
    "okx": b'{"code":"0","msg":"","data":[%b]}',
    "deribit": b'{"jsonrpc":"2.0","result":[%b]}',
    "hyperliquid": b'{"universe":[%b]}',
}


def listing(venue: str, rows: bytes) -> Bomb:
    """A list of markets as long as an answer may be."""
    driver = DRIVERS[venue]
    body = LISTS[venue] % b",".join([rows] * (30 * MB // (len(rows) + 1) - 100))
    return Bomb(
        lambda path: path.write_bytes(body), lambda path: driver.instruments(MarketKind.LINEAR, [path.read_bytes()])
    )


def deep(venue: str) -> Bomb:
    """A list of markets with a row nested 10 million deep."""
    body, driver = LISTS[venue] % (b"[" * 10 * MB + b"]" * 10 * MB), DRIVERS[venue]
    return Bomb(
        lambda path: path.write_bytes(body), lambda path: driver.instruments(MarketKind.LINEAR, [path.read_bytes()])
    )


RECORDINGS: dict[str, Callable[[Path], object]] = {
    "one large message": lambda path: recording(path, chunk(large())),
    "damaged large chunks": lambda path: recording(path, *[chunk(large(), intact=False)] * 6, chunk(large())),
    "many messages": lambda path: recording(path, chunk(small())),
    "damaged chunks of many messages": lambda path: recording(
        path, *[chunk(small()), chunk(small(), intact=False)] * 3
    ),
    "many channels": lambda path: recording(path, chunk(channels())),
    "holes": with_holes,
    "many fields": lambda path: recording(path, **{f"{at:x}": "" for at in range(300_000)}),
    "many openings": lambda path: recording(
        path,
        chunk(large(), intact=False),
        *[openings(b"[" + b",".join([b'[1,"",""]'] * 1_600_000) + b"]")] * 50,
        chunk(encoded(TEXT, Message(1, TS, b"{}", TS, 0))),
    ),
}
BOMBS: dict[str, Callable[[], Bomb]] = {
    "recording: many index entries": lambda: Bomb(many_entries, RecordingReader),
    **{f"recording: {name}": lambda make=make: Bomb(make, read_all) for name, make in RECORDINGS.items()},  # type: ignore[misc]
    "import: gzip": lambda: Bomb(zeros(lambda data: gzip.compress(data, 1)), import_one),
    "import: zstd": lambda: Bomb(zeros(zstandard.compress), import_one),
    "import: one line": lambda: Bomb(head_then(b" "), import_one),
    "import: depth": lambda: Bomb(head_then(b"["), import_one),
    "http: gzip": lambda: Bomb(zeros(lambda data: gzip.compress(data, 9)), fetch),
    **{f"rows: {venue}": lambda venue=venue: listing(venue, b"1") for venue in LISTS},  # type: ignore[misc]
    **{f"depth: {venue}": lambda venue=venue: deep(venue) for venue in LISTS},  # type: ignore[misc]
}


def resident_mb(field: str) -> float:
    """`VmRSS` or `VmHWM` of this process in MB."""
    lines = Path("/proc/self/status").read_text().splitlines()
    return next(int(line.split()[1]) for line in lines if line.startswith(field)) / 1024


def detonate(name: str, folder: Path) -> None:
    """Print the name and the MB that opening a bomb takes."""
    resource.setrlimit(resource.RLIMIT_AS, (4 << 30, 4 << 30))
    resource.setrlimit(resource.RLIMIT_CPU, (60, 60))
    bomb, file = BOMBS[name](), folder / "bomb"
    bomb.make(file)
    gc.collect()
    Path("/proc/self/clear_refs").write_text("5")  # the peak counts from here on
    before = resident_mb("VmRSS")
    with contextlib.suppress(FeedError):
        bomb.open(file)
    print(f"{name}\t{resident_mb('VmHWM') - before:.0f}", flush=True)


def main(folder: Path) -> None:
    """Open each bomb in a process of its own, which has imported all modules already."""
    forks = get_context("fork")
    for number, name in enumerate(BOMBS):
        place = folder / str(number)
        place.mkdir()
        child = forks.Process(target=detonate, args=(name, place))
        child.start()
        child.join()
        shutil.rmtree(place)


if __name__ == "__main__":
    main(Path(sys.argv[1]))
