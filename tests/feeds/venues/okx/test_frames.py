"""Everything that OKX was recorded to say in September 2026 decodes, and the book is the venue's own."""

from __future__ import annotations

from collections import Counter
from fractions import Fraction
from pathlib import Path

import pytest

from feeds.model.events import (
    BookDelta,
    BookSnapshot,
    Event,
    Funding,
    IndexPrice,
    MarkPrice,
    OpenInterest,
    Quote,
    Trade,
    TradesLive,
    TradesLost,
)
from tests.feeds.venues.okx.wire import BIGTIME, BTC, ETH, SECOND, Book, Wire, recorded


def replay(data: Path, name: str) -> list[list[Event]]:
    wire = Wire(BTC, ETH, BIGTIME)
    return [wire.text(payload) for payload in recorded(data, name)]


def test_the_book_equals_the_venues_own_quotes(data: Path) -> None:
    book, quotes = Book(), {}
    tops: dict[int, tuple[int, float, int, float]] = {}
    for events in replay(data, "raw_md_stream.jsonl"):
        book.apply(events)
        for event in events:
            if isinstance(event, Quote):
                quotes[event.update_id] = (event.bid_ticks, event.bid_size, event.ask_ticks, event.ask_size)
            elif isinstance(event, BookSnapshot | BookDelta):
                tops[event.update_id] = book.touch()
    assert (len(tops), len(quotes), len(tops.keys() & quotes.keys())) == (25, 78, 7)
    for update_id, top in tops.items():
        assert top == quotes[max(earlier for earlier in quotes if earlier <= update_id)]
        assert top[0] < top[2]


def test_recorded_frames_become_these_events(data: Path) -> None:
    events = [event for frame in replay(data, "raw_md_stream.jsonl") for event in frame]
    counts = Counter(type(event).__name__ for event in events)
    assert counts == {"TradesLive": 1, "Trade": 36, "Quote": 78, "BookSnapshot": 1, "BookDelta": 24}
    snapshot = next(event for event in events if isinstance(event, BookSnapshot))
    assert (len(snapshot.bids), len(snapshot.asks)) == (400, 400)
    ticks, size = snapshot.bids[0]
    assert ticks == 840_934
    assert size == pytest.approx(5.7027)
    assert snapshot.ts_venue_ns // SECOND == 1_790_439_594
    assert isinstance(events[0], TradesLive)
    assert not any(isinstance(event, TradesLost) for event in events)


def test_trade_ids_chain_over_counts(data: Path) -> None:
    trades = [event for frame in replay(data, "raw_md_stream.jsonl") for event in frame if isinstance(event, Trade)]
    first = trades[0]
    assert (first.trade_id, first.price, first.aggressor) == (2_953_620_209, 84_093.4, "sell")
    assert first.size == pytest.approx(0.0001)
    assert first.notional == pytest.approx(8.40934)


def test_derivative_channels(data: Path) -> None:
    events = [event for frame in replay(data, "raw_perp_stream.jsonl") for event in frame]
    counts = Counter((type(event).__name__, event.instrument.base) for event in events if hasattr(event, "instrument"))
    per_base = {"MarkPrice": 3, "IndexPrice": 3, "Funding": 2, "OpenInterest": 3}
    assert counts == {(kind, base): count for kind, count in per_base.items() for base in ("BTC", "ETH")}
    mark = next(event for event in events if isinstance(event, MarkPrice))
    index = next(event for event in events if isinstance(event, IndexPrice))
    assert (mark.mark, index.index) == (83_003.8, 83_043.9)
    interest = next(event for event in events if isinstance(event, OpenInterest))
    assert interest.open_interest == pytest.approx(28_744.8699)
    funding = next(event for event in events if isinstance(event, Funding))
    assert funding.rate == 0.0000252378080097
    assert funding.next_funding_ns == 1_790_784_000 * SECOND
    assert funding.interval_ns == 8 * 3_600 * SECOND


def test_the_funding_interval_is_the_venues(data: Path) -> None:
    events = [event for frame in replay(data, "raw_perp_4h.jsonl") for event in frame]
    intervals = {event.interval_ns for event in events if isinstance(event, Funding)}
    assert intervals == {4 * 3_600 * SECOND}
    interest = next(event for event in events if isinstance(event, OpenInterest))
    assert interest.open_interest == 67_426_310.0


def test_prices_lie_on_the_grid(data: Path) -> None:
    for events in replay(data, "raw_md_stream.jsonl"):
        for event in events:
            if isinstance(event, Trade):
                assert Fraction(event.price_ticks) * BTC.tick == Fraction(str(event.price))
