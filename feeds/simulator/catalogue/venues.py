"""The markets of Bybit, OKX, Hyperliquid and Deribit: each is one of Binance's, scaled to the venue's grid and share.

Ticks, lots and contracts: each venue's README (Instruments) and captures of 2026-08 to 2026-10. `contract_size` is one
unit of the venue's size field, so 1 for Bybit and Deribit inverse, whose sizes are USD.
"""

from __future__ import annotations

import dataclasses
from decimal import Decimal

from feeds.model.instrument import Instrument, MarketKind, Venue
from feeds.simulator.catalogue.calibrated import BASES, CALIBRATED
from feeds.simulator.market.spec import MS, MarketSpec
from feeds.venues.bybit.profile import BYBIT
from feeds.venues.deribit.profile import DERIBIT
from feeds.venues.hyperliquid.profile import HYPERLIQUID
from feeds.venues.okx.profile import OKX

_PRICES = {base.name: base.price for base in BASES}
_MODELS = {(spec.instrument.base, spec.instrument.kind): spec for spec in CALIBRATED}
_LINEAR, _INVERSE, _SPOT = MarketKind.LINEAR, MarketKind.INVERSE, MarketKind.SPOT
_INTERVALS = {
    BYBIT: (20 * MS, 100 * MS, 200 * MS),
    OKX: (100 * MS,),
    HYPERLIQUID: (500 * MS,),
    DERIBIT: (100 * MS, 1_000 * MS),
}
_ID_JUMP = {BYBIT: 40, OKX: 30, HYPERLIQUID: 1, DERIBIT: 25}
_LAG_S = {BYBIT: 0.03, OKX: 0.04, HYPERLIQUID: 0.09, DERIBIT: 0.12}


def _listed(
    venue: Venue, symbol: str, kind: MarketKind, base: str, tick: str, lot: str, contract: str = "1", quote: str = ""
) -> Instrument:
    quote = quote or ("USD" if kind is _INVERSE else "USDT")
    settle = "" if kind is _SPOT else base if kind is _INVERSE else quote
    return Instrument(
        venue=venue, kind=kind, symbol=symbol, base=base, quote=quote, settle=settle,
        tick_size=Decimal(tick), lot_size=Decimal(lot), contract_size=Decimal(contract),
    )  # fmt: skip


def _usd(spec: MarketSpec) -> float:
    """What one lot is worth at the opening."""
    return spec.notional(1, _PRICES[spec.instrument.base] / spec.tick)


def _like(number: int, instrument: Instrument, activity: float, depth: float, basis: float) -> MarketSpec:
    """The market of Binance with the same base and kind, with `activity` times its orders and `depth` its sizes."""
    model = _MODELS[instrument.base, instrument.kind]
    lots = _usd(model) / _usd(dataclasses.replace(model, instrument=instrument))
    coarse = float(instrument.tick_size / model.instrument.tick_size)
    minor, major = (max(round(ticks / coarse), 2) for ticks in model.round_ticks)
    return dataclasses.replace(
        model, instrument=instrument,
        orders_per_s=model.orders_per_s * activity, changes_per_s=model.changes_per_s * activity * 0.6,
        order_lots=max(model.order_lots * lots, 0.6), level_lots=max(model.level_lots * lots * depth, 1.0),
        touch_lots=max(model.touch_lots * lots * depth, 2.0), density=min(model.density * max(coarse, 1.0), 0.9),
        reach_ticks=max(round(model.reach_ticks / coarse), 400), patience_ticks=max(model.patience_ticks / coarse, 1.5),
        lag_s=_LAG_S[instrument.venue] + model.lag_s, basis=basis, round_ticks=(minor, max(major, 3)),
        interval_ns=_INTERVALS[instrument.venue], aggregate_ns=0, id_jump=_ID_JUMP[instrument.venue], step_ns=20 * MS,
        first_trade_id=271_252_855 + number * 91_000_019, first_aggregate_id=1_000_000 + number * 7_000_003,
        first_update_id=344_430_848 + number * 60_000_011, open_interest=round(model.open_interest * lots * depth),
        funding_hours=1 if instrument.venue == HYPERLIQUID else 8, day_usd=model.day_usd * activity,
    )  # fmt: skip


# instrument, orders and book changes against Binance, sizes and open interest against Binance, basis
_ROWS = (
    (_listed(BYBIT, "BTCUSDT", _LINEAR, "BTC", "0.10", "0.001"), 0.5, 0.6, 2.2e-4),
    (_listed(BYBIT, "ETHUSDT", _LINEAR, "ETH", "0.01", "0.01"), 0.5, 0.6, 2.7e-4),
    (_listed(BYBIT, "BTCUSD", _INVERSE, "BTC", "0.10", "1"), 0.7, 0.8, 2.0e-4),
    (_listed(BYBIT, "ETHUSD", _INVERSE, "ETH", "0.01", "1"), 0.7, 0.8, 2.4e-4),
    (_listed(BYBIT, "BTCUSDT", _SPOT, "BTC", "0.1", "0.000001"), 0.5, 0.4, 0.0),
    (_listed(BYBIT, "ETHUSDT", _SPOT, "ETH", "0.01", "0.00001"), 0.5, 0.4, 0.0),
    (_listed(OKX, "BTC-USDT-SWAP", _LINEAR, "BTC", "0.1", "0.0001", "0.01"), 0.4, 0.5, 2.6e-4),
    (_listed(OKX, "ETH-USDT-SWAP", _LINEAR, "ETH", "0.01", "0.001", "0.1"), 0.4, 0.5, 3.1e-4),
    (_listed(OKX, "BTC-USD-SWAP", _INVERSE, "BTC", "0.1", "0.1", "100"), 0.6, 0.6, 2.3e-4),
    (_listed(OKX, "ETH-USD-SWAP", _INVERSE, "ETH", "0.01", "0.1", "10"), 0.6, 0.6, 2.6e-4),
    (_listed(OKX, "BTC-USDT", _SPOT, "BTC", "0.1", "0.00000001"), 0.4, 0.4, 0.0),
    (_listed(OKX, "ETH-USDT", _SPOT, "ETH", "0.01", "0.000001"), 0.4, 0.4, 0.0),
    (_listed(HYPERLIQUID, "BTC", _LINEAR, "BTC", "1", "0.00001", quote="USDC"), 0.25, 0.35, -1.0e-4),
    (_listed(HYPERLIQUID, "ETH", _LINEAR, "ETH", "0.1", "0.0001", quote="USDC"), 0.25, 0.35, -0.6e-4),
    (_listed(HYPERLIQUID, "@142", _SPOT, "BTC", "1", "0.00001", quote="USDC"), 0.06, 0.05, -3.0e-4),
    (_listed(DERIBIT, "BTC-PERPETUAL", _INVERSE, "BTC", "0.5", "10"), 0.5, 0.9, 3.4e-4),
    (_listed(DERIBIT, "ETH-PERPETUAL", _INVERSE, "ETH", "0.05", "1"), 0.5, 0.8, 3.8e-4),
    (_listed(DERIBIT, "BTC_USDC-PERPETUAL", _LINEAR, "BTC", "0.5", "0.0001", quote="USDC"), 0.1, 0.1, 1.6e-4),
)

ELSEWHERE = tuple(_like(number, *row) for number, row in enumerate(_ROWS))
