"""What a file or a venue claims never takes more than 300 MB: compressed, nested, long, damaged, or with many parts."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from tests.workstation.bombs import BOMBS

LIMIT_MB = 300

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="the peak of memory is read from /proc")


@pytest.fixture(scope="module")
def taken_mb(tmp_path_factory: pytest.TempPathFactory) -> dict[str, float]:
    """The MB that each bomb took; one that ran out of memory or time is missing."""
    command = [sys.executable, "-m", "tests.workstation.bombs", str(tmp_path_factory.mktemp("bombs"))]
    done = subprocess.run(command, capture_output=True, text=True, timeout=110, cwd=Path(__file__).parents[2])
    return {name: float(mb) for name, mb in (line.split("\t") for line in done.stdout.splitlines())}


@pytest.mark.parametrize("name", BOMBS)
def test_memory_is_bounded(taken_mb: dict[str, float], name: str) -> None:
    assert taken_mb.get(name, float("inf")) < LIMIT_MB
