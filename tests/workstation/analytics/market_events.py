"""Markets and events for the analytics tests."""

from __future__ import annotations

import random
from collections.abc import Iterable, Sequence
from dataclasses import replace
from decimal import Decimal
from typing import Any

from feeds.model.events import (
    BookDelta,
    BookLost,
    BookSnapshot,
    Connected,
    Disconnected,
    Event,
    Funding,
    IndexPrice,
    Level,
    Liquidation,
    MarkPrice,
    OpenInterest,
    Quote,
    Side,
    Trade,
    TradesLive,
    TradesLost,
)
from feeds.model.instrument import Instrument, MarketKind, Venue
from tests.views import assert_same_view
from workstation.analytics.bars.deltas import HOUR_NS
from workstation.analytics.engine import Engine
from workstation.analytics.state.limits import DEFAULT_LIMITS, Limits
from workstation.analytics.store.column_store import CHUNK
from workstation.analytics.store.trades import Trades, TradeStore
from workstation.readmodels.flow.big_trades import BigTradesRequest
from workstation.readmodels.flow.cvd import CvdRequest, CvdUnit
from workstation.readmodels.flow.footprint import (
    AbsorptionRule,
    BarKind,
    BarRule,
    FootprintRequest,
    FootprintRules,
    MinimumMode,
)
from workstation.readmodels.flow.heatmap import HeatCellRequest, HeatmapRequest
from workstation.readmodels.flow.ladder import LadderRequest
from workstation.readmodels.flow.profile import ProfileRequest
from workstation.readmodels.flow.tape import TapeRequest
from workstation.readmodels.markets import MarketFilter
from workstation.readmodels.positions.liquidation_levels import LiquidationLevelsRequest
from workstation.readmodels.positions.liquidations import LiquidationsRequest, Position
from workstation.readmodels.positions.premium import PremiumRequest, PremiumSource
from workstation.readmodels.positions.quadrant import QuadrantRequest
from workstation.readmodels.request import Request, View
from workstation.readmodels.session.setups import SetupsRequest

SECOND = 1_000_000_000
MINUTE = 60 * SECOND
DAY = 86_400 * SECOND
START = 1_700_006_400 * SECOND - 1_700_006_400 * SECOND % DAY  # 00:00 UTC
SIDES = (None, Side.BUY, Side.SELL)  # by the side's number in a trade's lane


def market(
    venue: Venue = Venue("binance"),
    kind: MarketKind = MarketKind.LINEAR,
    tick: str = "0.1",
    base: str = "BTC",
    symbol: str | None = None,
) -> Instrument:
    """Return a market of a venue; its symbol contains the base."""
    return Instrument(
        venue=venue,
        kind=kind,
        symbol=symbol or f"{base}USDT",
        base=base,
        quote="USDT",
        tick_size=Decimal(tick),
    )


BINANCE = market()
BYBIT = market(Venue("bybit"), tick="0.25")
OKX_SPOT = market(Venue("okx"), MarketKind.SPOT, tick="0.3")
MARKETS = (BINANCE, BYBIT, OKX_SPOT)


def trade(
    instrument: Instrument, ts_ns: int, ticks: int, size: float = 1.0, side: int = 1, recv_ns: int | None = None
) -> Trade:
    """Return one trade; `side` is 1 buy, 2 sell, 0 unknown."""
    price = instrument.price_from_ticks(ticks)
    recv_ns = ts_ns if recv_ns is None else recv_ns
    return Trade(instrument, ts_ns, recv_ns, ticks, price, size, size * price, SIDES[side], 0)


def at_price(instrument: Instrument, ts_ns: int, price: float, size: float = 1.0, side: int = 1) -> Trade:
    """Return one trade at a price on the market's grid."""
    return trade(instrument, ts_ns, instrument.ticks_from_price(price), size, side)


def snapshot(instrument: Instrument, ts_ns: int, bids: list[Level], asks: list[Level]) -> BookSnapshot:
    """Return a whole book."""
    return BookSnapshot(instrument, ts_ns, ts_ns, bids, asks)


def delta(instrument: Instrument, ts_ns: int, bids: list[Level], asks: list[Level]) -> BookDelta:
    """Return a change of a book."""
    return BookDelta(instrument, ts_ns, ts_ns, bids, asks)


def mark(instrument: Instrument, ts_ns: int, price: float = 100.0) -> MarkPrice:
    """Return a mark price, which advances the venue time of the market."""
    return MarkPrice(instrument, ts_ns, ts_ns, price)


def random_size(rng: random.Random) -> float:
    """Return a size whose sums are exact in any order."""
    return rng.randint(1, 4_000) / 1_024


def random_trades(
    rng: random.Random,
    count: int,
    markets: Sequence[Instrument] = MARKETS,
    span_ns: int = 10 * MINUTE,
    start_ns: int = START,
    centre: float = 1_000.0,
    late: float = 0.1,
    exact: bool = True,
) -> list[Trade]:
    """Return trades in receive order over a span; some carry a venue time up to a tenth of the span earlier."""
    trades = []
    for at in range(count):
        instrument = rng.choice(markets)
        recv_ns = start_ns + span_ns * at // count
        lag_ns = rng.randint(0, span_ns // 10) if rng.random() < late else 0
        ticks = instrument.ticks_from_price(centre + rng.gauss(0, 5))
        size = random_size(rng) if exact else rng.random()
        trades.append(
            trade(instrument, max(recv_ns - lag_ns, start_ns), ticks, size, rng.choice((0, 1, 1, 2, 2)), recv_ns)
        )
    return trades


def random_events(rng: random.Random, count: int, markets: Sequence[Instrument] = MARKETS) -> list[Event]:
    """Return everything that can happen, in any order, with pauses, jumps over minutes and clocks that run back."""
    now_ns, events = START + 23 * 3_600 * SECOND, []
    for _ in range(count):
        now_ns += rng.choice((0, 1_000_000, 80_000_000, 700_000_000, 3 * SECOND, 3 * SECOND, 25 * SECOND))
        now_ns += 10 * MINUTE if rng.random() < 0.01 else 0
        ts_ns = now_ns - rng.choice((0, 0, 5_000_000, 2 * SECOND, 70 * SECOND if rng.random() < 0.1 else 0))
        events.append(_random_event(rng, rng.choice(markets), ts_ns, now_ns - rng.choice((0, 0, 0, 1_000_000))))
    return events


def _random_event(rng: random.Random, instrument: Instrument, ts_ns: int, now_ns: int) -> Event:
    middle = instrument.ticks_from_price(1_000.0)
    ticks, size = middle + rng.randint(-30, 30), rng.random()
    below = [(middle - 1 - rng.randint(0, 40), rng.choice((0.0, 0.0, rng.random()))) for _ in range(5)]
    above = [(middle + 1 + rng.randint(0, 40), rng.choice((0.0, 0.0, rng.random()))) for _ in range(5)]
    draw = rng.random()
    if draw < 0.4:
        return trade(instrument, ts_ns, ticks, size, rng.choice((0, 1, 1, 2, 2)), now_ns)
    if draw < 0.6:
        return BookDelta(instrument, ts_ns, now_ns, below, above)
    if draw < 0.68:
        return BookSnapshot(instrument, ts_ns, now_ns, sorted(dict(below).items())[::-1], sorted(dict(above).items()))
    kinds: tuple[Event, ...] = (
        BookLost(instrument, now_ns, rng.choice(("gap", "closed"))),
        TradesLive(instrument, now_ns),
        TradesLive(instrument, now_ns),
        TradesLost(instrument, now_ns, rng.choice(("gap", "closed"))),
        MarkPrice(instrument, ts_ns, now_ns, 1_000.0 + size),
        MarkPrice(instrument, ts_ns, now_ns, 1_000.0 + size),
        IndexPrice(instrument, ts_ns, now_ns, 1_000.0 + size),
        Quote(instrument, ts_ns, now_ns, middle - 1, size, middle + 1, size),
        Funding(instrument, ts_ns, now_ns, 1e-4, None),
        OpenInterest(instrument, ts_ns, now_ns, size),
        Liquidation(instrument, ts_ns, now_ns, 1_000.0, size, 1_000.0 * size, rng.choice((Side.SELL, Side.BUY))),
        Connected(instrument.venue, "c", now_ns),
        Disconnected(instrument.venue, "c", now_ns, "gone"),
    )
    return rng.choice(kinds)


def engine_of(events: Iterable[Event], limits: Limits = DEFAULT_LIMITS) -> Engine:
    """Return an engine that has taken these events."""
    engine = Engine(limits)
    for event in events:
        engine.apply(event)
    return engine


def columns_of(trades: Iterable[Trade], markets: Sequence[Instrument] = MARKETS) -> list[Trades]:
    """Return the trades as the store hands them out, markets numbered as in `markets`."""
    store = TradeStore()
    index = {instrument.id: at for at, instrument in enumerate(markets)}
    for item in trades:
        lane = 3 * index[item.instrument.id] + SIDES.index(item.aggressor)
        store.append((item.ts_venue_ns, item.price_ticks, item.size, item.notional, lane))
    assert len(store) < CHUNK
    return list(store.parts())


def same_content(one: Any, other: Any) -> bool:
    """Whether two views show the same; the time of asking and the revision are no content."""
    try:
        assert_same_view(_timeless(one), _timeless(other))
    except AssertionError:
        return False
    return True


def _timeless(view: Any) -> Any:
    return replace(view, now_ns=0) if hasattr(view, "now_ns") else view


EVERYTHING = FootprintRules(
    imbalance_ratio=1.5,
    minimum_mode=MinimumMode.PERCENTILE,
    stack_length=2,
    exhaustion_rows=2,
    divergence_bars=3,
    naked_pocs=6,
    absorption=AbsorptionRule(deviations=0.5),
)
REQUESTS: tuple[Request[View], ...] = (
    SetupsRequest("BTC", 1_000_000_000, (100.0,)),
    FootprintRequest("BTC"),
    FootprintRequest("BTC", MarketFilter(perp=None), 5 * SECOND, 0.7),
    CvdRequest("BTC"),
    CvdRequest("BTC", 15 * SECOND, unit=CvdUnit.COIN, reset_ns=None),
    CvdRequest("BTC", 5 * SECOND, CvdUnit.OI, anchor_ns=START + 85_000 * SECOND, mark_ns=MINUTE, extreme_bars=3),
    CvdRequest("BTC", 15 * SECOND, reset_ns=HOUR_NS, by_size=True, edges_usd=(300.0, 600.0), candles=True),
    LadderRequest("BTC", recent_ns=MINUTE),
    LadderRequest("BTC", market=OKX_SPOT.id, row_size=1.0, band=0.01),
    TapeRequest("BTC", count=7),
    TapeRequest("BTC", count=60, detail=True),
    TapeRequest("BTC", MarketFilter(perp=True), side=-1, count=9, detail=True),
    TapeRequest("DOGE", detail=True),
    TapeRequest("BTC", MarketFilter(venues=frozenset((Venue("bybit"),)), perp=None), minimum_usd=400.0, count=5),
    *(
        FootprintRequest("BTC", MarketFilter(perp=None), row_size=1.0, rule=BarRule(kind, size))
        for kind, size in ((BarKind.TICK, 7), (BarKind.VOLUME, 5.0), (BarKind.RANGE, 2.0), (BarKind.DELTA, 1.5))
    ),
    FootprintRequest("BTC", bar_ns=MINUTE, row_size=0.5, rules=EVERYTHING, vwap_anchor_ns=START + 86_000 * SECOND),
    ProfileRequest("BTC", MarketFilter(perp=None), 0.7, START, START + DAY),
    BigTradesRequest("BTC", count=9),
    BigTradesRequest("BTC", minimum_usd=500.0),
    LiquidationLevelsRequest("BTC"),
    LiquidationsRequest("BTC"),
    LiquidationsRequest("", MarketFilter(venues=frozenset((Venue("bybit"),))), Position.LONG, 500.0, 5),
    HeatmapRequest("BTC", row_size=0.3),
    HeatmapRequest("BTC", MARKETS[1].id, seconds=7, low=995.0, high=1_006.0, minimum_usd=300.0),
    HeatmapRequest("BTC", markets=MarketFilter(perp=None), seconds=64, row_size=2.0),
    HeatmapRequest(
        "BTC", start_ns=START + 86_300 * SECOND, end_ns=START + 86_390 * SECOND, row_size=1.0, low=900.0, high=1_100.0
    ),
    HeatCellRequest("BTC", None, MarketFilter(perp=None), 1.0, 30, (START // SECOND + 82_830) // 30, 999),
    HeatmapRequest("DOGE"),
    PremiumRequest("BTC"),
    PremiumRequest("BTC", 5 * SECOND, PremiumSource.OHLC4, smoothing=3, clamp=0.001),
    QuadrantRequest("BTC", window_ns=MINUTE),
    FootprintRequest("DOGE"),
    PremiumRequest("DOGE"),
    ProfileRequest("DOGE", MarketFilter(), 0.5, START, START + DAY),
    BigTradesRequest("DOGE"),
)
