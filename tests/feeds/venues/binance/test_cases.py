"""Messages of 2019 to 2026 recorded by others, decoded to the values which they expect.

The expectations of `venue-message-cases.json` are another program's. Where it and we differ on purpose, or where we
have no such event, the message is named below with the reason. The set "map binance futures update that directly
continues the snapshot" carries no message in that file; `test_binance_book` has the case by hand.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from feeds.model.events import (
    BookDelta,
    BookLost,
    BookSnapshot,
    Event,
    Funding,
    IndexPrice,
    Liquidation,
    MarkPrice,
    OpenInterest,
    Quote,
    Trade,
    TradesLive,
    TradesLost,
)
from feeds.model.frame import Frame, FrameKind, open_frame
from feeds.model.instrument import Instrument, MarketKind
from feeds.pipeline.feed import Feed
from feeds.venues.binance.instruments import instruments_from_exchange_info
from feeds.venues.binance.protocol import BinanceProtocol
from feeds.venues.registry import protocol_for
from tests.feeds.venues.binance.wire import NOW_NS, answer, market, opened, spec, text

MS = 1_000_000
SPOT, LINEAR, INVERSE = MarketKind.SPOT, MarketKind.LINEAR, MarketKind.INVERSE

SETS = {
    "map binance messages": (
        market("BNBBTC", SPOT, "0.0000001"),
        market("BTCUSDT", SPOT, "0.01"),
        market("BTCUSDC", SPOT, "0.01"),
        market("GNTBTC", SPOT, "0.00000001"),
    ),
    "map binance futures messages": (
        market("BTCUSDT", LINEAR, "0.01"),
        market("ETHUSDT", LINEAR, "0.01"),
        market("BTCBUSD_210129", LINEAR, "0.1"),
    ),
    "map binance delivery messages": (
        market("BTCUSD_200925", INVERSE, "0.1", "100"),
        market("BNBUSD_PERP", INVERSE, "0.001", "10"),
    ),
}
LAST_PRICE = "the last price of a 24 h ticker is no event of ours"
POLLED = "open interest was polled by their recorder, it is no stream"
NOT_OURS = {
    (
        "map binance futures messages",
        0,
    ): "they take raw trades only; with us an aggregate counts",
    ("map binance futures messages", 1): LAST_PRICE,
    ("map binance futures messages", 7): "it repeats an update id that is applied already; they do not look",
    ("map binance futures messages", 8): POLLED,
    ("map binance delivery messages", 6): LAST_PRICE,
    ("map binance delivery messages", 7): POLLED,
}
HOLES = (TradesLost, TradesLive)  # the two trades of BNBBTC are months apart
THEY_IGNORE_THE_GAP = ("map binance delivery messages", 5)


def frame_of(message: dict[str, Any]) -> Frame:
    stream = message.get("stream", "")
    if stream.endswith("@depthSnapshot"):
        return answer(stream.partition("@")[0].upper(), message["data"])
    return text(message)


def venue_size(instrument: Instrument, size: float, price: float) -> float:
    if instrument.kind is INVERSE:
        return size * price / float(instrument.contract_size)
    return size


def levels(event: BookSnapshot | BookDelta, side: str) -> dict[float, float]:
    price_of = event.instrument.price_from_ticks
    rows = [(price_of(ticks), size) for ticks, size in getattr(event, side)]
    return {price: venue_size(event.instrument, size, price) for price, size in rows}


def book_matches(events: Sequence[Event], expected: dict[str, Any]) -> None:
    for side in ("bids", "asks"):
        found: dict[float, float] = {}
        for event in events:
            assert isinstance(event, BookSnapshot | BookDelta)
            found |= levels(event, side)
        assert found == pytest.approx({level["price"]: level["amount"] for level in expected[side]})


def ns(stamp: str) -> int:
    return round((datetime.fromisoformat(stamp) - datetime(1970, 1, 1, tzinfo=UTC)).total_seconds() * 1_000) * MS


def matches(events: Sequence[Event], expected: dict[str, Any], data: dict[str, Any]) -> None:
    first = events[0]
    assert not isinstance(first, BookLost)
    match expected["type"]:
        case "trade":
            assert isinstance(first, Trade)
            assert (str(first.trade_id), first.price) == (expected["id"], expected["price"])
            size = venue_size(first.instrument, first.size, first.price)
            assert (size, first.aggressor) == (pytest.approx(expected["amount"]), expected["side"])
            assert first.ts_venue_ns == ns(expected["timestamp"])
        case "book_change":
            assert isinstance(first, BookSnapshot if expected["isSnapshot"] else BookDelta)
            book_matches(events, expected)
            if first.ts_venue_ns != NOW_NS:
                assert first.ts_venue_ns in (data.get("T", 0) * MS, ns(expected["timestamp"]))
        case "book_ticker":
            assert isinstance(first, Quote)
            bid, ask = map(first.instrument.price_from_ticks, (first.bid_ticks, first.ask_ticks))
            assert (bid, ask) == (expected["bidPrice"], expected["askPrice"])
            sizes = venue_size(first.instrument, first.bid_size, bid), venue_size(first.instrument, first.ask_size, ask)
            assert sizes == pytest.approx((expected["bidAmount"], expected["askAmount"]))
            assert first.ts_venue_ns == (data["T"] * MS if "T" in data else NOW_NS), "they take E"
        case "liquidation":
            assert isinstance(first, Liquidation)
            assert first.price == float(data["o"]["ap"]), "they take the order's own price"
            size = venue_size(first.instrument, first.size, first.price)
            assert (size, first.side) == (pytest.approx(expected["amount"]), expected["side"])
            assert first.ts_venue_ns == ns(expected["timestamp"])
        case "derivative_ticker":
            found: dict[str, Any] = {}
            for event in events:
                match event:
                    case MarkPrice():
                        found["markPrice"] = event.mark
                    case IndexPrice():
                        found["indexPrice"] = event.index
                    case Funding():
                        found |= {"fundingRate": event.rate, "fundingTimestamp": event.next_funding_ns}
            stamp = expected["fundingTimestamp"]
            assert found == {
                key: value
                for key, value in (expected | {"fundingTimestamp": stamp and ns(stamp)}).items()
                if key in ("markPrice", "indexPrice", "fundingRate", "fundingTimestamp") and value is not None
            }
        case other:
            pytest.fail(f"no event of ours is a {other}")


@pytest.mark.parametrize("name", SETS)
def test_messages_decode_to_the_values_others_expect(data: Path, name: str) -> None:
    cases = json.loads((data / "oracles" / "venue-message-cases.json").read_bytes())[name]
    protocol, compared = opened(*SETS[name]), 0
    for number, (message, expected) in enumerate(
        zip(cases["arrays"]["messages"], cases["expected_in_order"], strict=True)
    ):
        if (name, number) in NOT_OURS:
            continue
        events = [event for event in protocol.receive(frame_of(message)) if not isinstance(event, HOLES)]
        if (name, number) == THEY_IGNORE_THE_GAP:
            assert [type(event) for event in events] == [BookLost]
            continue
        assert bool(events) == bool(expected), number
        if expected:
            matches(events, expected[0], message["data"])
            compared += 1
    assert compared == {"map binance messages": 7, "map binance futures messages": 8}.get(name, 6)


def test_messages_left_out_emit_nothing_or_what_the_reason_says(data: Path) -> None:
    cases = json.loads((data / "oracles" / "venue-message-cases.json").read_bytes())
    for (name, number), reason in NOT_OURS.items():
        message = cases[name]["arrays"]["messages"][number]
        kinds = [type(event) for event in opened(*SETS[name]).receive(frame_of(message))]
        assert kinds == ([Trade] if "aggregate" in reason else []), (name, number)
        assert OpenInterest not in kinds


# frames of 2026

FRAMES = {
    "agg_trade.json": {Trade: 1},
    "book_ticker.json": {Quote: 1},
    "depth_update.json": {},
    "depth_burst.jsonl": {},
    "mark_price.json": {MarkPrice: 1, IndexPrice: 1, Funding: 1},
    "mark_price_stream.jsonl": {MarkPrice: 20, IndexPrice: 20, Funding: 20},
    "mark_price_rollover.jsonl": {MarkPrice: 12, IndexPrice: 12, Funding: 12},
    "raw_md_stream.jsonl": {Quote: 239},
}
NO_FRAMES = {
    "fixtures.meta.json": "the description",
    "exchange_info.json": "instruments, see test_binance_instruments",
    "depth_snapshot.json": "a REST body, joined below",
    "funding_info.json": "funding intervals are not asked for",
    "server_time.json": "the clock skew is not asked for",
}
PERPS = (market("BTCUSDT", LINEAR, "0.10"), market("ETHUSDT", LINEAR, "0.01"), market("LPTUSDT", LINEAR, "0.001"))


def lines(data: Path, name: str) -> list[bytes]:
    return (data / "frames" / "binance_usdm" / name).read_bytes().splitlines()


def test_every_recorded_file_is_covered(data: Path) -> None:
    assert {path.name for path in (data / "frames" / "binance_usdm").iterdir()} == FRAMES.keys() | NO_FRAMES.keys()


@pytest.mark.parametrize("name", FRAMES)
def test_recorded_frames_decode(data: Path, name: str) -> None:
    feed, described = Feed(protocol_for), spec(*PERPS)
    feed.receive(open_frame(described, NOW_NS))
    events = [event for line in lines(data, name) for event in feed.receive(text(line))]
    assert feed.undecodable == {}
    assert Counter(map(type, events)) == FRAMES[name]


def protocol_and_diffs(data: Path, name: str) -> tuple[BinanceProtocol, list[bytes]]:
    return opened(*PERPS), [line for line in lines(data, name) if b"@depth" in line[:30]]


def test_diffs_of_one_recording_chain_without_a_gap(data: Path) -> None:
    for name, count in (("depth_burst.jsonl", 3), ("raw_md_stream.jsonl", 161)):
        protocol, diffs = protocol_and_diffs(data, name)
        assert len(diffs) == count
        first = json.loads(diffs[0])["data"]
        protocol.receive(answer("BTCUSDT", {"lastUpdateId": first["U"], "bids": [], "asks": []}))
        events = [event for line in diffs for event in protocol.receive(text(line))]
        assert [type(event) for event in events] == [BookDelta] * count


def test_the_recorded_snapshot_is_a_book(data: Path) -> None:
    (body,) = lines(data, "depth_snapshot.json")
    (book,) = opened(*PERPS).receive(Frame(NOW_NS, "socket", FrameKind.HTTP, body, "depth/BTCUSDT"))
    assert isinstance(book, BookSnapshot)
    assert (book.bids[0], book.asks[0]) == ((770_448, 0.1538), (770_459, 43.1063))
    assert (len(book.bids), len(book.asks), book.update_id) == (5, 5, 429_014_264_524)
    assert book.ts_venue_ns == 1_789_469_329_554 * MS


def test_the_next_funding_moves_on_at_the_rollover(data: Path) -> None:
    protocol, eight = opened(*PERPS), 1_790_755_200_000 * MS
    nexts: dict[str, list[int]] = {}
    for line in lines(data, "mark_price_rollover.jsonl"):
        for event in protocol.receive(text(line)):
            if isinstance(event, Funding):
                assert event.next_funding_ns is not None
                assert (event.ts_venue_ns <= eight) == (event.next_funding_ns == eight) or event.ts_venue_ns == eight
                hours = (event.next_funding_ns - eight) // (3_600_000 * MS)
                nexts.setdefault(event.instrument.symbol, []).append(hours)
    assert {symbol: sorted(set(hours)) for symbol, hours in nexts.items()} == {
        "BTCUSDT": [0, 8],
        "ETHUSDT": [0, 8],
        "LPTUSDT": [0, 4],
    }
    assert all(hours == sorted(hours) for hours in nexts.values())


def test_the_recorded_instruments_fit_the_recorded_frames(data: Path) -> None:
    (body,) = lines(data, "exchange_info.json")
    listed = {found.symbol: found for found in instruments_from_exchange_info(body, LINEAR)}
    assert {symbol: str(found.tick_size) for symbol, found in listed.items()} == {"BTCUSDT": "0.1", "ETHUSDT": "0.01"}
