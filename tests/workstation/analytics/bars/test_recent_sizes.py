"""A packed window against a sorted list of tuples."""

from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from workstation.analytics.bars.recent_sizes import RecentSizes

TIMES = st.integers(0, 50)
OPERATIONS = st.one_of(
    st.tuples(st.just("add"), TIMES, st.integers(-3, 3)),
    st.tuples(st.just("extend"), st.lists(TIMES, max_size=5)),
    st.tuples(st.just("take"), TIMES),
)


@given(st.lists(OPERATIONS, max_size=40))
def test_older_entries_are_removed_in_order(operations: list[tuple]) -> None:
    window, wanted = RecentSizes(), []
    for number, (operation, *values) in enumerate(operations):
        if operation == "add":
            window.add(*values, float(number))
            wanted.append((values[0], values[1], float(number)))
        elif operation == "extend":
            times = np.array(values[0], np.int64)
            window.extend(times, times * 2, times + 0.5)
            wanted.extend((ts, ts * 2, ts + 0.5) for ts in values[0])
        else:
            gone = [entry for entry in wanted if entry[0] < values[0]]
            wanted = [entry for entry in wanted if entry[0] >= values[0]]
            assert list(window.take_before(values[0])) == [entry[1:] for entry in sorted(gone, key=lambda one: one[0])]
        assert len(window) == len(wanted)


def test_memory_is_released_while_the_window_slides() -> None:
    window = RecentSizes()
    for at in range(100_000):
        window.add(at, 0, 1.0)
        assert len(list(window.take_before(at - 99))) == (at >= 100)
    assert len(window) == 100
    assert window.allocated < 10_000
