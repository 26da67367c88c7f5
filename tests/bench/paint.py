"""Painting a footprint of 60 bars x 40 rows with numbers on 1920x1080, against one drawText a cell."""

from __future__ import annotations

from tests.bench import footprint_paint
from tests.bench.metric import Metric


def measure() -> dict[str, Metric]:
    """`footprint_paint_vs_naive`: how many times faster than naive painting of the same cells and numbers."""
    found = footprint_paint.measure()
    ours, naive = found["paint_ms"], found["naive_ms"]
    note = (
        f"naive time / ours; first paint {found['cold_ms']:.1f} ms, unchanged {found['warm_ms']:.2f} ms; aim at least 3"
    )
    return {"footprint_paint_vs_naive": Metric(naive / ours, "x faster", 1.0, naive / ours, note)}
