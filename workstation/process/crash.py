"""Logs uncaught exceptions and Qt's messages, and shows exceptions; a hard crash leaves a stack trace in a file."""

import asyncio
import faulthandler
import logging
import platform
import sys
import traceback
from collections.abc import Callable
from types import TracebackType

from PySide6.QtCore import QMessageLogContext, QtMsgType, qInstallMessageHandler

from feeds.recording.layout import program_version
from workstation.settings import paths

log = logging.getLogger("crash")

LOG_LINES = 60
Show = Callable[[str, str], object]

_LEVELS = {
    QtMsgType.QtDebugMsg: logging.DEBUG,
    QtMsgType.QtInfoMsg: logging.INFO,
    QtMsgType.QtWarningMsg: logging.WARNING,
    QtMsgType.QtCriticalMsg: logging.ERROR,
    QtMsgType.QtFatalMsg: logging.CRITICAL,
}


def install() -> None:
    """Log all uncaught exceptions and Qt messages from here on."""
    faulthandler.enable((paths.log_dir() / "crash.txt").open("w"))
    sys.excepthook = _uncaught
    qInstallMessageHandler(_from_qt)


class FaultReporter:
    """Shows faults to the user, once per line of code, because a failing paint would repeat at every frame."""

    def __init__(self, show: Show) -> None:
        self._show = show
        self._known: set[tuple[str, int]] = set()

    def install(self) -> None:
        """Show uncaught exceptions, also those of the event loop."""
        sys.excepthook = self._hook
        asyncio.get_running_loop().set_exception_handler(self._from_loop)

    def report(self, error: BaseException, what: str = "") -> None:
        """Show a fault that was caught and logged elsewhere; `what` replaces the default text."""
        frames = traceback.extract_tb(error.__traceback__)
        place = (frames[-1].filename, frames[-1].lineno or 0) if frames else (type(error).__name__, 0)
        if place not in self._known:
            self._known.add(place)
            self._show(what or f"A fault in the program: {type(error).__name__}: {error}", report_text(error))

    def _hook(self, kind: type[BaseException], error: BaseException, trace: TracebackType | None) -> None:
        _uncaught(kind, error, trace)
        self.report(error.with_traceback(trace))

    def _from_loop(self, loop: asyncio.AbstractEventLoop, context: dict[str, object]) -> None:
        error = context.get("exception")
        log.error("in the event loop: %s", context.get("message"), exc_info=error if error else None)  # type: ignore[arg-type]
        if isinstance(error, Exception):
            self.report(error)


def report_text(error: BaseException) -> str:
    """The text of a fault report: versions, the traceback, the last lines of the log."""
    lines = [
        f"Order-flow workstation {program_version()}, Python {platform.python_version()}, {platform.platform()}",
        "",
        *(line.rstrip("\n") for line in traceback.format_exception(error)),
        "",
        "Last lines of the log:",
        *_log_end(),
    ]
    return "\n".join(lines)


def _log_end() -> list[str]:
    try:
        text = (paths.log_dir() / "workstation.log").read_text(errors="replace")
    except OSError as error:
        return [f"the log cannot be read: {error}"]
    return text.splitlines()[-LOG_LINES:]


def _uncaught(kind: type[BaseException], error: BaseException, trace: TracebackType | None) -> None:
    if issubclass(kind, KeyboardInterrupt):
        raise SystemExit(130)
    log.critical("uncaught %s: %s", kind.__name__, error, exc_info=(kind, error, trace))


def _from_qt(level: QtMsgType, context: QMessageLogContext, message: str) -> None:
    logging.getLogger("qt").log(_LEVELS.get(level, logging.WARNING), "%s", message)
