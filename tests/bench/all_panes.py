"""Every kind of pane open at once over the real BTC session at 10x: what a frame takes, and which pane takes it.

Twelve panes in a grid of 1920x1080, all painting. A frame takes up the recorded time of a sixtieth of a second at 10x,
then each pane in turn does what the frame timer makes it do and paints what that left to paint, by Qt's own update
regions. `frame_p99_all_panes_10x_ms` is the whole of it, `pane_frame_p99_ms_*` the part of one pane and
`pane_paint_ms_*` one repaint of all of a pane. Processor time. `python -m tests.bench.all_panes` prints the budget.
"""

from __future__ import annotations

import os
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from statistics import median

os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")
os.environ.setdefault("PYQTGRAPH_QT_LIB", "PySide6")

import numpy as np
from PySide6.QtWidgets import QApplication

from feeds.recording import RecordingReader
from tests.bench import captures
from tests.bench.metric import Metric, cpu_seconds
from widgets.frame_timer import FrameTimer
from widgets.pane import Pane
from widgets.theme.theme import apply_theme
from widgets.workspaces.catalogue import PANES
from widgets.workspaces.links import Links
from workstation.library.library import Library
from workstation.session.desk import Desk
from workstation.session.replay import ReplaySession

WIDTH, HEIGHT, ACROSS, DOWN = 1920, 1080, 4, 3
SPEED, HZ, FRAMES, WARM = 10, 60, 900, 120
BUDGET_MS = 1_000 / HZ
SECOND = 1_000_000_000
_MEASURED_ELSEWHERE = frozenset(  # by a bench with a view of a known size
    ("heatmap", "liquidations", "liquidation_heatmap", "quadrant", "premium", "funding")
)


class Costs:
    """Milliseconds by frame of one pane: answering and taking up, and painting."""

    def __init__(self) -> None:
        self.refresh: list[float] = []
        self.paint: list[float] = []

    @property
    def frames(self) -> np.ndarray:
        """Both."""
        return np.add(self.refresh, self.paint)

    def line(self, name: str) -> str:
        """A row of the budget."""
        cells = (f"{figure:9.2f}" for of in (self.refresh, self.paint, self.frames) for figure in _figures(of))
        return f"{name:<22}{''.join(cells)}   {100 * np.mean(self.frames) / BUDGET_MS:5.1f} %"


HEAD = f"{'ms, median and p99':<22}{'refresh':>18}{'paint':>18}{'both':>18}   of the budget"


class Screen:
    """The panes in their places, each a window of its own so that its painting can be told from the others'."""

    def __init__(self, app: QApplication, desk: Desk) -> None:
        links = Links()
        self._app = app
        self.panes = {name: kind() for name, kind in PANES.items()}
        self.timer = FrameTimer(desk, self._one_by_one)
        self.costs = {name: Costs() for name in self.panes}
        self.taken: list[float] = []
        self.whole: list[float] = []
        for place, pane in enumerate(self.panes.values()):
            links.add(pane)
            pane.setGeometry(*_place(place))
            pane.show()
        links.set_base(1, "BTC")
        app.processEvents()

    def frame(self, take: Callable[[], object]) -> None:
        """One frame of all."""
        began = time.thread_time()
        take()
        self.taken.append((time.thread_time() - began) * 1e3)
        self.timer.tick()
        self.whole.append((time.thread_time() - began) * 1e3)

    def _one_by_one(self) -> Iterator[Pane]:
        """The panes for the frame timer; when it comes back for the next one, the last is refreshed."""
        for name, pane in self.panes.items():
            began = time.thread_time()
            yield pane
            refreshed = time.thread_time()
            self._app.processEvents()
            self.costs[name].refresh.append((refreshed - began) * 1e3)
            self.costs[name].paint.append((time.thread_time() - refreshed) * 1e3)

    def forget(self) -> None:
        """Begin to count anew."""
        self.costs = {name: Costs() for name in self.panes}
        self.taken, self.whole = [], []

    def rows(self) -> Iterator[str]:
        """The budget, the dearest first."""
        yield HEAD
        for name, costs in sorted(self.costs.items(), key=lambda item: -float(np.mean(item[1].frames))):
            yield costs.line(name)
        yield f"{'taking up frames':<22}" + "".join(f"{figure:9.2f}" for figure in _figures(self.taken))
        late = np.mean(np.array(self.whole) > BUDGET_MS)
        figures = "".join(f"{figure:9.2f}" for figure in _figures(self.whole))
        yield f"{'whole frame':<22}{figures}   {100 * late:.1f} % of frames over {BUDGET_MS:.1f} ms"

    def close(self) -> None:
        for pane in self.panes.values():
            pane.close()
            pane.deleteLater()


def measure() -> dict[str, Metric]:
    """The whole frame, each pane's part, and repaints of the panes that no other bench measures."""
    screen = _played()
    for row in screen.rows():
        print(f"  {row}")
    found = {"frame_p99_all_panes_10x_ms": _whole(screen)}
    for name, costs in screen.costs.items():
        note = "refresh {:.2f} {:.2f}, paint {:.2f} {:.2f}: median p99".format(
            *_figures(costs.refresh), *_figures(costs.paint)
        )
        found[f"pane_frame_p99_ms_{name}"] = Metric(_figures(costs.frames)[1], "ms", note=note)
    for name, pane in screen.panes.items():
        if name not in _MEASURED_ELSEWHERE:
            size = f"a whole repaint, {pane.width()}x{pane.height()}, real session"
            found[f"pane_paint_ms_{name}"] = Metric(_repaint_ms(pane), "ms", note=size)
    screen.close()
    return found


def _whole(screen: Screen) -> Metric:
    middle, late = _figures(screen.whole)
    dearest = max(screen.costs, key=lambda name: float(np.mean(screen.costs[name].frames)))
    note = f"{len(screen.panes)} panes, median {middle:.1f} ms, dearest: {dearest}; 60 frames a second leave 16.7"
    return Metric(late, "ms", BUDGET_MS, BUDGET_MS / late, note)


def _played() -> Screen:
    app = QApplication.instance() or QApplication([])
    assert isinstance(app, QApplication)
    apply_theme(app)
    path = captures.recording(captures.BTC)
    desk, session = Desk(Library(Path(tempfile.mkdtemp()))), ReplaySession(RecordingReader(path))
    middle_ns = (session.start_ns + session.end_ns) // 2
    desk.hold(session, middle_ns)
    screen, step_ns = Screen(app, desk), SPEED * SECOND // HZ
    for frame in range(WARM + FRAMES):
        if frame == WARM:
            screen.forget()
        goal_ns = middle_ns + (frame + 1) * step_ns
        screen.frame(partial(_take, session, goal_ns))
    return screen


def _take(session: ReplaySession, goal_ns: int) -> None:
    while not session.tape.play(goal_ns):
        continue


def _place(at: int) -> tuple[int, int, int, int]:
    width, height = WIDTH // ACROSS, HEIGHT // DOWN
    return at % ACROSS * width, at // ACROSS * height, width, height


def _repaint_ms(pane: Pane) -> float:
    pane.grab()
    return 1e3 * median(cpu_seconds(pane.grab) for _ in range(25))


def _figures(times: list[float] | np.ndarray) -> tuple[float, float]:
    return float(np.median(times)), float(np.percentile(times, 99))


def main() -> None:
    """Print the budget and the numbers."""
    for name, metric in measure().items():
        print(metric.line(name), file=sys.stdout)


if __name__ == "__main__":
    main()
