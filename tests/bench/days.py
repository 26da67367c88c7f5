"""Promises about recordings of a day: ten minutes and two hours of five simulated venues, with FULL=1 a whole day.

They are made once, in a folder outside the project (`WORKSTATION_BENCH`, else the user's cache), and indexed each time.
Names of metrics contain the span that was measured.
"""

from __future__ import annotations

import os
import random
import resource
import subprocess
import sys
import time
from pathlib import Path
from statistics import median, quantiles

from feeds.recording import RecordingReader
from feeds.simulator.offline import write_session
from tests.bench.metric import Metric, seconds
from tests.bench.quiet_recording import write_quiet
from workstation.process.gc_thresholds import raise_gc_thresholds
from workstation.readmodels.flow.footprint import FootprintRequest
from workstation.replay.build import build
from workstation.replay.core import read_to_end
from workstation.replay.index import RecordingIndex, index_file
from workstation.session.replay import ReplaySession

SEED = 7
SHORT_S = 600
LONG_S = 86_400 if os.environ.get("FULL") == "1" else int(os.environ.get("SPAN_S", "7200"))
SEEKS = 40
_BASE = "BTC"


def folder() -> Path:
    """Where the recordings are kept from one run to the next."""
    named = os.environ.get("WORKSTATION_BENCH")
    return Path(named) if named else Path.home() / ".cache" / "workstation-bench"


def measure() -> dict[str, Metric]:
    """Each with its goal; times are of the wall."""
    raise_gc_thresholds()
    long, short = _recording(LONG_S), _recording(SHORT_S)
    build_s = _index(long)
    _index(short)
    seeks, seeks_short = _seeks(long), _seeks(short)
    first_s = min(seconds(lambda: _picture(long, 1.0)) for _ in range(3))
    share = index_file(long).stat().st_size / long.stat().st_size
    ratio = median(seeks) / median(seeks_short)
    found = {
        "index_build_x_realtime": (LONG_S / build_s, 60.0, "x time", "at least 60, one process"),
        "first_picture_24h_s": (first_s, 0.5, "s", "at most 0.5"),
        "seek_p99_24h_s": (quantiles(seeks, n=100)[-1], 1.0, "s", "at most 1"),
        "seek_median_24h_s": (median(seeks), 0.3, "s", "at most 0.3"),
        "seek_24h_over_10min": (ratio, 1.5, "x time", "at most 1.5"),
        "index_bytes_share": (share, 0.35, "x bytes", "at most 0.35"),
        "day_rss_mb": (_resident_mb(long), 600.0, "MB", "at most 600"),
    }
    span = f"{LONG_S / 3600:g}h"
    made = {
        name.replace("24h", span): Metric(value, unit, goal, note=f"of {span}; {aim}")
        for name, (value, goal, unit, aim) in found.items()
    }
    return made | {"quiet_34h_s": _quiet()}


def _recording(span_s: int) -> Path:
    path = folder() / f"simulated-{span_s}s-{SEED}.mcap"
    if not path.exists():
        path.parent.mkdir(parents=True, exist_ok=True)
        part = path.with_suffix(".part")
        part.unlink(missing_ok=True)
        for _ in write_session(part, SEED, span_s * 1_000_000_000):
            pass
        part.rename(path)
    return path


def _index(path: Path) -> float:
    """Seconds to build it from nothing."""
    index_file(path).unlink(missing_ok=True)
    build_s = seconds(lambda: list(build(path)))
    assert RecordingIndex(RecordingReader(path)).complete
    return build_s


def _picture(path: Path, share: float) -> None:
    """Open a recording, go to a moment and ask for its footprint."""
    session = ReplaySession(RecordingReader(path))
    session.jump(session.start_ns + int((session.end_ns - session.start_ns) * share))
    _show(session)


def _show(session: ReplaySession) -> None:
    view = session.core.engine.view(FootprintRequest(_BASE))
    assert view.bars, "no bar of what is shown"
    assert session.index.complete


def _seeks(path: Path) -> list[float]:
    session, draws = ReplaySession(RecordingReader(path)), random.Random(SEED)
    times = []
    for _ in range(SEEKS):
        target_ns = draws.randrange(session.start_ns, session.end_ns)
        began_s = time.perf_counter()
        session.jump(target_ns)
        _show(session)
        times.append(time.perf_counter() - began_s)
    return times


def _resident_mb(path: Path) -> float:
    """The most that a process held that opened the recording at its end."""
    done = subprocess.run(
        [sys.executable, "-m", "tests.bench.days", str(path)], capture_output=True, text=True, check=True
    )
    return float(done.stdout.split()[-1])


def _quiet() -> Metric:
    path = folder() / "quiet.mcap"
    if not path.exists():
        path.parent.mkdir(parents=True, exist_ok=True)
        write_quiet(path)
    return Metric(seconds(lambda: read_to_end(path)), "s", 3.0, note="167,000 frames over 34 h, no index; at most 3")


if __name__ == "__main__":
    if len(sys.argv) > 1:
        _picture(Path(sys.argv[1]), 1.0)
        print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024)
    else:
        for name, metric in measure().items():
            print(metric.line(name), flush=True)
