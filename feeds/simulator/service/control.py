"""The control routes of the loopback venue: `/simulator/ledger`, `/simulator/connections`, `/simulator/faults`."""

import dataclasses
from collections.abc import Callable

import msgspec
from aiohttp import web

from feeds.simulator.market.ledger import Ledger
from feeds.simulator.market.simulated import SimulatedMarket
from feeds.simulator.market.spec import MS
from feeds.simulator.service.faults import Fault, Faults, InjectedFault, fault_of
from feeds.simulator.service.journal import Journal
from feeds.simulator.simulation import Simulation


class Control:
    """Serves the simulation's true state, and starts faults through `inject`."""

    def __init__(
        self, simulation: Simulation, journal: Journal, faults: Faults, inject: Callable[[Fault], InjectedFault]
    ) -> None:
        self._simulation = simulation
        self._journal = journal
        self._faults = faults
        self._inject = inject

    def add_to(self, app: web.Application) -> None:
        app.router.add_get("/simulator/ledger", self._ledger)
        app.router.add_get("/simulator/connections", self._connections)
        app.router.add_get("/simulator/faults", self._faults_route)

    async def _ledger(self, request: web.Request) -> web.Response:
        """`?depth=` is book levels a side (0 for all, default 20); `?market=` filters ids by substring."""
        asked, name = request.query.get("depth", ""), request.query.get("market", "")
        depth = int(asked) if asked.isdecimal() else 20
        chosen = [market for market in self._simulation.markets if name in market.spec.instrument.id]
        markets = {market.spec.instrument.id: _truth(market, depth) for market in chosen}
        simulation = self._simulation
        return _json({"time_ms": simulation.now_ns // MS, "start_ms": simulation.start_ns // MS, "markets": markets})

    async def _connections(self, request: web.Request) -> web.Response:
        """All connections, and for every market with a subscriber the trades that no connection received."""
        records = self._journal.records
        delivered = sorted({index for record in records for index, _ in (*record.delivered, *record.lost)})
        markets = [self._simulation.markets[index] for index in delivered]
        undelivered = {market.spec.instrument.id: self._journal.undelivered(market) for market in markets}
        return _json({"connections": [self._journal.view(record) for record in records], "undelivered": undelivered})

    async def _faults_route(self, request: web.Request) -> web.Response:
        """Without parameters the faults injected so far; with `kind=` and other fields of `Fault`, inject one."""
        if not request.query:
            return _json(self._faults.injected)
        try:
            fault = fault_of(dict(request.query))
        except msgspec.ValidationError as error:
            return _json({"error": str(error)}, status=400)
        return _json(self._inject(fault))


def _json(body: object, status: int = 200) -> web.Response:
    return web.Response(body=msgspec.json.encode(body), status=status, content_type="application/json")


def _truth(market: SimulatedMarket, depth: int) -> dict[str, object]:
    """One market of `/simulator/ledger`: sums since the first trade id, the sums at the opening, and the book.

    Book levels are `[ticks, lots]`, best first.
    """
    book, count = market.book, depth or None
    opening: Ledger | None = market.opening
    tops = {"bids": book.bids.top(count), "asks": book.asks.top(count)}
    return {
        **dataclasses.asdict(market.tape.ledger),
        "symbol": market.spec.instrument.symbol,
        "opening": dataclasses.asdict(opening) if opening is not None else None,
        "book": {"update_id": book.update_id, "tick_size": market.spec.instrument.tick_size, **tops},
    }
