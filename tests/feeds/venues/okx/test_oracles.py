"""The same messages, read by somebody else: expected records of an independent decoder for OKX's v5 shapes.

Sizes there are in the venue's own unit, so the instruments here count one coin a contract. Left out, with the reason:
v3 messages (`table`, switched off in 2021); channel `liquidations` and others marked `generated` (made by the recorder
from REST, never on the wire); `tickers`, `price-limit` (not subscribed: quotes and open interest have channels of their
own, so `book_ticker` comes from `bbo-tbt` only); spreads and options; an update without a snapshot before it, which is
no book here; X-Perps, dated-looking FUTURES with funding (their funding row decodes, their index has another name).
"""

from __future__ import annotations

import json
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from feeds.model.events import (
    BookDelta,
    BookSnapshot,
    Event,
    Funding,
    IndexPrice,
    Level,
    Liquidation,
    MarkPrice,
    OpenInterest,
    Quote,
    Trade,
    TradesLive,
)
from feeds.model.instrument import Instrument, MarketKind, Venue
from tests.feeds.venues.okx.wire import Wire

SWAPS = "map okex-swap messages"
FUTURES = "map okex-futures messages"
# title, array, place of its first expectation, the messages that both read
READ = [
    ("map okex messages", "okexV5Messages", 7, (1, 2, 5)),
    (FUTURES, "okexFuturesV5Messages", 17, (1, 2, 3, 4, 11, 13)),
    (SWAPS, "okexSwapV5Messages", 13, (1, 2, 5, 6)),
    (SWAPS, "okexV5WithBookTickerMessages", 22, (0,)),
    ("map okex-futures X-Perp messages", "messages", 1, (1,)),
]
# updates without a snapshot, tickers, price limits, generated liquidations, a funding row without a rate
SILENT = [("map okex messages", "okexV5Messages", (3, 4)), (FUTURES, "okexFuturesV5Messages", (5, 6, 7, 8, 9)),
    (SWAPS, "okexSwapV5Messages", (0, 3, 7))]  # fmt: skip
# an index, and the place of the first record that shows it
INDEXES = [
    (FUTURES, "okexFuturesV5Messages", 10, 28),
    (SWAPS, "okexSwapV5Messages", 4, 18),
    ("map okex USDC contracts before and after index migration", "currentMessages", 0, 4),
]


def market(name: str) -> Instrument:
    base, quote = name.split("-")[:2]
    return Instrument(
        venue=Venue("okx"),
        kind=MarketKind.SPOT if name.count("-") == 1 else MarketKind.LINEAR,
        symbol=name,
        base=base,
        quote=quote,
        tick_size=Decimal("0.00001"),
    )


def case(data: Path, title: str, array: str) -> tuple[list[dict[str, Any]], list[list[dict[str, Any]]]]:
    found = json.loads((data / "oracles" / "venue-message-cases.json").read_bytes())[title]
    return [row.get("message", row) for row in found["arrays"][array]], found["expected_in_order"]


def events_of(message: dict[str, Any], name: str) -> list[Event]:
    return [event for event in Wire(market(name), streams=[]).text(message) if not isinstance(event, TradesLive)]


def rows(levels: list[Level]) -> list[dict[str, float]]:
    return [{"price": ticks / 100_000, "amount": size} for ticks, size in levels]


def told(event: Event) -> dict[str, Any]:
    """One of our events in the words of the other decoder."""
    match event:
        case Trade(trade_id=trade_id, price=price, size=size, aggressor=aggressor):
            return {"type": "trade", "id": str(trade_id), "price": price, "amount": size, "side": str(aggressor)}
        case BookSnapshot(bids=bids, asks=asks):
            return {"type": "book_change", "isSnapshot": True, "bids": rows(bids), "asks": rows(asks)}
        case BookDelta(bids=bids, asks=asks):
            return {"type": "book_change", "isSnapshot": False, "bids": rows(bids), "asks": rows(asks)}
        case Quote(bid_ticks=bid, bid_size=bid_size, ask_ticks=ask, ask_size=ask_size):
            prices = {"askPrice": ask / 100_000, "bidPrice": bid / 100_000}
            return {"type": "book_ticker", "askAmount": ask_size, "bidAmount": bid_size} | prices
        case Liquidation(price=price, size=size, side=forced):
            return {"type": "liquidation", "price": price, "amount": size, "side": str(forced)}
        case MarkPrice(mark=mark):
            return {"type": "derivative_ticker", "markPrice": mark}
        case OpenInterest(open_interest=interest):
            return {"type": "derivative_ticker", "openInterest": interest}
        case Funding(rate=rate, next_funding_ns=due) if due is not None:
            when = datetime.fromtimestamp(due / 1e9, UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
            return {"type": "derivative_ticker", "fundingRate": rate, "fundingTimestamp": when}
    return {}


@pytest.mark.parametrize(("title", "array", "first", "places"), READ)
def test_v5_messages(title: str, array: str, first: int, places: tuple[int, ...], data: Path) -> None:
    messages, expected = case(data, title, array)
    for place in places:
        message, (record,) = messages[place], expected[first + place]
        if message.get("action") == "snapshot":  # cut to a few levels, so that its checksum cannot hold
            message["data"][0] |= {"checksum": 0, "seqId": 1, "prevSeqId": -1}
        (event,) = events_of(message, record["symbol"])
        mine = told(event)
        assert len(mine) > 1
        assert mine == {key: record[key] for key in mine}
        if record["type"] != "derivative_ticker":  # those carry the latest time of several messages
            assert getattr(event, "ts_venue_ns", 0) == nanoseconds(record["timestamp"])


@pytest.mark.parametrize(("title", "array", "places"), SILENT)
def test_what_is_not_read(title: str, array: str, places: tuple[int, ...], data: Path) -> None:
    messages, _ = case(data, title, array)
    for place in places:
        assert events_of(messages[place], messages[place]["arg"]["instId"]) == []


@pytest.mark.parametrize(("title", "array", "place", "shown"), INDEXES)
def test_indexes(title: str, array: str, place: int, shown: int, data: Path) -> None:
    messages, expected = case(data, title, array)
    (event,) = events_of(messages[place], f"{messages[place]['arg']['instId']}-SWAP")
    assert isinstance(event, IndexPrice)
    assert event.index == expected[shown][0]["indexPrice"]


def nanoseconds(text: str) -> int:
    return round(datetime.fromisoformat(text).timestamp() * 1_000) * 1_000_000
