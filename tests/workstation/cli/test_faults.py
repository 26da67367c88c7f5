"""Commands in bad homes, on bad disks and with bad inputs: one line on stderr, no traceback, the stated exit code."""

from __future__ import annotations

import asyncio
import gzip
import os
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

import pytest
import zstandard

from feeds.hub.requests import refused_bases
from tests.command_line import run
from tests.feeds.hub.broker import NatsServer, needs_broker
from tests.workstation.cli.test_cli import assert_one_line_error

REFUSED, UNREADABLE, NETWORK, DISK = 2, 3, 4, 5


@pytest.mark.parametrize(
    ("words", "text"),
    [
        (["export", "x", "--out", "o", "--table", "bras"], "did you mean bars?"),
        (["export", "x", "--out", "o", "--format", "cvs"], "did you mean csv?"),
        (["export", "x", "--out", "o", "--bar", "9" * 400 + "d"], "hundred years"),
        (["export", "x", "--out", "o", "--paper", "scor=flow"], "did you mean score?"),
        (["import", "hftbacktst", "x", "--out", "o"], "did you mean hftbacktest?"),
        (["import", "auto", "x", "--out", "o", "--market", "liner"], "did you mean linear?"),
        (["simulate", "--venues", "binanse"], "did you mean binance?"),
        (["lake", "query", "SELECT 1", "--root", "o", "--format", "jsnl"], "did you mean jsonl?"),
        (["hub", "BTC", "--keep", "long"], "no span of time"),
        (["hub", "BTC", "--creds", "absent.creds"], "no file absent.creds"),
        (["live", "--hub", "127.0.0.1:1", "--since", "long"], "no span of time"),
        (["live", "--hub", "127.0.0.1:1", "--tls-ca", "absent.pem"], "no file absent.pem"),
        (["record", "BTC", "--out", "o", "--for", "soon"], "no span of time"),
        (["replay", "nats://127.0.0.1:1", "--from", "99999999d"], "hundred years"),
        (["replay", "nats://127.0.0.1:1", "--from", "9999-12-31T23:00:00-05:00"], "years 1 to 9999"),
        (["score", "x"], "--out"),
        (["export"], "Missing"),
        (["nonsense"], "nonsense"),
    ],
)
def test_what_is_not_there_is_answered_with_the_nearest(tmp_path: Path, words: list[str], text: str) -> None:
    done = run(*words, home=tmp_path)
    assert_one_line_error(done, REFUSED)
    assert text in done.stderr


@pytest.mark.parametrize(
    ("words", "text"),
    [
        (["--at", "99999999999999999999"], "moment"),
        (["--at", "0001-01-01"], "outside the recording"),
        (["--base", "BTCUSDT"], "did you mean BTC?"),
        (["--workspace", "Overveiw"], "workspace"),
        (["--size", "0x"], "no size"),
    ],
)
def test_pictures_of_what_is_not_there(simulated_recording: Path, tmp_path: Path, words: list[str], text: str) -> None:
    done = run("screenshot", simulated_recording, *words, "--out", tmp_path / "a.png", home=tmp_path)
    assert_one_line_error(done, REFUSED)
    assert text in done.stderr


def test_a_home_that_cannot_be_written_is_one_line_or_not_needed(simulated_recording: Path, tmp_path: Path) -> None:
    blocked = tmp_path / "file"
    blocked.write_text("in the way")
    home = blocked / "home"
    assert run("inspect", simulated_recording, home=home).returncode == 0
    table = ["--table", "bars", "--out", tmp_path / "out"]
    assert run("export", simulated_recording, *table, home=home).returncode == 0
    for words in (
        ["screenshot", simulated_recording],
        ["record", "--out", tmp_path / "r"],
        ["replay", simulated_recording],
        ["demo"],
        ["live", "BTC"],
        ["hub", "BTC", "--port", "1"],
    ):
        assert_one_line_error(run(*words, home=home), DISK)


def test_outline_and_recovery_need_no_home(simulated_recording: Path, tmp_path: Path) -> None:
    blocked = tmp_path / "file"
    blocked.write_text("in the way")
    done = run("recover", simulated_recording, "--out", tmp_path / "whole.mcap", home=blocked / "home")
    assert (done.returncode, done.stderr) == (0, "")
    done = run("outline", simulated_recording, home=blocked / "home")
    assert (done.returncode, done.stderr) == (0, "")


@pytest.mark.parametrize("words", [["recover", "--out", "out.mcap"], ["outline"]], ids=["recover", "outline"])
def test_recovery_and_outline_of_what_is_no_recording(tmp_path: Path, words: list[str]) -> None:
    command, *options = words
    other = tmp_path / "other"
    other.write_bytes(b"no recording" * 1_000)
    for file in (other, tmp_path / "absent.mcap", tmp_path):
        assert_one_line_error(run(command, file, *options, home=tmp_path), UNREADABLE)


def test_recovery_onto_a_bad_place(simulated_recording: Path, tmp_path: Path) -> None:
    recover = ("recover", simulated_recording, "--out")
    assert_one_line_error(limited(*recover, tmp_path / "big.mcap", home=tmp_path), DISK)
    assert not (tmp_path / "big.mcap").exists()
    absent = run(*recover, tmp_path / "absent" / "a.mcap", home=tmp_path)
    assert_one_line_error(absent, DISK)
    assert str(tmp_path / "absent" / "a.mcap") in absent.stderr
    assert_one_line_error(run(*recover, simulated_recording, home=tmp_path), REFUSED)


def limited(*words: object, home: Path) -> subprocess.CompletedProcess[str]:
    """A command on a disk that takes no file over 8 KiB."""
    return run(*words, home=home, file_kib=8)


@pytest.mark.parametrize("form", ["csv", "parquet", "jsonl"])
def test_a_full_disk_ends_an_export(simulated_recording: Path, tmp_path: Path, form: str) -> None:
    words = ("export", simulated_recording, "--table", "trades", "--format", form, "--out", tmp_path / "out")
    assert_one_line_error(limited(*words, home=tmp_path), DISK)


def test_a_full_disk_ends_an_import_a_lake_and_a_picture(simulated_recording: Path, tmp_path: Path) -> None:
    line = (
        '%d {"stream":"btcusdt@trade","data":{"e":"trade","s":"BTCUSDT","t":%d,"T":%d,"p":"6%d.1","q":"1","X":"MARKET",'
        '"m":true}}'
    )
    capture = tmp_path / "capture"
    capture.write_text("\n".join(line % (1723161255030314667 + n, n, n, hash(n * 7919) % 10**9) for n in range(20_000)))
    assert_one_line_error(limited("import", "auto", capture, "--out", tmp_path / "o.mcap", home=tmp_path), DISK)
    assert_one_line_error(limited("lake", "add", simulated_recording, "--root", tmp_path / "lake", home=tmp_path), DISK)
    assert_one_line_error(limited("screenshot", simulated_recording, "--out", tmp_path / "a.png", home=tmp_path), DISK)


@pytest.mark.parametrize("harm", ["missing", "cut"])
def test_harmed_files_of_a_lake(simulated_recording: Path, tmp_path: Path, harm: str) -> None:
    root = tmp_path / "lake"
    assert run("lake", "add", simulated_recording, "--root", root, home=tmp_path).returncode == 0
    for file in (root / "trades").rglob("*.parquet"):
        if harm == "missing":
            file.unlink()
        else:
            file.write_bytes(file.read_bytes()[:100])
    assert_one_line_error(
        run("lake", "query", "SELECT count(*) FROM trades", "--root", root, home=tmp_path), UNREADABLE
    )
    assert_one_line_error(run("lake", "query", "SELEC", "--root", tmp_path / "none", home=tmp_path), UNREADABLE)


@pytest.mark.parametrize("content", [b"\0", b"1723161255030314667 {"], ids=["zeros", "one line"])
@pytest.mark.parametrize("pack", [zstandard.compress, gzip.compress], ids=["zstd", "gzip"])
def test_bombs_in_an_import_are_refused(tmp_path: Path, content: bytes, pack: object) -> None:
    file = tmp_path / "bomb"
    file.write_bytes(pack(content + bytes(200_000_000)))  # type: ignore[operator]
    assert_one_line_error(run("import", "hftbacktest", file, "--out", tmp_path / "o", home=tmp_path), UNREADABLE)


def test_a_capture_that_does_not_show_its_market_asks_for_it(tmp_path: Path) -> None:
    file = tmp_path / "capture"
    data = '{"e":"trade","s":"BTCUSDT","t":1,"T":1723161255030,"p":"1.1","q":"1","m":true}'
    file.write_text('1723161255030314667 {"stream":"btcusdt@trade","data":' + data + "}")
    words = ("import", "auto", file, "--out", tmp_path / "o")
    done = run(*words, home=tmp_path)
    assert_one_line_error(done, REFUSED)
    assert "--market" in done.stderr
    assert run(*words, "--market", "spot", home=tmp_path).returncode == 0


@contextmanager
def simulated_venues(home: Path) -> Iterator[str]:
    """The port of simulated venues."""
    environment = {**os.environ, "WORKSTATION_HOME": str(home)}
    command = [sys.executable, "-m", "workstation", "simulate", "--port", "0", "--with-parent"]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, env=environment) as venue:
        assert venue.stdout is not None
        yield venue.stdout.readline().split()[-1]
        assert venue.stdin is not None
        venue.stdin.close()
        venue.wait(timeout=10)


def test_coins_that_no_venue_lists_are_refused_before_a_file_is_made(tmp_path: Path) -> None:
    with simulated_venues(tmp_path) as port:
        words = ("record", "BTCUSDT", "XYZ", "--port", port, "--for", "3s", "--out", tmp_path / "a")
        for refused in (run(*words, home=tmp_path), run("hub", "BTCUSDT", "XYZ", "--port", port, home=tmp_path)):
            assert_one_line_error(refused, REFUSED)
            assert "no venue lists BTCUSDT; did you mean BTC?; no venue lists XYZ" in refused.stderr
    assert not (tmp_path / "a").exists()


@needs_broker
def test_a_hub_and_its_desktops_in_one_line_each(tmp_path: Path) -> None:
    """A desktop asks for a coin that does not exist; a second hub takes over and the first one says so."""
    broker = NatsServer(tmp_path)
    broker.start()
    environment = {**os.environ, "WORKSTATION_HOME": str(tmp_path / "home")}
    address = f"127.0.0.1:{broker.port}"
    try:
        with simulated_venues(tmp_path) as port, ExitStack() as running:

            def hub() -> subprocess.Popen[str]:
                command = [sys.executable, "-m", "workstation", "hub", "BTC", "--nats", address, "--port", port]
                process = running.enter_context(
                    subprocess.Popen(command, stderr=subprocess.PIPE, text=True, env=environment)
                )
                running.callback(process.kill)
                return process

            first, desktop = hub(), ["live", "BTCUSDT", "--hub", address]
            deadline_s = time.monotonic() + 60
            while not asyncio.run(refused_bases(broker.broker(), ["BTCUSDT"], within_s=2.0)):
                assert time.monotonic() < deadline_s
                time.sleep(0.2)
            done = run(*desktop, home=tmp_path)
            assert_one_line_error(done, REFUSED)
            assert "no venue lists BTCUSDT; did you mean BTC?" in done.stderr
            hub()
            _, printed = first.communicate(timeout=60)
            assert first.returncode == NETWORK
            assert "Another hub" in printed.splitlines()[-1]
    finally:
        broker.kill()


WITHOUT_NATS = "import sys; sys.modules['nats'] = None; from workstation.cli.main import main; main()"


@pytest.mark.parametrize(
    "words",
    [["replay", "nats://127.0.0.1:1"], ["hub", "--port", "1"], ["live", "BTC", "--hub", "127.0.0.1:1"]],
    ids=["replay", "hub", "live"],
)
def test_a_hub_without_its_extra_is_one_line(tmp_path: Path, words: list[str]) -> None:
    environment = {**os.environ, "WORKSTATION_HOME": str(tmp_path), "QT_QPA_PLATFORM": "offscreen"}
    command = [sys.executable, "-c", WITHOUT_NATS, *words]
    done = subprocess.run(command, capture_output=True, text=True, timeout=60, env=environment, check=False)
    assert_one_line_error(done, NETWORK)
    assert "pip install 'orderflow-workstation[hub]'" in done.stderr
