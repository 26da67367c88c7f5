"""Binance's exchangeInfo becomes instruments with the right units; plans name the right sockets."""

from __future__ import annotations

import json
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from feeds.model.errors import ProtocolError
from feeds.model.instrument import Instrument, MarketKind, Venue
from feeds.venues.binance.instruments import instruments_from_exchange_info
from feeds.venues.driver import loopback
from feeds.venues.registry import DRIVERS

PATHS = {
    MarketKind.LINEAR: "/fapi/v1/exchangeInfo",
    MarketKind.INVERSE: "/dapi/v1/exchangeInfo",
    MarketKind.SPOT: "/api/v3/exchangeInfo",
}
DRIVER = DRIVERS[Venue("binance")]
Recorded = dict[MarketKind, dict[str, Any]]


@pytest.fixture(scope="module")
def recorded(data: Path) -> Recorded:
    routes = json.loads((data / "rest" / "binance-routes.json").read_bytes())["routes"]
    return {kind: routes[path]["GET"][0]["data"] for kind, path in PATHS.items()}


def listed(body: Any, kind: MarketKind) -> dict[str, Instrument]:
    return {found.symbol: found for found in instruments_from_exchange_info(json.dumps(body).encode(), kind)}


@pytest.mark.parametrize(("kind", "count"), [(MarketKind.LINEAR, 25), (MarketKind.INVERSE, 24), (MarketKind.SPOT, 12)])
def test_what_trades_is_listed_with_the_units_of_its_filters(recorded: Recorded, kind: MarketKind, count: int) -> None:
    found = listed(recorded[kind], kind)
    assert len(found) == count
    for row in recorded[kind]["symbols"]:
        if (row.get("status") or row.get("contractStatus")) != "TRADING":
            assert row["symbol"] not in found
            continue
        instrument, filters = found[row["symbol"]], {rule["filterType"]: rule for rule in row["filters"]}
        per_coin = Decimal(instrument.multiplier)
        assert instrument.tick_size * per_coin == Decimal(filters["PRICE_FILTER"]["tickSize"])
        assert instrument.lot_size / per_coin == Decimal(filters["LOT_SIZE"]["stepSize"])
        assert instrument.contract_size == Decimal(row.get("contractSize", 1))
        assert (instrument.quote, instrument.settle) == (row["quoteAsset"], row.get("marginAsset", ""))
        assert instrument.kind is kind


@pytest.mark.parametrize(
    ("kind", "symbol", "base", "tick", "lot", "contract"),
    [
        (MarketKind.LINEAR, "BTCUSDT", "BTC", "0.1", "0.001", "1"),
        (MarketKind.INVERSE, "BTCUSD_PERP", "BTC", "0.1", "1", "100"),
        (MarketKind.INVERSE, "ETHUSD_PERP", "ETH", "0.01", "1", "10"),
        (MarketKind.SPOT, "BTCUSDT", "BTC", "0.01", "0.00001", "1"),
    ],
)
def test_well_known_markets(
    recorded: Recorded,
    kind: MarketKind,
    symbol: str,
    base: str,
    tick: str,
    lot: str,
    contract: str,
) -> None:
    found = listed(recorded[kind], kind)[symbol]
    assert (found.base, found.tick_size, found.lot_size, found.contract_size) == (
        base,
        Decimal(tick),
        Decimal(lot),
        Decimal(contract),
    )


def row(**fields: Any) -> dict[str, Any]:
    filters = [
        {"filterType": "PRICE_FILTER", "tickSize": "0.0000001"},
        {"filterType": "LOT_SIZE", "stepSize": "1"},
    ]
    known = {"symbol": "1000PEPEUSDT", "baseAsset": "1000PEPE", "quoteAsset": "USDT", "marginAsset": "USDT"}
    return known | {"contractType": "PERPETUAL", "status": "TRADING", "filters": filters} | fields


@pytest.mark.parametrize(
    ("asset", "base", "multiplier"),
    [
        ("1000PEPE", "PEPE", 1_000),
        ("1MBABYDOGE", "BABYDOGE", 1_000_000),
        ("1000000MOG", "MOG", 1_000_000),
        ("1INCH", "1INCH", 1),
        ("0G", "0G", 1),
        ("\u5e01\u5b89\u4eba\u751f", "\u5e01\u5b89\u4eba\u751f", 1),
    ],
)
def test_multiplied_assets_are_counted_in_single_coins(asset: str, base: str, multiplier: int) -> None:
    (found,) = listed({"symbols": [row(symbol=f"{asset}USDT", baseAsset=asset)]}, MarketKind.LINEAR).values()
    assert (found.base, found.multiplier) == (base, multiplier)
    assert (found.tick_size, found.lot_size) == (Decimal("0.0000001") / multiplier, Decimal(multiplier))


def test_shares_are_no_coins() -> None:
    share = row(symbol="TSLAUSDT", baseAsset="TSLA", contractType="TRADIFI_PERPETUAL")
    (found,) = listed({"symbols": [share]}, MarketKind.LINEAR).values()
    assert found.base == "tradfi:TSLA"


@pytest.mark.parametrize(
    "fields",
    [
        {"contractType": "CURRENT_QUARTER"},
        {"contractType": ""},
        {"status": "SETTLING"},
        {"status": ""},
        {"filters": []},
        {"filters": [{"filterType": "PRICE_FILTER", "tickSize": "0"}]},
    ],
    ids=str,
)
def test_what_cannot_be_traded_or_counted_is_left_out(fields: dict[str, Any]) -> None:
    assert listed({"symbols": [row(**fields)]}, MarketKind.LINEAR) == {}


@pytest.mark.parametrize(
    "body",
    [b"", b"null", b"{}", b'{"code":-1003,"msg":"Too many requests"}', b'{"symbols":[{}]}', b"[" * 100_000, b"\xff"],
    ids=lambda body: repr(body[:40]),
)
@pytest.mark.parametrize("kind", MarketKind)
def test_a_body_that_is_no_list_of_instruments_is_refused(body: bytes, kind: MarketKind) -> None:
    with pytest.raises(ProtocolError):
        instruments_from_exchange_info(body, kind)


@pytest.mark.parametrize(
    "fields",
    [
        {"contractSize": "0"},
        {"contractSize": "NaN"},
        *({"filters": [{"filterType": "PRICE_FILTER", "tickSize": tick}]} for tick in ("NaN", "1e999999", "-1")),
    ],
    ids=str,
)
def test_an_impossible_row_does_not_hide_the_others(fields: dict[str, Any]) -> None:
    rows = [row(symbol="ODDUSDT", **fields), row()]
    assert list(listed({"symbols": rows}, MarketKind.INVERSE)) == ["1000PEPEUSDT"]


def test_the_main_market_of_each_base_is_chosen(recorded: Recorded) -> None:
    for kind, symbols in ((MarketKind.LINEAR, ["BTCUSDT", "ETHUSDT"]), (MarketKind.INVERSE, ["BTCUSD_PERP"])):
        bases = [symbol[:3] for symbol in symbols]
        found = DRIVER.choose(listed(recorded[kind], kind).values(), bases)
        assert [market.symbol for market in found] == symbols


def test_usd_margined_sockets_are_routed_and_the_others_are_not(recorded: Recorded) -> None:
    urls: dict[MarketKind, list[str]] = {}
    for kind, endpoints in DRIVER.endpoints.items():
        chosen = DRIVER.choose(listed(recorded[kind], kind).values(), ["BTC"])
        specs = DRIVER.connections(chosen, endpoints)
        urls[kind] = [spec.url for spec in specs]
        assert len({spec.name for spec in specs}) == len(specs)
        for spec in specs:
            assert spec.markets == chosen
            assert spec.url.endswith("?streams=" + "/".join(spec.streams))
    public, market = urls[MarketKind.LINEAR]
    assert public == "wss://fstream.binance.com/public/stream?streams=btcusdt@depth@100ms/btcusdt@bookTicker"
    assert market.startswith("wss://fstream.binance.com/market/stream?streams=btcusdt@aggTrade/btcusdt@markPrice@1s/")
    assert urls[MarketKind.INVERSE][0].startswith("wss://dstream.binance.com/stream?streams=btcusd_perp@")
    assert urls[MarketKind.SPOT] == [
        "wss://stream.binance.com:9443/stream?streams=btcusdt@depth@100ms/btcusdt@bookTicker/btcusdt@aggTrade"
    ]


def test_no_markets_need_no_sockets() -> None:
    for kind in DRIVER.endpoints:
        assert DRIVER.plan(()) == ()
        assert [request.path for request in DRIVER.listing(kind)] == [PATHS[kind]]


def test_the_loopback_driver_differs_in_its_addresses_only() -> None:
    local = loopback(DRIVER, 4711)
    assert local.endpoints[MarketKind.SPOT].websocket == "ws://127.0.0.1:4711/binance/spot"
    assert local.endpoints[MarketKind.SPOT].rest == "http://127.0.0.1:4711/binance/spot"
    assert (local.protocol, local.connections) == (DRIVER.protocol, DRIVER.connections)
