"""Large blocks go back to the system when they are freed."""

from __future__ import annotations

import subprocess
import sys

import pytest

WORK = """
import ctypes, sys
import numpy as np, psutil
from workstation.process.memory import tune_malloc
tune_malloc()
def size(): return psutil.Process().memory_info().rss
def blocks(count): return [np.ones(150_000) for _ in range(count)]  # 1.2 MB each
blocks(4)
before, held = size(), blocks(100)
full, last = size(), held.pop()  # what lies at the end of a heap keeps all before it
held.clear()
print(full - before, size() - before)
"""

HOLES = """
import numpy as np, psutil
from workstation.process.memory import trim_heap, tune_malloc
tune_malloc()
def size(): return psutil.Process().memory_info().rss
before, blocks = size(), [np.ones(8_000) for _ in range(2_000)]  # 64 kB each
full = size()
kept = blocks[::10]
blocks.clear()
trim_heap()
print(full - before, size() - before)
"""


@pytest.mark.skipif(sys.platform != "linux", reason="the C library of this system decides by itself")
def test_arrays_that_are_freed_go_back_although_a_later_one_stays() -> None:
    told = subprocess.run([sys.executable, "-c", WORK], capture_output=True, text=True, check=True).stdout.split()
    grown, left = (int(word) for word in told)
    assert grown > 100_000_000
    assert left < 20_000_000


@pytest.mark.skipif(sys.platform != "linux", reason="the C library of this system decides by itself")
def test_holes_between_blocks_are_given_back() -> None:
    told = subprocess.run([sys.executable, "-c", HOLES], capture_output=True, text=True, check=True).stdout.split()
    grown, left = (int(word) for word in told)
    assert grown > 100_000_000
    assert left < 40_000_000
