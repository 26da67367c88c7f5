"""The command line as a person meets it: real processes, exit codes, one-line errors."""

from __future__ import annotations

import json
import os
import random
import subprocess
import sys
from pathlib import Path

import pytest

from tests.command_line import run

PNG = b"\x89PNG\r\n\x1a\n" + bytes(64)


def assert_one_line_error(done: subprocess.CompletedProcess[str], code: int) -> None:
    assert done.returncode == code, done.stderr
    assert "Traceback" not in done.stderr + done.stdout
    assert len(done.stderr.strip().splitlines()) == 1, done.stderr


@pytest.mark.parametrize("command", ["inspect", "export", "screenshot", "replay"])
@pytest.mark.parametrize("content", [b"", PNG, b"text", None], ids=["empty", "png", "text", "folder"])
def test_what_is_no_recording_gives_one_line(tmp_path: Path, command: str, content: bytes | None) -> None:
    if command in ("screenshot", "replay") and content != PNG:
        pytest.skip("one input is enough for the slow starters")
    file = tmp_path / "thing"
    if content is None:
        file.mkdir()
    else:
        file.write_bytes(content)
    extra = ["--out", tmp_path / "out"] if command in ("export", "screenshot") else []
    assert_one_line_error(run(command, file, *extra, home=tmp_path), 3)


def test_a_missing_file_gives_one_line(tmp_path: Path) -> None:
    assert_one_line_error(run("inspect", tmp_path / "absent.mcap", home=tmp_path), 3)


def test_bad_arguments_give_code_2(tmp_path: Path) -> None:
    assert run("export", tmp_path / "x", "--out", tmp_path, "--table", "nonsense", home=tmp_path).returncode == 2
    assert run("export", tmp_path / "x", "--out", tmp_path, "--bar", "often", home=tmp_path).returncode == 2
    assert run("import", "nonsense", tmp_path / "x", "--out", tmp_path / "y", home=tmp_path).returncode == 2
    assert run("simulate", "--venues", "okx,kraken", home=tmp_path).returncode == 2
    assert run("nonsense", home=tmp_path).returncode == 2


def test_an_unwritable_place_gives_code_5(simulated_recording: Path, tmp_path: Path) -> None:
    blocked = tmp_path / "file"
    blocked.write_text("in the way")
    assert_one_line_error(run("export", simulated_recording, "--out", blocked / "sub", home=tmp_path), 5)


def test_the_command_line_starts_without_what_only_some_commands_need() -> None:
    names = "import sys, workstation.cli; print(*sorted({name.partition('.')[0] for name in sys.modules}))"
    done = subprocess.run([sys.executable, "-c", names], capture_output=True, text=True, timeout=60, check=True)
    assert not {"numpy", "pyarrow", "PySide6", "aiohttp", "rich", "mcap"} & set(done.stdout.split())


def test_help_names_every_command_and_column(tmp_path: Path) -> None:
    text = run("--help", home=tmp_path).stdout
    for command in ("live", "demo", "replay", "record", "inspect", "import", "export", "screenshot", "simulate"):
        assert command in text
    columns = run("export", "--help", home=tmp_path).stdout
    for name in ("bar_start_ns", "row_price", "is_poc", "aggressor", "cvd_usd", "min_delta"):
        assert name in columns


def test_inspect_and_export_a_recording(simulated_recording: Path, tmp_path: Path) -> None:
    report = json.loads(run("inspect", simulated_recording, "--json", home=tmp_path).stdout)
    assert report["frames"] > 1000
    done = run("export", simulated_recording, "--out", tmp_path / "a", "--format", "csv,jsonl,parquet", home=tmp_path)
    assert done.returncode == 0, done.stderr
    again = run("export", simulated_recording, "--out", tmp_path / "b", "--format", "csv,jsonl,parquet", home=tmp_path)
    assert again.returncode == 0
    for table in ("trades", "bars", "footprint", "cvd", "book"):
        for form in ("csv", "jsonl"):
            name = f"{table}.{form}"
            assert (tmp_path / "a" / name).read_bytes() == (tmp_path / "b" / name).read_bytes()
        assert (tmp_path / "a" / f"{table}.parquet").stat().st_size > 0


def test_a_cut_recording_says_where_it_ended(simulated_recording: Path, tmp_path: Path) -> None:
    whole = simulated_recording.read_bytes()
    cut = tmp_path / "cut.mcap"
    cut.write_bytes(whole[: len(whole) * 2 // 3])
    done = run("inspect", cut, home=tmp_path)
    assert done.returncode == 0
    assert "ended at" in done.stdout
    assert "bytes unreadable" in done.stdout
    assert run("export", cut, "--out", tmp_path / "out", home=tmp_path).returncode == 0


def test_flipped_bytes_never_give_a_traceback(simulated_recording: Path, tmp_path: Path) -> None:
    rng = random.Random(9)
    whole = bytearray(simulated_recording.read_bytes())
    for _ in range(4):
        damaged = bytearray(whole)
        for _ in range(3):
            damaged[rng.randrange(len(damaged))] ^= 1 << rng.randrange(8)
        file = tmp_path / "damaged.mcap"
        file.write_bytes(damaged)
        done = run("export", file, "--out", tmp_path / "out", "--table", "bars", home=tmp_path)
        assert "Traceback" not in done.stderr
        assert done.returncode in (0, 3)


def test_screenshot_is_a_picture_of_the_size_asked_for(simulated_recording: Path, tmp_path: Path) -> None:
    out = tmp_path / "shot.png"
    done = run("screenshot", simulated_recording, "--at", "+10s", "--size", "1366x768", "--out", out, home=tmp_path)
    assert done.returncode == 0, done.stderr
    head = out.read_bytes()[:24]
    assert head.startswith(b"\x89PNG")
    assert (int.from_bytes(head[16:20], "big"), int.from_bytes(head[20:24], "big")) == (1366, 768)


def test_simulate_and_record_meet_over_loopback(tmp_path: Path) -> None:
    environment = {**os.environ, "WORKSTATION_HOME": str(tmp_path)}
    command = [sys.executable, "-m", "workstation", "simulate", "--port", "0", "--with-parent"]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, env=environment) as venue:
        assert venue.stdout is not None
        port = venue.stdout.readline().split()[-1]
        whole, small = tmp_path / "whole.mcap", tmp_path / "small.mcap"
        for file, words in ((whole, ()), (small, ("--focus-only",))):
            for seconds in (3, 12, 48):  # a busy machine takes a while to connect
                duration = ("--for", f"{seconds}s")
                done = run("record", "BTC", "--port", port, *duration, *words, "--out", file, home=tmp_path)
                assert done.returncode == 0, done.stderr
                if json.loads(run("inspect", file, "--json", home=tmp_path).stdout)["frames"] > 100:
                    break
                file.unlink()
        assert venue.stdin is not None
        venue.stdin.close()
        venue.wait(timeout=10)
    universe = {}
    for file in (whole, small):
        report = json.loads(run("inspect", file, "--json", home=tmp_path).stdout)
        universe[file] = {one["name"].split(".")[0] for one in report["connections"] if "universe" in one["name"]}
    assert universe == {whole: {"binance", "bybit", "deribit", "hyperliquid", "okx"}, small: set()}
    words = ("export", whole, "--table", "pressure", "--format", "csv", "--out", tmp_path / "out")
    assert run(*words, home=tmp_path).returncode == 0
    table = (tmp_path / "out" / "pressure.csv").read_text().splitlines()
    assert len({line.split(",")[1] for line in table[1:]}) > 50  # every coin has a score, not BTC alone
