"""Numbers and times as text."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from widgets.items.digits import decode, encode_fixed
from widgets.theme import format as fmt


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (0.0, "0"),
        (0.0431, "0.043"),
        (1.25, "1.25"),
        (12.54, "12.5"),
        (340.2, "340"),
        (999.4, "999"),
        (999.6, "1.00k"),
        (1_234, "1.23k"),
        (57_300, "57.3k"),
        (105_000, "105k"),
        (1_240_000, "1.24m"),
        (3_102_000_000, "3.102b"),
        (-12.5, "-12.5"),
        (None, fmt.NO_DATA),
        (math.nan, fmt.NO_DATA),
    ],
)
def test_size_stays_short(value: float | None, text: str) -> None:
    assert fmt.size(value) == text


@pytest.mark.parametrize(
    ("step", "decimals"), [(0.1, 1), (10, 0), (0.05, 2), (0.5, 1), (1e-8, 8), (2.5, 1), (0.001, 3)]
)
def test_decimals_follow_the_grid(step: float, decimals: int) -> None:
    assert fmt.decimals_of(step) == decimals


def test_a_price_has_separators_and_the_decimals_of_its_grid() -> None:
    assert fmt.price(61_659.8, 0.1) == "61,659.8"
    assert fmt.price(61_659.8, 10) == "61,660"
    assert fmt.price(None, 0.1) == fmt.NO_DATA
    assert fmt.price(math.nan, 0.1) == fmt.NO_DATA


def test_a_signed_size_shows_its_sign_and_zero_has_none() -> None:
    assert [fmt.signed(v) for v in (2.5, -2.5, 0.0)] == ["+2.50", "−2.50", "0"]
    assert fmt.signed(None) == fmt.NO_DATA


def test_percent_is_signed() -> None:
    assert fmt.percent(0.0042) == "+0.42%"
    assert fmt.percent(-0.0042, 1) == "−0.4%"
    assert fmt.percent(None) == fmt.NO_DATA


def test_clock_is_utc_and_can_show_milliseconds() -> None:
    ts_ns = 1_760_000_000_123_999_999
    assert fmt.clock(ts_ns) == "08:53:20"
    assert fmt.clock(ts_ns, millis=True) == "08:53:20.123"
    assert fmt.date_clock(ts_ns) == "2025-10-09 08:53:20"


@pytest.mark.parametrize(
    ("span_ns", "text"),
    [(40_000_000, "40ms"), (1_200_000_000, "1.2s"), (190_000_000_000, "3m10s"), (7_500_000_000_000, "2h05m")],
)
def test_age_uses_the_largest_fitting_unit(span_ns: int, text: str) -> None:
    assert fmt.age(span_ns) == text


def test_no_age_is_a_dash() -> None:
    assert fmt.age(None) == fmt.NO_DATA


@pytest.mark.parametrize(
    ("seconds", "text"), [(1, "1s"), (15, "15s"), (60, "1m"), (300, "5m"), (14_400, "4h"), (86_400, "1d")]
)
def test_bar_lengths_have_names(seconds: int, text: str) -> None:
    assert fmt.bar_length(seconds * 1_000_000_000) == text


def test_a_size_too_small_for_three_decimals_never_reads_as_nothing() -> None:
    assert [fmt.size(value) for value in (0.0, 0.00012, 0.000499, 0.0005)] == ["0", "<0.001", "<0.001", "0.001"]
    assert fmt.signed(-0.00012) == "\N{MINUS SIGN}<0.001"


@pytest.mark.parametrize("value", [0.0, -0.0, 1e-9, -1e-9])
def test_what_reads_as_zero_has_no_sign_and_no_side(value: float) -> None:
    texts = [fmt.percent(value), fmt.fixed(value, 2), fmt.fixed(value, 2, signed=False), fmt.money(value, signed=True)]
    assert texts == ["0.00%", "0.00", "0.00", "0.00"]
    assert {fmt.tone(text) for text in texts} == {"muted"}


def test_a_number_takes_the_colour_of_the_sign_that_is_written() -> None:
    assert [fmt.tone(fmt.percent(share, 4)) for share in (1e-6, -1e-6, 4e-7, -4e-7)] == [
        "buy",
        "sell",
        "muted",
        "muted",
    ]
    assert fmt.tone(fmt.fixed(None, 2)) == "faint"
    assert fmt.tone("0.00", "text") == "text"


def test_an_amount_is_written_in_full() -> None:
    assert [fmt.money(value) for value in (12_345.678, -0.5, None)] == ["12,345.68", "−0.50", fmt.NO_DATA]
    assert fmt.money(1_000.0, 0, signed=True) == "+1,000"


@given(st.lists(st.floats(-1e6, 1e6), min_size=1), st.integers(0, 4), st.booleans())
def test_digits_are_those_of_the_text(values: list[float], decimals: int, signed: bool) -> None:
    wanted = [fmt.fixed(value, decimals, signed=signed) for value in values]
    assert decode(encode_fixed(np.array(values), decimals, signed=signed)) == wanted


@given(st.floats(-1e6, 1e6), st.integers(0, 4))
def test_a_minus_stands_before_some_digit_that_is_not_zero(value: float, decimals: int) -> None:
    text = fmt.fixed(value, decimals)
    assert (fmt.tone(text) == "muted") == (float(text.replace("\N{MINUS SIGN}", "-")) == 0.0)
