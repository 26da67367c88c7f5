"""Bybit's instruments, sockets and addresses (README: Endpoints, Instruments)."""

from __future__ import annotations

import json
from decimal import Decimal

import pytest

from feeds.model.errors import ProtocolError
from feeds.model.events import Trade, TradesLive
from feeds.model.frame import Frame, FrameKind, open_frame, spec_from_frame
from feeds.model.instrument import MarketKind, Venue
from feeds.venues.bybit import DRIVER
from feeds.venues.bybit.instruments import instruments_from_info
from feeds.venues.driver import Endpoints, loopback
from tests.feeds.venues.bybit.wire import T0, Line, market, trades

BTC = market("BTCUSDT")


def listed(symbol: str, base: str, **other: object) -> dict[str, object]:
    row = {
        "symbol": symbol, "contractType": "LinearPerpetual", "status": "Trading", "baseCoin": base,
        "quoteCoin": "USDT", "settleCoin": "USDT", "priceFilter": {"tickSize": "0.000100"},
        "lotSizeFilter": {"qtyStep": "100"}, "symbolType": "",
    }  # fmt: skip
    return row | other


def page(*rows: dict[str, object], cursor: str = "") -> bytes:
    result = {"category": "linear", "list": list(rows), "nextPageCursor": cursor}
    return json.dumps({"retCode": 0, "retMsg": "OK", "result": result, "time": 1}).encode()


@pytest.mark.parametrize(
    ("asset", "base", "multiplier"),
    [
        ("1000PEPE", "PEPE", 1_000),
        ("SHIB1000", "SHIB", 1_000),
        ("10000SATS", "SATS", 10_000),
        ("1000000MOG", "MOG", 1_000_000),
        ("1INCH", "1INCH", 1),
        ("0G", "0G", 1),
        ("4", "4", 1),
        ("BTC", "BTC", 1),
    ],
)
def test_multiples_are_taken_off_the_base(asset: str, base: str, multiplier: int) -> None:
    (found,) = instruments_from_info(MarketKind.LINEAR, [page(listed(asset + "USDT", asset))])
    assert (found.base, found.multiplier) == (base, multiplier)
    assert found.tick_size == Decimal("0.0001") / multiplier
    assert found.lot_size == 100 * multiplier


def test_pages_are_joined_and_only_trading_perpetuals_stay(caplog: pytest.LogCaptureFixture) -> None:
    first = page(listed("AUSDT", "A"), listed("BUSDT", "B", status="PreLaunch"), cursor="more")
    dated = listed("BTC-26DEC25", "BTC", contractType="LinearFutures")
    second = page(dated, listed("TSLAUSDT", "TSLA", symbolType="stock"))
    found = instruments_from_info(MarketKind.LINEAR, [first, second])
    assert [(one.symbol, one.base) for one in found] == [("AUSDT", "A"), ("TSLAUSDT", "tradfi:TSLA")]
    assert not caplog.records
    instruments_from_info(MarketKind.LINEAR, [first])
    assert [record.levelname for record in caplog.records] == ["WARNING"]


@pytest.mark.parametrize("body", [b"", b"[]", b"\xff", b'{"retCode":0,"result":{}}', b'{"retCode":10006,"retMsg":"x"}'])
def test_what_is_no_list_is_refused(body: bytes) -> None:
    with pytest.raises(ProtocolError):
        instruments_from_info(MarketKind.LINEAR, [body])


def test_the_plan_gives_linear_two_sockets_and_the_others_one() -> None:
    at = Endpoints("wss://h", "https://h")
    linear = DRIVER.connections((BTC, market("ETHUSDT")), at)
    assert [(spec.name, spec.url, spec.streams) for spec in linear] == [
        ("bybit.linear.book", "wss://h/v5/public/linear", ("orderbook.200.BTCUSDT", "orderbook.200.ETHUSDT")),
        (
            "bybit.linear.flow",
            "wss://h/v5/public/linear",
            (
                "publicTrade.BTCUSDT", "publicTrade.ETHUSDT", "tickers.BTCUSDT", "tickers.ETHUSDT",
                "allLiquidation.BTCUSDT", "allLiquidation.ETHUSDT",
            ),
        ),
    ]  # fmt: skip
    (spot,) = DRIVER.connections((market("BTCUSDT", "spot"),), at)
    assert spot.streams == ("orderbook.200.BTCUSDT", "publicTrade.BTCUSDT")
    (inverse,) = DRIVER.connections((market("BTCUSD", "inverse"),), at)
    assert len(inverse.streams) == 4
    assert DRIVER.plan(()) == ()


def test_the_plan_chooses_the_main_quote_and_knows_the_loopback() -> None:
    usdc = instruments_from_info(MarketKind.LINEAR, [page(listed("BTCPERP", "BTC", quoteCoin="USDC"))])
    assert DRIVER.choose([*usdc, BTC, market("ETHUSDT")], ["BTC"]) == (BTC,)
    here = loopback(DRIVER, 5)
    assert here.endpoints[MarketKind.SPOT] == Endpoints("ws://127.0.0.1:5/bybit/spot", "http://127.0.0.1:5/bybit/spot")
    (fetch,) = DRIVER.listing(MarketKind.INVERSE)
    assert fetch.path == "/v5/market/instruments-info?category=inverse&status=Trading&limit=1000"


def test_a_connection_without_markets_learns_them_from_a_recorded_list() -> None:
    line = Line()
    frame = Frame(T0, line.spec.name, FrameKind.HTTP, page(listed("AUSDT", "A")), "instruments")
    assert line.text(trades({}, symbol="AUSDT")) == []
    assert list(line.protocol.receive(frame)) == []
    assert [type(event) for event in line.text(trades({}, symbol="AUSDT"))] == [TradesLive, Trade]


def test_a_spec_survives_its_open_frame() -> None:
    (spec,) = DRIVER.connections((market("BTCUSDT", "spot"),), DRIVER.endpoints[MarketKind.SPOT])
    assert spec_from_frame(open_frame(spec, T0)) == spec
    assert spec.venue == Venue("bybit")
