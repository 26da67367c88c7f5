"""The exported numbers of four real captures against an independent Decimal reference, bar by bar."""

from __future__ import annotations

import json
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from feeds.importers import import_captures
from tests.tables import Tables, tables_of
from workstation.exports.export import export_rows
from workstation.exports.table import ExportSettings
from workstation.readmodels.flow.footprint import FootprintRules, PocTie

MS = 1_000_000
MARKETS = {"usdm_btc_20240808": "linear", "cm_btc_20240808_09": "inverse", "spot_btc_20240808_09": "spot"}
CONTRACT_USD = {"cm_btc_20240808_09": 100.0}

Capture = tuple[dict[str, Any], Tables, float]


@pytest.fixture(scope="module")
def oracle(data: Path) -> dict[str, Any]:
    return json.loads((data / "oracles" / "binance-2024-08-08-expected.json").read_bytes())


@pytest.fixture(scope="module")
def btc_session(data: Path, oracle: dict[str, Any], tmp_path_factory: pytest.TempPathFactory) -> Tables:
    """Three markets of BTC, five files, as one recording."""
    files = [data / file for name in MARKETS for file in oracle[name]["files"]]
    return export(files, 10.0, tmp_path_factory.mktemp("btc"))


@pytest.fixture(scope="module")
def eth_session(data: Path, oracle: dict[str, Any], tmp_path_factory: pytest.TempPathFactory) -> Tables:
    files = [data / file for file in oracle["usdm_eth_20240808"]["files"]]
    return export(files, 1.0, tmp_path_factory.mktemp("eth"))


def export(files: list[Path], row_size: float, folder: Path) -> Tables:
    recording = folder / "capture.mcap"
    import_captures("hftbacktest", files, recording)
    settings = ExportSettings(
        ("trades", "bars", "footprint", "cvd", "book"),
        row_size=row_size,
        every_ns=60_000_000_000,
        book_levels=0,
        rules=FootprintRules(poc_tie=PocTie.LOWEST),
    )
    return tables_of(export_rows(recording, settings))


@pytest.fixture(params=[*MARKETS, "usdm_eth_20240808"])
def capture(request: pytest.FixtureRequest, oracle: dict[str, Any]) -> Capture:
    """Expected values, our tables of that market, and what one contract is worth in USD (0: sizes are base coin)."""
    name = request.param
    tables: Tables = request.getfixturevalue("eth_session" if "eth" in name else "btc_session")
    kind = MARKETS.get(name, "linear")
    market = {
        table: [row for row in rows if row["kind"] == kind and row["venue"] == "binance"]
        for table, rows in tables.items()
    }
    return oracle[name], market, CONTRACT_USD.get(name, 0.0)


def close(ours: float, theirs: str) -> bool:
    return abs(Decimal(repr(ours)) - Decimal(theirs)) <= Decimal("1e-9") * max(1, abs(Decimal(theirs)))


def test_trades_are_all_there(capture: Capture) -> None:
    expected, tables, _ = capture
    assert len(tables["trades"]) == expected["trades"]


def test_bars(capture: Capture) -> None:
    expected, tables, contract = capture
    bars = {row["bar_start_ns"] // MS: row for row in tables["bars"]}
    assert set(bars) == {int(start) for start in expected["bars_1m_by_T"]}
    for start, wanted in expected["bars_1m_by_T"].items():
        row = bars[int(start)]
        for ours, theirs in (("open", "o"), ("high", "h"), ("low", "l"), ("close", "c")):
            assert close(row[ours], wanted[theirs]), (start, ours)
        assert row["trades"] == int(wanted["n"])
        if contract:
            buy, sell = row["buy_usd"] / contract, row["sell_usd"] / contract
            assert close(buy, wanted["buy"])
            assert close(sell, wanted["sell"])
            assert close(buy - sell, wanted["delta"])
        else:
            for ours, theirs in (
                ("buy", "buy"),
                ("sell", "sell"),
                ("delta", "delta"),
                ("min_delta", "dmin"),
                ("max_delta", "dmax"),
            ):
                assert close(row[ours], wanted[theirs]), (start, ours)


def test_footprint(capture: Capture) -> None:
    expected, tables, _ = capture
    rows: dict[int, list[dict[str, Any]]] = {}
    for row in tables["footprint"]:
        rows.setdefault(row["bar_start_ns"] // MS, []).append(row)
    for start, levels in expected["footprint_levels"].items():
        assert len(rows[int(start)]) == levels
    for start, poc in expected["poc"].items():
        assert [row["row_price"] for row in rows[int(start)] if row["is_poc"]] == [float(poc)], start


def test_cvd(capture: Capture) -> None:
    expected, tables, contract = capture
    last = max((row for row in tables["cvd"] if not row["gap"]), key=lambda row: row["bar_start_ns"])
    assert close(last["cvd_usd"] / contract if contract else last["cvd"], expected["cvd"])


def test_final_book(capture: Capture) -> None:
    expected, tables, contract = capture
    at = max(row["ts_ns"] for row in tables["book"])
    for side, wanted in (("bid", "bids"), ("ask", "asks")):
        levels = [row for row in tables["book"] if row["ts_ns"] == at and row["side"] == side]
        assert len(levels) == expected["final_book"]["levels"][side == "ask"]
        for row, (price, size) in zip(levels, expected["final_book"][wanted], strict=False):
            assert close(row["price"], price)
            assert close(row["size"] * row["price"] / contract if contract else row["size"], size)
