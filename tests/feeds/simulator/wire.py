"""A minimal client of the simulated Binance: local books by the official rules."""

from __future__ import annotations

import json
from typing import Any

from feeds.model.instrument import Venue
from feeds.simulator.binance.dialect import BinanceDialect
from feeds.simulator.catalogue.markets import markets_of
from feeds.simulator.market.spec import MS
from feeds.simulator.simulation import Simulation

START_NS = 1_790_000_000_000 * MS
SEGMENTS = {
    "linear": ("fapi/v1", ("BTCUSDT", "ETHUSDT")),
    "inverse": ("dapi/v1", ("BTCUSD_PERP", "ETHUSD_PERP")),
    "spot": ("api/v3", ("BTCUSDT", "ETHUSDT")),
}
MARKETS = [(segment, symbol) for segment, (_, symbols) in SEGMENTS.items() for symbol in symbols]


class Everything:
    """A set that contains every topic."""

    def __contains__(self, topic: object) -> bool:
        return True


class Tape:
    """A simulation and the messages of its Binance dialect by topic."""

    def __init__(self, seed: int = 7, warm_up_s: int = 0, weight: int = 10_000) -> None:
        markets = markets_of([Venue("binance")])
        every_s = (4.0, 5.0)
        self.simulation = Simulation(seed, START_NS, markets=markets, warm_up_s=warm_up_s, cascade_every_s=every_s)
        self.dialect = BinanceDialect(self.simulation, futures_weight=weight)
        self.published: dict[str, list[Any]] = {}

    @property
    def now_ns(self) -> int:
        return self.simulation.now_ns

    def run(self, seconds: float, chunk_ms: int = 10) -> None:
        end_ns = self.now_ns + int(seconds * 1_000) * MS
        while self.now_ns < end_ns:
            now_ns = self.now_ns + chunk_ms * MS
            for message in self.dialect.messages(self.simulation.advance(now_ns), now_ns, Everything()):
                self.published.setdefault(message.topic, []).append(json.loads(message.payload))

    def stream(self, segment: str, name: str) -> list[Any]:
        return self.published.get(f"binance/{segment}/{name}", [])

    def get(self, segment: str, route: str, **query: str) -> Any:
        answer = self.dialect.get(f"/{segment}/{SEGMENTS[segment][0]}/{route}", query, self.now_ns)
        assert answer.status == 200, answer.body
        return json.loads(answer.body)

    def market(self, segment: str, symbol: str) -> Any:
        for market in self.simulation.markets:
            if (market.spec.instrument.kind.value, market.spec.instrument.symbol) == (segment, symbol):
                return market
        raise KeyError(symbol)


class LocalBook:
    """A book joined from a REST snapshot and buffered diffs; asserts the venue's sequence rule at every step."""

    def __init__(self, segment: str, snapshot: dict[str, Any]) -> None:
        self.is_spot = segment == "spot"
        self.last = snapshot["lastUpdateId"]
        self.joined = False
        self.bids = dict(snapshot["bids"])
        self.asks = dict(snapshot["asks"])

    def receive(self, event: dict[str, Any]) -> None:
        if self.is_spot:
            if event["u"] <= self.last:
                return
            assert event["U"] <= self.last + 1 if not self.joined else event["U"] == self.last + 1
        elif not self.joined:
            if event["u"] < self.last:
                return
            assert event["U"] <= self.last <= event["u"] or event["pu"] == self.last
        else:
            assert event["pu"] == self.last
        self.joined = True
        self.last = event["u"]
        for side, levels in ((self.bids, event["b"]), (self.asks, event["a"])):
            for price, size in levels:
                side[price] = size
                if not float(size):
                    del side[price]

    def top(self) -> tuple[str, str, str, str]:
        bid, ask = max(self.bids, key=float), min(self.asks, key=float)
        return bid, self.bids[bid], ask, self.asks[ask]
