"""A bad print on the chart: the scale stays, a triangle and the readout mark it, and nothing takes longer to paint."""

from __future__ import annotations

import random

import pytest
from PySide6.QtWidgets import QApplication

from tests.workstation.analytics.market_events import BINANCE, engine_of, random_trades, trade
from widgets.panes.footprint.pane import FootprintPane
from widgets.theme.theme import apply_theme
from workstation.readmodels.flow.footprint import FootprintRequest


@pytest.mark.parametrize("alone", [False, True])
@pytest.mark.parametrize("ticks", [1, 1_000_000, 100_000_000])
@pytest.mark.parametrize("pitch", [2.0, 94.0])
def test_a_bad_print_neither_stretches_nor_breaks_the_chart(
    qapp: QApplication, alone: bool, ticks: int, pitch: float
) -> None:
    apply_theme(qapp)
    pane = FootprintPane("BTC")
    pane.resize(900, 500)
    trades = random_trades(random.Random(1), 900, markets=(BINANCE,), late=0.0)
    at_ns = trades[-1].ts_venue_ns + (120_000_000_000 if alone else 0)
    view = engine_of([*trades, trade(BINANCE, at_ns, ticks, 0.5)]).view(pane.request() or FootprintRequest("BTC"))
    pane.refresh(view)
    pane.chart.set_visible(pane.layers.latest_slot - 800 / pitch, pane.layers.latest_slot + 4)
    pane.chart.auto_scale()
    image = pane.grab()
    bottom, top = pane.chart.plot_scale.bottom, pane.chart.plot_scale.top
    assert 900 < bottom < top < 1_100
    assert not pane.layers.failures
    assert pane.layers.bars.outliers(*pane.chart.visible) == [(int(pane.layers.latest_slot), ticks > 10_000)]
    assert ("outlier at" in pane.readout.text) is not alone
    assert not image.isNull()
    pane.close()
