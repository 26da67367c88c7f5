"""The venue's own oracle: a rebuilt book's best levels equal bookTicker wherever both have the same update id."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator
from decimal import Decimal
from pathlib import Path

import msgspec
import pytest

from feeds.importers import KINDS
from feeds.model.events import BookDelta, BookSnapshot, Quote
from feeds.model.frame import Frame, FrameKind, spec_from_frame
from feeds.model.instrument import Instrument, MarketKind, Venue
from feeds.pipeline.feed import Feed
from feeds.venues.registry import protocol_for
from tests.feeds.venues.binance.wire import Book

MIDNIGHT_NS = 1_723_161_600_000_000_000
# how often both have the same id before midnight, and in all files together
CAPTURES = {
    "usdm/btcusdt_*": (629, 629),
    "usdm/ethusdt_*": (551, 551),
    "coinm/btcusd_perp_*": (1124, 1885),
    "coinm/ethusd_perp_20240808": (1345, 1345),
    "spot/btcusdt_*": (564, 1072),
    "spot/ethusdt_20240808": (577, 577),
}
DATED = {
    "BCHUSD_210924": ("0.01", "10"),
    "BTCUSD_211231": ("0.1", "100"),
    "ETHUSD_210924": ("0.01", "10"),
    "LINKUSD_211231": ("0.001", "10"),
}


class Comparison:
    """How often the two had the same update id and agreed, by market and before a time, and what disagreed."""

    def __init__(self, frames: Iterable[Frame], before_ns: int = 0) -> None:
        self.equal: Counter[str] = Counter()
        self.before = 0
        self.different: list[tuple[object, ...]] = []
        self.crossed = 0
        self.feed = Feed(protocol_for)
        quotes: dict[tuple[str, int], tuple[float, ...]] = {}
        tops: dict[tuple[str, int], tuple[tuple[float, ...], int]] = {}
        books: dict[str, Book] = {}
        for frame in frames:
            for event in self.feed.receive(frame):
                if isinstance(event, Quote):
                    top = (event.bid_ticks, event.bid_size, event.ask_ticks, event.ask_size)
                    quotes[event.instrument.id, event.update_id] = top
                elif isinstance(event, BookSnapshot | BookDelta):
                    top = books.setdefault(event.instrument.id, Book()).apply((event,)).top()
                    self.crossed += top[0] >= top[2]
                    if isinstance(event, BookDelta):
                        tops[event.instrument.id, event.update_id] = top, event.ts_recv_ns
        for key, (top, ts_recv_ns) in tops.items():
            if key not in quotes:
                continue
            self.equal[key[0]] += top == quotes[key]
            self.before += top == quotes[key] and ts_recv_ns < before_ns
            if top != quotes[key]:
                self.different.append((key, top, quotes[key]))


def frames_of(kind: str, files: list[Path]) -> Iterator[Frame]:
    return KINDS[kind].open(files, None, lambda count: None).frames


@pytest.mark.parametrize("name", CAPTURES)
def test_book_equals_book_ticker_at_the_same_update(data: Path, name: str) -> None:
    files = sorted((data / "binance-2024-08-08").glob(f"{name}.gz"))
    found = Comparison(frames_of("hftbacktest", files), MIDNIGHT_NS)
    assert found.different == []
    assert found.crossed == 0
    assert found.feed.undecodable == {}
    assert (found.before, found.equal.total()) == CAPTURES[name]


@pytest.mark.parametrize(("exchange", "equal"), [("BINANCE", 26), ("BINANCE_FUTURES", 50), ("BINANCE_DELIVERY", 212)])
def test_books_of_many_markets_on_one_socket(data: Path, exchange: str, equal: int) -> None:
    frames = list(frames_of("multi-venue", [data / "multi-venue" / f"{exchange}.jsonl.zst"]))
    if exchange == "BINANCE_DELIVERY":
        frames[0] = with_dated_futures(frames[0])
    found = Comparison(frames)
    assert found.different == []
    assert found.crossed == 0
    assert found.feed.undecodable == {}
    assert found.equal.total() == equal


def with_dated_futures(frame: Frame) -> Frame:
    """The same connection knowing its dated futures too, which the program does not list."""
    assert frame.kind is FrameKind.OPEN
    spec = spec_from_frame(frame)
    dated = tuple(
        Instrument(
            venue=Venue("binance"),
            kind=MarketKind.INVERSE,
            symbol=symbol,
            base=symbol.partition("USD")[0],
            quote="USD",
            tick_size=Decimal(tick),
            contract_size=Decimal(contract),
        )
        for symbol, (tick, contract) in DATED.items()
    )
    spec = msgspec.structs.replace(spec, markets=spec.markets + dated)
    return msgspec.structs.replace(frame, payload=msgspec.json.encode(spec))
