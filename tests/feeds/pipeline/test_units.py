"""Venue numbers become ticks, base coin and quote notional, or a ProtocolError."""

from __future__ import annotations

import copy
import random
from decimal import Decimal
from fractions import Fraction

import msgspec
import pytest

from feeds.model.errors import ProtocolError
from feeds.model.instrument import Instrument, MarketKind, Venue
from feeds.pipeline.units import OffGrid, PriceGrid, RawLevels, Units


def market(kind: MarketKind, tick: str, contract: str = "1", multiplier: int = 1) -> Instrument:
    return Instrument(
        venue=Venue("binance"),
        kind=kind,
        symbol="X",
        base="X",
        quote="USD",
        tick_size=Decimal(tick) / multiplier,
        contract_size=Decimal(contract),
        multiplier=multiplier,
    )


BTC = market(MarketKind.LINEAR, "0.10")
COIN = market(MarketKind.INVERSE, "0.1", "100")
SWAP = market(MarketKind.LINEAR, "0.1", "0.01")
PEPE = market(MarketKind.LINEAR, "0.0000001", multiplier=1_000)


@pytest.mark.parametrize(("tick", "multiplier"), [("0.10", 1), ("0.01", 1), ("0.5", 1), ("0.0000001", 1_000), ("5", 1)])
def test_every_price_text_of_the_grid_is_its_tick(tick: str, multiplier: int) -> None:
    grid, rng = PriceGrid(market(MarketKind.LINEAR, tick, multiplier=multiplier)), random.Random(2)
    for ticks in (0, 1, *(rng.randrange(10**8) for _ in range(300))):
        text = f"{ticks * Decimal(tick):f}"
        assert grid[text] == grid[f"{text}.00" if "." not in text else f"{text}00"] == ticks
        assert grid[float(ticks * Decimal(tick))] == ticks


@pytest.mark.parametrize("text", ["100.05", "100.01", "0.001", "61800.301", 100.05])
def test_prices_between_ticks_are_refused(text: str | float) -> None:
    with pytest.raises(OffGrid):
        PriceGrid(BTC)[text]


@pytest.mark.parametrize(
    "text", ["", " ", "x", "1,5", "0x10", "nan", "NaN", "inf", "-inf", "-1", "-0.10", "1e16", "1e300", "9" * 400, 1e300]
)
def test_invalid_prices_are_refused_every_time(text: str | float) -> None:
    grid = PriceGrid(BTC)
    for _ in range(2):
        with pytest.raises(ProtocolError) as caught:
            grid[text]
        assert not isinstance(caught.value, OffGrid)


def test_the_cache_of_the_grid_is_bounded() -> None:
    grid = PriceGrid(BTC, cached=100)
    for ticks in range(1_000):
        assert grid[f"{ticks / 10:.1f}"] == ticks
        assert len(grid) <= 100


@pytest.mark.parametrize(
    ("instrument", "price", "size", "base", "notional"),
    [
        (BTC, "83725.90", 0.120, 0.120, "10047.108"),
        (COIN, "9642.4", 3.0, None, "300"),
        (SWAP, "83725.9", 5.0, 0.05, "4186.295"),
        (PEPE, "0.0044090", 2.0, 2_000.0, "0.008818"),
        (market(MarketKind.INVERSE, "0.5"), "92288.5", 750.0, None, "750"),
        (BTC, 83725.9, 0.0, 0.0, "0"),
    ],
)
def test_an_execution_in_base_coin_and_quote(
    instrument: Instrument, price: str | float, size: float, base: float | None, notional: str
) -> None:
    ticks, found_price, found_base, found_notional = Units(instrument).execution(price, size)
    assert found_price == instrument.price_from_ticks(ticks)
    expected = float(Fraction(notional) / (ticks * instrument.tick)) if base is None else base
    assert found_base == pytest.approx(expected, rel=1e-15)
    assert found_notional == pytest.approx(float(notional), rel=1e-15)


@pytest.mark.parametrize("instrument", [BTC, COIN, PEPE])
def test_an_execution_at_nothing_is_refused(instrument: Instrument) -> None:
    with pytest.raises(ProtocolError):
        Units(instrument).execution("0.0", 1.0)


@pytest.mark.parametrize("instrument", [BTC, COIN, SWAP, PEPE])
def test_book_sizes_are_in_the_coin_of_executions(instrument: Instrument) -> None:
    units, step = Units(instrument), Decimal(instrument.tick_size) * instrument.multiplier
    raw: RawLevels = [(str(step * ticks), 7.5) for ticks in (1, 2, 99_999)]
    for (ticks, size), (price, venue_size) in zip(units.levels(raw), raw, strict=True):
        assert size == pytest.approx(units.execution(price, venue_size)[2], rel=1e-15)
        assert units.price(ticks) == instrument.price_from_ticks(ticks)
    assert units.levels([(str(step), 0.0)]) == [(1, 0.0)]
    assert units.levels([("0", 3.0)])[0][0] == 0


SIDE: RawLevels = [("100.0", 1.0), ("99.0", 1.0), ("98.0", 1.0), ("50.05", 4.0)]
OTHER: RawLevels = [("100.1", 1.0), ("100.2", 1.0), ("100.3", 1.0), ("900.07", 2.0)]


def test_off_grid_levels_are_found_and_dropped() -> None:
    units = Units(BTC)
    strays = units.strays(SIDE, OTHER)
    assert strays == {"50.05", "900.07"}
    assert units.levels_without(SIDE, strays) == [(1_000, 1.0), (990, 1.0), (980, 1.0)]
    assert units.levels_without([("50.05", 0.0), ("50.06", 0.0), ("99.0", 0.0)], strays) == [(990, 0.0)]
    with pytest.raises(OffGrid):
        units.levels_without([("50.06", 1.0)], strays)


@pytest.mark.parametrize(
    ("bids", "asks"),
    [
        ([("100.05", 1.0), *SIDE], OTHER),
        (SIDE, [("100.05", 1.0), *OTHER]),
        (SIDE[2:], OTHER[2:]),
        ([], [("100.05", 1.0)]),
        ([("nan", 1.0)], []),
    ],
)
def test_a_book_off_the_grid_is_refused(bids: RawLevels, asks: RawLevels) -> None:
    with pytest.raises(ProtocolError):
        Units(BTC).strays(bids, asks)


def test_an_empty_book_has_no_off_grid_levels() -> None:
    assert Units(BTC).strays([], []) == frozenset()


@pytest.mark.parametrize("size", ["-1", "NaN", "Infinity", "-Infinity", "1e19", "1e400", "x", ""])
def test_the_decoder_refuses_impossible_sizes(size: str) -> None:
    decoder = msgspec.json.Decoder(RawLevels, strict=False)
    assert decoder.decode(b'[["1.0","2.50"]]') == [("1.0", 2.5)]
    with pytest.raises(msgspec.MsgspecError):
        decoder.decode(msgspec.json.encode([["1.0", size]]))


def test_copies_share_the_grid() -> None:
    units = Units(BTC)
    assert copy.deepcopy(units) is units
    assert copy.deepcopy(units.ticks) is units.ticks
