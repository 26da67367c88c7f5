"""Which OKX instruments there are, which are chosen, and the sockets for them."""

from __future__ import annotations

import json
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from feeds.model.errors import ProtocolError
from feeds.model.instrument import Instrument, MarketKind
from feeds.venues.driver import Endpoints, loopback
from feeds.venues.okx import DRIVER, connections
from feeds.venues.okx.instruments import instruments_from_list
from tests.feeds.venues.okx.wire import listed

LINEAR, INVERSE, SPOT = MarketKind.LINEAR, MarketKind.INVERSE, MarketKind.SPOT
HOST = Endpoints("wss://host", "https://host")
ROW = {
    "instType": "SWAP", "instId": "PEPE-USDT-SWAP", "uly": "PEPE-USDT", "ctType": "linear", "ctVal": "10000000",
    "ctMult": "1", "settleCcy": "USDT", "baseCcy": "", "quoteCcy": "", "tickSz": "0.000000001", "lotSz": "0.1",
    "state": "live", "instCategory": "1",
}  # fmt: skip


def body(*rows: dict[str, Any], code: str = "0") -> bytes:
    return json.dumps({"code": code, "data": rows, "msg": ""}).encode()


def only(data: Path, name: str, kind: MarketKind) -> Instrument:
    (market,) = instruments_from_list((data / "frames" / "okx" / name).read_bytes(), kind)
    return market


def test_recorded_instruments(data: Path) -> None:
    linear = only(data, "instruments_btc_usdt_swap.json", LINEAR)
    assert (linear.symbol, linear.base, linear.quote, linear.settle) == ("BTC-USDT-SWAP", "BTC", "USDT", "USDT")
    assert (linear.tick_size, linear.contract_size) == (Decimal("0.1"), Decimal("0.01"))
    assert linear.lot_size == Decimal("0.0001")
    inverse = only(data, "instruments_btc_usd_swap.json", INVERSE)
    assert (inverse.base, inverse.quote, inverse.settle) == ("BTC", "USD", "BTC")
    assert (inverse.tick_size, inverse.contract_size) == (Decimal("0.1"), Decimal(100))
    assert inverse.lot_size == Decimal("0.1")
    spot = only(data, "instruments_btc_usdt_spot_demo.json", SPOT)
    assert (spot.symbol, spot.base, spot.quote, spot.contract_size) == ("BTC-USDT", "BTC", "USDT", Decimal(1))
    assert instruments_from_list((data / "frames" / "okx" / "instruments_btc_usd_swap.json").read_bytes(), LINEAR) == ()


def test_cheap_coins_are_listed_by_the_coin() -> None:
    (pepe,) = instruments_from_list(body(ROW), LINEAR)
    assert (pepe.base, pepe.multiplier, pepe.contract_size) == ("PEPE", 1, Decimal(10_000_000))
    assert pepe.lot_size == Decimal(1_000_000)


def test_stocks_are_no_coins() -> None:
    (stock,) = instruments_from_list(body(ROW | {"uly": "TSLA-USDT", "instCategory": "3"}), LINEAR)
    assert stock.base == "tradfi:TSLA"


@pytest.mark.parametrize(
    "row",
    [
        ROW | {"state": "suspend"},
        ROW | {"instType": "FUTURES"},
        ROW | {"ctType": "quanto"},
        ROW | {"ctVal": ""},
        ROW | {"tickSz": "0"},
        ROW | {"lotSz": "NaN"},
    ],
)
def test_rows_that_cannot_be_read_hide_nobody_else(row: dict[str, Any]) -> None:
    assert [market.symbol for market in instruments_from_list(body(row, ROW), LINEAR)] == ["PEPE-USDT-SWAP"]


@pytest.mark.parametrize("raw", [b"", b"{}", b"\xff", b'{"data":[{}]}', body(code="50011")])
def test_bodies_that_are_no_list_raise(raw: bytes) -> None:
    with pytest.raises(ProtocolError):
        instruments_from_list(raw, LINEAR)


def test_the_main_market_of_each_base_is_chosen() -> None:
    markets = [listed(name, "0.1") for name in ("BTC-USDC-SWAP", "BTC-USDT-SWAP", "ETH-USDT-SWAP", "DOGE-USDT-SWAP")]
    markets.append(listed("BTC-USD-SWAP", "0.1", "100", INVERSE))
    markets.append(listed("BTC-USDC", "0.1", kind=SPOT))
    chosen = DRIVER.choose(markets, ["BTC", "ETH"])
    assert [market.symbol for market in chosen] == ["BTC-USDT-SWAP", "ETH-USDT-SWAP", "BTC-USD-SWAP"]


def test_fewer_than_30_depth_channels_a_connection() -> None:
    markets = tuple(listed(f"C{number}-USDT-SWAP", "0.1") for number in range(50))
    specs = connections(markets, HOST)
    assert len({spec.name for spec in specs}) == len(specs) == 4
    assert [market for spec in specs for market in spec.markets] == list(markets)
    for spec in specs:
        assert sum(stream.startswith(("books:", "bbo-tbt:")) for stream in spec.streams) < 30
        assert {"liquidation-orders:SWAP", "instruments:SWAP"} < set(spec.streams)
        assert spec.url == "wss://host/ws/v5/public"


def test_spot_has_no_derivative_channels() -> None:
    (spec,) = connections((listed("BTC-USDT", "0.1", kind=SPOT),), HOST)
    assert spec.streams == ("trades:BTC-USDT", "books:BTC-USDT", "bbo-tbt:BTC-USDT", "instruments:SPOT")
    assert DRIVER.plan(()) == ()


def test_the_driver_has_all_three_kinds_below_the_loopback() -> None:
    endpoints = loopback(DRIVER, 8080).endpoints
    assert endpoints[INVERSE] == Endpoints("ws://127.0.0.1:8080/okx/inverse", "http://127.0.0.1:8080/okx/inverse")
    assert set(endpoints) == {LINEAR, INVERSE, SPOT}
    assert DRIVER.listing(INVERSE)[0].path == "/api/v5/public/instruments?instType=SWAP"
