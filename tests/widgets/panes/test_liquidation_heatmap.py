"""The liquidation heatmap: colours, texts, parameters, the linked axis and every state."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from PySide6.QtCore import QPointF
from pytestqt.qtbot import QtBot

from tests.widgets.market_views import NOW, PERPS
from tests.widgets.messages import changes_request, wait_for
from widgets.link_events import Crosshair, VisibleRange
from widgets.panes.liquidation_heatmap.item import SHADES, ramp, shade_of
from widgets.panes.liquidation_heatmap.pane import LiquidationHeatmapPane
from widgets.panes.liquidation_heatmap.text import ledger_spans, model_parts, row_text, why_empty
from workstation.readmodels.positions.liquidation_levels import (
    LevelLedger,
    LevelRules,
    LevelSource,
    LiquidationLevelsRequest,
    LiquidationLevelsView,
)

MINUTE = 60_000_000_000
EMPTY = np.zeros(0)


def levels_view(
    bars: int = 300,
    rows: int = 240,
    running: int = 2,
    scale: float = 1.0,
    request: LiquidationLevelsRequest | None = None,
) -> LiquidationLevelsView:
    """Levels on both sides of a random walk of the price around 61,660 times `scale`."""
    rng = np.random.default_rng(3)
    size = 50.0 * scale
    close = scale * (61_660 + np.cumsum(rng.normal(0, 18, bars)))
    first = int(61_660 / 50) - rows // 2
    levels = np.cumsum(rng.lognormal(-2, 1.5, (bars, rows)) * (rng.random((bars, rows)) < 0.03), axis=0).astype(
        np.float32
    )
    levels[:, rows // 2 - 4 : rows // 2 + 4] = 0
    now = levels[-1].astype(np.float64) if bars else np.zeros(rows)
    below = np.arange(rows) < rows // 2
    start = NOW // MINUTE * MINUTE - bars * MINUTE
    count = min(bars, 40)
    return LiquidationLevelsView(
        LiquidationLevelsRequest("BTC"),
        1,
        MINUTE,
        start,
        size,
        first,
        levels[: bars - running],
        levels[bars - running :],
        np.where(below, now, 0.0),
        np.where(below, 0.0, now),
        close,
        close + 20 * scale,
        close - 20 * scale,
        LevelLedger(100.0, 20.0, 10.0, 5.0, 65.0, 30.0),
        tuple(LevelSource(state, 12) for state in PERPS),
        start + np.arange(count) * MINUTE,
        close[:count],
        np.resize([9e3, 7e4, 3e5, 2e6], count),
        np.resize([1, -1], count),
        np.zeros((0, 2), np.int64),
        PERPS,
        float(close[-1]) if bars else None,
        NOW,
    )


def empty_view() -> LiquidationLevelsView:
    nothing = np.zeros((0, 0), np.float32)
    view = levels_view(2, 10)
    return replace(
        view, levels=nothing, running=nothing, long_now=EMPTY, short_now=EMPTY, close=EMPTY, high=EMPTY, low=EMPTY,
        ledger=LevelLedger(), liquidation_ts_ns=np.zeros(0, np.int64), liquidation_price=EMPTY, liquidation_usd=EMPTY,
        liquidation_position=np.zeros(0, np.int64), last_price=None,
    )  # fmt: skip


@pytest.fixture
def pane(qtbot: QtBot) -> LiquidationHeatmapPane:
    pane = LiquidationHeatmapPane("BTC")
    qtbot.addWidget(pane)
    pane.resize(900, 500)
    pane.show()
    pane.refresh(levels_view())
    return pane


def test_few_is_purple_and_many_is_bright_yellow() -> None:
    colors = ramp()
    assert len(colors) == SHADES
    assert colors[0].blue() > colors[0].green(), "purple"
    assert min(colors[-1].red(), colors[-1].green()) > 200 > colors[-1].blue(), "yellow"
    lightness = [color.lightness() for color in colors]
    assert lightness[-1] > lightness[SHADES // 2] > lightness[0]
    shade = shade_of(np.array([0.0, 1e-6, 0.01, 0.25, 1.0, 2.0]), 1.0)
    assert shade.tolist() == [-1, -1, 6, 32, 63, 63]
    assert shade_of(np.array([1.0]), 0.0).tolist() == [-1]


def test_levels_change_the_picture_and_real_liquidations_are_on_top(pane: LiquidationHeatmapPane) -> None:
    whole = pane.chart.grab().toImage()
    bare = replace(
        levels_view(), liquidation_ts_ns=np.zeros(0, np.int64), liquidation_price=EMPTY, liquidation_usd=EMPTY
    )
    pane.refresh(replace(bare, liquidation_position=np.zeros(0, np.int64), revision=2))
    assert pane.chart.grab().toImage() != whole
    assert pane.item.failure == ""


def test_the_model_and_its_balance_are_shown(pane: LiquidationHeatmapPane) -> None:
    assert "10/25/50/100 (35/30/20/15 %)" in pane.model.text
    assert pane.model.text.startswith("estimated")
    for text in ("added 100", "touched 20.0", "closed 10.0", "decayed 5.00", "standing 65.0", "split assumed in 30 %"):
        assert text in pane.ledger.text, text
    assert f"OI of {len(PERPS)} of {len(PERPS)}" in pane.ledger.text
    silent = replace(levels_view(), sources=tuple(LevelSource(state, 0) for state in PERPS[:2]))
    assert "OI of 0 of 2" in " ".join(span.text for span in ledger_spans(silent))
    assert "half-life 1.5 h" in " ".join(model_parts(LevelRules(half_life_ns=90 * MINUTE)))


def test_a_pane_without_levels_shows_the_reason() -> None:
    view = empty_view()
    silent = tuple(LevelSource(state, 0) for state in PERPS)
    assert why_empty(None, "BTC") == "waiting for BTC"
    assert "no perpetual" in why_empty(replace(view, markets=()), "BTC")
    assert why_empty(view, "BTC") == "waiting for the first trade"
    bars = replace(levels_view(), ledger=LevelLedger(), sources=silent)
    assert "no change of open interest" in why_empty(bars, "BTC")
    assert "only fallen" in why_empty(replace(bars, sources=(LevelSource(PERPS[0], 3),)), "BTC")
    assert why_empty(levels_view(), "BTC") == ""


def test_the_text_of_a_row_has_its_estimate() -> None:
    view = levels_view()
    row = int(np.argmax(view.levels[100]))
    price = (view.first_row + row) * view.row_size
    text = row_text(view, 100, price + 10)
    assert f"{price:,.0f} to {price + 50:,.0f}" in text
    assert text.endswith("USD")
    assert row_text(view, view.bars - 1, price + 10) != text
    assert row_text(view, None, price) == row_text(view, 9_999, price)
    assert row_text(view, 100, 1.0) == ""


def test_hovering_moves_the_linked_crosshair_and_the_legend(pane: LiquidationHeatmapPane, qtbot: QtBot) -> None:
    with wait_for(qtbot, pane.link_event, Crosshair) as emitted:
        pane.chart.hovered.emit(QPointF(300, 60))
    assert isinstance(emitted.args[0].ts_ns, int)
    assert "est." in pane.legend.text
    pane.chart.hovered.emit(None)
    pane.show_crosshair(NOW - 100 * MINUTE)
    assert pane.overlay.slot is not None


def test_it_follows_the_range_of_another_pane(pane: LiquidationHeatmapPane, qtbot: QtBot) -> None:
    start, end = NOW - 200 * MINUTE, NOW - 100 * MINUTE
    with qtbot.assertNotEmitted(pane.link_event):
        pane.set_visible_range(start, end)
        pane.refresh(replace(levels_view(), revision=2))
    left, right = pane.chart.visible
    assert (pane.chart.grid.ts_ns(left), pane.chart.grid.ts_ns(right)) == pytest.approx((start, end), abs=MINUTE)
    with wait_for(qtbot, pane.link_event, VisibleRange):
        pane.chart.pan_slots(5)


def test_all_tiers_are_fitted_on_demand(pane: LiquidationHeatmapPane) -> None:
    near = pane.chart.plot_scale
    pane.whole.click()
    far = pane.chart.plot_scale
    assert far.bottom < near.bottom
    assert far.top > near.top


def test_parameters_apply_and_are_restored(pane: LiquidationHeatmapPane, qtbot: QtBot) -> None:
    pane.settings.show_rules(LevelRules())
    with changes_request(pane):
        pane.settings.half_life.setValue(6)
    pane.settings.weights[0].setValue(70)
    request = pane.request()
    assert request is not None
    assert request.rules.half_life_ns == 360 * MINUTE
    assert sum(request.rules.weights) == pytest.approx(1.0)
    assert request.rules.weights[0] == pytest.approx(70 / 135)
    other = LiquidationHeatmapPane("BTC")
    qtbot.addWidget(other)
    other.restore(pane.state())
    assert other.request() == request
    other.restore({"leverages": [1.0], "weights": [1.0], "maintenance": 2, "half_life_ns": 1, "row_share": 1})
    assert other.request() == request
    pane.settings.standard.click()
    assert pane.request() == LiquidationLevelsRequest("BTC")


def test_an_invalid_parameter_is_refused_with_the_reason(pane: LiquidationHeatmapPane) -> None:
    before = pane.request()
    pane.settings.maintenance.setValue(5)
    assert pane.request() == before, "100x has a margin of 1 %"
    assert "maintenance" in pane.settings.problem.text()


def test_every_state_is_drawn(pane: LiquidationHeatmapPane) -> None:
    faces = (
        empty_view(),
        levels_view(1, 3, 1),
        levels_view(2_500, 500),
        levels_view(scale=1e-9),
        levels_view(scale=1e6),
        replace(levels_view(), close=np.full(300, np.nan), high=np.full(300, np.nan), low=np.full(300, np.nan)),
        replace(levels_view(), ledger=LevelLedger(), gaps=np.array([[NOW - 90 * MINUTE, NOW - 80 * MINUTE]])),
    )
    for at, view in enumerate(faces):
        pane.clear()
        for width, height in ((1, 1), (380, 300), (1_900, 1_000)):
            pane.resize(width, height)
            pane.refresh(replace(view, revision=at))
            pane.grab()
            assert pane.item.failure == ""
    assert len(pane.shown_markets()) == len(PERPS)


def test_the_present_levels_can_be_copied_as_a_table(pane: LiquidationHeatmapPane) -> None:
    table = pane.as_table()
    assert table is not None
    assert table.header == ("row_price", "estimated_long_BTC", "estimated_short_BTC")
    assert sum(float(row[1] or 0) for row in table.rows) == pytest.approx(float(levels_view().long_now.sum()))
    pane.clear()
    assert pane.as_table() is None
