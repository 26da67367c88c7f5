"""Numbers and times as text."""

from __future__ import annotations

import math

import pytest

from widgets import format as fmt


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
