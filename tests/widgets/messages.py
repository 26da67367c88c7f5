"""What panes send by `command` and `link_event`, for tests to wait for or to look at afterwards."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import TypeVar

from PySide6.QtCore import SignalInstance
from pytestqt.qtbot import QtBot
from pytestqt.wait_signal import SignalBlocker

from widgets.pane import Pane

M = TypeVar("M")


def wait_for(qtbot: QtBot, signal: SignalInstance, kind: type) -> SignalBlocker:
    """A context that waits for a message of this kind; `args` holds it."""
    return qtbot.waitSignal(signal, check_params_cb=lambda message: isinstance(message, kind))


def sent(signal: SignalInstance, kind: type[M]) -> list[M]:
    """The messages of this kind that are sent from now on."""
    found: list[M] = []
    signal.connect(lambda message: found.append(message) if isinstance(message, kind) else None)
    return found


@contextmanager
def changes_request(pane: Pane) -> Iterator[None]:
    """Fail unless the pane asks for something else afterwards."""
    before = pane.request()
    yield
    assert pane.request() != before
