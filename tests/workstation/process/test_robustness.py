"""The edges: a clock that is set, a loop that stands still, a computer that sleeps, a fault that nobody caught."""

from __future__ import annotations

import asyncio
import logging
import sys
import time
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from feeds.model.clock import SystemClock, awake_and_asleep_ns
from workstation.process.crash import FaultReporter, report_text
from workstation.process.heartbeat import STUCK_S, Heartbeat

SECOND = 1_000_000_000


class Clocks:
    """A wall and a steady clock that a test sets."""

    def __init__(self) -> None:
        self.wall, self.steady = 1_000 * SECOND, 5 * SECOND

    def made(self) -> SystemClock:
        return SystemClock(lambda: self.wall, lambda: self.steady)

    def run(self, span_ns: int) -> None:
        self.wall += span_ns
        self.steady += span_ns


def test_a_wall_clock_set_back_is_not_followed() -> None:
    clocks = Clocks()
    clock = clocks.made()
    clocks.run(SECOND)
    before = clock.now_ns()
    clocks.wall -= 3600 * SECOND
    clocks.run(SECOND)
    assert clock.now_ns() - before == SECOND


def test_a_sleep_is_followed_at_once() -> None:
    clocks = Clocks()
    clock = clocks.made()
    clocks.run(600 * SECOND)
    assert clock.now_ns() == clocks.wall


def test_a_clock_set_forward_is_followed_once_it_stays_there() -> None:
    clocks = Clocks()
    clock = clocks.made()
    clocks.wall += 600 * SECOND
    for _ in range(59):
        clocks.run(SECOND)
        assert clock.now_ns() == clocks.wall - 600 * SECOND
    for _ in range(2):
        clocks.run(SECOND)
        clock.now_ns()
    assert clock.now_ns() == clocks.wall


@given(
    jumps=st.lists(st.tuples(st.integers(2, 400 * 86_400), st.integers(1, 55), st.integers(1, 90)), max_size=8),
)
def test_forward_jumps_that_are_taken_back_change_nothing(jumps: list[tuple[int, int, int]]) -> None:
    clocks = Clocks()
    clock = clocks.made()
    for jump_s, lasting_s, rest_s in jumps:
        for step_s, span_s in ((jump_s, lasting_s), (-jump_s, rest_s)):
            clocks.wall += step_s * SECOND
            for _ in range(span_s):
                clocks.run(SECOND)
                assert clock.now_ns() == clocks.steady + 995 * SECOND


def test_of_two_jumps_the_one_that_stays_is_followed() -> None:
    clocks = Clocks()
    clock = clocks.made()
    clocks.wall += 365 * 86_400 * SECOND
    for _ in range(30):
        clocks.run(SECOND)
        clock.now_ns()
    clocks.wall -= 364 * 86_400 * SECOND
    for _ in range(59):
        clocks.run(SECOND)
        assert clock.now_ns() == clocks.steady + 995 * SECOND
    for _ in range(2):
        clocks.run(SECOND)
        clock.now_ns()
    assert clock.now_ns() == clocks.wall


def test_the_venues_set_a_clock_that_is_wrong_and_the_computers_no_longer_counts() -> None:
    clocks = Clocks()
    clock = clocks.made()
    clock.follow_venues(-4 * SECOND, back=True)
    assert clock.now_ns() == clocks.wall
    clock.follow_venues(-600 * SECOND, back=True)
    assert clock.now_ns() == clocks.wall - 600 * SECOND
    assert clock.behind_computer_ns == 600 * SECOND
    clock.follow_venues(-700 * SECOND)
    assert clock.now_ns() == clocks.wall - 600 * SECOND
    clocks.wall += 365 * 86_400 * SECOND
    for _ in range(100):
        clocks.run(SECOND)
        assert clock.now_ns() == clocks.steady + 395 * SECOND
    clock.follow_venues(60 * SECOND)
    assert clock.now_ns() == clocks.steady + 455 * SECOND


def test_the_clock_counts_on_while_the_computer_sleeps() -> None:
    assert SystemClock().now_ns() - time.time_ns() < SECOND
    if sys.platform == "linux":
        assert abs(awake_and_asleep_ns() - round(float(Path("/proc/uptime").read_text().split()[0]) * SECOND)) < SECOND


def test_small_corrections_of_the_wall_clock_do_not_jump() -> None:
    clocks = Clocks()
    clock = clocks.made()
    clocks.wall += SECOND // 2
    clocks.run(SECOND)
    assert clock.now_ns() == clocks.wall - SECOND // 2


def test_a_late_beat_tells_sleep_from_work(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    now = [0.0, 0.0]
    heart = Heartbeat(tmp_path / "stuck.txt", lambda: now[0], lambda: now[1])
    try:
        assert heart.beat() is None
        now[:] = [1.0, 0.5]
        assert heart.beat() is None
        now[:] = [61.0, 0.6]
        late = heart.beat()
        assert late is not None
        assert (late.seconds, late.slept) == (60.0, True)
        now[:] = [61.0 + STUCK_S, 0.6 + STUCK_S]
        late = heart.beat()
        assert late is not None
        assert not late.slept
    finally:
        heart.stop()
    assert "the computer slept" in caplog.text


def fail(word: str) -> None:
    raise ValueError(word)


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("WORKSTATION_HOME", str(tmp_path))
    return tmp_path


def test_a_report_has_the_traceback_the_versions_and_the_log(home: Path) -> None:
    (home / "log").mkdir()
    (home / "log" / "workstation.log").write_text("first\nlast line of the log\n")
    with pytest.raises(ValueError, match="wrong") as caught:
        fail("wrong")
    text = report_text(caught.value)
    assert "ValueError: wrong" in text
    assert 'fail("wrong")' in text
    assert "Python 3" in text
    assert "last line of the log" in text


async def test_a_fault_is_told_once_for_each_place(
    home: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    told: list[str] = []
    faults = FaultReporter(lambda what, text: told.append(what))
    monkeypatch.setattr(sys, "excepthook", sys.__excepthook__)  # restored after the test: `install` replaces it
    faults.install()
    for word in ("one", "one more of the same"):
        try:
            fail(word)
        except ValueError as error:
            sys.excepthook(type(error), error, error.__traceback__)
    asyncio.get_running_loop().call_soon(lambda: [][1])
    await asyncio.sleep(0.01)
    asyncio.get_running_loop().set_exception_handler(None)
    assert [what.partition(": ")[2] for what in told] == ["ValueError: one", "IndexError: list index out of range"]
    assert len([record for record in caplog.records if record.levelno >= logging.ERROR]) == 3
