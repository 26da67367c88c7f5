"""Receipts of the real three-market session, recomputed from the exported tables."""

from __future__ import annotations

import json
from pathlib import Path
from statistics import median
from typing import Any

import pytest

from workstation.exports.export import export_rows
from workstation.exports.table import ExportSettings
from workstation.exports.tables import all_tables

BAR = 5_000_000_000
Rows = list[dict[str, Any]]


@pytest.fixture(scope="module")
def tables(btc_recording: Path) -> dict[str, Rows]:
    """Bars of five seconds, their cells and the setups on them."""
    found: dict[str, Rows] = {"bars": [], "footprint": [], "setups": []}
    for table, rows in export_rows(btc_recording, ExportSettings(tuple(found), bar_ns=BAR)):
        found[table] += [dict(zip(all_tables()[table].column_names, row, strict=True)) for row in rows]
    return found


@pytest.fixture(scope="module")
def bars(tables: dict[str, Rows]) -> Rows:
    """The bars of all perpetuals, each with the spot's delta."""
    whole = [row for row in tables["bars"] if row["venue"] == "all"]
    spot = {row["bar_start_ns"]: row["delta"] for row in whole if row["kind"] == "spot" and row["complete"]}
    perp = [row for row in whole if row["kind"] == "perp"]
    for row in perp:
        row["spot"] = spot.get(row["bar_start_ns"])
        row["volume"], row["range"] = row["buy"] + row["sell"], row["high"] - row["low"]
    return perp


def close(one: float | None, other: float) -> bool:
    return one is not None and one == pytest.approx(other, rel=1e-9, abs=1e-9)


def before(bars: Rows, at: int, count: int) -> Rows:
    """Complete bars before one, back to the last incomplete one."""
    found: Rows = []
    for bar in reversed(bars[:at]):
        if not bar["complete"]:
            break
        found.append(bar)
    return found[::-1][-count:]


def test_there_is_something_to_check(tables: dict[str, Rows]) -> None:
    assert {row["detector"] for row in tables["setups"]} == {"absorption", "divergence", "breakout"}
    assert {row["state"] for row in tables["setups"]} >= {"confirmed", "invalidated"}


def test_the_numbers_are_those_of_the_exported_bars(tables: dict[str, Rows], bars: Rows) -> None:
    ends = {bar["bar_start_ns"] + BAR: at for at, bar in enumerate(bars)}
    for row in tables["setups"]:
        at = ends[row["ts_ns"]]
        receipts = [(at, row["at_trigger"]), (ends.get(row["confirmed_ns"]), row["at_confirmation"])]
        if row["state"] != "confirmed":
            receipts.append((ends.get(row["ended_ns"]), row["at_end"]))
        for where, text in receipts:
            if where is None:
                continue
            for name, value in json.loads(text).items():
                if name in ("open", "high", "low", "close", "volume", "delta"):
                    assert close(value, bars[where][name]), (row, name)
        numbers, past = json.loads(row["at_trigger"]), before(bars, at, 20)
        assert len(past) == 20
        if "usual_volume" in numbers:
            assert close(numbers["usual_volume"], median(bar["volume"] for bar in past))
        if "usual_range" in numbers:
            assert close(numbers["usual_range"], median(bar["range"] for bar in past))
        if row["detector"] == "breakout":
            assert close(numbers["range_high"], max(bar["high"] for bar in past))
            assert close(numbers["range_low"], min(bar["low"] for bar in past))
            assert close(numbers["usual_delta"], median(abs(bar["delta"]) for bar in past))
        if row["detector"] == "divergence":
            away = -row["direction"]
            paths = [sum(away * bar["delta"] for bar in past[begin + 1 :]) for begin in range(20)]
            short = -min(paths) - away * bars[at]["delta"]  # CVD now against its best close of the window
            assert numbers["cvd_short_by"] == pytest.approx(short, abs=1e-6)


def test_the_rules_hold_on_the_exported_numbers(tables: dict[str, Rows], bars: Rows) -> None:
    for row in tables["setups"]:
        rule, numbers, way = json.loads(row["parameters"]), json.loads(row["at_trigger"]), row["direction"]
        if row["detector"] == "absorption":
            assert numbers["volume"] >= rule["volume_ratio"] * numbers["usual_volume"]
            assert -way * numbers["delta"] >= rule["delta_share"] * numbers["volume"]
            assert way * (numbers["close"] - row["level_price"]) >= 0
        if row["detector"] == "divergence":
            assert -way * (numbers["extreme"] - numbers["extreme_before"]) > 0
            assert abs(row["level_price"] - numbers["extreme"]) <= rule["reach"] * numbers["usual_range"]
        if row["detector"] == "breakout":
            assert way * numbers["delta"] >= rule["expansion"] * numbers["usual_delta"]
            assert way * (numbers["close"] - row["level_price"]) > 0


def test_moves_and_spot_recompute(tables: dict[str, Rows], bars: Rows) -> None:
    ends = {bar["bar_start_ns"] + BAR: bar for bar in bars}
    known = 0
    for row in tables["setups"]:
        for minutes in (1, 5, 15, 60):
            later = ends.get(row["ts_ns"] + minutes * 60_000_000_000)
            if later is None or not later["complete"]:
                assert row[f"move_{minutes}m"] is None
                continue
            known += 1
            move = row["direction"] * (later["close"] / ends[row["ts_ns"]]["close"] - 1)
            assert close(row[f"move_{minutes}m"], move)
        if row["state"] == "confirmed":
            span = [bar for end, bar in ends.items() if row["ts_ns"] <= end <= row["confirmed_ns"]]
            perp, spot = sum(bar["delta"] for bar in span), sum(bar["spot"] or 0.0 for bar in span)
            receipt = json.loads(row["spot_check"])
            assert close(receipt["perp_cvd_to_confirmation"], perp)
            assert close(receipt["spot_cvd_to_confirmation"], spot)
            assert row["leverage_only"] is (perp * spot <= 0)
    assert known > 3


def test_stacks_at_confirmation_are_in_the_exported_cells(tables: dict[str, Rows]) -> None:
    """Diagonal imbalances of three and more rows, counted from the cells alone."""
    for row in tables["setups"]:
        numbers = json.loads(row["at_confirmation"])
        if row["detector"] != "absorption" or "stacks" not in numbers:
            continue
        size, buyers = json.loads(row["parameters"])["row_size"], row["direction"] > 0
        cells = {
            round(cell["row_price"] / size): (cell["buy"], cell["sell"])
            for cell in tables["footprint"]
            if (cell["venue"], cell["kind"], cell["bar_start_ns"]) == ("all", "perp", row["confirmed_ns"] - BAR)
        }
        runs = length = 0
        rows = range(min(cells), max(cells) + 1)
        for at in rows:
            strong = cells.get(at, (0, 0))[0 if buyers else 1]
            beyond = at - 1 if buyers else at + 1
            weak = cells.get(beyond, (0, 0))[1 if buyers else 0]
            held = strong > 0 and strong >= 3 * weak and beyond in rows
            length = length + 1 if held else 0
            runs += length == 3
        assert runs == numbers["stacks"]
