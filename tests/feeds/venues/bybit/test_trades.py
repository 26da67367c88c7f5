"""Bybit's newest trades joined to the live ones: what they prove, and what they leave open."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import msgspec
import pytest

from feeds.model.errors import ProtocolError
from feeds.model.events import HistoryEnded, TradesFilled
from feeds.model.instrument import Instrument, MarketKind, Venue
from feeds.model.protocol import LastTrade
from feeds.pipeline.units import Units
from feeds.venues.bybit.trades import BybitTrades

MS, S = 1_000_000, 1_000_000_000
NOW = 100 * S
BTC = Instrument(
    venue=Venue("bybit"), kind=MarketKind.LINEAR, symbol="BTCUSDT", base="BTC", quote="USDT", tick_size=Decimal("0.1")
)


def row(number: int, **changes: Any) -> dict[str, Any]:
    """Trade number n happened at n * 100 ms."""
    told = {"execId": f"id{number}", "symbol": "BTCUSDT", "price": "83766.3", "size": "0.001", "side": "Buy"}
    return told | {"time": str(number * 100), "isBlockTrade": False, "seq": "1"} | changes


def body(*rows: dict[str, Any], code: int = 0) -> bytes:
    """An answer, newest first."""
    result = {"category": "linear", "list": list(rows)[::-1]}
    return msgspec.json.encode({"retCode": code, "retMsg": "OK", "result": result, "time": 1})


def begun(before: int | None = None, first: int = 50, history_s: int = 60) -> BybitTrades:
    recent = BybitTrades(Units(BTC), history_s)
    if before is not None:
        recent.resume({BTC.id: LastTrade(f"id{before}", before * 100 * MS)})
    fetch = recent.begin(f"id{first}", first * 100 * MS)
    assert fetch is not None
    assert fetch.path == "/v5/market/recent-trade?category=linear&symbol=BTCUSDT&limit=1000"
    return recent


def ids(event: object) -> list[int | str]:
    assert isinstance(event, TradesFilled)
    return [trade.trade_id for trade in event.trades]


def test_the_first_page_is_history() -> None:
    filled, ended = begun().answer(body(*map(row, range(40, 55))), NOW)
    assert ids(filled) == [f"id{number}" for number in range(40, 50)]
    assert isinstance(filled, TradesFilled)
    assert (filled.since_ns, filled.until_ns) == (4_001 * MS, 5_000 * MS), "others of the oldest ms may be missing"
    assert ended == HistoryEnded(BTC, NOW)


def test_an_overlap_with_the_last_trade_before_closes_the_hole() -> None:
    (filled,) = begun(before=42).answer(body(*map(row, range(40, 55))), NOW)
    assert ids(filled) == [f"id{number}" for number in range(43, 50)]
    assert isinstance(filled, TradesFilled)
    assert (filled.since_ns, filled.until_ns) == (4_200 * MS, 5_000 * MS)


def test_without_an_overlap_the_rest_stays_open() -> None:
    (filled,) = begun(before=30).answer(body(*map(row, range(40, 55))), NOW)
    assert isinstance(filled, TradesFilled)
    assert (filled.since_ns, len(filled.trades)) == (4_001 * MS, 10)


def test_nothing_is_asked_where_nothing_is_wanted() -> None:
    assert BybitTrades(Units(BTC), 0).begin("id1", 1) is None


def test_a_page_from_before_the_first_trade_is_asked_for_again() -> None:
    recent = begun(before=42)
    assert recent.answer(body(*map(row, range(40, 49))), NOW) == []
    assert recent.due_fetch(NOW + S) is None
    assert recent.due_fetch(NOW + 2 * S) is not None
    assert recent.due_fetch(NOW + 9 * S) is None
    assert len(recent.answer(body(*map(row, range(40, 60))), NOW)) == 1


def test_a_page_that_begins_after_the_first_trade_is_of_no_use() -> None:
    assert begun().answer(body(*map(row, range(60, 70))), NOW) == [HistoryEnded(BTC, NOW)]


def test_it_gives_up_after_some_tries() -> None:
    recent, now_ns = begun(), NOW
    for _ in range(3):
        assert recent.fail(now_ns) == []
        now_ns += 10 * S
        assert recent.due_fetch(now_ns) is not None
    assert recent.fail(now_ns) == [HistoryEnded(BTC, now_ns)]
    assert recent.answer(body(row(49), row(50)), now_ns) == []


def test_block_trades_are_left_out() -> None:
    filled, _ = begun().answer(body(row(47), row(48, isBlockTrade=True), row(49), row(50)), NOW)
    assert ids(filled) == ["id47", "id49"]


@pytest.mark.parametrize(
    "wrong", [body(code=10_006), b"{}", body(row(49, side="?"), row(50)), body(row(49, price="x"), row(50))]
)
def test_a_body_that_is_none_raises(wrong: bytes) -> None:
    with pytest.raises((ProtocolError, msgspec.MsgspecError)):
        begun().answer(wrong, NOW)
