"""The lake against the engine and the reference: the same numbers by SQL, each recording once, whole or not at all."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from decimal import Decimal
from operator import itemgetter
from pathlib import Path
from typing import Any

import msgspec
import pytest
from typer.testing import CliRunner

from feeds.model.errors import RecordingError
from tests.tables import Tables, tables_of
from workstation.cli.main import app
from workstation.exports.export import export_rows
from workstation.exports.table import ExportSettings
from workstation.exports.tables.pressure import TABLE as PRESSURE
from workstation.lake import add as adding
from workstation.lake.add import add
from workstation.lake.manifest import read_manifests, write_manifest

duckdb = pytest.importorskip("duckdb", reason="queries of the lake need duckdb")

from workstation.lake.query import connect, writing_statement  # noqa: E402

MS = 1_000_000
MARKETS = {"usdm_btc_20240808": "linear", "cm_btc_20240808_09": "inverse", "spot_btc_20240808_09": "spot"}
KILLED_AT_FILE = """
import os, signal, sys
from pathlib import Path
from workstation.lake import add as adding
publish, left = adding.publish, [int(sys.argv[3])]
def dying(made, target):
    if not left[0]:
        os.kill(os.getpid(), signal.SIGKILL)
    left[0] -= 1
    publish(made, target)
adding.publish = dying
adding.add(Path(sys.argv[1]), Path(sys.argv[2]))
"""

Rows = list[dict[str, Any]]


@pytest.fixture(scope="module")
def btc_lake(btc_recording: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    root = tmp_path_factory.mktemp("lake")
    add(btc_recording, root)
    return root


@pytest.fixture(scope="module")
def simulated_lake(simulated_recording: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    root = tmp_path_factory.mktemp("lake")
    add(simulated_recording, root)
    return root


def ask(root: Path, sql: str) -> Rows:
    result = connect(root).execute(sql)
    names = [column[0] for column in result.description]
    return [dict(zip(names, row, strict=True)) for row in result.fetchall()]


def files_of(root: Path) -> dict[str, bytes]:
    return {str(file.relative_to(root)): file.read_bytes() for file in sorted(root.rglob("*")) if file.is_file()}


def close(ours: float, theirs: str | float) -> bool:
    wanted = Decimal(str(theirs))
    return abs(Decimal(repr(ours)) - wanted) <= Decimal("1e-9") * max(1, abs(wanted))


def assert_same(ours: Rows, theirs: Rows, key: tuple[str, ...]) -> None:
    """Every row of the engine is there with the same numbers, and no other."""
    assert theirs
    by_key = {tuple(row[name] for name in key): row for row in theirs}
    assert sorted(tuple(row[name] for name in key) for row in ours) == sorted(by_key)
    for row in ours:
        wanted = by_key[tuple(row[name] for name in key)]
        for name, value in row.items():
            other = wanted[name]
            assert close(value, other) if isinstance(value, float) else value == other, (name, row, wanted)


def engine_tables(recording: Path, row_size: float, bar_ns: int) -> Tables:
    settings = ExportSettings(("trades", "bars", "footprint", "cvd", "liquidations", "funding"), bar_ns, row_size)
    return tables_of(export_rows(recording, settings))


BY_BAR = ("bar_start_ns", "base", "venue", "kind", "symbol")


@pytest.mark.parametrize("name", MARKETS)
def test_the_real_session_gives_the_reference_bars(btc_lake: Path, data: Path, name: str) -> None:
    expected = json.loads((data / "oracles" / "binance-2024-08-08-expected.json").read_bytes())[name]
    kind, contract = MARKETS[name], 100.0 if name.startswith("cm") else 0.0
    rows = ask(btc_lake, f"FROM bars('1m', 'BTC') WHERE venue = 'binance' AND kind = '{kind}'")
    bars = {row["bar_start_ns"] // MS: row for row in rows}
    assert set(bars) == {int(start) for start in expected["bars_1m_by_T"]}
    for start, wanted in expected["bars_1m_by_T"].items():
        row = bars[int(start)]
        names = {"open": "o", "high": "h", "low": "l", "close": "c"}
        if contract:
            assert close(row["buy_usd"] / contract, wanted["buy"])
            assert close(row["sell_usd"] / contract, wanted["sell"])
        else:
            names |= {"buy": "buy", "sell": "sell", "delta": "delta", "min_delta": "dmin", "max_delta": "dmax"}
        assert row["trades"] == int(wanted["n"])
        for ours, theirs in names.items():
            assert close(row[ours], wanted[theirs]), (start, ours)


def test_the_real_session_gives_the_reference_pocs(btc_lake: Path, data: Path) -> None:
    oracle = json.loads((data / "oracles" / "binance-2024-08-08-expected.json").read_bytes())
    rows = ask(btc_lake, "FROM footprint('1m', 10, 'BTC', poc_tie := 'lowest') WHERE venue = 'binance'")
    for name, kind in MARKETS.items():
        of_market = [row for row in rows if row["kind"] == kind]
        for start, levels in oracle[name]["footprint_levels"].items():
            assert sum(row["bar_start_ns"] == int(start) * MS for row in of_market) == levels
        for start, poc in oracle[name]["poc"].items():
            found = [row["row_price"] for row in of_market if row["is_poc"] and row["bar_start_ns"] == int(start) * MS]
            assert found == [float(poc)]


def test_the_real_session_gives_the_numbers_of_the_engine(btc_lake: Path, btc_recording: Path) -> None:
    compare(btc_lake, engine_tables(btc_recording, 2.5, 60_000_000_000), "1m", "2.5", ("BTC",))


def test_five_venues_give_the_numbers_of_the_engine(simulated_lake: Path, simulated_recording: Path) -> None:
    """With history fetched afterwards, several ticks and symbols, and short bars."""
    tables = engine_tables(simulated_recording, 5.0, 5_000_000_000)
    compare(simulated_lake, tables, "5s", "5", ("BTC", "ETH"))


def compare(root: Path, tables: Tables, bar: str, row_size: str, bases: tuple[str, ...]) -> None:
    for base in bases:
        of_base = {name: [row for row in rows if row["base"] == base] for name, rows in tables.items()}
        assert_same(ask(root, f"FROM bars('{bar}', '{base}')"), of_base["bars"], BY_BAR)
        footprint = ask(root, f"FROM footprint('{bar}', {row_size}, '{base}')")
        assert_same(footprint, of_base["footprint"], (*BY_BAR, "row_price"))
        assert_same(ask(root, f"FROM cvd('{bar}', '{base}')"), of_base["cvd"], BY_BAR)


def test_a_range_gives_the_bars_that_start_in_it(btc_lake: Path) -> None:
    whole = ask(btc_lake, "FROM bars('1m', 'BTC')")
    begin, end = 1723161420_000000000, 1723161660_000000000
    wanted = [row for row in whole if begin <= row["bar_start_ns"] < end]
    assert 0 < len(wanted) < len(whole)
    assert ask(btc_lake, f"FROM bars('1m', 'BTC', since := {begin}, until := {end})") == wanted
    times = "since := '2024-08-08 23:57:00', until := TIMESTAMP '2024-08-09 00:01:00'"
    assert ask(btc_lake, f"FROM bars('1m', 'BTC', {times})") == wanted


def test_events_are_those_of_the_engine(simulated_lake: Path, simulated_recording: Path) -> None:
    tables = engine_tables(simulated_recording, 5.0, 5_000_000_000)
    for table in ("liquidations", "funding"):
        found = ask(simulated_lake, f"SELECT count(*) AS n, min(ts_venue_ns) AS first FROM {table}")
        rows = tables.get(table, [])
        assert found == [{"n": len(rows), "first": min((row["ts_venue_ns"] for row in rows), default=None)}]


def test_pressure_is_what_the_engine_told_at_every_step(simulated_recording: Path, tmp_path: Path) -> None:
    """The rows of silent markets and of what is not known as well, and each once where recordings overlap."""
    part = tmp_path / "part.mcap"
    whole = simulated_recording.read_bytes()
    part.write_bytes(whole[: len(whole) // 2])
    for file in (part, simulated_recording):
        add(file, tmp_path / "lake", pressure_every_ns=2_000_000_000)
    *steps, _ = export_rows(simulated_recording, ExportSettings(("pressure",), 2_000_000_000))  # the last is the end
    wanted = [dict(zip(PRESSURE.column_names, row, strict=True)) for _, rows in steps for row in rows]
    names = [name if name != "symbol" else "market AS symbol" for name in PRESSURE.column_names]
    found = ask(tmp_path / "lake", f"SELECT {', '.join(names)} FROM pressure")
    order = itemgetter("ts_ns", "base", "venue", "kind", "symbol")
    assert {row["venue"] for row in wanted} > {"all", "binance"}
    assert len({row["ts_ns"] for row in wanted}) >= 4
    assert sorted(found, key=order) == sorted(wanted, key=order)


def test_prices_are_exact(btc_lake: Path) -> None:
    wrong = "SELECT count(*) AS n FROM trades WHERE price_ticks * tick_num / tick_den <> price OR price_ticks IS NULL"
    assert ask(btc_lake, wrong) == [{"n": 0}]


def test_files_are_sorted_by_time_with_dictionaries_and_statistics(btc_lake: Path) -> None:
    import pyarrow.parquet

    for file in btc_lake.glob("*/date=*/**/*.parquet"):
        by = "seq" if file.is_relative_to(btc_lake / "book") else "ts_venue_ns"
        times = [at for at in pyarrow.parquet.read_table(file, columns=[by], partitioning=None)[by].to_pylist() if at]
        assert times == sorted(times)
        group = pyarrow.parquet.ParquetFile(file).metadata.row_group(0)
        columns = {group.column(at).path_in_schema: group.column(at) for at in range(group.num_columns)}
        assert columns[by].statistics.has_min_max
        assert columns["base"].has_dictionary_page


def test_adding_twice_changes_nothing(btc_recording: Path, btc_lake: Path, tmp_path: Path) -> None:
    before = files_of(btc_lake)
    again = tmp_path / "another name.mcap"
    again.write_bytes(btc_recording.read_bytes())
    assert add(again, btc_lake).existed
    assert files_of(btc_lake) == before


@pytest.mark.parametrize("whole_first", [True, False])
def test_what_two_recordings_tell_counts_once(
    simulated_recording: Path, simulated_lake: Path, tmp_path: Path, whole_first: bool
) -> None:
    """The second is the first as it was before it ended, cut off in the middle of a record."""
    root, part = tmp_path / "lake", tmp_path / "part.mcap"
    whole = simulated_recording.read_bytes()
    part.write_bytes(whole[: len(whole) * 2 // 3])
    for file in (simulated_recording, part) if whole_first else (part, simulated_recording):
        assert add(file, root).rows > 0
    for sql in (
        *("FROM bars('5s', 'BTC')", "FROM footprint('5s', 5, 'ETH')", "FROM cvd('5s', 'BTC')"),
        "SELECT venue, kind, symbol, count(*), count(DISTINCT trade_id) FROM trades GROUP BY ALL ORDER BY ALL",
        *(
            f"SELECT venue, kind, symbol, count(*), min(seq), max(seq) FROM {table} GROUP BY ALL ORDER BY ALL"
            for table in ("book", "liquidations", "funding", "open_interest")
        ),
    ):
        ours, theirs = ask(root, sql), ask(simulated_lake, sql)
        assert len(ours) == len(theirs)
        for row, wanted in zip(ours, theirs, strict=True):
            same = {name: close(row[name], wanted[name]) for name in row if isinstance(row[name], float)}
            assert all(same.values()), (sql, row, wanted)
            assert {**row, **same} == {**wanted, **same}, sql


@pytest.mark.parametrize("at_file", [0, 3])
def test_a_killed_add_leaves_a_readable_lake(
    simulated_recording: Path, simulated_lake: Path, btc_lake: Path, tmp_path: Path, at_file: int
) -> None:
    root = tmp_path / "lake"
    shutil.copytree(btc_lake, root)
    bars = ask(root, "FROM bars('1m', 'BTC')")
    words = [sys.executable, "-c", KILLED_AT_FILE, str(simulated_recording), str(root), str(at_file)]
    killed = subprocess.run(
        words, capture_output=True, check=False, env={**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)}
    )
    assert killed.returncode == -9, killed.stderr
    assert ask(root, "FROM bars('1m', 'BTC')") == bars
    assert not add(simulated_recording, root).existed
    made, wanted = files_of(root), files_of(simulated_lake)
    assert {name: made[name] for name in wanted} == wanted
    assert not [name for name in made if name.startswith("_staging")]


def test_an_add_that_fails_leaves_nothing_that_counts(
    simulated_recording: Path, simulated_lake: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    root, publish = tmp_path / "lake", adding.publish

    def failing(made: Path, target: Path) -> None:
        if target.parts[-5] == "trades":
            raise OSError(28, "No space left on device")
        publish(made, target)

    monkeypatch.setattr(
        adding, "publish", failing
    )  # as a full disk does; nobody else passes another way to move a file
    with pytest.raises(OSError, match="No space"):
        add(simulated_recording, root)
    with pytest.raises(RecordingError, match="no lake"):
        connect(root)
    monkeypatch.setattr(adding, "publish", publish)
    add(simulated_recording, root)
    assert files_of(root) == files_of(simulated_lake)


@pytest.mark.parametrize("name", ["la*e", "la?e", "la[k]e", "[[]", "it's {a,b}"])
def test_a_folder_with_the_letters_of_a_pattern_is_only_itself(btc_lake: Path, tmp_path: Path, name: str) -> None:
    shutil.copytree(btc_lake, tmp_path / name, copy_function=os.link)
    for neighbour in ("lake", "laxe", "[", "it's a"):
        for file in btc_lake.rglob("*.parquet"):
            other = tmp_path / neighbour / file.relative_to(btc_lake)
            other.parent.mkdir(parents=True, exist_ok=True)
            other.write_bytes(b"of another lake")
    rows = [connect(root).execute("SELECT count(*) FROM trades").fetchone() for root in (btc_lake, tmp_path / name)]
    assert rows[0] == rows[1]


@pytest.mark.parametrize(
    ("sql", "kind"),
    [
        ("FROM trades", ""),
        ("WITH a AS (SELECT 1 AS b) FROM a", ""),
        ("CREATE TEMP TABLE a AS SELECT 1 AS b; FROM a", ""),
        ("EXPLAIN SELECT 1", ""),
        ("DESCRIBE trades", ""),
        ("SELECT 1; COPY (SELECT 1) TO 'x.csv'", "COPY"),
        ("EXPLAIN ANALYZE COPY (SELECT 1) TO 'x.csv'", "EXPLAIN"),
        ("EXPLAIN (ANALYZE) COPY (SELECT 1) TO 'x.csv'", "EXPLAIN"),
        ("ATTACH 'x.db'", "ATTACH"),
        ("PREPARE a AS COPY (SELECT 1) TO 'x.csv'", "PREPARE"),
        ("SET profiling_output = 'x.json'", "SET"),
        ("EXPORT DATABASE 'x'", "EXPORT"),
    ],
)
def test_statements_that_can_write_files_are_recognised(sql: str, kind: str) -> None:
    assert writing_statement(sql) == kind


def test_a_query_writes_no_file_unless_permitted(btc_lake: Path, tmp_path: Path) -> None:
    out = tmp_path / "out.csv"
    query = ("lake", "query", f"COPY (SELECT 1 AS a) TO '{out}'", "--root", str(btc_lake))
    runner = CliRunner()
    refused = runner.invoke(app, query)
    assert refused.exit_code == 2
    assert not out.exists()
    assert runner.invoke(app, (*query, "--read-write")).exit_code == 0
    assert out.read_text() == "a\n1\n"
    read = runner.invoke(app, ("lake", "query", f"FROM '{out}'", "--root", str(btc_lake), "--format", "csv"))
    assert read.stdout == "a\n1\n"


def test_a_namesake_is_in_no_sum(simulated_lake: Path, tmp_path: Path) -> None:
    root = Path(shutil.copytree(simulated_lake, tmp_path / "lake"))
    (manifest,) = read_manifests(root)
    bases = {market.base for market in manifest.markets}
    assert not ask(root, "FROM _namesakes")
    assert all(market.price > 0 for market in manifest.markets if market.first_ns)
    far = [
        msgspec.structs.replace(market, price=285 * market.price, turnover=0.0) if market.venue == "bybit" else market
        for market in manifest.markets
    ]
    write_manifest(root, msgspec.structs.replace(manifest, markets=tuple(far)))
    assert {row["venue"] for row in ask(root, "FROM _namesakes")} == {"bybit"}
    for base in sorted(bases)[:1]:
        for table, column in (("bars('1m', '{}')", "buy_usd"), ("footprint('1m', 10, '{}')", "buy")):
            rows = ask(root, f"FROM {table.format(base)} WHERE kind != 'spot'")
            totals = {row["venue"] == "all": 0.0 for row in rows}
            for row in rows:
                if row["venue"] != "bybit":
                    totals[row["venue"] == "all"] += row[column]
            assert totals[True] == pytest.approx(totals[False])
