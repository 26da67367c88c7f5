"""Synthetic market data for the paper book: random walks of prices, funding and scores, partly unknown."""

from __future__ import annotations

import math
import random
from collections.abc import Iterator
from decimal import Decimal

from feeds.model.instrument import Instrument, InstrumentId, MarketKind, Venue
from feeds.venues.registry import VENUES
from workstation.analytics.paper.market import Depth, MarketSecond, NextFunding, Ranked
from workstation.readmodels.universe.paper import PaperScore

SECOND = 1_000_000_000
MINUTE = 60 * SECOND
HOUR = 60 * MINUTE
START = 1_722_988_800 * SECOND  # a whole day


def perp(base: str, venue: Venue = Venue("bybit")) -> Instrument:
    return Instrument(
        venue=venue,
        kind=MarketKind.LINEAR,
        symbol=f"{base}USDT",
        base=base,
        quote="USDT",
        tick_size=Decimal("0.0001"),
    )


class Coin:
    """One coin in one second."""

    def __init__(self, base: str, price: float | None, score: float | None = None) -> None:
        self.instrument = perp(base, VENUES[sum(map(ord, base)) % 4])
        self.price = price
        self.score = score
        self.spread = 0.0004
        self.offered = 50.0
        self.rate: float | None = 0.0001
        self.due_ns = 0
        self.volatility: float | None = 0.01

    @property
    def depth(self) -> Depth | None:
        if self.price is None:
            return None
        steps = [self.price * self.spread * (0.5 + level) for level in range(3)]
        bids = tuple((self.price - step, self.offered / self.price) for step in steps)
        return Depth(bids, tuple((self.price + step, self.offered / self.price) for step in steps))


def second_of(now_ns: int, coins: list[Coin]) -> MarketSecond:
    """Market data of a second with these coins."""
    by_market = {one.instrument.id: one for one in coins}
    by_base = {one.instrument.base: one for one in coins}

    def depth(market: InstrumentId) -> Depth | None:
        return by_market[market].depth if market in by_market else None

    def mid(market: InstrumentId) -> float | None:
        found = depth(market)
        return found.mid if found is not None else None

    def funding(market: InstrumentId) -> NextFunding | None:
        one = by_market.get(market)
        return NextFunding(one.rate, one.due_ns, HOUR, one.price) if one is not None and one.price else None

    def market(base: str) -> Instrument | None:
        one = by_base.get(base)
        return one.instrument if one is not None and one.price is not None else None

    def ranked(score: PaperScore) -> Ranked:
        known = [(one.score, one) for one in coins if one.score is not None]
        order = [one for _, one in sorted(known, key=lambda pair: (-pair[0], pair[1].instrument.base))]
        names = tuple(one.instrument.base for one in order)
        sign = 1.0 if score is PaperScore.PRESSURE else -1.0
        return Ranked(names, tuple(sign * (one.score or 0.0) for one in order), tuple(one.volatility for one in order))

    return MarketSecond(now_ns, mid, depth, funding, market, ranked)


def wandering(seed: int, seconds: int, coins: int = 12, step: int = 5) -> Iterator[MarketSecond]:
    """Seconds in which every value moves and is sometimes missing."""
    rng = random.Random(seed)
    prices = [math.exp(rng.uniform(-3, 9)) for _ in range(coins)]
    for at in range(0, seconds, step):
        now_ns = START + 1800 * SECOND + at * SECOND
        found = []
        for number, price in enumerate(prices):
            prices[number] = price * math.exp(rng.gauss(0, 0.004))
            coin = Coin(f"C{number}", None if rng.random() < 0.15 else prices[number])
            coin.score = None if rng.random() < 0.1 else rng.uniform(-100, 100)
            coin.spread = rng.uniform(0.0001, 0.003)
            coin.offered = rng.choice([10.0, 1e4, 1e6])
            coin.rate = None if rng.random() < 0.1 else rng.gauss(0, 0.0005)
            coin.due_ns = now_ns - now_ns % (10 * MINUTE) + 10 * MINUTE
            coin.volatility = None if rng.random() < 0.1 else rng.uniform(0.001, 0.1)
            found.append(coin)
        yield second_of(now_ns, found)
