"""From the start of the process to the first chart with bars on it."""

from __future__ import annotations

import os
import subprocess
import sys
from statistics import median

from tests.bench.captures import USDM, recording
from tests.bench.metric import Metric, seconds

ROUNDS = 3


def measure() -> dict[str, Metric]:
    """`startup_first_chart_s`: `workstation screenshot` of a replay's first minute, against starting Python with Qt."""
    file = recording(USDM)
    environment = {**os.environ, "QT_QPA_PLATFORM": "offscreen"}
    shot = [sys.executable, "-m", "workstation", "screenshot", str(file), "--at", "+5s", "--out", str(file) + ".png"]
    bare = [
        sys.executable,
        "-c",
        "from PySide6.QtWidgets import QApplication; import pyqtgraph, numpy; QApplication([])",
    ]
    ours = median(seconds(lambda: _run(shot, environment)) for _ in range(ROUNDS))
    theirs = median(seconds(lambda: _run(bare, environment)) for _ in range(ROUNDS))
    return {"startup_first_chart_s": Metric(ours, "s", theirs, ours / theirs, "baseline: Python with Qt and pyqtgraph")}


def _run(command: list[str], environment: dict[str, str]) -> None:
    subprocess.run(command, env=environment, check=True, capture_output=True)
