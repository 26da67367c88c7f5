"""The canonical symbol rule: every listed name of every venue maps to a coin and how many of them one unit is."""

from __future__ import annotations

import io
import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import zstandard

from feeds.model.instrument import Venue
from feeds.pipeline.symbols import base_and_multiplier, tradfi_base
from feeds.venues.registry import VENUES, profile_of

BINANCE, BYBIT, OKX, HYPERLIQUID, DERIBIT = VENUES

TABLE = [
    (BINANCE, "1000PEPE", "PEPE", 1_000), (BYBIT, "1000PEPE", "PEPE", 1_000), (OKX, "PEPE", "PEPE", 1),
    (HYPERLIQUID, "kPEPE", "PEPE", 1_000), (DERIBIT, "1000PEPE", "PEPE", 1_000),
    (BINANCE, "1000SHIB", "SHIB", 1_000), (BYBIT, "SHIB1000", "SHIB", 1_000), (OKX, "SHIB", "SHIB", 1),
    (HYPERLIQUID, "kSHIB", "SHIB", 1_000), (DERIBIT, "1000SHIB", "SHIB", 1_000),
    (BINANCE, "1000BONK", "BONK", 1_000), (BYBIT, "1000BONK", "BONK", 1_000), (OKX, "BONK", "BONK", 1),
    (HYPERLIQUID, "kBONK", "BONK", 1_000), (DERIBIT, "1000BONK", "BONK", 1_000),
    (BINANCE, "1000SATS", "SATS", 1_000), (BYBIT, "10000SATS", "SATS", 10_000), (OKX, "SATS", "SATS", 1),
    (BINANCE, "1000000MOG", "MOG", 1_000_000), (BYBIT, "1000000MOG", "MOG", 1_000_000), (OKX, "MOG", "MOG", 1),
    (DERIBIT, "1000MOG", "MOG", 1_000),
    (BINANCE, "1MBABYDOGE", "BABYDOGE", 1_000_000), (BYBIT, "1000000BABYDOGE", "BABYDOGE", 1_000_000),
    (OKX, "BABYDOGE", "BABYDOGE", 1),
    (BINANCE, "1000CAT", "CAT", 1_000), (BINANCE, "1000CHEEMS", "CHEEMS", 1_000), (BINANCE, "1000X", "X", 1_000),
    (BYBIT, "1000NEIROCTO", "NEIRO", 1_000), (HYPERLIQUID, "kNEIRO", "NEIRO", 1_000),
]  # fmt: skip


def base_of(asset: str, venue: Venue | None) -> tuple[str, int]:
    return base_and_multiplier(asset) if venue is None else base_and_multiplier(asset, profile_of(venue).symbols)


@pytest.mark.parametrize(("venue", "asset", "base", "multiplier"), TABLE)
def test_the_table_of_multipliers(venue: Venue, asset: str, base: str, multiplier: int) -> None:
    assert base_of(asset, venue) == (base, multiplier)


@pytest.mark.parametrize("venue", [None, BINANCE, BYBIT, OKX, DERIBIT])
@pytest.mark.parametrize("zeros", range(3, 13))
def test_any_power_of_ten_from_a_thousand_on_is_a_multiplier(venue: Venue | None, zeros: int) -> None:
    for coin in ("AIDOGE", "MOG", "M87", "X"):
        assert base_of(f"{10**zeros}{coin}", venue) == (coin, 10**zeros)
    assert base_of("10000000AIDOGE", venue) == ("AIDOGE", 10_000_000)
    assert base_of("10MBABYDOGE", venue) == ("BABYDOGE", 10_000_000)


@pytest.mark.parametrize("venue", [None, *VENUES])
@pytest.mark.parametrize(
    "asset",
    ["BTC", "1INCH", "0G", "2Z", "4", "A", "1M", "1000", "C98", "API3", "USD1", "KAS", "KAITO", "1INCHUP", "LUNA2", ""],
)
def test_names_that_only_look_multiplied_stay_whole(venue: Venue | None, asset: str) -> None:
    assert base_of(asset, venue) == (asset, 1)


def test_spellings_belong_to_their_venue() -> None:
    assert base_and_multiplier("kPEPE", profile_of(OKX).symbols) == ("kPEPE", 1)
    assert base_and_multiplier("SHIB1000", profile_of(OKX).symbols) == ("SHIB1000", 1)
    assert base_and_multiplier("SHIB1000") == ("SHIB", 1_000)
    assert base_and_multiplier("kFOO", profile_of(HYPERLIQUID).symbols) == ("kFOO", 1), "unconfirmed by any venue"
    assert base_and_multiplier("KPEPE", profile_of(HYPERLIQUID).symbols) == ("KPEPE", 1)


@pytest.mark.parametrize("asset", ["xyz:TSLA", "flx:kPEPE", "hyna:1000PEPE", "unit:BTC"])
def test_a_builders_market_is_its_own_base(asset: str) -> None:
    assert base_and_multiplier(asset, profile_of(HYPERLIQUID).symbols) == (asset, 1)


def test_a_stock_is_no_coin() -> None:
    assert tradfi_base("TSLA") == "tradfi:TSLA" != base_and_multiplier("TSLA")[0]


def test_every_listed_perpetual_has_a_base_and_a_multiplier(data: Path) -> None:
    listed = set(_listed(data))
    assert {venue for venue, _ in listed} == set(VENUES)
    assert len(listed) > 1_000
    coins = {(venue, asset): base_of(asset, venue) for venue, asset in listed}
    multiplied = {row: coin for row, coin in coins.items() if coin[1] != 1}
    for (venue, asset), (base, multiplier) in multiplied.items():
        assert base.isalnum(), (venue, asset)
        assert multiplier in (1_000, 10_000, 1_000_000), (venue, asset)
    for venue, asset in listed - multiplied.keys():
        base, _ = base_of(asset, venue)
        assert base == asset or (venue, asset, base) == (BYBIT, "NEIROCTO", "NEIRO")
        assert not base.startswith(("1000", "1M", "k")), (venue, asset)
        assert not base.endswith("1000"), (venue, asset)
    assert {asset for _, asset in multiplied} == {
        "1000SHIB", "SHIB1000", "1000PEPE", "1000BONK", "1000BTT", "1000CAT", "1000FLOKI", "1000LUNC", "1000NEIROCTO",
        "1000RATS", "1000TAG", "1000TOSHI", "1000TURBO", "1000XEC", "10000NEX", "10000SATS", "1000000MOG",
        "1000000BABYDOGE", "kPEPE", "kSHIB", "kBONK", "kLUNC", "kFLOKI", "kDOGS", "kNEIRO",
    }  # fmt: skip


def _listed(data: Path) -> Iterator[tuple[Venue, str]]:
    routes = json.loads((data / "rest" / "binance-routes.json").read_bytes())["routes"]
    for path in ("/fapi/v1/exchangeInfo", "/dapi/v1/exchangeInfo"):
        for answer in routes[path]["GET"]:
            yield from _binance(answer["data"])
    yield from _binance(json.loads((data / "frames" / "binance_usdm" / "exchange_info.json").read_bytes()))
    yield from ((HYPERLIQUID, row["name"]) for row in json.loads(_read(data, "rest/hyperliquid/meta.json"))["universe"])
    yield from _deribit(json.loads(_read(data, "rest/deribit/instruments_future.json")))
    yield from _deribit(json.loads(_read(data, "frames/deribit/get_instruments_future.json"))["result"])
    for name in ("instruments_info", "linear_instruments_info"):
        yield from _bybit(json.loads(_read(data, f"frames/bybit/{name}.json")))
    for file in sorted((data / "frames" / "okx").glob("instruments_*.json")):
        yield from _okx(json.loads(file.read_bytes()))
    readers: dict[str, Callable[[Any], Iterator[tuple[Venue, str]]]] = {"BYBIT": _bybit, "OKX": _okx}
    readers["DERIBIT"] = lambda body: _deribit(body["result"])
    for file in sorted((data / "multi-venue").glob("*.zst")):
        reader = readers.get(file.name.partition(".")[0], _binance)
        for url, body in _http_bodies(file):
            if "nstrument" in url or "exchangeInfo" in url:
                yield from reader(body)


def _read(data: Path, name: str) -> bytes:
    return (data / name).read_bytes()


def _http_bodies(file: Path) -> Iterator[tuple[str, Any]]:
    with file.open("rb") as packed:
        for line in io.TextIOWrapper(zstandard.ZstdDecompressor().stream_reader(packed)):
            if '"t": "http"' in line[:40] or '"t":"http"' in line[:40]:
                row = json.loads(line)
                yield row["url"], json.loads(row["data"])


def _binance(body: Any) -> Iterator[tuple[Venue, str]]:
    yield from ((BINANCE, row["baseAsset"]) for row in body["symbols"] if row.get("contractType") == "PERPETUAL")


def _bybit(body: Any) -> Iterator[tuple[Venue, str]]:
    yield from ((BYBIT, row["baseCoin"]) for row in body["result"]["list"])


def _okx(body: Any) -> Iterator[tuple[Venue, str]]:
    yield from ((OKX, row["uly"].partition("-")[0]) for row in body["data"] if row["instType"] == "SWAP")


def _deribit(rows: Any) -> Iterator[tuple[Venue, str]]:
    yield from ((DERIBIT, row["base_currency"]) for row in rows if row.get("settlement_period") == "perpetual")
