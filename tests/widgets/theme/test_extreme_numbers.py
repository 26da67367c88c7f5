"""Numbers from 1e-12 to far beyond a quadrillion: labels differ and fit, and none has an exponent."""

from __future__ import annotations

import math
from decimal import Decimal
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PySide6.QtGui import QFontMetricsF
from PySide6.QtWidgets import QApplication

from widgets.chart.axes import ValueAxis
from widgets.chart.chart import TimeChart
from widgets.items.digits import decode, encode_cells, encode_sizes
from widgets.items.ticks import value_ticks
from widgets.theme import format as fmt
from widgets.theme.theme import apply_theme, theme

QUICK = settings(max_examples=200, derandomize=True, deadline=None, database=None)
SIZES = st.builds(lambda digits, power: digits * 10.0**power, st.floats(1.0, 9.99999), st.integers(-6, 27))
PRICES = st.builds(lambda digits, power: digits * 10.0**power, st.floats(1.0, 9.99999), st.integers(-12, 8))
UNITS = {"k": 3, "m": 6, "b": 9, "t": 12, "q": 15}


def value_of(text: str) -> float:
    text = text.replace(",", "").replace("\N{MINUS SIGN}", "-")
    power = 0
    while text and text[-1] in UNITS:
        power += UNITS[text[-1]]
        text = text[:-1]
    for at, digit in enumerate(text):
        if digit in fmt.SUBSCRIPTS:
            count = "".join(str(fmt.SUBSCRIPTS.index(one)) for one in text if one in fmt.SUBSCRIPTS)
            rest = text[at:].lstrip(fmt.SUBSCRIPTS)
            text = f"{text[: at - 1]}{'0' * int(count)}{rest}"
            break
    return float(text) * 10.0**power


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (16_392_861e6, "16.393t"),
        (999_999.4e9, "999.999t"),
        (1.5e15, "1.500q"),
        (2.5e18, "2.50kq"),
        (1e24, "1.000bq"),
        (math.inf, fmt.NO_DATA),
    ],
)
def test_sizes_beyond_billions_have_names(value: float, text: str) -> None:
    assert fmt.size(value) == text


@pytest.mark.parametrize(
    ("value", "step", "text"),
    [
        (1.234e-9, 1e-12, "0.0\N{SUBSCRIPT EIGHT}1234"),
        (1e-12, 1e-15, "0.0\N{SUBSCRIPT ONE}\N{SUBSCRIPT ONE}1000"),
        (0.00001234, 1e-8, "0.00001234"),
        (1e9, 0.1, "1,000,000,000.0"),
    ],
)
def test_tiny_prices_count_their_zeros(value: float, step: float, text: str) -> None:
    assert fmt.price(value, step) == text


def test_numbers_to_type_and_to_copy_are_plain() -> None:
    assert [fmt.plain(value) for value in (1.2e-06, 1e15, 0.5, -3e-10, 100.0)] == [
        "0.0000012",
        "1000000000000000",
        "0.5",
        "-0.0000000003",
        "100",
    ]
    assert fmt.significant(1.2e-06) == "0.0000012"
    assert fmt.plain_price(1.5e-11, 1e-12) == "0.000000000015"


@given(SIZES)
@QUICK
def test_a_size_is_short_and_right(value: float) -> None:
    text = fmt.size(value)
    assert len(text) <= 9
    assert "e" not in text
    if value >= 0.01:
        assert value_of(text) == pytest.approx(value, rel=0.06 if value < 1 else 0.006)


@given(st.lists(SIZES, min_size=1, max_size=9))
@QUICK
def test_painted_digits_are_those_of_the_text(values: list[float]) -> None:
    assert decode(encode_sizes(np.array(values))) == [fmt.size(value) for value in values]
    assert decode(encode_sizes(-np.array(values), signed=True)) == [fmt.signed(-value) for value in values]


@given(SIZES.filter(lambda size: size < 9.9e17))
@QUICK
def test_the_number_of_a_cell_has_at_most_five_characters_besides_its_sign(value: float) -> None:
    text, falling = decode(encode_cells(np.array([value, -value]), signed=True))
    assert len(text) <= 6 + (value < fmt.TINY)
    assert falling == text.replace("+", "\N{MINUS SIGN}")
    if value >= 0.01:
        assert value_of(text[1:]) == pytest.approx(value, rel=0.06 if value < 1 else 0.006)


@given(PRICES)
@QUICK
def test_a_price_reads_back_and_has_no_exponent(value: float) -> None:
    tick = 10.0 ** (math.floor(math.log10(value)) - 4)
    for text in (fmt.price(value, tick), fmt.significant(value)):
        assert "e" not in text
        assert value_of(text) == pytest.approx(value, rel=1e-4)
    assert float(Decimal(fmt.plain(value))) == pytest.approx(value, rel=1e-11)


@given(PRICES, st.floats(0.001, 3.0), st.integers(60, 1500))
@QUICK
def test_neighbouring_labels_of_prices_differ(price: float, share: float, height: int) -> None:
    bottom, top = price, price * (1 + share)
    ticks = value_ticks(bottom, top, height)
    tick = 10.0 ** (math.floor(math.log10(price)) - 5)
    texts = [fmt.price(one, min(tick, ticks[1] - ticks[0])) for one in ticks] if len(ticks) > 1 else []
    assert all(one != other for one, other in pairwise(texts))


@given(SIZES, st.floats(1e-5, 3.0), st.integers(60, 1500), st.booleans())
@QUICK
def test_neighbouring_labels_of_sizes_differ(size: float, share: float, height: int, falling: bool) -> None:
    bottom, top = size, size * (1 + share)
    if falling:
        bottom, top = -top, -bottom
    ticks = value_ticks(bottom, top, height)
    step = ticks[1] - ticks[0] if len(ticks) > 1 else 1.0
    texts = [fmt.step_size(one, step) for one in ticks]
    assert all(one != other for one, other in pairwise(texts))
    assert not any("e" in text for text in texts)


@pytest.mark.parametrize("price", [1.234e-12, 1.234e-9, 0.00001234, 61_659.8, 1.234e9])
def test_a_chart_of_any_price_has_labels_that_fit(qapp: QApplication, price: float) -> None:
    apply_theme(qapp)
    chart = TimeChart(20.0)
    chart.resize(600, 400)
    chart.value_axis.set_step(10.0 ** (math.floor(math.log10(price)) - 4))
    chart.value_axis.begin()
    chart.set_values(price * 0.99, price * 1.01)
    chart.grab()
    bottom, top = chart.box.viewRange()[1]
    assert (bottom, top) == pytest.approx((price * 0.99, price * 1.01))
    axis: ValueAxis = chart.value_axis
    metrics = QFontMetricsF(theme().font(small=True, bold=True))
    ticks = value_ticks(bottom, top, chart.box.height())
    texts = [axis.tick_text(tick, ticks[1] - ticks[0]) for tick in ticks]
    assert len(set(texts)) == len(texts) >= 2
    assert max(metrics.horizontalAdvance(text) for text in texts) <= axis.width() - 8
    chart.close()
