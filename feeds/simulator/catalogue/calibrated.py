"""The six Binance markets, calibrated on a real capture of 2024-08-08 (BTC 61,800, ETH 2,680).

The other venues' markets are scaled from these. Trades a second in that capture: USD-M BTC 62, ETH 41; COIN-M BTC 7,
ETH 5; spot BTC 28, ETH 18.
"""

from decimal import Decimal

from feeds.model.instrument import Instrument, MarketKind
from feeds.simulator.market.spec import MS, BaseSpec, MarketSpec
from feeds.venues.binance.profile import BINANCE

_FUTURES_NS = (50 * MS, 100 * MS, 250 * MS, 500 * MS)
_SPOT_NS = (100 * MS, 1_000 * MS)

BASES = (
    BaseSpec(name="BTC", price=61_800.0, volatility=9.0e-5, beta=0.8, impact=0.9e-4, liquidation_usd=5e6),
    BaseSpec(name="ETH", price=2_680.0, volatility=1.1e-4, beta=0.85, impact=1.6e-4, liquidation_usd=2.5e6),
)


def _linear(base: str, tick: str) -> Instrument:
    return Instrument(
        venue=BINANCE, kind=MarketKind.LINEAR, symbol=f"{base}USDT", base=base, quote="USDT", settle="USDT",
        tick_size=Decimal(tick), lot_size=Decimal("0.001"),
    )  # fmt: skip


def _inverse(base: str, tick: str, contract_usd: int) -> Instrument:
    return Instrument(
        venue=BINANCE, kind=MarketKind.INVERSE, symbol=f"{base}USD_PERP", base=base, quote="USD", settle=base,
        tick_size=Decimal(tick), lot_size=Decimal(1), contract_size=Decimal(contract_usd),
    )  # fmt: skip


def _spot(base: str, lot: str) -> Instrument:
    return Instrument(
        venue=BINANCE, kind=MarketKind.SPOT, symbol=f"{base}USDT", base=base, quote="USDT",
        tick_size=Decimal("0.01"), lot_size=Decimal(lot),
    )  # fmt: skip


CALIBRATED = (
    MarketSpec(
        instrument=_linear("BTC", "0.10"), orders_per_s=4, order_lots=30, order_sigma=1.8,
        level_lots=70, level_sigma=1.5, touch_lots=2_500, changes_per_s=700, density=0.68,
        reach_ticks=1_000, patience_ticks=28, lag_s=0.0, basis=3.0e-4, round_ticks=(100, 1_000),
        interval_ns=_FUTURES_NS, aggregate_ns=100 * MS, id_jump=180, first_trade_id=5_266_583_935,
        first_aggregate_id=2_301_447_112, first_update_id=5_123_107_832_006, day_usd=14e9, open_interest=81_400_000,
    ),
    MarketSpec(
        instrument=_linear("ETH", "0.01"), orders_per_s=3.6, order_lots=160, order_sigma=1.7,
        level_lots=1_400, level_sigma=1.5, touch_lots=20_000, changes_per_s=650, density=0.72,
        reach_ticks=1_000, patience_ticks=11, lag_s=0.02, basis=3.4e-4, round_ticks=(100, 1_000),
        interval_ns=_FUTURES_NS, aggregate_ns=100 * MS, id_jump=160, first_trade_id=4_102_338_410,
        first_aggregate_id=1_690_222_841, first_update_id=5_123_107_901_337, day_usd=9e9,
        open_interest=1_260_000_000,
    ),
    MarketSpec(
        instrument=_inverse("BTC", "0.1", 100), orders_per_s=0.8, order_lots=6, order_sigma=1.7,
        level_lots=40, level_sigma=1.7, touch_lots=900, changes_per_s=700, density=0.15,
        reach_ticks=5_000, patience_ticks=26, lag_s=0.08, basis=2.6e-4, round_ticks=(100, 1_000),
        interval_ns=(10 * MS, *_FUTURES_NS[1:]), aggregate_ns=100 * MS, id_jump=60,
        first_trade_id=849_714_402, first_aggregate_id=402_118_633,
        first_update_id=1_007_198_631_260, day_usd=1.2e9, open_interest=6_780_000,
    ),
    MarketSpec(
        instrument=_inverse("ETH", "0.01", 10), orders_per_s=0.7, order_lots=40, order_sigma=1.5,
        level_lots=300, level_sigma=1.6, touch_lots=2_500, changes_per_s=450, density=0.25,
        reach_ticks=2_500, patience_ticks=15, lag_s=0.1, basis=2.9e-4, round_ticks=(100, 1_000),
        interval_ns=(10 * MS, *_FUTURES_NS[1:]), aggregate_ns=100 * MS, id_jump=60,
        first_trade_id=512_660_018, first_aggregate_id=249_731_905,
        first_update_id=1_007_198_644_871, day_usd=5e8, open_interest=41_300_000,
    ),
    MarketSpec(
        instrument=_spot("BTC", "0.00001"), orders_per_s=2.5, order_lots=90, order_sigma=2.0,
        level_lots=900, level_sigma=2.2, touch_lots=180_000, changes_per_s=1_400, density=0.05,
        reach_ticks=14_000, patience_ticks=260, lag_s=0.25, basis=0.0, round_ticks=(1_000, 10_000),
        interval_ns=_SPOT_NS, aggregate_ns=0, id_jump=1, first_trade_id=3_735_683_259,
        first_aggregate_id=3_106_402_577, first_update_id=50_093_239_189, day_usd=2.4e9,
    ),
    MarketSpec(
        instrument=_spot("ETH", "0.0001"), orders_per_s=2.1, order_lots=120, order_sigma=1.9,
        level_lots=1_900, level_sigma=1.9, touch_lots=60_000, changes_per_s=320, density=0.3,
        reach_ticks=2_500, patience_ticks=11, lag_s=0.3, basis=0.0, round_ticks=(100, 1_000),
        interval_ns=_SPOT_NS, aggregate_ns=0, id_jump=1, first_trade_id=1_544_120_776,
        first_aggregate_id=1_313_098_214, first_update_id=37_402_118_530, day_usd=1.3e9,
    ),
)  # fmt: skip
