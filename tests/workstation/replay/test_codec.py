"""Values come back as they were, shared parts stay shared, and a tree can name nothing but this program."""

from __future__ import annotations

import contextlib
import math
from array import array
from collections import Counter, OrderedDict, defaultdict, deque
from dataclasses import dataclass
from decimal import Decimal
from fractions import Fraction
from functools import partial
from typing import Any

import msgspec
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sortedcontainers import SortedDict, SortedList

from feeds.model.events import Side
from feeds.model.instrument import Instrument
from workstation.replay.codec import UnsavableState, load, save

PLAIN = st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text() | st.binary()
VALUES = st.recursive(
    PLAIN,
    lambda inner: (
        st.lists(inner) | st.lists(inner).map(tuple) | st.dictionaries(PLAIN, inner) | st.lists(inner).map(deque)
    ),
    max_leaves=20,
)


def copied(value: Any) -> Any:
    return load(*save(value))


@given(VALUES)
def test_plain_values_come_back(value: Any) -> None:
    found = copied(value)
    assert found == value
    assert repr(found) == repr(value)  # True is not 1, -0.0 is not 0.0


@pytest.mark.parametrize(
    "value",
    [
        Decimal("1.10"),
        Fraction(1, 3),
        deque([1, 2], maxlen=2),
        Counter("aab"),
        OrderedDict(a=1),
        defaultdict(list, a=[1]),
        SortedList([3, 1]),
        SortedDict({2: "b", 1: "a"}),
        array("d", [1.0, -0.0]),
        array("q"),
        1 << 80,
        range(3),
        frozenset({1, "a"}),
        {2, None},
        Side.BUY,
        np.float64(1.5),
        {1: {2: (3, [4])}},
    ],
)
def test_other_values_come_back(value: Any) -> None:
    found = copied(value)
    assert type(found) is type(value)
    assert found == value


@given(st.lists(st.floats()))
def test_floats_keep_their_bits(values: list[float]) -> None:
    for found in (copied(values), copied(array("d", values)), copied(np.array(values))):
        assert np.array(found).tobytes() == np.array(values).tobytes()


def test_nothing_that_occurs_twice_becomes_two() -> None:
    inner, column = [1.5], np.arange(3)
    column.flags.writeable = False
    loop: list[Any] = [inner, inner, column, column]
    loop.append(loop)
    found = copied(loop)
    assert found[0] is found[1]
    assert found[2] is found[3]
    assert found[4] is found


def test_arrays_stay_writable_or_read_only() -> None:
    fixed = np.arange(4.0)
    fixed.flags.writeable = False
    saved = save([np.arange(4.0), fixed])
    assert [len(one) for one in saved.shared] == [4]
    own, shared = load(*saved)
    own[0] = 9.0
    assert shared is saved.shared[0]


def test_methods_belong_to_the_object_that_came_back() -> None:
    owner = SortedList([2])
    found, add = copied([owner, partial(owner.add, 1)])
    add()
    assert list(found) == [1, 2]
    assert list(owner) == [2]


def test_structs_come_back() -> None:
    listed = msgspec.convert(
        {"venue": "binance", "symbol": "X", "base": "X", "quote": "USDT", "kind": "linear", "tick_size": "0.1"},
        Instrument,
        strict=False,
    )
    assert copied(listed) == listed


@dataclass
class Stranger:
    x: int = 0


@pytest.mark.parametrize("value", [lambda: 1, open, math.sqrt, Stranger(), np.array([object()])])
def test_what_is_not_of_the_program_is_refused(value: Any) -> None:
    with pytest.raises(UnsavableState):
        save([value])


@pytest.mark.parametrize(
    "name",
    [
        *("os:system", "builtins:eval", "subprocess:Popen", "feeds.no:where", "x"),
        *("workstation.replay.codec:importlib", "workstation.replay.codec:importlib.import_module"),
        *("workstation.replay.codec:partial", "workstation.replay.codec:save"),
    ],
)
def test_a_tree_can_name_nothing_else(name: str) -> None:
    saved = save(Decimal(1))
    tree = msgspec.msgpack.encode(_renamed(msgspec.msgpack.decode(saved.tree), "decimal:Decimal", name))
    with pytest.raises(ValueError, match="no state of this program"):
        load(tree, ())


@given(st.binary(max_size=200))
def test_foreign_bytes_are_no_state(data: bytes) -> None:
    with contextlib.suppress(ValueError):  # and nothing else
        assert isinstance(load(data, ()), object)


def _renamed(node: Any, old: str, new: str) -> Any:
    if isinstance(node, list):
        return [_renamed(part, old, new) for part in node]
    return new if node == old else node
