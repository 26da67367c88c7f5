"""How long the quadrant, premium and funding panes take to repaint in full, in this machine's software renderer.

The quadrant has twelve bases with trails of 180 samples, the premium and the
funding charts 12 hours of minutes in view with every market.
Each is compared with an empty pane of the same size in the same run. Run: `python -m tests.bench.position_panes`.
"""

from __future__ import annotations

import os
from statistics import median

os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")
os.environ.setdefault("PYQTGRAPH_QT_LIB", "PySide6")

import numpy as np
from PySide6.QtWidgets import QApplication

from tests.bench.metric import Metric, cpu_seconds
from tests.widgets.position_views import dot, funding_view, premium_view, quadrant_view
from widgets.pane import Pane
from widgets.panes.funding.pane import FundingPane
from widgets.panes.premium.pane import PremiumPane
from widgets.panes.quadrant.pane import QuadrantPane
from widgets.theme.theme import apply_theme
from workstation.readmodels.request import View

SIZE = (900, 460)
ROUNDS = 25


def measure() -> dict[str, Metric]:
    """Processor time of a repaint, in ms."""
    app = QApplication.instance() or QApplication([])
    assert isinstance(app, QApplication)
    apply_theme(app)
    places = np.random.default_rng(1).normal(0, 0.6, (12, 2)).clip(-1.5, 1.5)
    dots = (dot(f"COIN{n}", *place) for n, place in enumerate(places.tolist()))
    premium = PremiumPane("BTC")
    premium.markets.setChecked(True)
    bars, positions = premium_view(720), funding_view(720)
    return {
        "pane_paint_ms_quadrant": _paint(QuadrantPane("BTC"), quadrant_view(*dots)),
        "pane_paint_ms_premium": _paint(premium, bars, (int(bars.bar_start_ns[0]), bars.now_ns)),
        "pane_paint_ms_funding": _paint(
            FundingPane("BTC"), positions, (int(positions.bar_start_ns[0]), positions.now_ns)
        ),
    }


def _paint(pane: Pane, view: View, span_ns: tuple[int, int] | None = None) -> Metric:
    pane.resize(*SIZE)
    pane.show()
    if span_ns is not None and isinstance(pane, PremiumPane | FundingPane):
        pane.set_visible_range(*span_ns)
    empty = _median_ms(pane)
    pane.refresh(view)
    value = _median_ms(pane)
    pane.close()
    pane.deleteLater()
    return Metric(value, "ms", empty, value / empty, "full repaint against an empty pane")


def _median_ms(pane: Pane) -> float:
    pane.grab()
    return median(cpu_seconds(pane.grab) for _ in range(ROUNDS)) * 1e3


def main() -> None:
    """Print the numbers."""
    for name, metric in measure().items():
        print(metric.line(name))


if __name__ == "__main__":
    main()
