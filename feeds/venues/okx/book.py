"""OKX's two proofs that a book is whole: the chain of ids, and the checksum of older captures (README: Order book).

`BookChain` judges one market's messages; turning them into events is the caller's. Only what is known to follow is let
through, so a broken chain leaves nothing behind.
"""

import zlib
from collections.abc import Iterable
from heapq import nlargest, nsmallest
from typing import Any

import msgspec

from feeds.venues.okx.wire import BookRow, BookText, Push

_CHECKED_LEVELS = 25

_texts = msgspec.json.Decoder(Push[BookText])


class BookChain:
    """Where one market's book stands. `known` is False until a snapshot and after a break."""

    def __init__(self) -> None:
        self.known = False
        self._last: int | None = None
        self._written: _Written | None = None

    def lose(self) -> None:
        self.known, self._last, self._written = False, None, None

    def begin(self, row: BookRow, payload: bytes) -> str:
        """Start from the snapshot that `payload` holds. Returns what is wrong with it, or nothing."""
        self.lose()
        if row.checksum:
            self._written = _Written(_texts.decode(payload))
            if self._written.checksum() != row.checksum:
                return "the snapshot contradicts its checksum"
        self.known, self._last = True, row.seqId
        return ""

    def follow(self, row: BookRow, payload: bytes) -> str:
        """Take in the update that `payload` holds. Returns why it cannot be trusted, or nothing.

        Ids may fall (maintenance) as long as the link holds; a checksum of 0 was not provided.
        """
        changes = None if self._written is None else _texts.decode(payload)
        if not self._is_linked(row):
            return f"update {row.seqId} does not follow the last one applied"
        self._last = row.seqId
        if self._written is None or changes is None:
            return ""
        self._written.apply(changes)
        wrong = row.checksum and self._written.checksum() != row.checksum
        return "an update contradicts its checksum" if wrong else ""

    def _is_linked(self, row: BookRow) -> bool:
        if row.seqId is None and self._last is None:  # captures before 2023: only a checksum vouches
            return self._written is not None and row.checksum != 0
        return row.seqId is not None and self._last is not None and row.prevSeqId == self._last


class _Written:
    """A book as the venue wrote it, whose trailing zeros are part of the checksum."""

    def __init__(self, levels: Push[BookText]) -> None:
        self._bids: dict[float, str] = {}
        self._asks: dict[float, str] = {}
        self.apply(levels)

    def apply(self, changes: Push[BookText]) -> None:
        for row in changes.data:
            _change(self._bids, row.bids)
            _change(self._asks, row.asks)

    def checksum(self) -> int:
        """Signed CRC32 of the best 25 levels of both sides, alternating; the longer side goes on alone."""
        bids = [self._bids[price] for price in nlargest(_CHECKED_LEVELS, self._bids)]
        asks = [self._asks[price] for price in nsmallest(_CHECKED_LEVELS, self._asks)]
        parts: list[str] = []
        for rank in range(max(len(bids), len(asks))):
            parts += bids[rank : rank + 1] + asks[rank : rank + 1]
        unsigned = zlib.crc32(":".join(parts).encode())
        return unsigned - (1 << 32) if unsigned >> 31 else unsigned


def _change(side: dict[float, str], levels: Iterable[tuple[str, str, Any, Any]]) -> None:
    for price, size, _, _ in levels:
        if float(size):
            side[float(price)] = f"{price}:{size}"
        else:
            side.pop(float(price), None)
