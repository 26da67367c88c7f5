"""Synthetic views, rich enough to look at: eight perpetual and three spot markets of BTC around 61,660."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from feeds.model.instrument import MarketKind, Venue, instrument_id
from workstation.readmodels.flow.ladder import BookEnd, LadderRequest, LadderView, PulledWall, VenueImbalance
from workstation.readmodels.flow.tape import TapePace, TapeRequest, TapeView
from workstation.readmodels.markets import Freshness, MarketState
from workstation.readmodels.session.status import Capabilities, ConnectionStatus, Presence, StatusView

NOW = 1_760_000_000_123_000_000
LINEAR, INVERSE, SPOT = MarketKind.LINEAR, MarketKind.INVERSE, MarketKind.SPOT


def market(venue: Venue, kind: MarketKind, symbol: str, tick: float = 0.1, **changes: object) -> MarketState:
    """A live market."""
    state = MarketState(
        instrument_id(venue, kind, symbol), venue, kind, symbol, tick, Freshness.LIVE, Freshness.LIVE, "", NOW
    )
    return replace(state, **changes)


MARKETS = (
    market(Venue("binance"), LINEAR, "BTCUSDT"),
    market(Venue("binance"), INVERSE, "BTCUSD_PERP"),
    market(Venue("bybit"), LINEAR, "BTCUSDT"),
    market(Venue("bybit"), INVERSE, "BTCUSD", 0.5),
    market(Venue("okx"), LINEAR, "BTC-USDT-SWAP"),
    market(Venue("okx"), INVERSE, "BTC-USD-SWAP"),
    market(Venue("hyperliquid"), LINEAR, "BTC", 1.0),
    market(Venue("deribit"), INVERSE, "BTC-PERPETUAL", 0.5),
    market(Venue("binance"), SPOT, "BTCUSDT", 0.01),
    market(Venue("bybit"), SPOT, "BTCUSDT", 0.01),
    market(Venue("okx"), SPOT, "BTC-USDT"),
)
PERPS = tuple(state for state in MARKETS if state.kind.is_perp)


def ladder_view(
    request: LadderRequest | None = None,
    last: float = 61_659.8,
    half: int = 60,
    seed: int = 1,
    revision: int = 1,
    markets: tuple[MarketState, ...] = MARKETS,
) -> LadderView:
    """A ladder of 2 x `half` + 1 rows around `last`; bids below it, asks from one row above it."""
    request = request or LadderRequest("BTC")
    size = request.row_size or 1.0
    rng = np.random.default_rng(seed)
    middle = int(np.floor(last / size + 1e-9))
    rows = np.arange(middle - half, middle + half + 1)
    depth = rng.lognormal(0.5, 1.3, len(rows)) * (1 + np.abs(rows - middle) / 10)
    bid, ask = np.where(rows <= middle - 1, depth, 0.0), np.where(rows >= middle + 1, depth, 0.0)
    near = np.abs(rows - middle) < 22
    sold = np.where(near & (rng.random(len(rows)) < 0.8), rng.lognormal(0, 1.5, len(rows)), 0.0)
    bought = np.where(near & (rng.random(len(rows)) < 0.8), rng.lognormal(0, 1.5, len(rows)), 0.0)
    profile = np.exp(-(((rows - middle - 6) / 24.0) ** 2)) * 900 + rng.random(len(rows)) * 150
    shares = {Venue("binance"): 0.5, Venue("bybit"): 0.25, Venue("okx"): 0.25}
    chips = tuple(
        VenueImbalance(state, float(rng.uniform(-0.6, 0.6)), state.venue != Venue("hyperliquid"))
        for state in markets
        if state.kind.is_perp
    )
    history = np.clip(np.cumsum(rng.normal(0, 0.06, 300)), -0.8, 0.8)
    history[100:110] = np.nan
    return LadderView(
        request,
        revision,
        size,
        rows,
        bid,
        ask,
        sold,
        bought,
        profile,
        (middle - 1) * size,
        (middle + 1) * size,
        last + 0.0371,
        0.183,
        chips,
        history,
        last,
        markets,
        NOW,
        bid_change=np.where(near & (bid > 0), rng.normal(0, 2, len(rows)), 0.0),
        ask_change=np.where(near & (ask > 0), rng.normal(0, 2, len(rows)), 0.0),
        change_since_ns=NOW - 5_000_000_000,
        venues=tuple(shares),
        venue_bid=np.outer(list(shares.values()), bid),
        venue_ask=np.outer(list(shares.values()), ask),
        ends=tuple(BookEnd(one, middle - 11, middle + 10) for one in markets if one.venue == Venue("hyperliquid")),
        pulled=(PulledWall(markets[0], True, middle - 6, (middle - 6) * size, 41.0, NOW - 9_000_000_000, 12),),
    )


def tape_view(
    request: TapeRequest | None = None,
    count: int = 200,
    now_ns: int = NOW,
    seed: int = 2,
    revision: int = 1,
    markets: tuple[MarketState, ...] = MARKETS,
) -> TapeView:
    """`count` prints, about fourteen a second, some of every size class; the newest is at `now_ns`."""
    request = request or TapeRequest("BTC")
    rng = np.random.default_rng(seed)
    ages = np.concatenate(([0], np.cumsum(rng.exponential(70e6, max(count - 1, 0))))).astype(np.int64)[:count]
    index = rng.integers(0, len(markets), count)
    price = np.round(61_659.8 + np.cumsum(rng.normal(0, 0.8, count)), 1)
    size = np.round(rng.lognormal(-2, 2.2, count), 3) + 0.001
    if count > 14:
        size[[3, 7, 9, 14]] = [2.5, 6.0, 31.0, 190.0]
    side = rng.choice([1, -1], count)
    if count > 12:
        side[12] = 0
    view = TapeView(request, revision, now_ns - ages, price, size, price * size, side, index, np.ones(count), markets)
    return with_pace(view) if request.detail else view


def with_pace(view: TapeView, mean_15s: float = 200.0) -> TapeView:
    """The same list with the pace of its own prints, against a mean."""
    seconds = view.ts_venue_ns // 1_000_000_000
    found = np.unique(seconds)
    sums = [
        np.array([float(values[seconds == second].sum()) for second in found])
        for values in (view.notional * (view.side > 0), view.notional * (view.side < 0))
    ]
    prints = np.array([int((seconds == second).sum()) for second in found], np.int64)
    return replace(view, pace=TapePace(found, prints, *sums, mean_15s), usual_big_usd=500_000.0)


def connections() -> tuple[ConnectionStatus, ...]:
    """Nine sockets; one is lost, one is silent."""
    return (
        ConnectionStatus("binance usd-m", Venue("binance"), True, 40_000_000),
        ConnectionStatus("binance coin-m", Venue("binance"), True, 320_000_000),
        ConnectionStatus("binance spot", Venue("binance"), True, 12_000_000),
        ConnectionStatus("bybit linear", Venue("bybit"), True, 22_000_000),
        ConnectionStatus("bybit inverse", Venue("bybit"), True, 900_000_000),
        ConnectionStatus("bybit spot", Venue("bybit"), True, 80_000_000),
        ConnectionStatus("okx public", Venue("okx"), False, 9_000_000_000, "closed by the venue, next try in 4 s"),
        ConnectionStatus("hyperliquid", Venue("hyperliquid"), True, 5_200_000_000, "silent"),
        ConnectionStatus("deribit", Venue("deribit"), True, 150_000_000),
    )


def live_status(**changes: object) -> StatusView:
    """A live session on the venues."""
    status = StatusView(
        Presence.LIVE, "venues", False, NOW, 12_000_000, 1, Capabilities(record=True), connections(), frames=1000
    )
    return replace(status, **changes)


def replay_status(**changes: object) -> StatusView:
    """A recording of an hour, playing at 10x a third of the way in."""
    status = StatusView(
        Presence.PLAYING,
        "sample-btc.mcap",
        False,
        NOW,
        0,
        1,
        Capabilities(seek=True, speed=True),
        speed=10.0,
        start_ns=NOW - 1_200_000_000_000,
        end_ns=NOW + 2_400_000_000_000,
    )
    return replace(status, **changes)
