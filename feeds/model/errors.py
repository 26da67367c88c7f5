"""The errors of `feeds`. `FeedError.text` is shown to the user; the full message, with details, is logged."""


class FeedError(Exception):
    """Base of all errors of `feeds`."""

    def __init__(self, text: str, detail: str = "") -> None:
        super().__init__(f"{text} ({detail})" if detail else text)
        self.text = text


class ProtocolError(FeedError):
    """A message that cannot be decoded, or that holds impossible values (off-grid price, negative size)."""


class TransportError(FeedError):
    """A network failure, or a request refused by the venue.

    `retryable` is False where a retry soon cannot help, `refused` is True where the venue answered and refused,
    `retry_after_s` is the pause the venue asked for (None if it did not), `limited` is True where a rate limit was
    exceeded.
    """

    def __init__(
        self,
        text: str,
        detail: str = "",
        *,
        retryable: bool = True,
        refused: bool = False,
        retry_after_s: float | None = None,
        limited: bool = False,
    ) -> None:
        super().__init__(text, detail)
        self.retryable = retryable
        self.refused = refused
        self.retry_after_s = retry_after_s
        self.limited = limited


class RecordingError(FeedError):
    """A recording that cannot be read or written."""


class WriteFailed(RecordingError):
    """A recording that cannot be written: the disk is full, or the folder forbids it."""


class ImportFailed(FeedError):
    """A capture that cannot be turned into a recording."""


class MarketUnknown(ImportFailed):
    """A capture that does not show the kind of its market, so that the user has to state it."""
