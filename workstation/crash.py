"""The last edge: what nobody caught goes to the log, Qt's own messages too, and a hard crash leaves a trace."""

from __future__ import annotations

import faulthandler
import logging
import sys
from types import TracebackType

from PySide6.QtCore import QMessageLogContext, QtMsgType, qInstallMessageHandler

from workstation import paths

log = logging.getLogger("crash")

_LEVELS = {
    QtMsgType.QtDebugMsg: logging.DEBUG,
    QtMsgType.QtInfoMsg: logging.INFO,
    QtMsgType.QtWarningMsg: logging.WARNING,
    QtMsgType.QtCriticalMsg: logging.ERROR,
    QtMsgType.QtFatalMsg: logging.CRITICAL,
}


def install() -> None:
    """Catch what is left uncaught from here on."""
    faulthandler.enable((paths.log_dir() / "crash.txt").open("w"))
    sys.excepthook = _uncaught
    qInstallMessageHandler(_from_qt)


def _uncaught(kind: type[BaseException], error: BaseException, trace: TracebackType | None) -> None:
    if issubclass(kind, KeyboardInterrupt):
        raise SystemExit(130)
    log.critical("uncaught %s: %s", kind.__name__, error, exc_info=(kind, error, trace))


def _from_qt(level: QtMsgType, context: QMessageLogContext, message: str) -> None:
    logging.getLogger("qt").log(_LEVELS.get(level, logging.WARNING), "%s", message)
