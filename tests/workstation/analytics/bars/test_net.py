"""Deltas without the rounding noise of sums: zero where as much is bought as sold, in bars and in running sums."""

from __future__ import annotations

import numpy as np
import pytest

from workstation.analytics.bars.bar_builder import BUY, SELL, BarBuilder
from workstation.analytics.bars.deltas import ALL_SIZES, COIN, DeltaBars, DeltaPath
from workstation.analytics.store.trades import TradeStore
from workstation.readmodels.flow.footprint import FootprintRules
from workstation.readmodels.net import net

BALANCED = [(0.1, BUY), (0.2, BUY), (0.3, SELL)]
MIRRORED = [(0.3, BUY), (0.1, SELL), (0.2, SELL)]


def test_noise_is_zero_and_small_deltas_are_not() -> None:
    assert net(0.1 + 0.2, 0.3) == 0.0
    assert net(0.3, 0.1 + 0.2) == 0.0
    assert net(1e6 + 0.001, 1e6) == pytest.approx(0.001)
    assert np.isnan(net(np.nan, 1.0))
    columns = net(np.array([0.1 + 0.2, 5.0, np.nan, 0.0]), np.array([0.3, 4.0, 1.0, 0.0]))
    np.testing.assert_array_equal(columns, [0.0, 1.0, np.nan, 0.0])


@pytest.mark.parametrize("trades", [BALANCED, MIRRORED])
def test_a_balanced_bar_has_no_delta_and_no_extreme_of_noise(trades: list[tuple[float, int]]) -> None:
    builder = BarBuilder(0, 100.0, 100.0, 100.0, 100.0)
    for size, side in trades:
        builder.add(100.0, 100, size, 100.0 * size, side)
    bar = builder.finish(60, FootprintRules(), closed=True, complete=True)
    assert bar.delta == 0.0
    assert bar.min_delta == 0.0
    assert bar.max_delta == pytest.approx(0.3)


@pytest.mark.parametrize("trades", [BALANCED, MIRRORED])
def test_running_sums_of_many_balanced_bars_stay_zero(trades: list[tuple[float, int]]) -> None:
    store, bars, path = TradeStore(), DeltaBars(1, 1_000, cap=2_000), DeltaPath((0,), 1_000, COIN)
    for bar in range(4_000):
        for size, side in trades:
            store.append((bar * 1_000, 100, size, 100 * size, side))
    bars.update(store)
    path.update(store, 0)
    bought, sold = np.cumsum(bars.of(0, ALL_SIZES, COIN), axis=1) + bars.before(0, 0, ALL_SIZES, COIN)[:, None]
    assert bought[-1] == pytest.approx(1_200)
    assert not net(bought, sold).any()
    _, down = path.extremes(bars.start_ns)
    assert not down.any()
