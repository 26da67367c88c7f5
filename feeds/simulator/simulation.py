"""All simulated markets on one time line. Deterministic by seed, without clock, IO or any venue's wire format."""

import dataclasses
import itertools
import math
from bisect import bisect_right

from feeds.simulator.catalogue.markets import BASES, MARKETS
from feeds.simulator.market.aggression import Aggression
from feeds.simulator.market.cascade import Cascades, PlannedLiquidation
from feeds.simulator.market.draws import Draws
from feeds.simulator.market.facts import Fact, GridChanged, Pulse
from feeds.simulator.market.market import Market, MarketConditions
from feeds.simulator.market.price import Prices
from feeds.simulator.market.simulated import SimulatedMarket
from feeds.simulator.market.spec import MS, SECOND, AltcoinSpec, BaseSpec, MarketSpec
from feeds.simulator.market.tape import TAPE_CAPACITY, Tape
from feeds.simulator.market.warmup import earlier_bars, fill_tape, minute_paths, price_paths
from feeds.simulator.universe.altcoins import Universe
from feeds.simulator.universe.listings import ALTCOIN_BASES

STEP_NS = 10 * MS
PULSE_NS = 100 * MS
_LIQUIDATION_IMPACT = 3.0


class Simulation:
    """All markets: `markets` holds those with a full order book, then the altcoins.

    Only `advance` moves it, in steps of 10 ms. The facts depend on the seed and the start time, not on how often
    `advance` is called.
    """

    def __init__(
        self,
        seed: int,
        start_ns: int,
        *,
        bases: tuple[BaseSpec, ...] = BASES,
        markets: tuple[MarketSpec, ...] = MARKETS,
        altcoins: tuple[AltcoinSpec, ...] = (),
        warm_up_s: int = 900,
        past_minutes: int = 0,
        tape_capacity: int = TAPE_CAPACITY,
        cascade_every_s: tuple[float, float] = (40.0, 60.0),
        funding_compression: int = 1,
    ) -> None:
        self.now_ns = start_ns - start_ns % STEP_NS
        self.start_ns = self.now_ns
        self._anchor = bases[0].name
        self._prices = Prices(bases, Draws(seed, 0))
        self._moods = {spec.name: Aggression(Draws(seed, 1, i), self.now_ns) for i, spec in enumerate(bases)}
        self._cascades = Cascades(bases, Draws(seed, 2), self.now_ns, cascade_every_s)
        self._compression = funding_compression
        self._grid_changes: list[Fact] = []
        self._majors = self._open(seed, bases, markets, warm_up_s, tape_capacity)
        if past_minutes:
            self._add_past_bars(seed, bases, past_minutes)
        self._universe = Universe(seed, ALTCOIN_BASES, altcoins, len(self._majors), self.now_ns, funding_compression)
        self.markets: tuple[SimulatedMarket, ...] = (*self._majors, *self._universe.markets)
        self._pending: list[tuple[Market | None, PlannedLiquidation]] = []
        self._targets = LiquidationTargets(self._majors, Draws(seed, 6))
        self._spots: dict[str, list[Market]] = {}
        for market in self._majors:
            if market.perpetual is None:
                self._spots.setdefault(market.spec.instrument.base, []).append(market)

    def _open(
        self, seed: int, bases: tuple[BaseSpec, ...], specs: tuple[MarketSpec, ...], warm_up_s: int, tape_capacity: int
    ) -> tuple[Market, ...]:
        paths = price_paths(bases, warm_up_s, Draws(seed, 3)) if warm_up_s else {}
        markets = []
        for index, spec in enumerate(specs):
            tape, base = Tape(index, spec, tape_capacity), spec.instrument.base
            if base in paths:
                fill_tape(tape, spec, paths[base], self.now_ns, Draws(seed, 4, index))
            price = self._prices.bases[base].value * (1.0 + spec.basis)
            market = Market(index, spec, tape, Draws(seed, 5, index), price, self.now_ns, self._compression)
            market.opening = dataclasses.replace(tape.ledger)
            markets.append(market)
        return tuple(markets)

    def _add_past_bars(self, seed: int, bases: tuple[BaseSpec, ...], minutes: int) -> None:
        """Give every market minute bars from before its first trade."""
        paths = minute_paths(bases, minutes, Draws(seed, 7))
        for market in self._majors:
            bars, spec = market.tape.bars.rows, market.spec
            end_ns = bars[0].open_ns if bars else self.now_ns
            price = float(bars[0].open) if bars else market.mid / spec.tick
            path = paths[spec.instrument.base]
            bars[:0] = earlier_bars(market.tape, spec, path, end_ns, price, Draws(seed, 8, market.index))

    def advance(self, now_ns: int) -> list[Fact]:
        """Run all whole steps up to `now_ns` and return the facts, in time order per market."""
        out, self._grid_changes = self._grid_changes, []
        while self.now_ns + STEP_NS <= now_ns:
            self._step(out)
        return out

    def refine(self, market: SimulatedMarket, factor: int = 10) -> None:
        """Make a market's price step finer; the next facts begin with a `GridChanged`."""
        market.refine(factor)
        self._grid_changes.append(GridChanged(market.index, self.now_ns))

    def skip(self, now_ns: int) -> None:
        """Jump to `now_ns` without simulating the time between, as after the machine slept."""
        self.now_ns = max(self.now_ns, now_ns - now_ns % STEP_NS)

    def _step(self, out: list[Fact]) -> None:
        self.now_ns += STEP_NS
        now_ns, dt_s = self.now_ns, STEP_NS / SECOND
        self._prices.step(dt_s)
        for mood in self._moods.values():
            mood.step(now_ns)
        moving = [market for market in self._majors if now_ns % market.spec.step_ns == 0]
        for market in moving:
            self._move(market, now_ns, out)
        self._pending += [(self._targets.of(order), order) for order in self._cascades.orders(now_ns, dt_s)]
        self._liquidate(now_ns, out)
        for market in moving:
            market.emit_depth(now_ns, out)
        self._universe.step(now_ns, self._prices.bases[self._anchor].value, out)
        if now_ns % SECOND == 0:
            self._second(now_ns)
        if now_ns % PULSE_NS == 0:
            out.append(Pulse(now_ns))

    def _move(self, market: Market, now_ns: int, out: list[Fact]) -> None:
        base = market.spec.instrument.base
        fair, mood = self._prices.bases[base], self._moods[base]
        fair.taker_impact = mood.impact
        stress = self._cascades.stress(base, now_ns)
        heat = min(self._prices.heat**0.7, 3.0)
        pushed = market.step(now_ns, market.spec.step_ns, MarketConditions(fair.value, mood, heat, stress), out)
        if pushed:
            self._prices.impact(base, pushed)

    def _liquidate(self, now_ns: int, out: list[Fact]) -> None:
        """Execute the liquidations of markets that step now; the others stay pending."""
        doomed, self._pending = self._pending, []
        for market, order in doomed:
            if market is None:
                continue
            if now_ns % market.spec.step_ns:
                self._pending.append((market, order))
                continue
            pushed = market.liquidate(now_ns, order.side, order.usd, out)
            self._prices.impact(order.base, _LIQUIDATION_IMPACT * pushed)

    def _second(self, now_ns: int) -> None:
        for base, price in self._prices.bases.items():
            spots = self._spots.get(base)
            index = math.fsum(spot.mid for spot in spots) / len(spots) if spots else price.value
            for market in self._majors:
                if market.spec.instrument.base == base:
                    market.second(now_ns, index)


class LiquidationTargets:
    """Draws the market of a liquidation, weighted by open interest among the perpetuals of its base and kind."""

    def __init__(self, markets: tuple[Market, ...], draws: Draws) -> None:
        self._draws = draws
        self._by_kind: dict[tuple[str, bool], list[Market]] = {}
        for market in markets:
            if market.perpetual is not None:
                self._by_kind.setdefault((market.spec.instrument.base, market.is_inverse), []).append(market)

    def of(self, order: PlannedLiquidation) -> Market | None:
        """The market of one liquidation; None where its base has no perpetual of that kind."""
        markets = self._by_kind.get((order.base, order.inverse), [])
        shares = list(itertools.accumulate(market.spec.open_interest * market.lot_usd for market in markets))
        if not shares:
            return None
        return markets[min(bisect_right(shares, self._draws.uniform() * shares[-1]), len(markets) - 1)]
