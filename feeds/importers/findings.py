"""Whether a capture holds anything that can be shown, and what it holds instead where it does not."""

import re
from collections import Counter
from collections.abc import Iterable, Iterator

from feeds.importers.capture import Capture
from feeds.model.errors import ImportFailed
from feeds.model.events import (
    BookLost,
    Connected,
    Disconnected,
    HistoryEnded,
    MarketStatus,
    Relisted,
    TradesLive,
    TradesLost,
)
from feeds.model.frame import Frame, FrameKind
from feeds.pipeline.feed import Feed
from feeds.venues.registry import protocol_for

_STREAM = re.compile(rb'"(?:stream|channel|topic|table)"\s*:\s*"([^"]{1,60})"')
_NO_DATA = frozenset(
    {BookLost, Connected, Disconnected, HistoryEnded, MarketStatus, Relisted, TradesLive, TradesLost},
)
_NAMES_MOST, _SHOWN_MOST = 1_000, 4


class Findings:
    """Decodes frames until the first market data; `usable` is whether there was any."""

    def __init__(self) -> None:
        self.usable = False
        self._feed = Feed(protocol_for)
        self._texts = 0
        self._streams: Counter[str] = Counter()

    def watch(self, frames: Iterable[Frame]) -> Iterator[Frame]:
        """The same frames."""
        for frame in frames:
            if not self.usable:
                self._look(frame)
            yield frame

    def _look(self, frame: Frame) -> None:
        self.usable = any(type(event) not in _NO_DATA for event in self._feed.receive(frame))
        if frame.kind is FrameKind.TEXT:
            self._texts += 1
            name = _STREAM.search(frame.payload)
            if name is not None and len(self._streams) < _NAMES_MOST:
                self._streams[name[1].decode(errors="replace")] += 1

    def require(self, capture: Capture) -> None:
        """Raise ImportFailed with what was found, what is missing and what would help, unless there was data."""
        if self.usable:
            return
        names = [name for name, _ in self._streams.most_common(_SHOWN_MOST)]
        more = ", ..." if len(self._streams) > _SHOWN_MOST else ""
        found = f"{self._texts:,} messages of {', '.join(names) + more if names else 'no known stream'}"
        if not capture.instruments:
            raise ImportFailed(
                f"Found {found}, but no list of instruments with a perpetual or spot market among them, so that price "
                "steps are unknown; record the venue's instrument list in the same capture."
            )
        raise ImportFailed(
            f"Found {found}, of which none can be read; needed are trades, best prices, or the changes of a whole book "
            "with its snapshot, in the venue's current API; record one of these streams."
        )
