"""The book's two proofs: sequence ids today, checksums in older captures. A book is right or lost, never wrong."""

from __future__ import annotations

import json
import random
import zlib
from pathlib import Path
from typing import Any

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from feeds.importers import import_captures
from feeds.model.errors import ProtocolError
from feeds.model.events import BookDelta, BookLost, BookSnapshot, Event, Level, Trade
from feeds.model.frame import FrameKind, open_frame, spec_from_frame
from feeds.model.instrument import MarketKind
from feeds.pipeline.feed import Feed
from feeds.recording import RecordingReader
from feeds.venues.okx.protocol import OkxProtocol
from tests.feeds.venues.okx.wire import BTC, PEPE, SECOND, SPOT, Book, Wire, books, level, listed

SYMBOL = BTC.symbol


def known() -> Wire:
    wire = Wire(BTC)
    wire.open()
    bids, asks = [level("83725.8", "7.69")], [level("83725.9", "1712.41")]
    wire.text(books(SYMBOL, "snapshot", -1, 100, bids, asks))
    wire.sent()
    return wire


def update(previous: int, seq: int, **more: Any) -> dict[str, Any]:
    return books(SYMBOL, "update", previous, seq, [level("83723.6", "2")], [], **more)


def rounded(levels: list[Level]) -> list[Level]:
    return [(ticks, round(size, 9)) for ticks, size in levels]


def test_a_snapshot_and_its_updates() -> None:
    wire = Wire(BTC)
    wire.open()
    (snapshot,) = wire.text(
        books(SYMBOL, "snapshot", -1, 100, [level("83725.8", "7.69")], [level("83725.9", "1712.41")])
    )
    assert isinstance(snapshot, BookSnapshot)
    assert rounded(snapshot.bids) == [(837_258, 0.0769)]
    assert rounded(snapshot.asks) == [(837_259, 17.1241)]
    (delta,) = wire.text(books(SYMBOL, "update", 100, 105, [level("83725.8", "0")], [level("83729.6", "70.03")]))
    assert isinstance(delta, BookDelta)
    assert (rounded(delta.bids), rounded(delta.asks)) == ([(837_258, 0.0)], [(837_296, 0.7003)])
    assert delta.update_id == 105


def test_golden_vector_7() -> None:
    wire = Wire(PEPE)
    (snapshot,) = wire.text(
        books(PEPE.symbol, "snapshot", -1, 1, [level("0.00001234", "50")], [level("0.00001235", "1")])
    )
    assert isinstance(snapshot, BookSnapshot)
    ticks, size = snapshot.bids[0]
    assert size == 500_000_000
    assert size * PEPE.price_from_ticks(ticks) == pytest.approx(6_170)


def test_keep_alives_change_nothing() -> None:
    wire = known()
    assert wire.text(books(SYMBOL, "update", 100, 100, [], [])) == []
    assert len(wire.text(update(100, 101))) == 1
    assert wire.sent() == []


def test_ids_may_fall_where_the_link_holds() -> None:
    wire = known()
    assert isinstance(wire.text(update(100, 7))[0], BookDelta)
    assert isinstance(wire.text(update(7, 9))[0], BookDelta)


@pytest.mark.parametrize(
    "message",
    [
        update(99, 101),
        update(101, 102),
        books(SYMBOL, "update", 90, 90, [], []),
        books(SYMBOL, "update", -1, 101, [], []),
        books(SYMBOL, "update", 100, 101, [], [], seqId=None),
        update(0, 0) | {"data": [{"bids": [], "asks": [], "ts": "1"}]},
    ],
)  # fmt: skip
def test_anything_else_is_a_gap_and_asks_for_a_snapshot(message: dict[str, Any]) -> None:
    wire = known()
    (lost,) = wire.text(message)
    assert isinstance(lost, BookLost)
    leave, join = wire.sent()
    args = [{"channel": "books", "instId": SYMBOL}]
    assert (leave["op"], leave["args"], join["op"], join["args"]) == ("unsubscribe", args, "subscribe", args)
    assert leave["id"].isalnum()
    assert leave["id"] != join["id"]
    assert wire.text(update(100, 101)) == [], "an update before the snapshot is not shown"
    assert isinstance(wire.text(books(SYMBOL, "snapshot", -1, 300, [level("1", "1")], []))[0], BookSnapshot)
    assert isinstance(wire.text(update(300, 301))[0], BookDelta)


def test_a_book_that_breaks_again_and_again_is_asked_for_ever_more_rarely() -> None:
    wire, asked = known(), 0
    for _ in range(3_600 * 4):
        wire.tick(0.25)
        wire.text(books(SYMBOL, "snapshot", -1, 300, [level("1", "1")], []))
        wire.text(update(1, 2))
        asked += sum(isinstance(request, dict) for request in wire.sent())
    assert 10 < asked < 100, "the venue allows 480 requests an hour"


def test_a_snapshot_that_does_not_come_is_asked_for_again() -> None:
    wire = Wire(BTC)
    wire.open()
    wire.sent()
    wire.tick(4)
    assert wire.sent() == []
    wire.tick(2)
    assert [request["op"] for request in wire.sent()] == ["unsubscribe", "subscribe"]


def test_refreshing_brings_a_snapshot_without_losing_the_book() -> None:
    wire = known()
    wire.protocol.refresh_books(wire.now_ns)
    assert [request["op"] for request in wire.sent()] == ["unsubscribe", "subscribe"]
    assert isinstance(wire.text(update(100, 101))[0], BookDelta), "updates on their way still count"
    assert isinstance(wire.text(books(SYMBOL, "snapshot", -1, 300, [level("1", "1")], []))[0], BookSnapshot)
    wire.tick(6)
    assert wire.sent() == []


def test_a_refreshed_book_that_never_returns_is_lost() -> None:
    wire = known()
    wire.protocol.refresh_books(wire.now_ns)
    wire.text({"event": "unsubscribe", "arg": {"channel": "books", "instId": SYMBOL}})
    wire.sent()
    wire.tick(6)
    assert isinstance(wire.text(b"pong")[0], BookLost)
    assert wire.text(b"pong") == []


def test_a_refused_refresh_loses_the_book_and_is_not_repeated() -> None:
    wire = known()
    wire.protocol.refresh_books(wire.now_ns)
    join = wire.sent()[1]
    wire.now_ns += SECOND
    events = wire.text({"id": join["id"], "event": "error", "code": "60018", "msg": "channel:books doesn't exist"})
    assert [type(event) for event in events] == [BookLost]
    wire.tick(600)
    again = [arg for request in wire.sent() if isinstance(request, dict) for arg in request["args"]]
    assert {"channel": "books", "instId": SYMBOL} not in again


@pytest.mark.parametrize("checksum", [0, None])
def test_an_absent_checksum_is_no_mismatch(checksum: int | None) -> None:
    wire = known()
    row = update(100, 101)
    if checksum is None:
        del row["data"][0]["checksum"]
    assert isinstance(wire.text(row)[0], BookDelta)


# Worked examples of the README: Order book.
@pytest.mark.parametrize(
    ("bids", "asks", "checksum"),
    [
        ([("3366.1", "7"), ("3366", "6")], [("3366.8", "9"), ("3368", "8")], -1_881_014_294),
        ([("3366.1", "7")], [("3366.8", "9"), ("3368", "8"), ("3372", "8")], 831_078_360),
    ],
)
def test_checksums_of_the_documentation(bids: Any, asks: Any, checksum: int) -> None:
    sides = [level(*row) for row in bids], [level(*row) for row in asks]
    for told, shown in ((checksum, 1), (checksum + 1, 0)):
        wire = Wire(BTC)
        assert len(wire.text(books(SYMBOL, "snapshot", -1, 5, *sides, checksum=told))) == shown


def test_a_wrong_checksum_loses_the_book_although_the_ids_follow() -> None:
    wire = Wire(BTC)
    sides = [level("3366.1", "7")], [level("3366.8", "9"), level("3368", "8"), level("3372", "8")]
    wire.text(books(SYMBOL, "snapshot", -1, 5, *sides, checksum=831_078_360))
    assert isinstance(wire.text(update(5, 6, checksum=12))[0], BookLost)


def test_the_capture_of_2022_has_290_right_checksums(data: Path, tmp_path: Path) -> None:
    out = tmp_path / "okx.mcap"
    import_captures("multi-venue", [data / "multi-venue" / "OKX.jsonl.zst"], out)
    dated = listed("BTC-USD-220527", "0.1", "100", MarketKind.INVERSE)  # not among our kinds of market
    feed, events, books_seen = Feed(OkxProtocol), list[Event](), 0
    for frame in RecordingReader(out).frames():
        if frame.kind is FrameKind.OPEN:
            spec = spec_from_frame(frame)
            assert {market.symbol for market in spec.markets} == {"BTC-USDT", "UNI-USD-SWAP"}
            frame = open_frame(msgspec.structs.replace(spec, markets=(*spec.markets, dated)), frame.ts_recv_ns)
        elif frame.kind is FrameKind.TEXT and b'"checksum"' in frame.payload:
            books_seen += 1
            events += (shown := feed.receive(frame))
            assert len(shown) == 1, "every book message is vouched for by its checksum"
            continue
        events += feed.receive(frame)
    assert not feed.undecodable
    counts = json.loads((data / "oracles" / "multi-venue-expected-counts.json").read_bytes())["OKX"]
    shown_books = [event for event in events if isinstance(event, BookSnapshot | BookDelta)]
    assert books_seen == len(shown_books) == counts["l2_book"] == 290
    assert sum(isinstance(event, BookLost) for event in events) == 3, "only the end of the capture"
    assert sum(isinstance(event, Trade) for event in events) == counts["trades"]


def test_one_changed_digit_of_the_capture_is_noticed(data: Path, tmp_path: Path) -> None:
    out = tmp_path / "okx.mcap"
    import_captures("multi-venue", [data / "multi-venue" / "OKX.jsonl.zst"], out)
    frames = [frame for frame in RecordingReader(out).frames() if b'"books","instId":"BTC-USDT"' in frame.payload]
    wire, changed = Wire(SPOT), 0
    lost: list[Event] = []
    for frame in frames:
        payload = frame.payload
        if b'"action":"update"' in payload and not changed:
            changed, payload = 1, payload.replace(b'"1.2112"', b'"1.2113"')
            assert payload != frame.payload
        lost += [event for event in wire.text(payload) if isinstance(event, BookLost)]
    assert len(lost) == 1


def crc(bids: dict[int, int], asks: dict[int, int]) -> int:
    """The checksum as the documentation words it."""
    best_bids = sorted(bids.items(), reverse=True)[:25]
    best_asks = sorted(asks.items())[:25]
    words = []
    for rank in range(25):
        words += [f"{price}:{size}" for price, size in best_bids[rank : rank + 1] + best_asks[rank : rank + 1]]
    value = zlib.crc32(":".join(words).encode())
    return value - 2**32 if value >= 2**31 else value


def session(seed: int, with_ids: bool) -> list[tuple[dict[str, Any], tuple[dict[int, int], dict[int, int]]]]:
    """A random book's messages and the book after each. Ids may fall, but none comes twice: that would hide a loss."""
    rng = random.Random(seed)
    bids = {price: rng.randint(1, 9) for price in rng.sample(range(80, 100), 8)}
    asks = {price: rng.randint(1, 9) for price in rng.sample(range(100, 120), 8)}
    seq, used, story = 1_000, {1_000}, []
    for number in range(rng.randint(2, 14)):
        changes: dict[int, dict[int, int]] = {0: dict(bids), 1: dict(asks)}
        if number:
            changes = {0: {}, 1: {}}
            for _ in range(rng.randint(0, 4)):
                side = rng.randint(0, 1)
                changes[side][rng.randrange(80, 100) + 20 * side] = rng.choice((0, 0, rng.randint(1, 9)))
        for book, changed in ((bids, changes[0]), (asks, changes[1])):
            book.update(changed)
            for price in [price for price, size in book.items() if not size]:
                del book[price]
        previous, seq = seq, seq + rng.randint(1, 50) if rng.random() < 0.9 else 20 * (number + 1)
        while seq in used:
            seq += 1
        used.add(seq)
        sides = [[level(str(price), str(size)) for price, size in changes[side].items()] for side in (0, 1)]
        message = books(SPOT.symbol, "update" if number else "snapshot", previous if number else -1, seq, *sides)
        if not with_ids:
            row = message["data"][0]
            del row["seqId"], row["prevSeqId"]
            row["checksum"] = crc(bids, asks)
        story.append((message, (dict(bids), dict(asks))))
    return story


@settings(max_examples=300, deadline=None)
@given(st.integers(0, 10**9), st.booleans(), st.data())
def test_a_disturbed_suffix_ends_in_the_right_book_or_in_none(seed: int, with_ids: bool, data: st.DataObject) -> None:
    story = session(seed, with_ids)
    start = data.draw(st.integers(1, len(story) - 1))
    suffix = list(range(start, len(story)))
    disturbed = data.draw(st.lists(st.sampled_from(suffix), max_size=2 * len(suffix)) | st.permutations(suffix))
    wire, book = Wire(SPOT), Book()
    for number in [*range(start), *disturbed]:
        message, (bids, asks) = story[number]
        book.apply(wire.text(message))
        if book.bids is not None and book.asks is not None:
            shown = {ticks // 10: int(size) for ticks, size in book.bids.items()}
            offered = {ticks // 10: int(size) for ticks, size in book.asks.items()}
            assert (shown, offered) == (bids, asks)
    if disturbed == suffix:
        assert book.bids is not None


def test_old_orders_between_two_ticks_are_left_out() -> None:
    wire = Wire(BTC)
    bids = [level(f"{83_725 - row}.8", "1") for row in range(20)]
    (snapshot,) = wire.text(books(SYMBOL, "snapshot", -1, 100, [*bids, level("70000.05", "3")], []))
    assert isinstance(snapshot, BookSnapshot)
    assert len(snapshot.bids) == 20
    (delta,) = wire.text(books(SYMBOL, "update", 100, 101, [level("70000.05", "4"), [*bids[3][:1], "2", "0", "1"]], []))
    assert isinstance(delta, BookDelta)
    assert rounded(delta.bids) == [(837_228, 0.02)]
    assert wire.text(books(SYMBOL, "update", 101, 102, [level("70000.05", "0")], [])) == []
    with pytest.raises(ProtocolError):
        wire.text(books(SYMBOL, "snapshot", -1, 200, [level("83725.85", "1"), *bids], []))


def test_an_update_that_cannot_be_read_breaks_the_chain() -> None:
    wire = known()
    with pytest.raises(ProtocolError):
        wire.text(books(SYMBOL, "update", 100, 101, [level("83725.85", "1")], []))
    assert isinstance(wire.text(update(101, 102))[0], BookLost)
