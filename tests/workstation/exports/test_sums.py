"""The tables of one export are made of the same trades: every sum over one table is found in the others."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

import pytest

from feeds.model.events import TradesFilled
from feeds.recording import RecordingReader
from tests.simulated import record_simulated
from tests.tables import Tables, tables_of
from workstation.exports.export import export_rows
from workstation.exports.table import ExportSettings
from workstation.replay.core import Core

BAR_NS = 5_000_000_000
Key = tuple[Any, ...]
Sums = dict[Key, list[float]]


@pytest.fixture(scope="module")
def recording(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Eight seconds of the simulated venues; the trades of the minute before are fetched."""
    return record_simulated(tmp_path_factory.mktemp("recorded") / "fetched.mcap", 8.0, history_s=60)


@pytest.fixture(scope="module")
def tables(recording: Path) -> Tables:
    """The tables made of trades."""
    return tables_of(export_rows(recording, ExportSettings(("trades", "bars", "footprint", "cvd"), BAR_NS)))


def market(row: dict[str, Any]) -> Key:
    return row["base"], row["venue"], row["kind"], row["symbol"]


def bar(row: dict[str, Any]) -> Key:
    return row["bar_start_ns"], *market(row)


def summed(rows: Iterable[dict[str, Any]], key: Callable[[dict[str, Any]], Key], *columns: str) -> Sums:
    """Sums of some columns, and the number of rows, by key."""
    sums: Sums = {}
    for row in rows:
        found = sums.setdefault(key(row), [0.0] * len(columns) + [0])
        for at, column in enumerate(columns):
            found[at] += row[column] or 0.0
        found[-1] += 1
    return sums


def assert_equal(one: Sums, other: Sums) -> None:
    assert one.keys() == other.keys()
    for key, values in one.items():
        assert values == pytest.approx(other[key], rel=1e-9, abs=1e-6), key


def side(row: dict[str, Any], name: str, column: str) -> float:
    return row[column] if row["aggressor"] == name else 0.0


def test_the_recording_has_fetched_trades(recording: Path) -> None:
    reader, feed = RecordingReader(recording), Core().feed
    events = (event for frame in reader.frames() for event in feed.receive(frame))
    assert sum(len(event.trades) for event in events if isinstance(event, TradesFilled)) > 100


def test_trades_add_up_to_the_bars_of_every_market(tables: Tables) -> None:
    trades = [
        {"bar_start_ns": row["ts_venue_ns"] - row["ts_venue_ns"] % BAR_NS, **row}
        | {"buy": side(row, "buy", "size"), "sell": side(row, "sell", "size")}
        | {"buy_usd": side(row, "buy", "notional_usd"), "sell_usd": side(row, "sell", "notional_usd")}
        for row in tables["trades"]
    ]
    columns = ("buy", "sell", "buy_usd", "sell_usd")
    bars = {
        bar(row): [*(row[column] for column in columns), row["trades"]]
        for row in tables["bars"]
        if row["venue"] != "all"
    }
    assert_equal(summed(trades, bar, *columns), bars)


def test_footprint_rows_add_up_to_bars(tables: Tables) -> None:
    rows = summed(tables["footprint"], bar, "buy", "sell")
    bars = {bar(row): row for row in tables["bars"] if row["buy"] or row["sell"]}
    assert rows.keys() == bars.keys()
    for key, (buy, sell, _) in rows.items():
        assert (buy, sell) == pytest.approx((bars[key]["buy"], bars[key]["sell"]), rel=1e-9)


def test_bars_of_all_venues_are_the_sums_over_the_markets(tables: Tables) -> None:
    def group(row: dict[str, Any]) -> Key:
        return row["bar_start_ns"], row["base"], "spot" if row["kind"] == "spot" else "perp"

    columns = ("buy", "sell", "buy_usd", "sell_usd", "trades")
    markets = summed((row for row in tables["bars"] if row["venue"] != "all"), group, *columns)
    sums = summed((row for row in tables["bars"] if row["venue"] == "all"), group, *columns)
    assert_equal({key: row[:-1] for key, row in markets.items()}, {key: row[:-1] for key, row in sums.items()})


def test_cvd_moves_by_the_deltas_of_the_bars(tables: Tables) -> None:
    deltas: dict[Key, float] = {bar(row): row["delta"] for row in tables["bars"]}
    last: dict[Key, float | None] = {}
    checked = 0
    for row in tables["cvd"]:
        before = last.get(market(row))
        if row["cvd"] is not None and before is not None:
            assert row["cvd"] - before == pytest.approx(deltas.get(bar(row), 0.0), abs=1e-6), bar(row)
            checked += 1
        last[market(row)] = row["cvd"]
    assert checked > 20
