"""Every table is found by its module alone, and its rows fit its columns in every format."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import msgspec
import pyarrow.csv
import pyarrow.parquet
import pytest
from typer.testing import CliRunner

from workstation.cli.main import app
from workstation.exports import tables
from workstation.exports.export import export_rows
from workstation.exports.table import ExportSettings, Schedule
from workstation.exports.tables import all_tables, default_tables, tables_help
from workstation.exports.writers import FORMATS, TableWriter

EXAMPLES = Path(__file__).parents[2] / "examples" / "tables"


@pytest.fixture
def with_examples(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """The folder of example tables stands beside the shipped ones."""
    monkeypatch.setattr(tables, "__path__", [*tables.__path__, str(EXAMPLES)])
    all_tables.cache_clear()
    yield
    all_tables.cache_clear()


def test_a_table_is_named_like_its_module_and_its_columns_are_distinct() -> None:
    modules = {file.stem for file in Path(tables.__file__).parent.glob("*.py")} - {"__init__"}
    assert set(all_tables()) == modules
    for table in all_tables().values():
        assert len(set(table.column_names)) == len(table.columns)
        assert table.note or table.name in tables_help()


def test_the_default_tables() -> None:
    assert set(default_tables()) == {"trades", "bars", "footprint", "cvd", "book"}


@pytest.mark.usefixtures("with_examples")
def test_one_file_adds_a_table_to_help_choices_and_export(simulated_recording: Path, tmp_path: Path) -> None:
    runner = CliRunner()
    assert "last_prices: ts_ns, base, venue, kind, symbol, price." in " ".join(
        runner.invoke(app, ["export", "--help"], terminal_width=200).output.split()
    )
    words = ["export", str(simulated_recording), "--out", str(tmp_path), "--table", "last_prices", "--format", "jsonl"]
    done = runner.invoke(app, words)
    assert done.exit_code == 0, done.output
    rows = [msgspec.json.decode(line) for line in (tmp_path / "last_prices.jsonl").read_bytes().splitlines()]
    assert rows
    assert all(row["price"] is None or row["price"] > 0 for row in rows)


def test_without_that_file_there_is_no_such_table() -> None:
    assert "last_prices" not in all_tables()


def export_in_all_formats(recording: Path, folder: Path, names: tuple[str, ...]) -> dict[str, int]:
    """The number of rows of each table; every file has all of them and the table's columns."""
    known = all_tables()
    counts = dict.fromkeys(names, 0)
    settings = ExportSettings(names, bar_ns=5_000_000_000, every_ns=60_000_000_000)
    with TableWriter(folder, FORMATS, [known[name] for name in names]) as writer:
        for name, rows in export_rows(recording, settings):
            writer.write(name, rows)
            counts[name] += len(rows)
    for name, count in counts.items():
        columns = list(known[name].column_names)
        parquet = pyarrow.parquet.read_table(folder / f"{name}.parquet")
        csv = pyarrow.csv.read_csv(folder / f"{name}.csv")
        lines = (folder / f"{name}.jsonl").read_bytes().splitlines()
        assert (parquet.column_names, csv.column_names) == (columns, columns)
        assert (parquet.num_rows, csv.num_rows, len(lines)) == (count, count, count)
    return counts


def test_every_table_is_written_in_every_format(simulated_recording: Path, tmp_path: Path) -> None:
    counts = export_in_all_formats(simulated_recording, tmp_path, tuple(all_tables()))
    assert all(counts[name] for name in default_tables())


def test_setups_have_cells_of_every_type_and_are_written_in_every_format(btc_recording: Path, tmp_path: Path) -> None:
    assert export_in_all_formats(btc_recording, tmp_path, ("setups",))["setups"] > 0


def test_a_schedule_is_due_at_the_first_multiple_passed() -> None:
    schedule = Schedule(10)
    assert [schedule.due_ns(now) for now in (3, 9, 10, 11, 35, 39, 40)] == [None, None, 10, None, 20, None, 40]
