"""The command line. Errors are one line with what to do; tracebacks go to the log.

Each command imports its dependencies when it runs, so that the window and the simulated venues start quickly.

Exit codes: 0 done, 1 a fault of the program, 2 bad arguments, 3 unreadable input, 4 network, 5 disk.
"""

from __future__ import annotations

import errno
import logging
import os
import sys
from collections.abc import Callable, Collection, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import msgspec
import typer
from typer.core import TyperCommand

from feeds.hub.wire import STREAM
from feeds.model.errors import FeedError, MarketUnknown, TransportError, WriteFailed
from feeds.model.nearest import unknown
from workstation.cli.arguments import Bases, bases_of, span_of
from workstation.cli.hub import Authority, Creds, Stream, broker_at, check_bases, fetch_stream, hub, is_stream
from workstation.cli.index import index
from workstation.cli.lake import lake_app
from workstation.cli.record import record
from workstation.cli.recover import recover
from workstation.cli.simulate import simulate
from workstation.process import logs
from workstation.process.gc_thresholds import raise_gc_thresholds
from workstation.process.memory import tune_malloc
from workstation.process.terminal import echo
from workstation.readmodels.times import moment_ns

if TYPE_CHECKING:
    from feeds.recording import Recording
    from workstation.readmodels.universe.paper import PaperSettings

FAULT, BAD_ARGUMENTS, UNREADABLE, NETWORK, DISK = 1, 2, 3, 4, 5

app = typer.Typer(
    name="workstation",
    help="Order-flow workstation for crypto perpetual futures: live, simulated and replayed.",
    no_args_is_help=False,
    pretty_exceptions_enable=False,
    add_completion=False,
    rich_markup_mode=None,
)
app.add_typer(lake_app, name="lake")
app.command()(hub)
app.command()(recover)
app.command()(index)
app.command()(record)
app.command()(simulate)
log = logging.getLogger(__name__)


@app.callback(invoke_without_command=True)
def start(context: typer.Context) -> None:
    """Open the live window when no command is given."""
    if context.invoked_subcommand is None:
        from workstation.app import live_window

        raise typer.Exit(live_window([]))


@app.command()
def live(
    bases: Bases = None,
    hub: Annotated[str, typer.Option(help="Receive from the hub at this NATS broker instead.")] = "",
    since: Annotated[str, typer.Option(help="With --hub: how much of its past to load; 0s for none.")] = "15m",
    creds: Creds = None,
    authority: Authority = None,
    stream: Stream = STREAM,
) -> None:
    """Open the window on the live venues, or on a hub."""
    if hub:
        from workstation.app import hub_window

        broker, asked = broker_at(hub, creds, authority, stream), [base.upper() for base in bases or ()]
        if asked:
            check_bases(broker, asked)
        raise typer.Exit(hub_window(broker, span_of(since) / 1e9, asked))
    from workstation.app import live_window

    raise typer.Exit(live_window([base.upper() for base in bases or ()]))


@app.command()
def demo(bases: Bases = None) -> None:
    """Open the window on simulated venues served over loopback sockets; no network is needed."""
    from workstation.session.simulated import Simulator

    with Simulator() as simulator:  # the venues start while the window is imported
        from workstation.app import demo_window

        raise typer.Exit(demo_window(bases_of(bases), simulator))


@app.command()
def replay(
    places: Annotated[
        list[str],
        typer.Argument(
            metavar="PLACE...", help="A recording or a folder of them, several as one, or nats://HOST:PORT."
        ),
    ],
    since: Annotated[str, typer.Option("--from", help="Start, with a broker: an ISO time in UTC, or an age.")] = "1h",
    until: Annotated[str, typer.Option("--to", help="End, with a broker: an ISO time in UTC, an age, or now.")] = "now",
    creds: Creds = None,
    authority: Authority = None,
) -> None:
    """Open the window on recordings, or on a span of a broker's stream, which is saved as a recording first.

    Several recordings, or those of a folder, are one session in order of time; what lies between them is a gap.
    """
    files = [fetch_stream(one, since, until, creds, authority) if is_stream(one) else Path(one) for one in places]
    from workstation.app import replay_window

    raise typer.Exit(replay_window(*files))


@app.command()
def inspect(
    file: Annotated[Path, typer.Argument(help="A recording.")],
    json: Annotated[bool, typer.Option("--json", help="As JSON.")] = False,
    verbose: Annotated[bool, typer.Option("--verbose", help="List every stream, silence and close.")] = False,
) -> None:
    """Describe a recording: venues, streams, counts, time range, gaps, size, damage, index."""
    from feeds.recording import RecordingReader
    from feeds.recording.inspection import inspect as look
    from workstation.cli.inspection import damage_line, inspection_text
    from workstation.replay.condition import condition_of

    found = look(file)
    index = condition_of(RecordingReader(file))
    if found.damage is not None:
        echo(damage_line(file.name, found.damage), err=True)
    if json:
        everything = {**msgspec.structs.asdict(found), "index": index}
        echo(msgspec.json.format(msgspec.json.encode(everything), indent=2).decode())
    else:
        echo(inspection_text(found, index, verbose=verbose))


@app.command(hidden=True)
def outline(file: Annotated[Path, typer.Argument(help="A recording.")]) -> None:
    """Print the outline of a recording as a line of JSON, after lines with the share done, 0 to 1."""
    from workstation.library.outline import outline_of

    os.nice(10)
    raise_gc_thresholds()
    found = outline_of(file, lambda share: echo(f"{share:.3f}"))
    echo(msgspec.json.encode(found).decode())


@app.command(name="import")
def import_(
    kind: Annotated[str, typer.Argument(help="hftbacktest, multi-venue, or auto to go by the content.")],
    files: Annotated[list[Path], typer.Argument(help="Raw captures; several are merged by time.")],
    out: Annotated[Path, typer.Option(help="The recording to write.")],
    market: Annotated[str, typer.Option(help="linear, inverse or spot; inferred from the content if not given.")] = "",
) -> None:
    """Convert raw captures and archives to a recording."""
    from feeds.importers import KINDS, import_captures
    from feeds.model.instrument import MarketKind

    if kind not in (*KINDS, "auto"):
        raise typer.BadParameter(unknown(kind, "kind of capture", (*KINDS, "auto")))
    if market and market not in list(MarketKind):
        raise typer.BadParameter(unknown(market, "market", [each.value for each in MarketKind]))
    with _progress("importing") as advance:
        report = import_captures(
            None if kind == "auto" else kind, files, out, advance, market=MarketKind(market) if market else None
        )
    echo(f"{out}: {report.frames:,} frames of {len(report.instruments)} instruments, {report.out_bytes:,} bytes")
    if report.torn_lines or report.damaged:
        echo(f"left out: {report.torn_lines} torn lines; ended early: {', '.join(report.damaged) or 'none'}")
    if report.left_out:
        echo(f"not imported: {', '.join(report.left_out)}")


class ExportCommand(TyperCommand):
    """A command whose help lists the tables and their columns."""

    def format_help_text(self, ctx: Any, formatter: Any) -> None:
        """Add the tables to the help, found only when it is displayed: they need all of the analytics."""
        from workstation.exports.tables import tables_help

        self.help = f"{self.help}\n\n{tables_help()}"
        super().format_help_text(ctx, formatter)


@app.command(cls=ExportCommand)
def export(
    file: Annotated[Path, typer.Argument(help="A recording, or a folder of recordings.")],
    out: Annotated[Path, typer.Option(help="The folder to write to, one file a table.")],
    table: Annotated[str, typer.Option(help="Tables, separated by commas; the usual ones if not given.")] = "",
    bar: Annotated[str, typer.Option(help="Bar length: 1s to 1d.")] = "1m",
    row: Annotated[float, typer.Option(help="Row size in quote currency; 0: ten ticks.")] = 0.0,
    every: Annotated[str, typer.Option(help="How often books are written; the last is always.")] = "1s",
    levels: Annotated[int, typer.Option(help="Levels a side in the book table; 0: all.")] = 20,
    poc_tie: Annotated[str, typer.Option(help="Which of equal rows is the POC: middle or lowest.")] = "middle",
    paper: Annotated[str, typer.Option(help="Settings of the paper book, for example score=flow,every=1m.")] = "",
    form: Annotated[str, typer.Option("--format", help="csv, parquet or jsonl; several separated by commas.")] = "csv",
) -> None:
    """Export trades, bars and other results of a recording as tables. Times are ns UTC, sizes base coin."""
    from feeds.recording import Damage
    from workstation.cli.inspection import damage_line
    from workstation.exports.export import export_rows
    from workstation.exports.table import ExportSettings
    from workstation.exports.tables import all_tables, default_tables
    from workstation.exports.writers import FORMATS, TableWriter
    from workstation.readmodels.flow.footprint import FootprintRules, PocTie

    known = all_tables()
    tables, formats = tuple(table.split(",")) if table else default_tables(), tuple(form.split(","))
    _known(tables, known, "table")
    _known(formats, FORMATS, "format")
    _known((poc_tie,), list(PocTie), "POC tie rule")
    rules = FootprintRules(poc_tie=PocTie(poc_tie))
    settings = ExportSettings(tables, span_of(bar), row or None, span_of(every), levels, rules, _paper(paper))
    if row < 0:
        raise typer.BadParameter("a row cannot be negative")
    counts, damages = dict.fromkeys(tables, 0), list[Damage]()
    with _progress("exporting") as advance, TableWriter(out, formats, [known[name] for name in tables]) as writer:
        for name, rows in export_rows(file, settings, advance, damages.append):
            writer.write(name, rows)
            counts[name] += len(rows)
    for damage in damages:
        echo(damage_line(file.name, damage), err=True)
    echo("; ".join(f"{name}: {count:,} rows" for name, count in counts.items()))


@app.command()
def score(
    file: Annotated[Path, typer.Argument(help="A csv file of inputs in per cent, one coin a row.")],
    out: Annotated[Path | None, typer.Option(help="The csv file to write.")] = None,
    validate: Annotated[
        bool, typer.Option(help="Fit on the scores in the file, and print the cross-validated agreement.")
    ] = False,
) -> None:
    """Add pressure score, bias and regime to rows of inputs, replacing any in the file.

    Columns: oi_change_1h_pct, oi_change_4h_pct, oi_change_24h_pct, funding_rate_pct, basis_pct; missing columns and
    empty cells are ignored. Other columns are copied.
    """
    from workstation.cli.scoring import read, validation, write

    if out is None and not validate:
        raise typer.BadParameter("choose an output file with --out, or print the fit with --validate")
    table = read(file)
    if validate:
        echo(validation(table))
    if out is not None:
        echo(f"{out}: {write(table, out):,} rows")


@app.command()
def screenshot(
    file: Annotated[Path, typer.Argument(help="A recording, or a folder of recordings.")],
    at: Annotated[str, typer.Option(help="start, end, +90s, 23:58:00, an ISO time in UTC, or ns.")] = "end",
    out: Annotated[Path, typer.Option(help="The PNG to write.")] = Path("screenshot.png"),
    size: Annotated[str, typer.Option(help="Width x height in pixels.")] = "1920x1080",
    base: Annotated[str, typer.Option(help="The base asset to show; the first one if not given.")] = "",
    workspace: Annotated[str, typer.Option(help="A workspace by its name, shipped or saved.")] = "",
) -> None:
    """Save a picture of the window at a time of a recording, without a screen."""
    os.environ["QT_QPA_PLATFORM"] = "offscreen"
    from workstation.app import screenshot as paint
    from workstation.cli.inspection import damage_line

    try:
        width, height = (int(number) for number in size.split("x"))
    except ValueError:
        raise typer.BadParameter(f"{size} is no size; write it like 1920x1080") from None

    readers: list[Recording] = []

    def moment(reader: Recording) -> int:
        readers.append(reader)
        try:
            return moment_ns(at, reader.start_ns or 0, reader.end_ns or 0)
        except ValueError as error:
            raise typer.BadParameter(str(error)) from None

    try:
        paint(file, moment, out, (width, height), base.upper(), workspace)
    except ValueError as error:
        raise typer.BadParameter(str(error)) from None
    for damage in (reader.damage for reader in readers):
        if damage is not None:
            echo(damage_line(file.name, damage), err=True)
    echo(f"{out}")


_Refusal = typer.BadParameter.__mro__[2]  # click's, of which typer has a copy or not, depending on its version
_DISK_ERRORS = frozenset({errno.ENOSPC, errno.EDQUOT, errno.EFBIG, errno.EROFS, errno.EIO})


def main() -> None:
    """Run the command line; never returns."""
    logs.set_up(quiet=True)
    raise_gc_thresholds()
    tune_malloc()
    try:
        sys.exit(app(standalone_mode=False))
    except typer.Abort:
        _end("stopped", 1)
    except MemoryError as error:
        log.error("ended", exc_info=error)
        _end("The memory of this computer is not enough for that.", UNREADABLE)
    except Exception as error:
        log.error("ended: %s", error, exc_info=error)
        _end(_text_of(error), _code_of(error))


def _code_of(error: Exception) -> int:
    """The exit code of an error; see the head of this file."""
    if isinstance(error, _Refusal | MarketUnknown):
        return BAD_ARGUMENTS
    if isinstance(error, OSError | WriteFailed) or type(error).__name__ == "OutputFailed":
        return DISK
    if isinstance(error, TransportError):
        return NETWORK
    if isinstance(error, FeedError):
        cause = error.__cause__
        return DISK if isinstance(cause, OSError) and cause.errno in _DISK_ERRORS else UNREADABLE
    return FAULT


def _text_of(error: Exception) -> str:
    if isinstance(error, FeedError):
        return error.text
    if isinstance(error, OSError):
        return f"{error.filename or ''}: {error.strerror or error}".lstrip(": ")
    if isinstance(error, _Refusal):
        return str(error.format_message())  # type: ignore[attr-defined]
    return f"This is a fault of the program ({type(error).__name__}: {error}); the log has the details."


def _end(text: str, code: int) -> None:
    echo(" ".join(text.split()), err=True)
    sys.exit(code)


def _paper(text: str) -> PaperSettings:
    from workstation.exports.tables.paper import paper_settings

    try:
        return paper_settings(text)
    except ValueError as error:
        raise typer.BadParameter(str(error)) from None


def _known(names: tuple[str, ...], known: Collection[str], what: str) -> None:
    for name in names:
        if name not in known:
            raise typer.BadParameter(unknown(name, what, known))


@contextmanager
def _progress(text: str) -> Iterator[Callable[[int, int], None]]:
    from rich.console import Console
    from rich.progress import BarColumn, DownloadColumn, Progress, TextColumn, TimeRemainingColumn

    columns = (TextColumn("{task.description}"), BarColumn(), DownloadColumn(), TimeRemainingColumn())
    with Progress(*columns, console=Console(stderr=True), transient=True) as bar:
        task = bar.add_task(text, total=None)
        yield lambda done, total: bar.update(task, completed=done, total=total)
