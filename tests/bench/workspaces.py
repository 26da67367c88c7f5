"""Switching between the shipped workspaces over the sample recording: from the key until all of it is painted.

The start preset is painted before: a window begins with it, which `startup` times.
Run: `python -m tests.bench.workspaces`.
"""

from __future__ import annotations

import os
from statistics import median

from PySide6.QtWidgets import QApplication

import resources
from feeds.recording import RecordingReader
from tests.bench.metric import Metric, seconds
from widgets.theme.theme import apply_theme
from widgets.window.main_window import MainWindow
from widgets.workspaces.presets import PRESETS, START
from workstation.process.gc_thresholds import raise_gc_thresholds
from workstation.session.controls import DeskControls
from workstation.session.desk import Desk
from workstation.session.replay import ReplaySession


def measure() -> dict[str, Metric]:
    """`workspace_switch_ms`: the median over presets that were open before; the first time is its baseline."""
    os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")
    existing = QApplication.instance()
    app = existing if isinstance(existing, QApplication) else QApplication([])
    apply_theme(app)
    raise_gc_thresholds()  # as the program does
    desk, session = Desk(), ReplaySession(RecordingReader(resources.path("sessions/simulated.mcap")))
    desk.hold(session, session.end_ns)
    window = MainWindow(desk, DeskControls(desk))
    window.resize(1920, 1080)
    window.show()
    window.set_bases(desk.bases())
    window.frame_timer.stop()

    def switch(name: str) -> None:
        window.workspaces.open(name)
        app.processEvents()
        window.frame_timer.tick()
        window.grab()

    switch(START)
    rounds = [[seconds(lambda name=name: switch(name)) * 1e3 for name in PRESETS] for _ in range(3)]  # type: ignore[misc]
    window.close()
    first, again = median(rounds[0]), median(rounds[1] + rounds[2])
    note = f"slowest {max(rounds[1] + rounds[2]):.0f} ms; baseline: the first time, {max(rounds[0]):.0f} ms at most"
    return {"workspace_switch_ms": Metric(again, "ms", first, again / first, note)}


if __name__ == "__main__":
    for name, metric in measure().items():
        print(metric.line(name))
