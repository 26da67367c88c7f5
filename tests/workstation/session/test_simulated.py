"""The simulated venues as a child process: begun without waiting, waited for without holding up the loop."""

from __future__ import annotations

import asyncio
import subprocess
import sys

import pytest

from workstation.session.simulated import Simulator


async def test_the_loop_runs_on_while_the_venues_start_and_then_they_answer() -> None:
    turns = 0
    with Simulator() as simulator:
        asked = asyncio.create_task(simulator.listening())
        while not asked.done():
            turns += 1
            await asyncio.sleep(0.01)
        assert turns > 2
        assert simulator.port == asked.result()
        _, writer = await asyncio.open_connection("127.0.0.1", simulator.port)
        writer.close()
        await writer.wait_closed()


async def test_venues_that_do_not_start_are_an_error(monkeypatch: pytest.MonkeyPatch) -> None:
    popen = subprocess.Popen
    # as an installation that cannot start a process: not a choice that the program has
    monkeypatch.setattr(subprocess, "Popen", lambda _, **options: popen([sys.executable, "-c", ""], **options))
    with Simulator() as simulator, pytest.raises(OSError, match="did not start"):
        await simulator.listening()
