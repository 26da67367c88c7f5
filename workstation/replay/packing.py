"""Arrays and trees as compressed bytes.

Whole numbers are packed as differences, byte planes apart: sorted ticks and times then take a tenth. Sizes and prices
repeat as they are, so they are packed as they are.
"""

from typing import Any

import numpy as np
import numpy.typing as npt
import zstandard

Column = npt.NDArray[Any]

_LEVEL = 9


def pack(column: Column) -> bytes:
    """The bytes of a column of numbers. The type and the shape are stored elsewhere."""
    data = np.ascontiguousarray(column)
    if _differs(data.dtype, data.ndim):
        steps = np.diff(data, prepend=data.dtype.type(0))
        data = steps.view(np.uint8).reshape(len(steps), data.dtype.itemsize).T
    return zstandard.ZstdCompressor(_LEVEL).compress(data.tobytes())


def unpack(packed: bytes | memoryview, dtype: str, shape: tuple[int, ...]) -> Column:
    """The column again, read-only. Raises ValueError or ZstdError where the bytes are not those of such a column."""
    kind = np.dtype(dtype)
    if kind.hasobject:
        raise ValueError(f"a column of {dtype}")
    size = int(np.prod(shape, dtype=np.int64)) * kind.itemsize
    data = unpack_tree(packed, size)
    if _differs(kind, len(shape)):
        planes = np.frombuffer(data, np.uint8).reshape(kind.itemsize, shape[0])
        steps = np.ascontiguousarray(planes.T).view(kind).reshape(shape)
        column: Column = np.cumsum(steps, dtype=kind)
    else:
        column = np.frombuffer(data, kind).reshape(shape)
    column.flags.writeable = False
    return column


def pack_tree(tree: bytes) -> bytes:
    """A tree, compressed."""
    return zstandard.ZstdCompressor(_LEVEL).compress(tree)


def unpack_tree(packed: bytes | memoryview, size: int) -> bytes:
    """`size` bytes again. Raises ValueError or ZstdError where there are more or fewer."""
    data = zstandard.ZstdDecompressor().decompress(packed, max_output_size=max(size, 1))
    if len(data) != size:
        raise ValueError(f"{len(data)} bytes where {size} were stored")
    return data


def _differs(dtype: np.dtype[Any], dimensions: int) -> bool:
    return dtype.kind == "i" and dtype.itemsize > 1 and dimensions == 1
