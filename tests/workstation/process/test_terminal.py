"""No text of a venue or a file reaches a terminal or a log as a control character."""

from __future__ import annotations

import ast
import io
import json
import logging
import sys
from pathlib import Path

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from feeds.model.frame import ConnectionSpec, Frame, FrameKind
from feeds.model.instrument import MarketKind, Venue
from feeds.recording import RecordingMetadata, RecordingWriter
from workstation.cli import main
from workstation.process import logs
from workstation.process.terminal import PlainStream, echo, label, plain, status

HOSTILE = "\x1b]0;title\x07\x9b31mred\r\u202egnp"
ALLOWED = "\t\n"


def obeyed(text: str) -> list[str]:
    """The control characters of a text, without tabs and newlines."""
    return [one for one in text if one not in ALLOWED and (ord(one) < 32 or 127 <= ord(one) < 160 or one == "\u202e")]


@given(st.text())
def test_printable_text_is_unchanged_and_the_rest_stays_json(text: str) -> None:
    shown = plain(text)
    assert not obeyed(shown)
    assert (
        shown == text or obeyed(text) or any("\ud800" <= one <= "\udfff" or "\u202a" <= one <= "\u2069" for one in text)
    )
    kept = "".join(one for one in text if not "\ud800" <= one <= "\udfff")
    assert json.loads(plain(msgspec.json.encode(kept).decode())) == kept


def test_lines_and_streams_are_plain(capfd: pytest.CaptureFixture[str]) -> None:
    echo(HOSTILE)
    echo(HOSTILE + "\udc9b", err=True)
    with status("connecting [/]") as update:
        update(f"[red]{HOSTILE}[/none]")
    out, err = capfd.readouterr()
    assert not obeyed(out + err)
    written = io.StringIO()
    PlainStream(written).write(HOSTILE)
    assert written.getvalue() == plain(HOSTILE)
    assert label("[red]\x1b") == "\\[red]\\u001b"


def test_logs_are_plain(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]) -> None:
    monkeypatch.setenv("WORKSTATION_HOME", str(tmp_path))
    root = logging.getLogger()
    before, level, raising = list(root.handlers), root.level, logging.raiseExceptions
    logs.set_up()
    try:
        try:
            raise ValueError(HOSTILE)
        except ValueError:
            logging.getLogger("venue").exception("the venue answered %s", HOSTILE)
    finally:
        for handler in set(root.handlers) - set(before):
            root.removeHandler(handler)
            handler.close()
        root.setLevel(level)
        logging.raiseExceptions = raising
    text = (tmp_path / "log" / "workstation.log").read_text(encoding="utf-8")
    assert "Traceback" in text
    assert not obeyed(text + capfd.readouterr().err)


def run(*words: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "argv", ["workstation", *words])
    with pytest.raises(SystemExit):
        main.main()


def test_names_in_recordings_and_of_files_are_plain(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("WORKSTATION_HOME", str(tmp_path))
    monkeypatch.setattr(logs, "set_up", lambda **_: None)
    file = tmp_path / "[red]\x1b[31m.mcap"
    spec = ConnectionSpec(name="venue\x1b[2J", venue=Venue("binance"), kind=MarketKind.LINEAR, route="all")
    with file.open("wb") as stream:
        writer = RecordingWriter(stream, RecordingMetadata(note=f"note {HOSTILE}"))
        opened = Frame(1, spec.name, FrameKind.OPEN, msgspec.json.encode(spec))
        writer.write([opened, Frame(2, spec.name, FrameKind.CLOSE, HOSTILE.encode())])
        writer.finish()
    for words in (["inspect", str(file)], ["inspect", "--json", str(file)], ["inspect", str(file) + HOSTILE]):
        run(*words, monkeypatch=monkeypatch)
    run("lake", "add", str(file), "--root", str(tmp_path / "lake"), monkeypatch=monkeypatch)
    out, err = capfd.readouterr()
    assert "note " in out
    assert err
    assert not obeyed(out + err)


def test_commands_print_in_one_way() -> None:
    folder = Path(main.__file__).parent
    calls = [
        f"{file.name}: {ast.unparse(node)}"
        for file in folder.glob("*.py")
        for node in ast.walk(ast.parse(file.read_text()))
        if isinstance(node, ast.Call)
        and ast.unparse(node.func) in ("print", "typer.echo", "typer.secho", "sys.stderr.write")
    ]
    assert not calls
