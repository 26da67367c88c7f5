"""One measured number, with what it is compared to in the same run."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from statistics import median


@dataclass(frozen=True, slots=True)
class Metric:
    """`ratio` is value against baseline in whatever sense the name says; None where nothing is compared."""

    value: float
    unit: str
    baseline: float | None = None
    ratio: float | None = None
    note: str = ""

    def record(self) -> dict[str, object]:
        return {"value": self.value, "unit": self.unit, "baseline": self.baseline, "ratio": self.ratio}

    def line(self, name: str) -> str:
        against = f"  baseline {self.baseline:,.4g}" if self.baseline is not None else ""
        ratio = f"  ratio {self.ratio:.2f}" if self.ratio is not None else ""
        return f"{name:<28}{self.value:>14,.4g} {self.unit:<10}{against}{ratio}  {self.note}"


def seconds(work: Callable[[], object]) -> float:
    """Wall time of one call."""
    began = time.perf_counter()
    work()
    return time.perf_counter() - began


def cpu_seconds(work: Callable[[], object]) -> float:
    """Processor time of one call: what else the machine does counts less."""
    began = time.process_time()
    work()
    return time.process_time() - began


def best_pair(ours: Callable[[], object], theirs: Callable[[], object], rounds: int = 5) -> tuple[float, float]:
    """Processor times of two works done by turns.

    The pair of medians, so that a slow spell of the machine hits both.
    """
    times = [(cpu_seconds(ours), cpu_seconds(theirs)) for _ in range(rounds)]
    return median(one for one, _ in times), median(other for _, other in times)
