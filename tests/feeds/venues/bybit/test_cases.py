"""Bybit messages whose normalised form other programs published: each that has an event of ours gives that event."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from feeds.model.events import (
    BookDelta,
    BookSnapshot,
    Event,
    Funding,
    IndexPrice,
    Liquidation,
    MarkPrice,
    OpenInterest,
    Quote,
    Side,
    Trade,
    TradesLive,
)
from feeds.model.instrument import MarketKind
from tests.feeds.venues.bybit.wire import MS, Line, market

# What has no event of ours, by the index of the case, with the reason.
BEFORE_V5 = "a message of the interface before v5, which ended in 2023"
NO_EVENT = {
    **dict.fromkeys(range(38), BEFORE_V5),
    46: "a dated future, which is not listed",
    47: "a dated future, which is not listed",
    52: "nothing is expected: the mapper of that date waits for another topic",
}
NO_SPOT_EVENT = dict.fromkeys(range(5), BEFORE_V5)
TICKS = {"LTCUSDT": "0.01", "GALAUSDT": "0.00001", "XRPUSD": "0.0001", "PIPPINUSDT": "0.00001"}


def cases(data: Path, name: str) -> Iterator[tuple[int, Any, list[Any]]]:
    case = json.loads((data / "oracles" / "venue-message-cases.json").read_text())[name]
    messages = [message for part in case["arrays"].values() for message in part]
    assert len(messages) == len(case["expected_in_order"])
    yield from zip(range(len(messages)), messages, case["expected_in_order"], strict=True)


def normalised(event: Event, merged: dict[str, Any]) -> dict[str, Any] | None:
    """Our event in the words of the expectations; tickers are merged into one record, inverse sizes are USD again."""
    inverse = getattr(event, "instrument").kind is MarketKind.INVERSE  # noqa: B009
    match event:
        case Trade():
            amount = event.notional if inverse else event.size
            return {"type": "trade", "id": event.trade_id, "price": event.price, "amount": amount} | {
                "side": event.aggressor
            }
        case Liquidation():
            amount = event.notional if inverse else event.size
            return {"type": "liquidation", "price": event.price, "amount": amount, "side": event.side}
        case BookSnapshot() | BookDelta():
            price = event.instrument.price_from_ticks
            bids, asks = ([{"price": price(t), "amount": s} for t, s in half] for half in (event.bids, event.asks))
            kind = {"type": "book_change", "isSnapshot": isinstance(event, BookSnapshot)}
            return kind | {"bids": bids, "asks": asks}
        case Quote():
            price = event.instrument.price_from_ticks
            bid = {"bidPrice": price(event.bid_ticks), "bidAmount": event.bid_size}
            return {"type": "book_ticker", "askPrice": price(event.ask_ticks), "askAmount": event.ask_size} | bid
        case MarkPrice():
            merged["markPrice"] = event.mark
        case IndexPrice():
            merged["indexPrice"] = event.index
        case Funding():
            assert event.next_funding_ns is not None
            merged |= {"fundingRate": event.rate, "fundingTimestamp": event.next_funding_ns}
        case OpenInterest():
            one = event.notional if inverse else event.open_interest
            assert one is not None
            merged["openInterest"] = 2 * one
    return None


def test_expected_records_of_derivatives(data: Path) -> None:
    lines: dict[str, tuple[Line, dict[str, Any]]] = {}
    for number, message, expected in cases(data, "map bybit messages"):
        if number in NO_EVENT:
            continue
        symbol = message["topic"].rpartition(".")[2]
        kind = "inverse" if symbol.endswith("USD") else "linear"
        fresh = Line(market(symbol, kind, TICKS.get(symbol, "0.1"))), dict[str, Any]()
        line, merged = lines.setdefault(symbol, fresh)
        check(line.text(message), merged, expected)


def test_expected_records_of_spot(data: Path) -> None:
    lines: dict[str, tuple[Line, dict[str, Any]]] = {}
    for number, message, expected in cases(data, "map bybit spot messages"):
        if number in NO_SPOT_EVENT:
            continue
        symbol = message["topic"].rpartition(".")[2]
        line, merged = lines.setdefault(symbol, (Line(market(symbol, "spot", "0.01")), {}))
        check(line.text(message), merged, expected)


def check(events: list[Event], merged: dict[str, Any], expected: list[dict[str, Any]]) -> None:
    told = [event for event in events if not isinstance(event, TradesLive)]
    times = {getattr(event, "ts_venue_ns") // MS for event in told}  # noqa: B009
    assert times == {millis(row["timestamp"]) for row in expected}
    ours = [record for event in told if (record := normalised(event, merged)) is not None]
    if expected[0]["type"] == "derivative_ticker":
        ours = [{"type": "derivative_ticker"} | merged]
    assert len(ours) == len(expected)
    for mine, theirs in zip(ours, expected, strict=True):
        for name, value in mine.items():
            assert_same(value, theirs[name], name)


def assert_same(ours: Any, theirs: Any, name: str) -> None:
    """Numbers within rounding, times in milliseconds, the rest exactly."""
    if name in ("bids", "asks"):
        ours, theirs = ([number for level in side for number in level.values()] for side in (ours, theirs))
    elif name == "fundingTimestamp":
        ours, theirs = ours // MS, millis(theirs)
    assert ours == (theirs if isinstance(theirs, str) else pytest.approx(theirs, rel=1e-12)), name


def millis(text: str) -> int:
    return round(datetime.fromisoformat(text).astimezone(UTC).timestamp() * 1_000)


def test_liquidated_positions_of_2026_09(data: Path) -> None:
    found = json.loads((data / "oracles" / "liquidation-sides.json").read_text())["cases"]
    found = [case for case in found if case["venue"].startswith("bybit")]
    assert len(found) == 2
    for case in found:
        symbol = case["frame"]["topic"].partition(".")[2]
        (event,) = Line(market(symbol, tick="0.00001")).text(case["frame"])
        assert isinstance(event, Liquidation)
        assert event.side is {"long": Side.SELL, "short": Side.BUY}[case["liquidated_position"]]
        if "notional_usd" in case:
            assert event.notional == pytest.approx(case["notional_usd"], rel=1e-9)
        assert event.ts_venue_ns == case["frame"]["data"][0]["T"] * MS
