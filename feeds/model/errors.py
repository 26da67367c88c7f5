"""What can go wrong between a venue and an event. Messages are for the log; `FeedError.text` is for the person."""

from __future__ import annotations


class FeedError(Exception):
    """Base of all errors of this package."""

    def __init__(self, text: str, detail: str = "") -> None:
        super().__init__(f"{text} ({detail})" if detail else text)
        self.text = text


class ProtocolError(FeedError):
    """A message that cannot be understood, or that says something impossible (off-grid price, negative size)."""


class TransportError(FeedError):
    """The network failed. `retryable` says whether trying again can help; `retry_after_s` is the venue's own word.

    `limited` says that we asked too often.
    """

    def __init__(
        self,
        text: str,
        detail: str = "",
        *,
        retryable: bool = True,
        retry_after_s: float | None = None,
        limited: bool = False,
    ) -> None:
        super().__init__(text, detail)
        self.retryable = retryable
        self.retry_after_s = retry_after_s
        self.limited = limited


class RecordingError(FeedError):
    """A recording that cannot be read or written."""


class ImportFailed(FeedError):
    """A capture that cannot be turned into a recording."""
