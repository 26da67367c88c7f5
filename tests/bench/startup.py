"""From the start of the process to the first painted chart of live venues, as the log of the demo tells it.

The simulated venues start with it, in a process of their own. Byte code is compiled before, as an installation does.
Run: `python -m tests.bench.startup`.
"""

from __future__ import annotations

import os
import subprocess
import sys
import time
from datetime import datetime
from pathlib import Path
from statistics import median
from tempfile import TemporaryDirectory

from tests.bench.metric import Metric, seconds
from widgets.window.first_chart import FIRST_CHART

ROUNDS = 5
LONGEST_S = 60.0
BARE = "from PySide6.QtWidgets import QApplication; import pyqtgraph, numpy; QApplication([])"


def measure() -> dict[str, Metric]:
    """`startup_first_chart_s` in an empty home, the median, against starting Python with Qt and pyqtgraph."""
    with TemporaryDirectory() as folder:
        _first_chart_s(Path(folder))  # compiles
        ours = [_first_chart_s(Path(folder)) for _ in range(ROUNDS)]
        bare = [sys.executable, "-c", BARE]
        theirs = median(
            seconds(lambda: subprocess.run(bare, env=_environment(Path(folder)), check=True)) for _ in range(ROUNDS)
        )
    note = f"slowest {max(ours):.2f} s; baseline: Python with Qt and pyqtgraph"
    return {"startup_first_chart_s": Metric(median(ours), "s", theirs, median(ours) / theirs, note)}


def _first_chart_s(folder: Path) -> float:
    with TemporaryDirectory(dir=folder) as home:
        began = time.time()
        command = [sys.executable, "-m", "workstation", "demo"]
        with subprocess.Popen(command, env=_environment(folder) | {"WORKSTATION_HOME": home}) as demo:
            try:
                return _told(Path(home) / "log" / "workstation.log", began + LONGEST_S) - began
            finally:
                demo.terminate()


def _told(log: Path, until: float) -> float:
    """When the line was written, in seconds since the epoch, to a thousandth."""
    while time.time() < until:
        for line in log.read_text().splitlines() if log.exists() else ():
            if FIRST_CHART in line:
                return datetime.strptime(line[:23], "%Y-%m-%d %H:%M:%S,%f").timestamp()
        time.sleep(0.05)
    raise TimeoutError(f"no chart within {LONGEST_S:.0f} s")


def _environment(folder: Path) -> dict[str, str]:
    known = {name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"}
    return {"QT_QPA_PLATFORM": "offscreen"} | known | {"PYTHONPYCACHEPREFIX": str(folder / "code")}


if __name__ == "__main__":
    for name, metric in measure().items():
        print(metric.line(name))
