"""The `hub` command, and the broker options of `live` and `replay`."""

import asyncio
import logging
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated

import typer

from feeds.hub.broker import Broker
from feeds.hub.wire import STREAM, Subjects
from feeds.model.errors import TransportError
from workstation.cli.arguments import Bases, bases_of, span_of
from workstation.process.terminal import echo, status
from workstation.readmodels.times import ago
from workstation.settings import paths

log = logging.getLogger(__name__)

LIST_S = 15.0

Url = Annotated[str, typer.Option("--nats", help="The broker, for example nats://127.0.0.1:4222.")]
Creds = Annotated[Path | None, typer.Option("--creds", help="The broker's credentials file.")]
Authority = Annotated[Path | None, typer.Option("--tls-ca", help="Certificates to trust, for a broker with TLS.")]
Stream = Annotated[str, typer.Option(help="The name of the broker's stream.")]


def hub(
    bases: Bases = None,
    url: Url = "nats://127.0.0.1:4222",
    creds: Creds = None,
    authority: Authority = None,
    stream: Stream = STREAM,
    keep: Annotated[str, typer.Option(help="How long the broker keeps frames.")] = "7d",
    keep_gb: Annotated[float, typer.Option(help="At most so many GB of frames; 0 for what --keep needs.")] = 0.0,
    record: Annotated[bool, typer.Option(help="Also write recordings on this machine.")] = False,
    port: Annotated[int, typer.Option(help="Receive from the simulated venues at this loopback port instead.")] = 0,
) -> None:
    """Receive from all venues and publish to a NATS JetStream broker, for many desktops, until Ctrl+C."""
    from workstation.hub.run import HubOptions, NotListed, collect

    broker, followed = broker_at(url, creds, authority, stream), tuple(bases_of(bases))
    options = HubOptions(broker, followed, span_of(keep) / 1e9, round(keep_gb * 1e9), record, port)
    with status("connecting") as update:
        try:
            asyncio.run(collect(options, update, check_s=LIST_S if bases else 0.0))
        except NotListed as error:
            raise typer.BadParameter(str(error)) from None
        except KeyboardInterrupt:
            log.info("stopped by the user")


def broker_at(url: str, creds: Path | None, authority: Path | None, stream: str = STREAM) -> Broker:
    """The broker at an address, `nats://` where it has no scheme. Raises typer.BadParameter for a missing file."""
    for file in (creds, authority):
        if file is not None and not file.is_file():
            raise typer.BadParameter(f"there is no file {file}")
    return Broker(url if "://" in url else f"nats://{url}", creds, authority, Subjects(stream))


def check_bases(broker: Broker, bases: list[str]) -> None:
    """Ask the hub for bases. Raises typer.BadParameter for those that it does not follow, and TransportError."""
    from feeds.hub.requests import refused_bases

    if refused := asyncio.run(refused_bases(broker, bases)):
        raise typer.BadParameter("; ".join(refused.values()))


def is_stream(place: str) -> bool:
    """Whether the argument of `replay` is the address of a broker."""
    return place.startswith(("nats://", "tls://"))


def fetch_stream(place: str, since: str, until: str, creds: Path | None, authority: Path | None) -> Path:
    """Save a span of a broker's stream as a recording; returns its path. Raises TransportError, RecordingError."""
    from feeds.hub.history import fetch

    address, _, stream = place.partition("://")[2].partition("/")
    broker = broker_at(f"{place.partition('://')[0]}://{address}", creds, authority, stream or STREAM)
    now = datetime.now(UTC)
    try:
        begin, end = ago(since, now), ago(until, now)
    except ValueError as error:
        raise typer.BadParameter(str(error)) from None
    path = paths.recordings_dir() / f"hub-{begin:%Y%m%d-%H%M%S}-{end:%Y%m%d-%H%M%S}.mcap"
    path.unlink(missing_ok=True)
    with status(f"fetching from {broker.address}") as update:
        work = fetch(broker, begin, end, path, lambda done, of: update(f"fetching: {min(done / of, 1):.0%}"))
        frames = asyncio.run(work)
    if not frames:
        path.unlink()
        raise TransportError("The stream holds no frames of that span.")
    echo(f"{path}: {frames:,} frames")
    return path
