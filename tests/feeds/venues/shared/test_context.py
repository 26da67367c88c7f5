"""What context connections ask for, and what the answers mean: candles, accounts, takers, open interest of the past."""

from __future__ import annotations

import json
from decimal import Decimal
from itertools import pairwise
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import msgspec
import pytest

from feeds.model.errors import ProtocolError
from feeds.model.events import (
    Candle,
    Candles,
    Connected,
    Disconnected,
    Event,
    FundingHistory,
    LongShortRatio,
    OpenInterestHistory,
    TakerFlow,
)
from feeds.model.frame import Frame, FrameKind
from feeds.model.instrument import Instrument, MarketKind, Venue
from feeds.model.protocol import Fetch, VenueProtocol
from feeds.venues.registry import VENUES, protocol_for
from feeds.venues.shared.context import Span, context_spec, pages

MS, S, MINUTE = 1_000_000, 1_000_000_000, 60_000_000_000
NOW = 1_790_000_000 * S


def listed(venue: Venue, kind: MarketKind = MarketKind.LINEAR, symbol: str = "BTCUSDT", **changes: Any) -> Instrument:
    fields = {"base": "BTC", "quote": "USDT", "tick_size": Decimal("0.1")} | changes
    return Instrument(venue=venue, kind=kind, symbol=symbol, **fields)


class Line:
    """One context connection from OPEN on."""

    def __init__(self, *markets: Instrument, minutes: int = 720) -> None:
        (self.spec,) = context_spec(markets[0].kind, markets, minutes * 60)
        self.protocol: VenueProtocol = protocol_for(self.spec)
        self.opened = self.say(FrameKind.OPEN, b"", "")

    def say(self, kind: FrameKind, payload: bytes, tag: str) -> list[Event]:
        return list(self.protocol.receive(Frame(NOW, self.spec.name, kind, payload, tag)))

    def answer(self, tag: str, body: object) -> list[Event]:
        return self.say(FrameKind.HTTP, body if isinstance(body, bytes) else msgspec.json.encode(body), tag)

    def asked(self, within_s: float = 120.0) -> list[Fetch]:
        """Everything asked for, when every question is answered with nothing."""
        found: list[Fetch] = []
        for step in range(int(within_s * 4)):
            now_ns = NOW + step * S // 4
            self.protocol.tick(now_ns)
            requests, self.protocol.requests = self.protocol.requests, []
            for fetch in requests:
                assert isinstance(fetch, Fetch)
                found.append(fetch)
                self.protocol.receive(Frame(now_ns, self.spec.name, FrameKind.HTTP_FAILED, b"", fetch.tag))
        return found


def query(fetch: Fetch) -> dict[str, str]:
    return {name: values[0] for name, values in parse_qs(urlsplit(fetch.path).query).items()}


def rows(events: list[Event]) -> tuple[Candle, ...]:
    (event,) = events
    assert isinstance(event, Candles)
    assert event.bar_ns == MINUTE
    return event.rows


def test_pages_cover_the_time_newest_first() -> None:
    spans = list(pages(NOW + 30 * S, 12 * 3_600, 300))
    assert [(span.number, span.minutes) for span in spans] == [(0, 300), (1, 300), (2, 120)]
    assert spans[0].end_ms == (NOW // MINUTE + 1) * 60_000
    assert all(later.start_ms == earlier.end_ms for later, earlier in pairwise(spans))
    assert list(pages(NOW, 30, 300)) == [Span(0, spans[0].end_ms - 60_000, spans[0].end_ms)]
    assert list(pages(NOW, 0, 300)) == []


def test_nothing_is_planned_without_markets_or_a_wish() -> None:
    assert context_spec(MarketKind.SPOT, (), 60) == ()
    assert context_spec(MarketKind.SPOT, (listed(Venue("okx"), MarketKind.SPOT),), 0) == ()


def test_a_connection_begins_and_ends() -> None:
    line = Line(listed(Venue("bybit")))
    assert [type(event) for event in line.opened] == [Connected]
    assert line.spec.url == ""
    assert [type(event) for event in line.say(FrameKind.CLOSE, b"over", "")] == [Disconnected]


def test_what_failed_is_asked_three_times_and_what_changes_again() -> None:
    tags = [fetch.tag for fetch in Line(listed(Venue("bybit"))).asked()]
    assert tags.count("candles/BTCUSDT/0") == 3
    assert tags.count("accounts/BTCUSDT") == 1, "every five minutes"


@pytest.mark.parametrize(
    ("market", "tags"),
    [
        (listed(Venue("binance")), {"candles/BTCUSDT/0", "accounts/BTCUSDT", "paid/BTCUSDT"}),
        (listed(Venue("binance"), MarketKind.SPOT), {"candles/BTCUSDT/0"}),
        (listed(Venue("bybit"), MarketKind.SPOT), {"candles/BTCUSDT/0"}),
        (
            listed(Venue("okx"), symbol="BTC-USDT-SWAP"),
            {
                *(f"candles/BTC-USDT-SWAP/{page}" for page in range(3)),
                "interest/BTC-USDT-SWAP/5m",
                "interest/BTC-USDT-SWAP/1H",
                "accounts/BTC-USDT-SWAP",
                "takers/BTC-USDT-SWAP",
                "paid/BTC-USDT-SWAP",
            },
        ),
        (listed(Venue("hyperliquid"), symbol="BTC"), {"candles/BTC/0", *(f"paid/BTC/{page}" for page in range(3))}),
        (
            listed(Venue("deribit"), MarketKind.INVERSE, "BTC-PERPETUAL"),
            {"candles/BTC-PERPETUAL/0", "paid/BTC-PERPETUAL/0", "paid/BTC-PERPETUAL/1"},
        ),
    ],
    ids=lambda value: f"{value.venue}-{value.kind.value}" if isinstance(value, Instrument) else "",
)
def test_each_venue_is_asked_for_what_it_has(market: Instrument, tags: set[str]) -> None:
    assert {fetch.tag for fetch in Line(market).asked()} == tags


def test_the_questions_name_market_and_time() -> None:
    end_ms = (NOW // MINUTE + 1) * 60_000
    inverse = listed(Venue("binance"), MarketKind.INVERSE, "BTCUSD_PERP")
    asked = {fetch.tag: fetch for fetch in Line(inverse).asked()}
    assert asked["candles/BTCUSD_PERP/0"].weight == 5
    assert asked["candles/BTCUSD_PERP/0"].path.startswith("/dapi/v1/klines?symbol=BTCUSD_PERP&interval=1m")
    assert query(asked["accounts/BTCUSD_PERP"])["pair"] == "BTCUSD"
    okx = {fetch.tag: fetch for fetch in Line(listed(Venue("okx"), symbol="BTC-USDT-SWAP")).asked()}
    newest, oldest = okx["candles/BTC-USDT-SWAP/0"], okx["candles/BTC-USDT-SWAP/2"]
    assert (urlsplit(newest.path).path, query(newest)["after"]) == ("/api/v5/market/candles", str(end_ms))
    assert urlsplit(oldest.path).path == "/api/v5/market/history-candles"
    assert (query(oldest)["after"], query(oldest)["limit"]) == (str(end_ms - 600 * 60_000), "120")
    fetch = next(
        fetch for fetch in Line(listed(Venue("hyperliquid"), symbol="kPEPE")).asked() if "candles" in fetch.tag
    )
    request = msgspec.json.decode(fetch.body)["req"]
    assert (request["coin"], request["endTime"], fetch.weight) == ("kPEPE", end_ms - 1, 32)


def recorded(data: Path, route: str) -> list[list[Any]]:
    routes = json.loads((data / "rest" / "binance-routes.json").read_bytes())["routes"]
    found: list[list[Any]] = next(part["data"] for part in routes[route]["GET"] if isinstance(part["data"], list))
    return found


def test_binance_candles_as_recorded(data: Path) -> None:
    told = recorded(data, "/fapi/v1/klines")
    first = rows(Line(listed(Venue("binance"))).answer("candles/BTCUSDT/0", told))[0]
    assert first == Candle(1602669900000 * MS, 50.49, 50.52, 50.31, 50.33, 3811.648, 192171.59398, 956.116)
    thousand = listed(Venue("binance"), symbol="1000PEPEUSDT", multiplier=1000)
    scaled = rows(Line(thousand).answer("candles/1000PEPEUSDT/0", told))[0]
    assert (scaled.high, scaled.volume, scaled.buy_volume) == (50.52 / 1000, 3811.648 * 1000, 956.116 * 1000)
    inverse = listed(Venue("binance"), MarketKind.INVERSE, "BTCUSD_PERP", contract_size=Decimal(100))
    coin = rows(Line(inverse).answer("candles/BTCUSD_PERP/0", recorded(data, "/dapi/v1/klines")))[0]
    assert (coin.volume, coin.turnover, coin.buy_volume) == (12496.62852978, 206_795_900.0, 6613.94163914)


def test_bybit_candles() -> None:
    told = [["1670608860000", "17055.5", "17060", "17050", "17051", "5", "0.0003"],
            ["1670608800000", "17071", "17073", "17027", "17055.5", "268611", "15.74462667"]]  # fmt: skip
    body = {"retCode": 0, "retMsg": "OK", "result": {"category": "inverse", "list": told}, "time": 1}
    inverse = rows(Line(listed(Venue("bybit"), MarketKind.INVERSE)).answer("candles/BTCUSDT/0", body))
    assert [row.start_ns // MS for row in inverse] == [1670608800000, 1670608860000], "oldest first"
    assert inverse[0][1:] == (17071.0, 17073.0, 17027.0, 17055.5, 15.74462667, 268611.0, None)
    linear = rows(Line(listed(Venue("bybit"))).answer("candles/BTCUSDT/0", body))
    assert (linear[0].volume, linear[0].turnover) == (268611.0, 15.74462667)


def test_okx_candles_count_coins() -> None:
    told = [["1597026383085", "3.721", "3.743", "3.677", "3.708", "8422410", "22698348.04", "12698348.04", "1"]]
    body = {"code": "0", "msg": "", "data": told}
    swap, spot = listed(Venue("okx"), symbol="X"), listed(Venue("okx"), MarketKind.SPOT, "X")
    assert rows(Line(swap).answer("candles/X/0", body))[0][1:] == (
        3.721, 3.743, 3.677, 3.708, 22698348.04, 12698348.04, None,
    )  # fmt: skip
    assert rows(Line(spot).answer("candles/X/0", body))[0].volume == 8422410.0


def test_hyperliquid_and_deribit_candles() -> None:
    row = {"t": 1681923600000, "T": 1681923659999, "s": "BTC", "i": "1m", "o": "29295.0", "c": "29258.0"}
    row |= {"h": "29309.0", "l": "29250.0", "v": "0.98639", "n": 189}
    (told,) = rows(Line(listed(Venue("hyperliquid"), symbol="BTC")).answer("candles/BTC/0", [row]))
    assert told[1:] == (29295.0, 29309.0, 29250.0, 29258.0, 0.98639, None, None)
    chart = {"volume": [19.007942601, 0.0], "ticks": [1554373800000, 1554373860000], "status": "ok"}
    chart |= {"open": [4963.42, 0.0], "low": [4728.94, 0.0], "high": [5185.45, 0.0], "cost": [19940.0, 0.0]}
    line = Line(listed(Venue("deribit"), MarketKind.INVERSE, "BTC-PERPETUAL"))
    (told,) = rows(line.answer("candles/BTC-PERPETUAL/0", {"result": chart | {"close": [5052.95, 0.0]}}))
    assert told[1:] == (4963.42, 5185.45, 4728.94, 5052.95, 19.007942601, 19940.0, None), "no price, no candle"


def test_accounts_as_each_venue_words_them() -> None:
    binance = [{"symbol": "BTCUSDT", "longShortRatio": "1.9604", "longAccount": "0.6622", "timestamp": 1583139600000}]
    (event,) = Line(market := listed(Venue("binance"))).answer("accounts/BTCUSDT", binance)
    assert event == LongShortRatio(market, 1583139600000 * MS, NOW, 1.9604, 0.6622)
    told = {"symbol": "BTCUSDT", "buyRatio": "0.6", "sellRatio": "0.4", "timestamp": "1672051897447"}
    (event,) = Line(listed(Venue("bybit"))).answer("accounts/BTCUSDT", {"retCode": 0, "result": {"list": [told]}})
    assert isinstance(event, LongShortRatio)
    assert (event.ratio, event.long_share) == (pytest.approx(1.5), 0.6)
    okx = {"code": "0", "data": [["1630502400000", "1.5"]]}
    (event,) = Line(listed(Venue("okx"), symbol="X")).answer("accounts/X", okx)
    assert isinstance(event, LongShortRatio)
    assert (event.ratio, event.long_share) == (1.5, 0.6)


def test_okx_takers_of_the_last_period_that_is_over_and_interest_of_the_past() -> None:
    line, now_ms = Line(listed(Venue("okx"), symbol="X")), NOW // MS
    told = [[str(now_ms - 60_000), "9", "9"], [str(now_ms - 360_000), "40", "60"], [str(now_ms - 660_000), "1", "1"]]
    (event,) = line.answer("takers/X", {"code": "0", "data": told})
    assert isinstance(event, TakerFlow)
    assert (event.ts_venue_ns, event.volume, event.taker_buy) == (NOW - MINUTE, 100.0, 60.0)
    past = [["1701417900000", "2", "222", "9"], ["1701417600000", "1", "111", "8"]]
    (event,) = line.answer("interest/X/5m", {"code": "0", "data": past})
    assert isinstance(event, OpenInterestHistory)
    assert event.rows == ((1701417600000 * MS, 111.0), (1701417900000 * MS, 222.0))


@pytest.mark.parametrize("off_s", [0, 60, -60, 600, -600, 37])
def test_okx_takers_do_not_depend_on_our_clock(off_s: int) -> None:
    line, now_ms = Line(listed(Venue("okx"), symbol="X")), (NOW - off_s * S) // MS
    bar = [str(now_ms - now_ms % 60_000), "1", "1", "1", "1", "1", "1", "1", "1"]
    line.answer("candles/X/0", {"code": "0", "data": [bar]})
    taken = [[str(now_ms - 120_000), "9", "9"], [str(now_ms - 420_000), "40", "60"], [str(now_ms - 720_000), "1", "1"]]
    (event,) = line.answer("takers/X", {"code": "0", "data": taken})
    assert isinstance(event, TakerFlow)
    assert (event.volume, event.taker_buy) == (100.0, 60.0)


@pytest.mark.parametrize("venue", VENUES)
@pytest.mark.parametrize("body", [b"", b"\xff", b"[" * 10_000, b"{}", b'{"retCode":10006,"code":"50011","msg":"slow"}'])
def test_bodies_that_are_none_are_refused(venue: Venue, body: bytes) -> None:
    line = Line(listed(venue))
    with pytest.raises(ProtocolError):
        line.answer("candles/BTCUSDT/0", body)
    assert line.answer("candles/ETHUSDT/0", body) == [], "not asked for"


def test_empty_answers_say_nothing() -> None:
    assert Line(listed(Venue("binance"))).answer("candles/BTCUSDT/0", []) == []
    assert Line(listed(Venue("okx"))).answer("interest/BTCUSDT/5m", {"code": "0", "data": []}) == []
    assert Line(listed(Venue("okx"))).answer("takers/BTCUSDT", {"code": "0", "data": []}) == []


def paid(events: list[Event]) -> tuple[tuple[int, float], ...]:
    (event,) = events
    assert isinstance(event, FundingHistory)
    return event.rows


def test_funding_that_was_paid_at_binance_as_recorded(data: Path) -> None:
    for market, route in (
        (listed(Venue("binance")), "/fapi/v1/fundingRate"),
        (listed(Venue("binance"), MarketKind.INVERSE, "BTCUSD_PERP"), "/dapi/v1/fundingRate"),
    ):
        told: list[Any] = recorded(data, route)
        found = paid(Line(market).answer(f"paid/{market.symbol}", told))
        assert found == tuple((row["fundingTime"] * MS, float(row["fundingRate"])) for row in told)  # type: ignore[call-overload]


def test_funding_that_was_paid_at_hyperliquid_and_deribit_as_recorded(data: Path) -> None:
    body = (data / "rest" / "hyperliquid" / "fundingHistory.json").read_bytes()
    found = paid(Line(listed(Venue("hyperliquid"), symbol="BTC")).answer("paid/BTC/0", body))
    assert (len(found), found[0]) == (168, (1788109200018 * MS, 0.0000125))
    told = msgspec.json.decode((data / "rest" / "deribit" / "funding_rate_history.json").read_bytes())
    line = Line(listed(Venue("deribit"), MarketKind.INVERSE, "BTC-PERPETUAL"))
    found = paid(line.answer("paid/BTC-PERPETUAL/1", {"jsonrpc": "2.0", "result": told}))
    assert (len(found), found[0]) == (24, (1789855200000 * MS, 0.00020037536421028146)), "on the basis of eight hours"


def test_funding_that_was_paid_at_bybit_and_okx_oldest_first() -> None:
    told = [{"symbol": "BTCUSDT", "fundingRate": rate, "fundingRateTimestamp": ts_ms}
            for rate, ts_ms in (("0.0001", "1672070400000"), ("-0.0002", "1672041600000"))]  # fmt: skip
    body = {"retCode": 0, "retMsg": "OK", "result": {"category": "linear", "list": told}}
    expected = ((1672041600000 * MS, -0.0002), (1672070400000 * MS, 0.0001))
    assert paid(Line(listed(Venue("bybit"))).answer("paid/BTCUSDT", body)) == expected
    data = [{"instId": "X", "fundingRate": "0.0003", "realizedRate": row["fundingRate"],
             "fundingTime": row["fundingRateTimestamp"]} for row in told]  # fmt: skip
    assert paid(Line(listed(Venue("okx"), symbol="X")).answer("paid/X", {"code": "0", "data": data})) == expected


def test_pages_of_paid_funding_join_without_overlap() -> None:
    asked = [
        fetch for fetch in Line(listed(Venue("hyperliquid"), symbol="BTC")).asked() if fetch.tag.startswith("paid")
    ]
    spans = sorted({(body["startTime"], body["endTime"]) for body in (msgspec.json.decode(one.body) for one in asked)})
    assert all(later[0] == earlier[1] + 1 for earlier, later in pairwise(spans))
    assert all(end - start < 500 * 3_600_000 for start, end in spans), "the venue gives 500 rows at most"
    assert spans[-1][1] == (NOW // MINUTE + 1) * 60_000 - 1


@pytest.mark.parametrize(
    "body", [b"", b"{}", b'[{"fundingTime":1,"fundingRate":"nan"}]', b'{"code":"50011","msg":"slow"}']
)
@pytest.mark.parametrize("venue", [Venue("binance"), Venue("okx")])
def test_paid_funding_that_is_no_number_is_refused(venue: Venue, body: bytes) -> None:
    with pytest.raises(ProtocolError):
        Line(listed(venue)).answer("paid/BTCUSDT", body)
