"""Bars that are not of time: where they stand, how large they are made, and that they keep their place."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from pytestqt.qtbot import QtBot

from feeds.model.instrument import MarketKind, Venue
from tests.widgets import synthetic
from tests.widgets.messages import changes_request
from widgets.items.grids import RunGrid
from widgets.panes.footprint.cells.bars_on_grid import BarsOnGrid
from widgets.panes.footprint.controls.bars import automatic_size, round_size, size_text
from widgets.panes.footprint.pane import FootprintPane
from workstation.readmodels.flow.footprint import BarKind, BarRule, FootprintBar, FootprintRequest, FootprintView
from workstation.readmodels.markets import MarketFilter

VOLUME = BarRule(BarKind.VOLUME, 50.0)


@pytest.fixture
def pane(footprint: FootprintPane) -> FootprintPane:
    """A shown pane of BTC."""
    return footprint


def runs(count: int, first: int = 0, begin: int = 0) -> tuple[FootprintBar, ...]:
    """Bars of uneven length in time, numbered from `first`; those before `begin` are left out."""
    starts = synthetic.START + np.cumsum(np.random.default_rng(7).integers(1, 90, count)) * 1_000_000_000
    made = []
    for index, bar in enumerate(synthetic.walk(count)):
        end = int(starts[index + 1]) if index + 1 < count else int(starts[index]) + 5_000_000_000
        made.append(replace(bar, start_ns=int(starts[index]), end_ns=end, slot=first + index))
    return tuple(made[begin:])


def view_of(bars: tuple[FootprintBar, ...], rule: BarRule = VOLUME) -> FootprintView:
    """A view of bars that are not of time."""
    return synthetic.footprint(bars, FootprintRequest("BTC", rule=rule))


@given(
    gaps=st.lists(st.integers(1, 10**11), min_size=1, max_size=40),
    first=st.integers(0, 10_000),
    shares=st.lists(st.floats(-3.0, 45.0), min_size=1, max_size=10),
)
def test_a_moment_and_its_slot_are_inverse(gaps: list[int], first: int, shares: list[float]) -> None:
    starts = synthetic.START + np.cumsum(np.array(gaps, np.int64))
    grid = RunGrid(first, starts, int(starts[-1]) + 500_000_000)
    for index, start in enumerate(starts.tolist()):
        assert grid.slot(start) == first + index
        assert grid.ts_ns(first + index) == start
    for share in shares:
        slot = first + share
        ts_ns = grid.ts_ns(slot)
        again = grid.slot(ts_ns)
        assert abs(grid.ts_ns(again) - ts_ns) <= 2
    moments = [grid.ts_ns(first + step / 4) for step in range(-8, 4 * len(gaps) + 8)]
    assert moments == sorted(moments)


def test_times_stand_under_round_bars() -> None:
    starts = synthetic.START + np.arange(100, dtype=np.int64) * 1_700_000_000_000
    grid = RunGrid(37, starts, int(starts[-1]) + 1)
    ticks = grid.ticks(40.2, 120.0, 800.0)
    assert [tick.slot for tick in ticks] == [50, 60, 70, 80, 90, 100, 110, 120]
    assert ticks[0].text.count(":") == 2
    assert any(tick.is_day for tick in ticks)
    assert grid.ticks(500.0, 600.0, 800.0) == []


def test_a_tick_is_the_same_wherever_the_chart_is_panned_to() -> None:
    starts = synthetic.START + np.arange(100, dtype=np.int64) * 1_700_000_000_000
    grid = RunGrid(37, starts, int(starts[-1]) + 1)
    known = {tick.slot: tick for tick in grid.ticks(37.0, 117.0, 800.0)}
    days = [slot for slot, tick in known.items() if tick.is_day]
    assert days
    for left in (slot - 0.5 for slot in days):  # a day that begins with the first tick in sight
        assert grid.ticks(left, left + 80.0, 800.0)[0] == known[left + 0.5]


def test_bars_stand_side_by_side_by_their_numbers() -> None:
    bars = runs(30, first=400)
    placed = BarsOnGrid(bars, None)
    assert placed.slots.tolist() == list(range(400, 430))
    assert placed.at(405.5) == 5
    assert placed.grid.slot(bars[7].start_ns) == 407
    ticked = BarsOnGrid((*bars[:-1], replace(bars[-1], close=1.0)), None, placed)
    assert ticked.figure("close")[-1] == 1.0
    assert ticked.slots.tolist() == placed.slots.tolist()


def test_a_renumbering_keeps_the_place(pane: FootprintPane) -> None:
    pane.toolbar.bars.choose(BarKind.VOLUME, 50.0)
    pane.refresh(view_of(runs(60, begin=20, first=-20)))
    pane.chart.centre_on(15.0)
    at = pane.chart.grid.ts_ns(pane.chart.visible[0])
    pane.refresh(view_of(runs(60)))
    assert pane.chart.visible[0] == pytest.approx(pane.chart.grid.slot(at), abs=0.01)
    assert not pane.chart.following
    pane.grab()
    assert pane.item.failure == ""


def test_following_goes_on_with_new_bars(pane: FootprintPane) -> None:
    pane.toolbar.bars.choose(BarKind.VOLUME, 50.0)
    pane.refresh(view_of(runs(40)[:38]))
    before = pane.chart.visible
    pane.refresh(view_of(runs(40)))
    assert pane.chart.visible == pytest.approx((before[0] + 2, before[1] + 2))


def test_an_automatic_size_is_learnt_from_bars_of_time(pane: FootprintPane, qtbot: QtBot) -> None:
    bars = synthetic.walk(60)
    pane.refresh(synthetic.footprint(bars))
    pane.toolbar.bars.kind.setCurrentText("volume")
    request = pane.request()
    assert request is not None
    assert request.rule is None  # not known before a view came
    with changes_request(pane):
        pane.refresh(synthetic.footprint(bars, revision=2))
    request = pane.request()
    assert request is not None
    closed = [bar for bar in bars if bar.closed]
    mean = sum(bar.volume for bar in closed) / len(closed)
    assert request.rule == BarRule(BarKind.VOLUME, round_size(mean))
    assert pane.toolbar.bar.currentText() == f"auto {size_text(BarKind.VOLUME, round_size(mean), 'BTC')}"
    pane.toolbar.bar.setCurrentIndex(1)
    chosen = pane.request()
    assert chosen is not None
    assert chosen.rule is not None
    assert chosen.rule.size < request.rule.size
    pane.set_base("ETH")
    assert pane.request() == FootprintRequest("ETH")


@pytest.mark.parametrize(("kind", "scale"), [(BarKind.TICK, 5.0), (BarKind.VOLUME, 5.0)])
def test_rates_do_not_depend_on_the_length_of_the_bars(kind: BarKind, scale: float) -> None:
    minute = [replace(bar, trades=int(bar.volume * 3) + 1) for bar in synthetic.walk(50)]
    longer = [
        replace(bar, end_ns=bar.start_ns + 5 * synthetic.MINUTE, buy=bar.buy * scale, sell=bar.sell * scale,
                trades=bar.trades * 5)
        for bar in minute
    ]  # fmt: skip
    assert automatic_size(kind, minute, 0.1) == automatic_size(kind, longer, 0.1)
    assert automatic_size(kind, minute[:2], 0.1) is None


def test_round_sizes_are_one_two_or_five() -> None:
    assert [round_size(value) for value in (0.0034, 0.9, 1.3, 1.5, 3.5, 7.9, 140.0)] == [
        0.005, 1.0, 1.0, 2.0, 5.0, 10.0, 100.0,
    ]  # fmt: skip
    assert round_size(0.0) == round_size(float("nan")) == 1.0


def test_bars_are_remembered(pane: FootprintPane, qtbot: QtBot) -> None:
    pane.toolbar.bars.choose(BarKind.RANGE, 40.0)
    other = FootprintPane("BTC")
    qtbot.addWidget(other)
    other.restore(pane.state())
    assert other.request() == pane.request() == FootprintRequest("BTC", rule=BarRule(BarKind.RANGE, 40.0))


def test_one_market_alone_is_asked_for(pane: FootprintPane) -> None:
    states = (*synthetic.MARKETS, synthetic.market(Venue("binance"), MarketKind.SPOT))
    pane.set_markets(states)
    actions = pane.toolbar.markets.single.actions()
    assert len(actions) == 4
    actions[3].trigger()
    spot = MarketFilter(False, frozenset({Venue("binance")}), frozenset({MarketKind.SPOT}))
    assert pane.request() == FootprintRequest("BTC", spot)
    assert pane.toolbar.markets.venues.text() == "BIN-spot"
    assert pane.toolbar.markets.kind["spot"].isChecked()
    pane.toolbar.markets.kind["perp"].click()
    assert pane.request() == FootprintRequest("BTC")
    assert not actions[3].isChecked()
