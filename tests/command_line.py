"""The command line in processes of its own: most are forked from one that has loaded its modules, in milliseconds."""

from __future__ import annotations

import os
import resource
import subprocess
import sys
from collections.abc import Mapping
from functools import cache
from multiprocessing import get_context
from multiprocessing.context import ForkServerContext
from pathlib import Path
from tempfile import TemporaryDirectory

OWN_START = {"record", "hub", "live", "demo", "replay", "simulate"}
"""Commands that run an event loop of sockets or windows: they start as a person starts them."""
LOADED = [
    "numpy", "pyarrow.parquet", "rich.console", "workstation.cli.main", "feeds.importers", "feeds.live.source",
    "feeds.venues.registry", "workstation.replay.core", "workstation.exports.export", "workstation.app",
]  # fmt: skip


@cache
def forks() -> ForkServerContext:
    """Processes that begin with what commands import; a fault of one does not reach the next."""
    context = get_context("forkserver")
    context.set_forkserver_preload([*LOADED, "tests.command_line"])
    return context


def run(
    *arguments: object, home: Path, timeout: float = 120, file_kib: int | None = None
) -> subprocess.CompletedProcess[str]:
    """The exit code and texts of `workstation ARGUMENTS`.

    `file_kib` is the size at which a file is refused as on a full disk. Raises an error after `timeout` seconds.
    """
    words = [str(argument) for argument in arguments]
    environment = {**os.environ, "WORKSTATION_HOME": str(home), "QT_QPA_PLATFORM": "offscreen", "COLUMNS": "200"}
    if words[0] in OWN_START:
        started = [sys.executable, "-m", "workstation", *words]
        return subprocess.run(started, capture_output=True, text=True, timeout=timeout, env=environment, check=False)
    with TemporaryDirectory() as folder:
        process = forks().Process(target=command, args=(words, environment, Path.cwd(), folder, file_kib), daemon=True)
        process.start()
        process.join(timeout)
        code = process.exitcode
        if code is None:
            process.kill()
            process.join()
            raise TimeoutError(f"workstation {' '.join(words)} runs for over {timeout:g} s")
        process.close()
        out, err = ((Path(folder) / name).read_text() for name in ("out", "err"))
    return subprocess.CompletedProcess(["workstation", *words], code, out, err)


def command(words: list[str], environment: Mapping[str, str], place: Path, folder: str, file_kib: int | None) -> None:
    """What the forked process does: the program with these arguments, its texts in `out` and `err` of the folder."""
    os.environ.clear()
    os.environ.update(environment)
    os.chdir(place)
    for name, descriptor in (("out", 1), ("err", 2)):
        opened = os.open(Path(folder) / name, os.O_WRONLY | os.O_CREAT | os.O_TRUNC)
        os.dup2(opened, descriptor)
        os.close(opened)
    if file_kib is not None:
        resource.setrlimit(resource.RLIMIT_FSIZE, (file_kib * 1024, file_kib * 1024))
    sys.argv = ["workstation", *words]
    from workstation.cli.main import main

    main()
