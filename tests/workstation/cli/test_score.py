"""`workstation score`: columns kept, added and replaced; missing values; errors in one line with their exit codes."""

from __future__ import annotations

import csv
from pathlib import Path

import pytest

from feeds.model.errors import RecordingError
from feeds.recording import RecordingReader
from tests.command_line import run
from workstation.cli.scoring import read, score, validation, write
from workstation.exports.export import export_rows
from workstation.exports.table import ExportSettings
from workstation.exports.tables.pressure import TABLE

PUBLISHED = "pressure/published-2026-04-23-odd-ranks.csv"
SECOND = 1_000_000_000
HEAD = "symbol,oi_change_1h_pct,oi_change_24h_pct,funding_rate_pct,basis_pct"


def made(folder: Path, text: str) -> Path:
    file = folder / "rows.csv"
    file.write_text(text, encoding="utf-8")
    return file


def test_the_published_rows(data: Path, tmp_path: Path) -> None:
    out = tmp_path / "out.csv"
    done = run("score", data / PUBLISHED, "--out", out, home=tmp_path)
    assert (done.returncode, done.stderr) == (0, "")
    with out.open() as ours, (data / PUBLISHED).open() as theirs:
        scored, given = list(csv.DictReader(ours)), list(csv.DictReader(theirs))
    assert list(scored[0]) == list(given[0])
    for mine, published in zip(scored, given, strict=True):
        assert 0 <= int(mine["score"]) <= 100
        assert mine["bias"] in ("LONG", "SHORT", "NEUTRAL")
        for name in ("rank", "symbol", "oi_change_1h_pct", "funding_rate_pct"):
            assert mine[name] == published[name]
    named = {row["symbol"]: row["regime"] for row in given}
    for symbol in ("TAKEUSDT", "SPKUSDT", "BBUSDT", "LABUSDT", "KAVAUSDT"):
        assert next(row["regime"] for row in scored if row["symbol"] == symbol) == named[symbol]


def test_the_symbol_does_not_matter(data: Path, tmp_path: Path) -> None:
    text = (data / PUBLISHED).read_text()
    plain = score(read(data / PUBLISHED))
    renamed = score(read(made(tmp_path, text.replace("USDT", "X").replace("symbol", "name"))))
    assert [row["score"] for row in plain] == [row["score"] for row in renamed]


def test_columns_are_added_and_missing_values_are_empty(tmp_path: Path) -> None:
    rows = f"{HEAD},note\nA,1.0,5%,+0.05,,kept\nB,,-,n/a,NaN,\n\nC,1\n"
    table = read(made(tmp_path, "\ufeff" + rows))
    assert write(table, tmp_path / "out.csv") == 3
    with (tmp_path / "out.csv").open() as file:
        found = list(csv.DictReader(file))
    assert list(found[0])[-4:] == ["note", "score", "bias", "regime"]
    assert (found[0]["note"], found[0]["bias"], found[0]["basis_pct"]) == ("kept", "LONG", "")
    assert (found[1]["score"], found[1]["bias"], found[1]["regime"]) == ("", "", "")
    assert found[2]["bias"] == "LONG"
    assert int(found[2]["score"]) > int(found[0]["score"])  # of one input known, nothing pulls to the middle


@pytest.mark.parametrize(
    ("text", "said"),
    [
        (f"{HEAD}\nA,x,1,1,1\n", "rows.csv, row 2: oi_change_1h_pct is 'x' and no number"),
        (f"{HEAD}\nA,inf,1,1,1\n", "row 2: oi_change_1h_pct is 'inf'"),
        (f"{HEAD}\nA,1,1,1,1,1,1\n", "row 2: 7 cells under 5 names"),
        (f"{HEAD},basis_pct\n", "two columns of one name"),
        ("a,b\n1,2\n", "none of the columns"),
        ("", "none of the columns"),
    ],
)
def test_what_cannot_be_read_is_said_in_a_line(tmp_path: Path, text: str, said: str) -> None:
    with pytest.raises(RecordingError) as error:
        score(read(made(tmp_path, text)))
    assert said in error.value.text
    assert "\n" not in error.value.text


def test_exit_codes(tmp_path: Path) -> None:
    good = made(tmp_path, f"{HEAD}\nA,1,1,1,1\n")
    for arguments, code in (
        ([str(good)], 2),
        ([str(tmp_path / "absent.csv"), "--out", str(tmp_path / "o.csv")], 3),
        ([str(good), "--validate"], 3),
        ([str(good), "--out", str(tmp_path / "no folder" / "o.csv")], 5),
    ):
        done = run("score", *arguments, home=tmp_path)
        assert done.returncode == code
        assert "Traceback" not in done.stderr
        if code != 2:
            assert len(done.stderr.strip().splitlines()) == 1


def test_the_cross_section_is_exported_at_the_end_of_each_bar(simulated_recording: Path) -> None:
    settings = ExportSettings(("pressure",), bar_ns=5 * SECOND)
    batches = [rows for _, rows in export_rows(simulated_recording, settings)]
    assert batches == [rows for _, rows in export_rows(simulated_recording, settings)]
    reader = RecordingReader(simulated_recording)
    start_ns, end_ns = reader.start_ns or 0, reader.end_ns or 0
    bars = range(start_ns - start_ns % (5 * SECOND) + 5 * SECOND, end_ns + 1, 5 * SECOND)
    told = [[dict(zip(TABLE.column_names, row, strict=True)) for row in rows] for rows in batches]
    assert [rows[0]["ts_ns"] for rows in told] == [*bars, end_ns - end_ns % SECOND]
    for rows in told:
        coins = {row["base"] for row in rows if row["venue"] == "all"}
        assert {"BTC", "ETH"} <= coins == {row["base"] for row in rows if row["venue"] != "all"}
        assert all(row["age_s"] >= 0 for row in rows)


def test_validation_reports_what_was_left_out(data: Path) -> None:
    text = validation(read(data / PUBLISHED))
    assert "left out one by one" in text
    assert "left out in 5 folds, deal 5" in text
    residuals = text.split("residual\n")[1].splitlines()
    assert len(residuals) == 34
    assert residuals[0].endswith("*")  # the largest miss is the one on the wrong side
