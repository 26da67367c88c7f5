"""Calls are paced by weight, slower after a block; new sockets are paced once the burst is used up."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from feeds.live.budget import CAREFUL_S, RESERVE, Turnstile, WeightBudget


def spent(budget: WeightBudget, from_s: float, until_s: float, step_s: float = 0.05) -> int:
    """The number of calls of weight one that pass when tried continuously."""
    return sum(budget.wait_s(from_s + number * step_s, 1.0) == 0 for number in range(int((until_s - from_s) / step_s)))


def test_a_minute_spends_the_reserved_share_of_the_limit() -> None:
    budget = WeightBudget(60.0)
    spent(budget, 0.0, 10.0)  # what the bucket holds at once
    assert spent(budget, 10.0, 70.0) == pytest.approx(60.0 * RESERVE, abs=2)


def test_after_a_block_nothing_passes_for_its_duration_and_then_half_the_rate_for_a_minute() -> None:
    budget = WeightBudget(600.0)
    budget.block(100.0, 30.0)
    assert budget.blocked_s(100.0) == 30.0
    assert spent(budget, 100.0, 130.0) == 0
    assert spent(budget, 130.0, 130.0 + CAREFUL_S) == pytest.approx(600.0 * RESERVE / 2, abs=3)
    assert spent(budget, 130.0 + CAREFUL_S, 190.0 + CAREFUL_S) == pytest.approx(600.0 * RESERVE, abs=3)


@given(st.integers(1, 10), st.floats(0.2, 5.0), st.lists(st.floats(0.0, 4.0), min_size=1, max_size=60))
def test_no_span_sees_more_sockets_than_the_burst_and_the_rate(burst: int, per_s: float, pauses: list[float]) -> None:
    gate, now_s, opened = Turnstile(burst, per_s), 0.0, []
    for pause_s in pauses:
        now_s += pause_s
        opened.append(now_s + gate.wait_s(now_s))
    assert opened == sorted(opened)
    for first in range(len(opened)):
        for last in range(first, len(opened)):
            assert last - first + 1 <= burst + (opened[last] - opened[first]) * per_s + 1e-6


def test_the_first_sockets_do_not_wait() -> None:
    gate = Turnstile(3, 2.0)
    assert [gate.wait_s(50.0) for _ in range(5)] == [0.0, 0.0, 0.0, 0.5, 1.0]
    assert gate.wait_s(100.0) == 0.0
