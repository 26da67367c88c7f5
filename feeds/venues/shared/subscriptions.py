"""What one connection has asked to subscribe, in batches, until the venue answers. Nothing here reads a clock."""

from collections.abc import Callable, Iterable, Sequence
from typing import Generic, NamedTuple, TypeVar

from feeds.model.protocol import Send

Stream = TypeVar("Stream")


class _Asked(NamedTuple, Generic[Stream]):
    """The streams of a request that are not acknowledged, and when (receive time, ns) that is overdue."""

    streams: list[Stream]
    due_ns: int


class Subscriptions(Generic[Stream]):
    """Requests by their numbers. Methods return what to send.

    `write` is the text of a request from its operation, number and streams, of which it names at most `batch`.
    """

    def __init__(
        self, write: Callable[[str, int, Sequence[Stream]], str], batch: int, patience_ns: int, first: int = 1
    ) -> None:
        self._write = write
        self._batch = batch
        self._patience_ns = patience_ns
        self._next = first
        self._asked: dict[str, _Asked[Stream]] = {}

    def request(self, operation: str, streams: Sequence[Stream] = ()) -> Send:
        """The next request, for whose answer nothing waits."""
        number, self._next = self._next, self._next + 1
        return Send(self._write(operation, number, streams))

    def subscribe(self, streams: Sequence[Stream], now_ns: int) -> list[Send]:
        """Ask for streams; earlier requests do not wait for them any more."""
        self.acknowledge(streams)
        sends: list[Send] = []
        for part in self._parts(streams):
            self._asked[str(self._next)] = _Asked(list(part), now_ns + self._patience_ns)
            sends.append(self.request("subscribe", part))
        return sends

    def renew(self, streams: Sequence[Stream], now_ns: int) -> list[Send]:
        """Unsubscribe and ask again, which brings a snapshot."""
        left = [self.request("unsubscribe", part) for part in self._parts(streams)]
        return [*left, *self.subscribe(streams, now_ns)]

    def acknowledge(self, streams: Iterable[Stream]) -> None:
        """The venue answered for these streams, whatever it was asked with them."""
        answered = set(streams)
        for number, asked in list(self._asked.items()):
            asked.streams[:] = [stream for stream in asked.streams if stream not in answered]
            if not asked.streams:
                del self._asked[number]

    def waiting(self, number: str) -> tuple[Stream, ...]:
        """The streams of a request that are not acknowledged."""
        return tuple(self._asked[number].streams) if number in self._asked else ()

    def take(self, number: str) -> tuple[Stream, ...]:
        """As `waiting`; the request then waits for nothing."""
        waiting = self.waiting(number)
        self._asked.pop(number, None)
        return waiting

    def take_overdue(self, now_ns: int) -> list[tuple[Stream, ...]]:
        """The streams, by request, whose answer is overdue; those requests then wait for nothing."""
        return [self.take(number) for number, asked in list(self._asked.items()) if now_ns >= asked.due_ns]

    def _parts(self, streams: Sequence[Stream]) -> list[Sequence[Stream]]:
        return [streams[start : start + self._batch] for start in range(0, len(streams), self._batch)]
