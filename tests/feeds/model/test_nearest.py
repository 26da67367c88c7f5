"""A name that is not known is answered with the nearest one."""

from __future__ import annotations

import pytest

from feeds.model.nearest import nearest, unknown


@pytest.mark.parametrize(
    ("name", "found"),
    [
        ("BTCUSDT", "BTC"),
        ("btc", "BTC"),
        ("ETHH", "ETH"),
        ("DOEG", "DOGE"),
        ("1000PEPE", "PEPE"),
        ("XYZ", ""),
        ("", ""),
    ],
)
def test_nearest_coin(name: str, found: str) -> None:
    assert nearest(name, ("BTC", "ETH", "DOGE", "PEPE", "W")) == found


def test_names_to_choose_from_are_listed_where_none_is_close() -> None:
    assert unknown("bras", "table", ("trades", "bars")) == "bras is no table; did you mean bars?"
    assert unknown("qqq", "table", ("trades", "bars")) == "qqq is no table; choose from trades, bars"
    assert unknown("qqq", "coin", map(str, range(1000))) == "qqq is no coin"
