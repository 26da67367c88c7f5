"""The constant parameters of a simulated market and of a base asset."""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Self

import msgspec

from feeds.model.instrument import Instrument, MarketKind

MS = 1_000_000
SECOND = 1_000 * MS


@dataclass(frozen=True, slots=True, kw_only=True)
class BaseSpec:
    """A base asset. `volatility` is the standard deviation of the log price over one second, without taker impact.

    `beta` is the share of the move common to all bases, `impact` the log move for one million USD of taker flow,
    `liquidation_usd` the typical notional of a whole cascade.
    """

    name: str
    price: float
    volatility: float
    beta: float
    impact: float
    liquidation_usd: float


@dataclass(frozen=True, slots=True, kw_only=True)
class ListingSpec:
    """The parameters of any market. `basis` is a fraction of the base's price, `open_interest` lots of one side.

    One lot is `instrument.lot_size`: base coin for linear and spot (also where the venue counts contracts or
    thousands), the venue's own size unit for inverse. A dialect writes `ticks * price_step` and `lots * size_step`.
    `interval_ns` are the depth intervals, the smallest first. `aggregate_ns` is the grid on which fills merge; 0 merges
    only fills of one taker order. `day_usd` is the turnover of the day before the start.
    """

    instrument: Instrument
    basis: float
    interval_ns: tuple[int, ...]
    aggregate_ns: int
    first_trade_id: int
    first_aggregate_id: int
    first_update_id: int
    open_interest: int = 0
    funding_hours: int = 8
    day_usd: float = 0.0
    tick: float = field(init=False)
    """The price step, quote per base coin."""
    lot: float = field(init=False)
    """One lot in base coin; in quote on inverse."""
    _is_inverse: bool = field(init=False)

    def __post_init__(self) -> None:
        instrument = self.instrument
        inverse = instrument.kind is MarketKind.INVERSE
        object.__setattr__(self, "tick", float(instrument.tick_size))
        object.__setattr__(self, "lot", float(instrument.lot_size * (instrument.contract_size if inverse else 1)))
        object.__setattr__(self, "_is_inverse", inverse)

    @property
    def price_step(self) -> Decimal:
        """One tick in the venue's own price unit: per listed unit, so 1000 times `tick` for 1000PEPE."""
        return (self.instrument.tick_size * self.instrument.multiplier).normalize()

    @property
    def size_step(self) -> Decimal:
        """One lot in the venue's own size unit: OKX swaps and COIN-M contracts, USD on Bybit and Deribit inverse."""
        instrument = self.instrument
        if instrument.kind is MarketKind.INVERSE:
            return instrument.lot_size.normalize()
        return (instrument.lot_size / instrument.contract_size / instrument.multiplier).normalize()

    def refined(self, factor: int) -> Self:
        """A copy with a price step `factor` times finer."""
        instrument = msgspec.structs.replace(self.instrument, tick_size=self.instrument.tick_size / factor)
        return dataclasses.replace(self, instrument=instrument)

    def base_size(self, lots: int, price: float) -> float:
        """The size in base coin at a price in ticks."""
        return lots * self.lot / (price * self.tick) if self._is_inverse else lots * self.lot

    def notional(self, lots: int, price: float) -> float:
        """The notional in quote currency at a price in ticks."""
        return lots * self.lot if self._is_inverse else lots * self.lot * price * self.tick


@dataclass(frozen=True, slots=True, kw_only=True)
class MarketSpec(ListingSpec):
    """A market with a full order book. Sizes are lots, distances ticks, rates per second.

    `id_jump` is the largest step between two update ids. The market steps every `step_ns`, a multiple of 10 ms that
    divides all depth intervals.
    """

    orders_per_s: float
    order_lots: float
    order_sigma: float
    level_lots: float
    level_sigma: float
    touch_lots: float
    changes_per_s: float
    density: float
    reach_ticks: int
    patience_ticks: float
    lag_s: float
    round_ticks: tuple[int, int]
    id_jump: int
    step_ns: int = 10 * MS

    def refined(self, factor: int) -> MarketSpec:
        """A copy with a price step `factor` times finer and the same distances in price."""
        finer = ListingSpec.refined(self, factor)
        minor, major = self.round_ticks
        return dataclasses.replace(
            finer, density=self.density / factor, reach_ticks=self.reach_ticks * factor,
            patience_ticks=self.patience_ticks * factor, round_ticks=(minor * factor, major * factor),
        )  # fmt: skip


@dataclass(frozen=True, slots=True, kw_only=True)
class AltcoinBase:
    """An altcoin. `price` is quote per coin, `volatility` the standard deviation of the log price over one second.

    `beta` is its exposure to Bitcoin's log moves, `day_usd` the daily turnover of its largest market.
    """

    name: str
    price: float
    volatility: float
    beta: float
    day_usd: float


@dataclass(frozen=True, slots=True, kw_only=True)
class AltcoinSpec(ListingSpec):
    """A market updated once a second, with a few levels of book. `phase` is its 10 ms slot in the second, 0 to 99."""

    level_lots: float
    spread_ticks: int
    phase: int

    def refined(self, factor: int) -> AltcoinSpec:
        """A copy with a price step `factor` times finer and the same spread in price."""
        finer = ListingSpec.refined(self, factor)
        return dataclasses.replace(finer, spread_ticks=self.spread_ticks * factor)
