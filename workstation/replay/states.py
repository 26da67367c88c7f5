"""The file of an index: states of a recording and the arrays that they share, an Arrow IPC stream.

Every batch ends with the row of one state; the rows before it are the arrays that no earlier state refers to. Long
arrays are cut into blocks, each stored once by its content, because most of what a state holds was there before. Every
row has a checksum. Batches are only ever appended; what follows the last whole one is ignored, and cut off by the next
writer, so a killed writer costs its last state.
"""

import hashlib
import json
import zlib
from collections.abc import Mapping
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import pyarrow as pa
import zstandard

from feeds.recording.replay import Mark
from workstation.replay.codec import Saved
from workstation.replay.packing import Column, pack, pack_tree, unpack, unpack_tree

BLOCK = 4_096
"""Rows of an array that are stored once."""
MAX_TREE_BYTES = 1 << 28
MAX_BLOCK_BYTES = 1 << 24
DAMAGED = (pa.ArrowException, ValueError, LookupError, TypeError, OverflowError, MemoryError, zstandard.ZstdError)
"""What reading a damaged index raises, beside OSError."""

_STAMP = b"index"
_SCHEMA = pa.schema(
    [
        ("dtype", pa.utf8()),  # of an array; "" is the row of a state, which ends its batch
        ("shape", pa.list_(pa.int64())),  # of an array; of a state the bytes of its tree
        ("crc", pa.uint32()),  # of `data` as it is here
        ("data", pa.large_binary()),
        ("position_ns", pa.int64()),
        ("mark", pa.list_(pa.int64())),
        ("frames", pa.int64()),
        ("chunks", pa.binary()),
        ("recording", pa.list_(pa.int64())),
        ("damage", pa.utf8()),
        ("arrays", pa.list_(pa.list_(pa.int64()))),  # the blocks of each array of a state, counted over the file
    ]
)


class Entry(NamedTuple):
    """A state: `position_ns` is the receive time reached, `mark` where reading goes on, `frames` how many came.

    `chunks` is the digest of the recording's chunks that it was made from, `damage` what could not be read of them.
    `recording` is the size in bytes and the time of the last change (ns) of the recording where it was read to its end,
    else empty.
    """

    position_ns: int
    mark: Mark
    frames: int
    chunks: bytes
    damage: str = ""
    recording: tuple[int, ...] = ()


class _Place(NamedTuple):
    entry: Entry
    batch: int
    row: int
    size: int
    arrays: tuple[tuple[int, ...], ...]


class StatesReader:
    """The states of an index. Raises ValueError where the file is none or has another stamp, and OSError."""

    def __init__(self, path: Path, stamp: Mapping[str, object]) -> None:
        self._path = path
        self._map = pa.memory_map(str(path))
        self._batches: list[pa.RecordBatch] = []
        self._places: list[_Place] = []
        self._blocks: list[tuple[int, int]] = []  # batch and row of each
        self._arrays: dict[tuple[int, ...], Column] = {}
        try:
            self._schema = pa.ipc.read_schema(self._map)
            known = json.loads((self._schema.metadata or {}).get(_STAMP, b"{}"))
        except (pa.ArrowException, ValueError, EOFError) as error:
            raise ValueError(f"not an index: {error}") from error
        if known != dict(stamp) or not self._schema.equals(_SCHEMA):
            raise ValueError("made from another recording or by another version of the program")
        self.end = self._map.tell()
        """Offset behind the last whole batch."""
        self.refresh()

    @property
    def entries(self) -> tuple[Entry, ...]:
        """The states, oldest first."""
        return tuple(place.entry for place in self._places)

    @property
    def blocks(self) -> int:
        """How many blocks of arrays the file holds."""
        return len(self._blocks)

    @property
    def torn(self) -> str:
        """What follows the last whole batch, as a sentence; "" if nothing does."""
        rest = self._map.size() - self.end
        return f"the last {rest:,} bytes are no whole state" if rest > 0 else ""

    def refresh(self) -> None:
        """Look for states that were appended since. Raises OSError."""
        if self._path.stat().st_size > self._map.size():
            self._map = pa.memory_map(str(self._path))
        self._map.seek(self.end)
        while (batch := self._next()) is not None and self._add(batch):
            self.end = self._map.tell()

    def state(self, number: int) -> Saved:
        """A state, after a check of all that it consists of. Raises one of DAMAGED."""
        place = self._places[number]
        if place.size > MAX_TREE_BYTES:
            raise ValueError("a state of impossible size")
        tree = unpack_tree(self._data(place.batch, place.row), place.size)
        found = {blocks: self._array(blocks) for blocks in place.arrays}
        self._arrays = found  # of the state before only what this one shares
        return Saved(tree, tuple(found[blocks] for blocks in place.arrays))

    def check(self, number: int) -> None:
        """Check a state and the arrays that were stored with it, without building them. Raises one of DAMAGED."""
        batch = self._places[number].batch
        for row in range(self._batches[batch].num_rows):
            self._data(batch, row)

    def block(self, number: int) -> Column:
        """One block of an array. Raises one of DAMAGED."""
        batch, row = self._blocks[number]
        found = self._batches[batch]
        dtype, shape = found["dtype"][row].as_py(), tuple(found["shape"][row].as_py())
        if not 0 <= int(np.prod(shape, dtype=np.int64)) <= MAX_BLOCK_BYTES:
            raise ValueError("an array of impossible size")
        return unpack(self._data(batch, row), dtype, shape)

    def _array(self, blocks: tuple[int, ...]) -> Column:
        """An array; the same object as in the state before if that has it."""
        if blocks in self._arrays:
            return self._arrays[blocks]
        parts = [self.block(number) for number in blocks]
        whole = parts[0] if len(parts) == 1 else np.concatenate(parts)
        whole.flags.writeable = False
        return whole

    def _next(self) -> pa.RecordBatch | None:
        if self._map.tell() >= self._map.size():
            return None
        try:
            batch = pa.ipc.read_record_batch(pa.ipc.read_message(self._map), self._schema)
            batch.validate(full=True)
        except (*DAMAGED, OSError, EOFError):
            return None
        return batch

    def _add(self, batch: pa.RecordBatch) -> bool:
        """Note the rows of a batch. False where it is none of ours, and nothing behind it counts."""
        last, at = batch.num_rows - 1, len(self._batches)
        if last < 0:
            return False
        (row,) = batch.slice(last).drop_columns(["data"]).to_pylist()
        try:
            known = row["damage"], tuple(row["recording"])
            entry = Entry(row["position_ns"], Mark(*row["mark"]), row["frames"], row["chunks"], *known)
            (size,) = row["shape"]
            arrays = tuple(map(tuple, row["arrays"]))
        except (TypeError, ValueError):
            return False
        self._batches.append(batch)
        self._blocks += [(at, number) for number in range(last)]
        self._places.append(_Place(entry, at, last, size, arrays))
        return True

    def _data(self, batch: int, row: int) -> memoryview:
        found = self._batches[batch]
        data = memoryview(found["data"][row].as_buffer())
        if zlib.crc32(data) != found["crc"][row].as_py():
            raise ValueError(f"row {row} of batch {batch} is damaged")
        return data


class StatesWriter:
    """Appends states to a new index, or to one that a reader has read. Raises OSError."""

    def __init__(self, path: Path, stamp: Mapping[str, object], after: StatesReader | None = None) -> None:
        self._stream = path.open("r+b" if after is not None else "wb")
        self._numbers: dict[bytes, int] = {}  # of each block, by content
        self._arrays: dict[int, tuple[Column, list[int]]] = {}  # by identity; holds the array, so that it stays its own
        if after is None:
            self._stream.write(_SCHEMA.with_metadata({_STAMP: json.dumps(dict(stamp))}).serialize())
            self._stream.flush()
            return
        self._stream.truncate(after.end)
        self._stream.seek(after.end)
        for number in range(after.blocks):
            self._numbers[_key(after.block(number))] = number

    def append(self, entry: Entry, saved: Saved) -> None:
        """Add a state. It is in the file when this returns, on the disk when the system writes it there."""
        rows: list[dict[str, object]] = []
        arrays = [self._stored(array, rows) for array in saved.shared]
        self._arrays = {id(array): self._arrays[id(array)] for array in saved.shared}
        packed = pack_tree(saved.tree)
        rows.append(
            {
                "dtype": "",
                "shape": [len(saved.tree)],
                "crc": zlib.crc32(packed),
                "data": packed,
                "position_ns": entry.position_ns,
                "mark": [*entry.mark],
                "frames": entry.frames,
                "chunks": entry.chunks,
                "recording": [*entry.recording],
                "damage": entry.damage,
                "arrays": arrays,
            }
        )
        self._stream.write(pa.RecordBatch.from_pylist(rows, _SCHEMA).serialize())
        self._stream.flush()

    def close(self) -> None:
        """End writing. Raises OSError."""
        self._stream.close()

    def _stored(self, array: Column, rows: list[dict[str, object]]) -> list[int]:
        if id(array) not in self._arrays:
            parts = [array[at : at + BLOCK] for at in range(0, len(array), BLOCK)] if array.ndim == 1 else [array]
            self._arrays[id(array)] = array, [self._block(part, rows) for part in parts or [array]]
        return self._arrays[id(array)][1]

    def _block(self, part: Column, rows: list[dict[str, object]]) -> int:
        key = _key(part)
        if key not in self._numbers:
            self._numbers[key] = len(self._numbers)
            data = pack(part)
            rows.append({"dtype": part.dtype.str, "shape": [*part.shape], "crc": zlib.crc32(data), "data": data})
        return self._numbers[key]


def _key(part: Column) -> bytes:
    content: Any = np.ascontiguousarray(part).data
    return hashlib.blake2b(content, digest_size=16).digest() + f"{part.dtype.str} {part.shape}".encode()
