"""Bybit as it was recorded: frames of 2026-09, 42 seconds of 2026-08, and other programs' expectations."""

from __future__ import annotations

import json
from bisect import bisect_right
from collections import Counter
from collections.abc import Iterator
from decimal import Decimal
from operator import itemgetter
from pathlib import Path

import pytest

from feeds.importers import import_captures
from feeds.model.errors import ProtocolError
from feeds.model.events import (
    BookDelta,
    BookLost,
    BookSnapshot,
    Event,
    Funding,
    IndexPrice,
    MarkPrice,
    OpenInterest,
    Quote,
    Trade,
    TradesLive,
)
from feeds.model.frame import Frame, FrameKind, spec_from_frame
from feeds.model.instrument import Instrument, MarketKind
from feeds.recording import RecordingReader
from feeds.venues.bybit.instruments import instruments_from_info
from feeds.venues.bybit.protocol import BybitProtocol
from tests.feeds.venues.bybit.wire import MS, Line, market
from workstation.analytics.book.book import OrderBook

# frames of 2026-09

SPOT = market("BTCUSDT", "spot")
LINEAR = market("BTCUSDT")
FRAMES: dict[str, tuple[Instrument, list[type[Event]] | str]] = {
    "orderbook50_snapshot.json": (SPOT, [BookSnapshot]),
    "orderbook50_delta.json": (SPOT, []),
    "orderbook50_delta_u1.json": (SPOT, []),
    "orderbook50_malformed.json": (SPOT, "unknown shape"),
    "orderbook1_snapshot.json": (SPOT, [Quote]),
    "public_trade.json": (SPOT, [TradesLive, Trade]),
    "public_trade_unknown_symbol.json": (SPOT, []),
    "pong.json": (SPOT, []),
    "subscribe_ok.json": (SPOT, []),
    "subscribe_error.json": (SPOT, r"refused orderbook\.50\.NOSUCHSYM"),
    "tickers_snapshot.json": (LINEAR, [MarkPrice, IndexPrice, Funding, OpenInterest]),
    "tickers_delta_index.json": (LINEAR, [IndexPrice]),
    "tickers_delta_mark.json": (LINEAR, [MarkPrice]),
    "tickers_delta_funding.json": (LINEAR, [MarkPrice, Funding]),
}
BODIES = {"instruments_info.json", "linear_instruments_info.json", "rest_error.json", "server_time.json"}


def frames_folder(data: Path) -> Path:
    folder = data / "frames" / "bybit"
    if not folder.is_dir():
        pytest.skip(f"real captures are not here: {folder}")
    return folder


def test_no_recorded_frame_is_forgotten(data: Path) -> None:
    there = {path.name for path in frames_folder(data).iterdir()}
    assert there == set(FRAMES) | BODIES | {"fixtures.meta.json", "raw_md_stream.jsonl", "raw_tickers_stream.jsonl"}


@pytest.mark.parametrize("name", FRAMES)
def test_every_recorded_frame_decodes_or_gives_the_documented_error(name: str, data: Path) -> None:
    instrument, expected = FRAMES[name]
    payload = (frames_folder(data) / name).read_bytes()
    if isinstance(expected, str):
        with pytest.raises(ProtocolError, match=expected):
            Line(instrument).text(payload)
    else:
        assert [type(event) for event in Line(instrument).text(payload)] == expected


def test_the_recorded_update_follows_its_snapshot_and_the_restart_mark_ends_it(data: Path) -> None:
    folder = frames_folder(data)
    for name, expected in (("orderbook50_delta.json", BookDelta), ("orderbook50_delta_u1.json", BookLost)):
        line = Line(SPOT)
        line.text((folder / "orderbook50_snapshot.json").read_bytes())
        assert [type(event) for event in line.text((folder / name).read_bytes())] == [expected]


def test_recorded_instruments(data: Path) -> None:
    folder = frames_folder(data)
    (spot,) = instruments_from_info(MarketKind.SPOT, [(folder / "instruments_info.json").read_bytes()])
    assert (spot.symbol, spot.tick_size, spot.lot_size) == ("BTCUSDT", Decimal("0.1"), Decimal("0.000001"))
    (linear,) = instruments_from_info(MarketKind.LINEAR, [(folder / "linear_instruments_info.json").read_bytes()])
    assert (linear.base, linear.quote, linear.settle) == ("BTC", "USDT", "USDT")
    assert (linear.tick_size, linear.lot_size) == (Decimal("0.1"), Decimal("0.001"))
    with pytest.raises(ProtocolError, match="refused"):
        instruments_from_info(MarketKind.SPOT, [(folder / "rest_error.json").read_bytes()])
    with pytest.raises(ProtocolError, match="cannot be read"):
        instruments_from_info(MarketKind.SPOT, [(folder / "server_time.json").read_bytes()])


def test_depth_1_and_depth_50_agree_wherever_their_sequence_does(data: Path) -> None:
    line, book = Line(SPOT), OrderBook()
    touches: dict[int, list[tuple[tuple[int, float], tuple[int, float]]]] = {}
    rows = (frames_folder(data) / "raw_md_stream.jsonl").read_bytes().splitlines()
    with pytest.raises(ProtocolError, match="NOSUCHSYM"):
        line.text(rows.pop())
    for row in rows:
        for event in line.text(row):
            apply(book, event)
            if isinstance(event, Quote):
                touch = (event.bid_ticks, event.bid_size), (event.ask_ticks, event.ask_size)
            elif isinstance(event, BookSnapshot | BookDelta):
                touch = book.bids.top(1)[0], book.asks.top(1)[0]
            else:
                continue
            touches.setdefault(json.loads(row)["data"]["seq"], []).append(touch)
    pairs = [pair for pair in touches.values() if len(pair) == 2]
    assert len(pairs) == 11
    assert all(one == other for one, other in pairs)
    assert (book.update_id, line.protocol.book_jumps) == (3_734_376, {})


def apply(book: OrderBook, event: Event) -> None:
    if isinstance(event, BookSnapshot):
        book.replace(event)
    elif isinstance(event, BookDelta):
        book.apply(event)


def test_every_recorded_ticker_tells_what_it_carries(data: Path) -> None:
    line = Line(LINEAR, market("ETHUSDT", tick="0.01"))
    said, told = Counter[str](), Counter[type[Event]]()
    funding: dict[str, Funding] = {}
    for row in (frames_folder(data) / "raw_tickers_stream.jsonl").read_bytes().splitlines():
        payload = row.partition(b"\t")[2]
        fields = json.loads(payload).get("data", {})
        said["mark"] += "markPrice" in fields
        said["index"] += "indexPrice" in fields
        said["funding"] += not {"fundingRate", "nextFundingTime"}.isdisjoint(fields)
        said["interest"] += not {"openInterest", "singleOpenInterest"}.isdisjoint(fields)
        for event in line.text(payload):
            told[type(event)] += 1
            if isinstance(event, Funding):
                funding[event.instrument.symbol] = event
            if isinstance(event, OpenInterest) and "openInterest" in fields:
                assert event.open_interest == pytest.approx(float(fields["openInterest"]) / 2, abs=0.0051)
    assert told == {
        MarkPrice: said["mark"],
        IndexPrice: said["index"],
        Funding: said["funding"],
        OpenInterest: said["interest"],
    }
    assert said["funding"] == 4
    assert funding["BTCUSDT"].rate == -0.00008517
    assert {event.next_funding_ns for event in funding.values()} == {1_790_784_000_000 * MS}


# 42 seconds of 2026-08


@pytest.fixture(scope="module")
def capture(data: Path, tmp_path_factory: pytest.TempPathFactory) -> list[Frame]:
    file = data / "multi-venue" / "BYBIT.jsonl.zst"
    if not file.exists():
        pytest.skip(f"real captures are not here: {file}")
    out = tmp_path_factory.mktemp("bybit") / "bybit.mcap"
    import_captures(None, [file], out)
    return list(RecordingReader(out).frames())


def replayed(frames: list[Frame]) -> Iterator[tuple[Frame, list[Event], BybitProtocol]]:
    protocols: dict[str, BybitProtocol] = {}
    for frame in frames:
        if frame.kind is FrameKind.OPEN:
            protocols[frame.connection] = BybitProtocol(spec_from_frame(frame))
        protocol = protocols[frame.connection]
        yield frame, list(protocol.receive(frame)), protocol


def test_the_capture_gives_the_counts_of_its_owner(capture: list[Frame], data: Path) -> None:
    expected = json.loads((data / "oracles" / "multi-venue-expected-counts.json").read_text())["BYBIT"]
    told, tickers, jumps = Counter[type[Event]](), Counter[str](), 0
    said = Counter[str]()
    for frame, events, protocol in replayed(capture):
        told.update(type(event) for event in events)
        jumps += len(protocol.book_jumps)
        if b'"topic":"tickers.' in frame.payload:
            fields = json.loads(frame.payload)["data"]
            tickers["linear" if b"bid1Price" in frame.payload or "linear" in frame.connection else "spot"] += 1
            said["mark"] += "markPrice" in fields
            said["index"] += "indexPrice" in fields
            said["funding"] += "fundingRate" in fields
            said["interest"] += "openInterest" in fields
    assert told[Trade] == expected["trades"] == 347
    assert told[BookSnapshot] + told[BookDelta] == expected["l2_book"] == 2148
    assert (told[BookDelta], told[BookLost], jumps) == (2142, 6, 0)  # lost by the end of the capture, not by `u`
    # The owner repeats funding, index and open interest at every linear ticker, we tell what changed.
    assert tickers["linear"] == expected["funding"] == expected["index"] == expected["open_interest"] == 758
    assert tickers["linear"] + tickers["spot"] == expected["ticker"] == 839
    assert told[MarkPrice] == said["mark"]
    assert told[IndexPrice] == said["index"]
    assert told[Funding] == said["funding"]
    assert told[OpenInterest] == said["interest"]


def test_the_captured_book_has_the_best_prices_of_the_ticker(capture: list[Frame]) -> None:
    """A ticker's `cs` lies between the `seq` of two books. Where both have one best price, the ticker has it too.

    Its size may have changed and changed back within the 100 ms between them.
    """
    books: dict[str, OrderBook] = {}
    tops: dict[str, list[tuple[int, list[tuple[float, float]]]]] = {}
    tickers: list[tuple[str, int, list[tuple[float, float]]]] = []
    state: dict[str, dict[str, str]] = {}
    for frame, events, _ in replayed(capture):
        message = json.loads(frame.payload) if "linear" in frame.connection and b'"cs"' in frame.payload else {}
        if message:
            fields = state.setdefault(message["data"]["symbol"], {})
            fields |= message["data"]
            touch = [(float(fields[f"{side}1Price"]), float(fields[f"{side}1Size"])) for side in ("bid", "ask")]
            tickers.append((fields["symbol"], message["cs"], touch))
        for event in (event for event in events if isinstance(event, BookSnapshot | BookDelta)):
            book = books.setdefault(event.instrument.id, OrderBook())
            apply(book, event)
            assert not book.crossed
            assert max(len(book.bids), len(book.asks)) <= 200
            if event.instrument.kind is MarketKind.LINEAR:
                price, best = event.instrument.price_from_ticks, [book.bids.top(1)[0], book.asks.top(1)[0]]
                row = json.loads(frame.payload)["data"]["seq"], [(price(ticks), size) for ticks, size in best]
                tops.setdefault(event.instrument.symbol, []).append(row)
    prices, sizes = compared(tops, tickers)
    assert (len(prices), all(prices)) == (1496, True)
    assert (len(sizes), sum(sizes)) == (953, 935)


def compared(
    tops: dict[str, list[tuple[int, list[tuple[float, float]]]]],
    tickers: list[tuple[str, int, list[tuple[float, float]]]],
) -> tuple[list[bool], list[bool]]:
    """Whether prices and whether sizes are equal, side by side, where the books before and after a ticker agree."""
    prices, sizes = list[bool](), list[bool]()
    for symbol, sequence, touch in tickers:
        after = bisect_right(tops[symbol], sequence, key=itemgetter(0))
        if not 0 < after < len(tops[symbol]):
            continue
        for mine, before, later in zip(touch, tops[symbol][after - 1][1], tops[symbol][after][1], strict=True):
            if before[0] == later[0]:
                prices.append(mine[0] == before[0])
            if before == later:
                sizes.append(mine == before)
    return prices, sizes


def test_the_captured_list_has_no_base_with_its_multiplier(capture: list[Frame]) -> None:
    lists = {f.connection: f.payload for f in capture if f.kind is FrameKind.HTTP and f.tag == "instruments"}
    found = {
        market.symbol: market
        for name, body in lists.items()
        for market in instruments_from_info(MarketKind(name.split(".")[1]), [body])
        if "linear" in name
    }
    assert len(found) == 760
    assert {symbol: (found[symbol].base, found[symbol].multiplier) for symbol in (
        "1000PEPEUSDT", "SHIB1000USDT", "10000SATSUSDT", "1000000MOGUSDT", "1000000BABYDOGEUSDT", "1INCHUSDT", "4USDT",
    )} == {
        "1000PEPEUSDT": ("PEPE", 1_000), "SHIB1000USDT": ("SHIB", 1_000), "10000SATSUSDT": ("SATS", 10_000),
        "1000000MOGUSDT": ("MOG", 1_000_000), "1000000BABYDOGEUSDT": ("BABYDOGE", 1_000_000),
        "1INCHUSDT": ("1INCH", 1), "4USDT": ("4", 1),
    }  # fmt: skip
