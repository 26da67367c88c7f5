"""The simulated venues as a process of their own."""

from __future__ import annotations

import asyncio
import subprocess
import sys
from functools import cached_property


class Simulator:
    """The simulated venues as a child process. It ends when this process ends, however that happens."""

    def __enter__(self) -> Simulator:
        command = [sys.executable, "-m", "workstation", "simulate", "--port", "0", "--with-parent"]
        self._process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        return self

    @cached_property
    def port(self) -> int:
        """Where they listen; waits until they do. Raises OSError when they do not start."""
        assert self._process.stdout is not None
        printed = self._process.stdout.readline().split()
        if not printed:
            raise OSError("the simulated venues did not start; the log has the details")
        return int(printed[-1])

    async def listening(self) -> int:
        """The port, without holding up the loop."""
        return await asyncio.to_thread(lambda: self.port)

    def __exit__(self, *_: object) -> None:
        with self._process:  # closes its pipes
            self._process.terminate()
            self._process.wait(timeout=10)
