"""The `lake` commands: add recordings to a Parquet dataset, and query it."""

import csv
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Annotated, Any, TextIO

import msgspec
import typer

from feeds.model.errors import RecordingError
from feeds.model.nearest import unknown
from workstation.process.terminal import PlainStream, echo, label

SHOWN = 1_000  # rows of a printed table

lake_app = typer.Typer(
    help="Many recordings as one Parquet dataset by date, venue and symbol, and SQL over it.",
    no_args_is_help=True,
    rich_markup_mode=None,
)
Root = Annotated[Path, typer.Option(help="The folder of the lake.")]
Rows = Iterator[tuple[Any, ...]]


@lake_app.command()
def add(files: Annotated[list[Path], typer.Argument(help="Recordings.")], root: Root) -> None:
    """Add recordings to a lake. One that is in it already is skipped."""
    from rich.console import Console
    from rich.progress import Progress

    from workstation.cli.inspection import damage_line
    from workstation.lake.add import add as add_one

    for file in files:
        with Progress(console=Console(stderr=True), transient=True) as bar:
            task = bar.add_task(label(file.name), total=None)
            added = add_one(file, root, lambda done, total, task=task: bar.update(task, completed=done, total=total))  # type: ignore[misc]
        result = "already in the lake" if added.existed else f"{added.rows:,} rows in {added.files:,} files"
        echo(f"{file.name}: {result}")
        if added.damage is not None:
            echo(damage_line(file.name, added.damage), err=True)


@lake_app.command()
def query(
    sql: Annotated[str, typer.Argument(help="SQL, for example \"FROM bars('1m', 'BTC')\".")],
    root: Root,
    form: Annotated[str, typer.Option("--format", help="table, csv or jsonl.")] = "table",
    read_only: Annotated[
        bool, typer.Option("--read-only/--read-write", help="Whether statements that can write files are refused.")
    ] = True,
) -> None:
    """Query a lake with DuckDB's SQL. The SQL is your own: it can read every file that you can read.

    Views: trades, book, liquidations, funding, open_interest, pressure (by the minute), and coverage (spans with all
    trades). Table macros, for every market and for venue `all`: bars(bar, base), footprint(bar, row, base) and
    cvd(bar, base), each with optional since := and until := (times in UTC or ns), footprint also with
    poc_tie := 'lowest'.
    """
    from workstation.lake.query import connect, writing_statement

    if form not in _WRITERS:
        raise typer.BadParameter(unknown(form, "format", _WRITERS))
    try:
        import duckdb
    except ImportError:
        connect(root)  # raises what to install
        raise
    try:
        session = connect(root)
        if read_only and (kind := writing_statement(sql)):
            raise typer.BadParameter(f"{kind} can write files; --read-write permits it")
        result = session.execute(sql)
        names = [column[0] for column in result.description or ()]
        _WRITERS[form](names, iter(result.fetchone, None))
    except duckdb.Error as error:
        reason = str(error).splitlines()[0]
        if isinstance(error, duckdb.IOException) or str(root) in str(error):
            raise RecordingError(f"A file of the lake cannot be read: {reason}", str(error)) from error
        raise typer.BadParameter(reason) from error


def _out() -> TextIO | PlainStream:
    """Stdout: exact in a file or pipe, plain on a terminal."""
    return PlainStream(sys.stdout) if sys.stdout.isatty() else sys.stdout


def _csv(names: list[str], rows: Rows) -> None:
    writer = csv.writer(_out(), lineterminator="\n")
    writer.writerow(names)
    writer.writerows(rows)


def _jsonl(names: list[str], rows: Rows) -> None:
    out = _out()
    for row in rows:
        out.write(msgspec.json.encode(dict(zip(names, row, strict=True))).decode() + "\n")


def _table(names: list[str], rows: Rows) -> None:
    shown = [["" if cell is None else str(cell) for cell in row] for row, _ in zip(rows, range(SHOWN), strict=False)]
    widths = [max(map(len, column)) for column in zip(names, *shown, strict=True)]
    for line in (names, ["-" * width for width in widths], *shown):
        echo("  ".join(cell.ljust(width) for cell, width in zip(line, widths, strict=True)).rstrip())
    if next(rows, None) is not None:
        echo(f"... the first {SHOWN:,} rows; use --format csv or jsonl for all", err=True)


_WRITERS: dict[str, Callable[[list[str], Rows], None]] = {"table": _table, "csv": _csv, "jsonl": _jsonl}
