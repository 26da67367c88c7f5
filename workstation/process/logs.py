"""Logging: everything to a rotating file, errors to the terminal as one line without traceback."""

import logging
import sys
from logging.handlers import RotatingFileHandler

from workstation.process.terminal import plain
from workstation.settings import paths

FILE_BYTES = 5_000_000
FILES = 5


class _Plain(logging.Formatter):
    """Formats a message, with its traceback, without control characters."""

    def format(self, record: logging.LogRecord) -> str:
        return plain(super().format(record))


class _OneLine(logging.Formatter):
    """Formats a message as one plain line, without its traceback."""

    def format(self, record: logging.LogRecord) -> str:
        return plain(f"{record.levelname.lower()}: {' '.join(record.getMessage().split())}")


def set_up(*, quiet: bool = False) -> None:
    """Send log records to the log file, where it can be written, and, unless `quiet`, errors to stderr.

    A record that cannot be written, for example to a full disk, is dropped.
    """
    logging.raiseExceptions = False
    root = logging.getLogger()
    root.setLevel(logging.INFO)
    file: logging.Handler
    try:
        file = RotatingFileHandler(paths.log_dir() / "workstation.log", maxBytes=FILE_BYTES, backupCount=FILES)
    except OSError:  # a command that writes nothing at home works without a log
        file = logging.NullHandler()
    file.setFormatter(_Plain("%(asctime)s %(levelname)s %(name)s: %(message)s"))
    root.addHandler(file)
    if not quiet:
        terminal = logging.StreamHandler(sys.stderr)
        terminal.setLevel(logging.ERROR)
        terminal.setFormatter(_OneLine())
        root.addHandler(terminal)
