"""The simulated venues as a process of their own."""

from __future__ import annotations

import subprocess
import sys


class Simulator:
    """The simulated venues as a child process. It ends when this process ends, however that happens."""

    def __enter__(self) -> Simulator:
        command = [sys.executable, "-m", "workstation", "simulate", "--port", "0", "--with-parent"]
        self._process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        assert self._process.stdout is not None
        words = self._process.stdout.readline().split()
        if not words:
            raise OSError("the simulated venues did not start; the log has the details")
        self.port = int(words[-1])
        return self

    def __exit__(self, *_: object) -> None:
        with self._process:  # closes its pipes
            self._process.terminate()
            self._process.wait(timeout=10)
