"""Comparing views by content: every field and array, but not the revision."""

from __future__ import annotations

from dataclasses import fields, is_dataclass
from typing import Any

import numpy as np

_COUNTERS = ("revision",)


def assert_same_view(one: Any, other: Any, where: str = "") -> None:
    """Raise AssertionError naming the first field that differs; arrays must be equal to the last bit."""
    assert type(one) is type(other), where
    if isinstance(one, np.ndarray):
        np.testing.assert_array_equal(one, other, err_msg=where)
    elif isinstance(one, tuple):
        assert len(one) == len(other), where
        for index, (left, right) in enumerate(zip(one, other, strict=True)):
            assert_same_view(left, right, f"{where}[{index}]")
    elif is_dataclass(one):
        for field in fields(one):
            if field.name not in _COUNTERS:
                assert_same_view(getattr(one, field.name), getattr(other, field.name), f"{where}.{field.name}")
    else:
        assert one == other or (one != one and other != other), f"{where}: {one!r} is not {other!r}"
