"""Books over Binance's two chain rules: joined, kept, lost and joined again, and never wrong."""

from __future__ import annotations

import random
from collections.abc import Iterator
from typing import Any

import pytest

from feeds.model.errors import ProtocolError
from feeds.model.events import BookDelta, BookLost, BookSnapshot, Event
from feeds.model.frame import Frame, FrameKind
from feeds.model.instrument import Instrument, MarketKind
from feeds.venues.binance.protocol import BinanceProtocol
from tests.feeds.venues.binance.wire import (
    BTC,
    BTC_COIN,
    BTC_SPOT,
    NOW_NS,
    Book,
    answer,
    close,
    combined,
    opened,
    taken,
)

S = 1_000_000_000
SNAPSHOTS = {
    MarketKind.LINEAR: ("/fapi/v1/depth?symbol={}&limit=1000", 20),
    MarketKind.INVERSE: ("/dapi/v1/depth?symbol={}&limit=1000", 20),
    MarketKind.SPOT: ("/api/v3/depth?symbol={}&limit=5000", 250),
}
FUTURES_AND_SPOT = pytest.mark.parametrize("instrument", [BTC, BTC_COIN, BTC_SPOT], ids=lambda found: found.id)


def diff(instrument: Instrument, first: int, last: int, previous: int, bids: Any = (), asks: Any = ()) -> Frame:
    data = {"e": "depthUpdate", "E": 5, "s": instrument.symbol, "U": first, "u": last, "b": list(bids), "a": list(asks)}
    if instrument.kind is not MarketKind.SPOT:
        data |= {"T": 4, "pu": previous}
    return combined(f"{instrument.symbol.lower()}@depth@100ms", data)


def body(last: int, bids: Any = (("100.0", "1"),), asks: Any = (("100.1", "2"),)) -> dict[str, Any]:
    return {"lastUpdateId": last, "bids": list(bids), "asks": list(asks)}


def types(events: Any) -> list[type]:
    return [type(event) for event in events]


def joined(instrument: Instrument, last: int = 105) -> BinanceProtocol:
    protocol = opened(instrument)
    protocol.receive(diff(instrument, 101, 110, 100))
    assert types(protocol.receive(answer(instrument.symbol, body(last)))) == [BookSnapshot, BookDelta]
    taken(protocol)
    return protocol


@FUTURES_AND_SPOT
def test_the_first_diff_asks_for_the_snapshot_once(instrument: Instrument) -> None:
    protocol = opened(instrument)
    assert protocol.requests == []
    for number in range(3):
        assert list(protocol.receive(diff(instrument, 101 + 10 * number, 110 + 10 * number, 100 + 10 * number))) == []
    (fetch,) = taken(protocol)
    path, weight = SNAPSHOTS[instrument.kind]
    assert (fetch.path, fetch.weight) == (path.format(instrument.symbol), weight)
    assert fetch.tag == f"depth/{instrument.symbol}"


@FUTURES_AND_SPOT
def test_the_snapshot_is_followed_by_the_kept_diffs_that_continue_it(instrument: Instrument) -> None:
    protocol, symbol = opened(instrument), instrument.symbol
    for first in (101, 111, 121):
        protocol.receive(diff(instrument, first, first + 9, first - 1, [("99.9", str(first))]))
    events = protocol.receive(answer(symbol, body(115)))
    assert types(events) == [BookSnapshot, BookDelta, BookDelta]
    assert [event.update_id for event in events if isinstance(event, BookSnapshot | BookDelta)] == [115, 120, 130]
    following = protocol.receive(diff(instrument, 131, 140, 130))
    assert types(following) == [BookDelta]
    assert len(taken(protocol)) == 1


@FUTURES_AND_SPOT
def test_a_snapshot_older_than_the_first_diff_is_fetched_again(instrument: Instrument) -> None:
    protocol, symbol = opened(instrument), instrument.symbol
    protocol.receive(diff(instrument, 101, 110, 100))
    taken(protocol)
    assert list(protocol.receive(answer(symbol, body(98)))) == []
    protocol.tick(NOW_NS)
    assert taken(protocol) == []
    protocol.tick(NOW_NS + 2 * S)
    assert len(taken(protocol)) == 1
    assert types(protocol.receive(answer(symbol, body(103)))) == [BookSnapshot, BookDelta]


@pytest.mark.parametrize("instrument", [BTC, BTC_COIN])
def test_a_futures_diff_that_directly_continues_the_snapshot_is_applied(instrument: Instrument) -> None:
    protocol = opened(instrument)
    protocol.receive(diff(instrument, 120, 130, 110))
    assert types(protocol.receive(answer(instrument.symbol, body(110)))) == [BookSnapshot, BookDelta]


@FUTURES_AND_SPOT
def test_a_gap_loses_the_book_and_a_new_snapshot_restores_it(instrument: Instrument) -> None:
    protocol, symbol = joined(instrument), instrument.symbol
    events = protocol.receive(diff(instrument, 121, 130, 120))
    assert types(events) == [BookLost]
    assert len(taken(protocol)) == 1
    assert list(protocol.receive(diff(instrument, 131, 140, 130))) == []
    assert taken(protocol) == []
    restored = protocol.receive(answer(symbol, body(125)))
    assert types(restored) == [BookSnapshot, BookDelta, BookDelta]


@FUTURES_AND_SPOT
def test_diffs_already_applied_are_ignored(instrument: Instrument) -> None:
    protocol = joined(instrument)
    assert list(protocol.receive(diff(instrument, 101, 110, 100))) == []
    assert types(protocol.receive(diff(instrument, 111, 120, 110))) == [BookDelta]
    assert taken(protocol) == []


@FUTURES_AND_SPOT
def test_a_snapshot_that_does_not_come_is_asked_for_again(instrument: Instrument) -> None:
    protocol = opened(instrument)
    protocol.receive(diff(instrument, 101, 110, 100))
    taken(protocol)
    protocol.tick(NOW_NS + S)
    assert taken(protocol) == []
    protocol.tick(NOW_NS + 5 * S)
    assert len(taken(protocol)) == 1


@FUTURES_AND_SPOT
def test_a_refused_snapshot_is_asked_for_again_later(instrument: Instrument) -> None:
    protocol = opened(instrument)
    protocol.receive(diff(instrument, 101, 110, 100))
    taken(protocol)
    failed = Frame(NOW_NS + 3 * S, "socket", FrameKind.HTTP_FAILED, b"limited", f"depth/{instrument.symbol}")
    assert list(protocol.receive(failed)) == []
    protocol.tick(NOW_NS + 6 * S)
    assert taken(protocol) == []
    protocol.tick(NOW_NS + 8 * S)
    assert len(taken(protocol)) == 1


@FUTURES_AND_SPOT
def test_a_refreshed_snapshot_of_a_known_book_changes_nothing(instrument: Instrument) -> None:
    protocol, symbol = joined(instrument), instrument.symbol
    protocol.refresh_books(NOW_NS)
    assert len(taken(protocol)) == 1
    assert list(protocol.receive(answer(symbol, body(500)))) == []
    protocol.tick(NOW_NS + 60 * S)
    assert taken(protocol) == []
    assert types(protocol.receive(diff(instrument, 111, 120, 110))) == [BookDelta]


def test_unknown_books_are_not_refreshed() -> None:
    protocol = opened(BTC)
    protocol.refresh_books(NOW_NS)
    assert taken(protocol) == []


@FUTURES_AND_SPOT
def test_close_loses_a_known_book(instrument: Instrument) -> None:
    assert BookLost(instrument, NOW_NS, "gone") in joined(instrument).receive(close())
    assert BookLost not in types(opened(instrument).receive(close()))


@FUTURES_AND_SPOT
@pytest.mark.parametrize(
    "bad",
    [
        {"code": -1121, "msg": "Invalid symbol."},
        body(105, bids=[("nan", "1")]),
        body(105, bids=[("100.0", "-1")]),
        body(105, bids=[("100.0", "NaN")]),
        body(105, asks=[("x", "1")]),
        body(105, bids=[("-100.0", "1")]),
        b"<html>",
    ],
    ids=str,
)
def test_a_snapshot_that_cannot_be_read_leaves_the_book_unknown(instrument: Instrument, bad: Any) -> None:
    protocol = opened(instrument)
    protocol.receive(diff(instrument, 101, 110, 100))
    taken(protocol)
    with pytest.raises(ProtocolError):
        protocol.receive(answer(instrument.symbol, bad))
    assert list(protocol.receive(diff(instrument, 111, 120, 110))) == []
    protocol.tick(NOW_NS + 5 * S)
    assert len(taken(protocol)) == 1
    assert types(protocol.receive(answer(instrument.symbol, body(105)))) == [BookSnapshot, BookDelta, BookDelta]


@FUTURES_AND_SPOT
@pytest.mark.parametrize("level", [("100.0", "-1"), ("100.0", "nan"), ("inf", "1"), ("100.007", "1"), ("100.007",)])
def test_a_diff_that_cannot_be_read_breaks_the_chain(instrument: Instrument, level: tuple[str, ...]) -> None:
    protocol = joined(instrument)
    with pytest.raises(ProtocolError):
        protocol.receive(diff(instrument, 111, 120, 110, [level]))
    assert types(protocol.receive(diff(instrument, 121, 130, 120))) == [BookLost]


STRAYS = [("100.0", "1"), *((f"{99 - n}.0", "1") for n in range(8)), ("50.007", "7"), ("40.003", "9")]


@FUTURES_AND_SPOT
def test_orders_from_before_a_coarser_tick_are_left_out_of_the_book(instrument: Instrument) -> None:
    protocol, symbol = opened(instrument), instrument.symbol
    protocol.receive(diff(instrument, 101, 110, 100))
    snapshot, *_ = protocol.receive(answer(symbol, body(105, STRAYS)))
    assert isinstance(snapshot, BookSnapshot)
    assert len(snapshot.bids) == 9
    changed = protocol.receive(diff(instrument, 111, 120, 110, [("50.007", "3"), ("30.009", "0"), ("100.0", "5")]))
    assert [len(event.bids) for event in changed if isinstance(event, BookDelta)] == [1]
    with pytest.raises(ProtocolError):
        protocol.receive(diff(instrument, 121, 130, 120, [("30.009", "1")]))


@FUTURES_AND_SPOT
@pytest.mark.parametrize("bids", [[("100.007", "1"), *STRAYS], [("100.0", "1"), ("50.007", "1"), ("40.003", "1")]])
def test_a_book_that_is_off_the_grid_at_the_top_or_for_the_most_is_refused(
    instrument: Instrument, bids: list[tuple[str, str]]
) -> None:
    protocol = opened(instrument)
    protocol.receive(diff(instrument, 101, 110, 100))
    with pytest.raises(ProtocolError):
        protocol.receive(answer(instrument.symbol, body(105, bids)))


class Exchange:
    """A book that changes by single updates, which diffs bundle; what it was after each update is remembered."""

    def __init__(self, instrument: Instrument, rng: random.Random) -> None:
        self.instrument = instrument
        self._rng = rng
        self.last = self._bundled = rng.randrange(100, 1_000)
        self._sides: tuple[dict[int, int], dict[int, int]] = ({1_000: 1}, {1_010: 1})
        self.truth = {self.last: self._levels()}

    def _levels(self) -> tuple[dict[int, int], dict[int, int]]:
        return dict(self._sides[0]), dict(self._sides[1])

    def diff(self) -> Frame:
        futures = self.instrument.kind is not MarketKind.SPOT
        first = self.last + (self._rng.randrange(1, 4) if futures else 1)
        previous, last = self._bundled, first + self._rng.randrange(4)
        for number in range(self.last + 1, first):
            self.truth[number] = self.truth[self.last]
        changed: tuple[dict[int, int], dict[int, int]] = ({}, {})
        for number in range(first, last + 1):
            side, size = self._rng.randrange(2), self._rng.randrange(4)
            ticks = (1_001 if side else 990) + self._rng.randrange(10)
            self._sides[side][ticks] = changed[side][ticks] = size
            if not size:
                del self._sides[side][ticks]
            self.truth[number] = self._levels()
        self.last = self._bundled = last
        return diff(self.instrument, first, last, previous, *(map(words, side.items()) for side in changed))

    def snapshot(self, last: int) -> Frame:
        bids, asks = self.truth[last]
        best_first = map(words, sorted(bids.items(), reverse=True)), map(words, sorted(asks.items()))
        return answer(self.instrument.symbol, body(last, *best_first))


def words(level: tuple[int, int]) -> tuple[str, str]:
    return f"{level[0] // 10}.{level[0] % 10}", str(level[1])


def disturbed(rng: random.Random, frames: list[Frame]) -> list[Frame]:
    """A suffix of the stream dropped here, repeated there and somewhat out of order."""
    start = rng.randrange(len(frames))
    suffix = [frame for frame in frames[start:] for _ in range(rng.choices((0, 1, 2), (1, 8, 2))[0])]
    reach = rng.choice((0, 0, 2, 5, len(suffix)))
    order = sorted(range(len(suffix)), key=lambda index: index + rng.uniform(0, reach))
    return frames[:start] + [suffix[index] for index in order]


def run(protocol: BinanceProtocol, exchange: Exchange, frames: list[Frame], rng: random.Random) -> Iterator[Event]:
    """Deliver frames, answering each Fetch sooner or later with a snapshot of some time around it."""
    asked = 0
    for frame in frames:
        yield from protocol.receive(frame)
        protocol.tick(NOW_NS + 10 * S if rng.random() < 0.3 else NOW_NS)
        asked += len(taken(protocol))
        if asked and rng.random() < 0.5:
            asked -= 1
            yield from protocol.receive(exchange.snapshot(rng.choice(list(exchange.truth))))


@pytest.mark.parametrize("instrument", [BTC, BTC_SPOT], ids=lambda found: found.id)
def test_whatever_happens_to_the_stream_the_book_is_right_or_lost(instrument: Instrument) -> None:
    per_tick, known = instrument.ticks_from_price(0.1), 0
    for seed in range(300):
        rng = random.Random(seed)
        exchange, protocol, book = Exchange(instrument, rng), opened(instrument), Book()
        frames = disturbed(rng, [exchange.diff() for _ in range(rng.randrange(5, 60))])
        for event in run(protocol, exchange, frames, rng):
            book.apply((event,))
            if isinstance(event, BookSnapshot | BookDelta):
                bids, asks = exchange.truth[event.update_id]
                assert {ticks // per_tick: size for ticks, size in book.bids.items()} == bids, seed
                assert {ticks // per_tick: size for ticks, size in book.asks.items()} == asks, seed
        known += book.known
        calm = [exchange.diff() for _ in range(3)]
        events = [*protocol.receive(calm[0]), *protocol.receive(calm[1])]
        events += [*protocol.receive(exchange.snapshot(exchange.last)), *protocol.receive(calm[2])]
        assert book.apply(events).known, seed
    assert 50 < known < 290
