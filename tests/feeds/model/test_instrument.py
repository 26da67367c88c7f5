"""Ticks and prices convert exactly; impossible units are refused."""

from __future__ import annotations

import copy
import random
from decimal import Decimal
from fractions import Fraction
from typing import Any

import msgspec
import pytest

from feeds.model.instrument import Instrument, MarketKind, Venue, instrument_id
from feeds.venues.profile import Coverage
from feeds.venues.registry import VENUES, liquidation_coverage

IMPOSSIBLE = ("0", "-1", "NaN", "sNaN", "inf", "1e999999", "1e-999999")


def instrument(**fields: Any) -> Instrument:
    known = {"venue": Venue("binance"), "kind": MarketKind.LINEAR, "symbol": "BTCUSDT", "base": "BTC", "quote": "USDT"}
    return Instrument(**(known | {"tick_size": Decimal("0.10")} | fields))


def test_the_id_names_symbol_venue_and_kind() -> None:
    assert instrument().id == "BTCUSDT.binance.linear" == instrument_id(Venue("binance"), MarketKind.LINEAR, "BTCUSDT")
    assert instrument(kind=MarketKind.SPOT).id != instrument().id


def test_perpetuals_are_linear_or_inverse() -> None:
    assert [kind.is_perp for kind in (MarketKind.LINEAR, MarketKind.INVERSE, MarketKind.SPOT)] == [True, True, False]


@pytest.mark.parametrize("tick", ["0.10", "0.01", "5", "0.5", "0.0000001", "1E-8", "0.00025", "1e-10"])
def test_prices_are_the_nearest_floats_and_come_back(tick: str) -> None:
    found, rng = instrument(tick_size=Decimal(tick)), random.Random(1)
    for ticks in (0, 1, 7, *(rng.randrange(10**7) for _ in range(200))):
        price = found.price_from_ticks(ticks)
        assert price == float(ticks * Fraction(Decimal(tick)))
        assert found.ticks_from_price(price) == ticks
    assert found.price_from_ticks(-3) == -found.price_from_ticks(3)


def test_the_nearest_tick_is_chosen_between_two() -> None:
    assert instrument().ticks_from_price(100.04) == 1_000
    assert instrument().ticks_from_price(100.06) == 1_001


@pytest.mark.parametrize(
    "fields",
    [
        *(
            {name: Decimal(size)}
            for name in ("tick_size", "contract_size")
            for size in ("0", "-1", "NaN", "sNaN", "inf")
        ),
        *({"tick_size": Decimal(size)} for size in IMPOSSIBLE),
        *({"contract_size": Decimal(size)} for size in IMPOSSIBLE),
        *({"lot_size": Decimal(size)} for size in ("-1", "NaN", "sNaN", "-inf", "1e99")),
        {"multiplier": 0},
        {"multiplier": -1_000},
    ],
    ids=str,
)
def test_impossible_units_are_refused(fields: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match="BTCUSDT"):
        instrument(**fields)


def test_an_unknown_lot_is_allowed() -> None:
    assert instrument(lot_size=Decimal("0.000")).lot_size == 0


def test_the_json_of_an_instrument_is_the_instrument() -> None:
    found = instrument(lot_size=Decimal("0.001"), settle="USDT", multiplier=1_000)
    assert msgspec.json.decode(msgspec.json.encode(found), type=Instrument) == found
    assert copy.deepcopy(found) is found


@pytest.mark.parametrize("text", [b'{"tick_size":"NaN"}', b'{"tick_size":"0"}', b'{"tick_size":"1e999999"}'])
def test_the_json_of_an_impossible_instrument_is_a_decode_error(text: bytes) -> None:
    fields = msgspec.json.decode(msgspec.json.encode(instrument())) | msgspec.json.decode(text)
    with pytest.raises(msgspec.DecodeError):
        msgspec.json.decode(msgspec.json.encode(fields), type=Instrument)


def test_each_venues_coverage_of_liquidations() -> None:
    told = {venue: liquidation_coverage(venue, MarketKind.LINEAR) for venue in VENUES}
    assert {venue: one.published for venue, one in told.items()} == {
        Venue("binance"): Coverage.SAMPLED,
        Venue("bybit"): Coverage.ALL,
        Venue("okx"): Coverage.SAMPLED,
        Venue("hyperliquid"): Coverage.NONE,
        Venue("deribit"): Coverage.DELAYED,
    }
    assert [venue for venue, one in told.items() if one.in_real_time] == [
        Venue("binance"),
        Venue("bybit"),
        Venue("okx"),
    ]
    assert [venue for venue, one in told.items() if not one.price_is_fill] == [Venue("bybit"), Venue("okx")]
    assert all(one.description for one in told.values())
    assert {liquidation_coverage(venue, MarketKind.SPOT).published for venue in VENUES} == {Coverage.NONE}
