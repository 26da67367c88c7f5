"""Closing the window ends the program cleanly: nothing in the log, exit code 0."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

SCRIPT = """
import sys
from pathlib import Path
from PySide6.QtCore import QTimer
from PySide6.QtWidgets import QApplication
from workstation.app import replay_window

app = QApplication([])
closing = QTimer(interval=50)
closing.timeout.connect(lambda: [window.close() for window in app.topLevelWidgets() if window.isVisible()])
QTimer.singleShot(1500, closing.start)
sys.exit(replay_window(Path("resources/sessions/simulated.mcap")))
"""


def test_closing_the_window_ends_the_program_with_exit_code_0(tmp_path: Path) -> None:
    environment = os.environ | {"WORKSTATION_HOME": str(tmp_path), "QT_QPA_PLATFORM": "offscreen"}
    done = subprocess.run([sys.executable, "-c", SCRIPT], env=environment, capture_output=True, text=True, timeout=100)
    assert done.returncode == 0, done.stderr
    assert "Traceback" not in done.stderr
    logs = "".join(file.read_text() for file in tmp_path.glob("log/*.log"))
    assert "Event loop stopped" not in logs
    assert "ERROR" not in logs
