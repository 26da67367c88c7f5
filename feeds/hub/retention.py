"""How much of the stream the broker retains: as long as promised where there is room, else as much as fits.

The broker drops the oldest messages of a stream that has a limit, and refuses new ones where the account or the disk
is full. So the stream always has a limit, and the limit always fits.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import msgspec

from feeds.hub.broker import broker_errors
from feeds.hub.stream import (
    NO_ROOM,
    StreamInfo,
    StreamRefused,
    found_stream,
    request,
)
from feeds.hub.wire import Subjects

if TYPE_CHECKING:
    from nats.aio.client import Client

DAY_S = 86_400.0
DUPLICATES_S = 120.0
ASSUMED_BYTES_PER_S = 72e9 / DAY_S
"""The rate of two busy coins, until it has been measured."""
MEASURED_S = 60.0
RESERVE = 1.25
"""A busy week has more than the measured rate."""
STEP = 0.9
SHARE_OF_ACCOUNT, SHARE_OF_SERVER = 0.9, 0.5
"""A server without a configured limit takes three quarters of the free disk as its own, again at each start; a stream
of at most half of that still fits at the next one."""
LEAST_BYTES = 100_000


@dataclass(frozen=True)
class Retention:
    """The promised limits of the stream. `max_bytes` 0 is sized by age and measured rate."""

    age_s: float = 7 * DAY_S
    max_bytes: int = 0


@dataclass(frozen=True)
class Retained:
    """The limit that the broker accepted. `bytes_per_s` is None until measured."""

    max_bytes: int
    bytes_per_s: float | None
    promised: Retention

    @property
    def span_s(self) -> float | None:
        """How long the stream retains at the measured rate, at most the promised age; None until measured."""
        if self.bytes_per_s is None:
            return None
        return min(self.max_bytes / max(self.bytes_per_s, 1.0), self.promised.age_s)

    @property
    def shortfall(self) -> str:
        """What to show where less is retained than promised, else ""."""
        if self.max_bytes < self.promised.max_bytes:
            return f"{self.max_bytes / 1e9:,.1f} GB retained of {self.promised.max_bytes / 1e9:,.1f}, no more fits"
        if self.promised.max_bytes or self.span_s is None or self.span_s >= self.promised.age_s:
            return ""
        rate = (self.bytes_per_s or 0.0) * DAY_S / 1e9
        return (
            f"about {days(self.span_s)} retained of {days(self.promised.age_s)}: {self.max_bytes / 1e9:,.1f} GB "
            f"at {rate:,.1f} GB a day"
        )


def days(seconds: float) -> str:
    """A span in days, or hours below one: "1.4 days"."""
    if seconds < DAY_S:
        return f"{seconds / 3_600:.1f} hours"
    return f"{seconds / DAY_S:.1f} days".replace(".0 ", " ")


async def keep_stream(client: Client, subjects: Subjects, retention: Retention) -> tuple[StreamInfo, Retained]:
    """Create the stream, or adapt its limits to the promised ones and to the broker's room.

    Raises StreamRefused where the broker has no room at all, and `broker_errors()`.
    """
    found = await found_stream(client, subjects)
    rate, account = measured_rate(found), await _account_limit(client)
    room = round(account * SHARE_OF_ACCOUNT) if account else 0
    wanted = min(wanted_bytes(retention, rate), room or 1 << 62)
    stream = _Stream(client, subjects, retention.age_s, found)
    present = found.max_bytes if found is not None else 0
    if present and not retention.max_bytes and wanted <= present * RESERVE and present <= wanted * 2:
        wanted = present  # small changes of the rate drop nothing
    info = await stream.fit(wanted, SHARE_OF_ACCOUNT if account else SHARE_OF_SERVER)
    return info, Retained(info.max_bytes, rate, retention)


def measured_rate(info: StreamInfo | None) -> float | None:
    """Bytes a second that a stream grew by, None before it spans a minute."""
    if info is None or info.state.span_s < MEASURED_S:
        return None
    return info.state.bytes / info.state.span_s


def wanted_bytes(retention: Retention, rate: float | None) -> int:
    """The size that keeps the promise."""
    if retention.max_bytes:
        return retention.max_bytes
    return max(round((rate or ASSUMED_BYTES_PER_S) * retention.age_s * RESERVE), LEAST_BYTES)


async def _account_limit(client: Client) -> int:
    """The bytes that the account may store, 0 where it has no limit of its own or may not ask."""
    try:
        answer = await request(client, "INFO", {})
        return max(int(answer["limits"]["max_storage"]), 0)
    except (StreamRefused, KeyError, ValueError):
        return 0
    except broker_errors():
        return 0


class _Stream:
    """Sets the limit of the stream; `found` is None before it exists."""

    def __init__(self, client: Client, subjects: Subjects, age_s: float, found: StreamInfo | None) -> None:
        self._client, self._subjects, self._age_s, self._found = client, subjects, age_s, found

    async def fit(self, wanted: int, share: float) -> StreamInfo:
        """Set the limit to `wanted` or, where the broker refuses that, to a share of what it accepts.

        A limit is never lowered for want of room to raise it.
        """
        present, held = (self._found.max_bytes, self._found.state.bytes) if self._found is not None else (0, 0)
        size, refused = wanted, None
        while size > max(present, LEAST_BYTES) or refused is None:
            try:
                info = await self.put(size)
            except StreamRefused as error:
                if error.code != NO_ROOM:
                    raise
                size, refused = int(size * STEP), error
                continue
            if refused is None:
                return info
            return await self.put(max(round(size * share), min(present or held, round(size * STEP))))
        if present:
            return await self.put(present)
        raise refused

    async def put(self, max_bytes: int) -> StreamInfo:
        """Create or update the stream, with the other settings it has. Raises StreamRefused."""
        nanoseconds = {"max_age": round(self._age_s * 1e9)}
        nanoseconds["duplicate_window"] = min(round(DUPLICATES_S * 1e9), nanoseconds["max_age"])
        own: dict[str, Any] = {"name": self._subjects.stream, "subjects": [f"{self._subjects.frames}.>"]}
        own |= {"discard": "old", "max_bytes": max_bytes, **nanoseconds}
        what, config = "CREATE", {"retention": "limits", "storage": "file", "num_replicas": 1} | own
        if self._found is not None:
            if self._found.config.items() >= own.items():
                return self._found
            what, config = "UPDATE", self._found.config | own
        answer = await request(self._client, f"STREAM.{what}.{self._subjects.stream}", config)
        self._found = msgspec.convert(answer, StreamInfo)
        return self._found
