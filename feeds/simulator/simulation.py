"""All simulated markets on one time line. Deterministic by seed; knows no clock, no IO and no venue's words."""

from __future__ import annotations

import dataclasses
import itertools
from bisect import bisect_right

from feeds.simulator.catalogue.markets import BASES, MARKETS
from feeds.simulator.market.aggression import Aggression
from feeds.simulator.market.cascade import Cascades, ForcedOrder
from feeds.simulator.market.draws import Draws
from feeds.simulator.market.facts import Fact, Pulse, Relisted
from feeds.simulator.market.market import Market, Weather
from feeds.simulator.market.price import Prices
from feeds.simulator.market.simulated import Listed
from feeds.simulator.market.spec import MS, SECOND, BaseSpec, LightSpec, MarketSpec
from feeds.simulator.market.tape import Tape
from feeds.simulator.market.warmup import earlier_bars, fill_tape, minute_paths, price_paths
from feeds.simulator.universe.altcoins import Universe
from feeds.simulator.universe.listings import LIGHT_BASES

STEP_NS = 10 * MS
PULSE_NS = 100 * MS
_FORCED_IMPACT = 3.0


class Simulation:
    """The whole simulated world; `markets` are those with a whole book, then the light ones.

    `advance` is the only thing that moves it, in whole steps of 10 ms.

    The facts depend on the seed and on the start time, not on how often `advance` is called.
    """

    def __init__(
        self,
        seed: int,
        start_ns: int,
        *,
        bases: tuple[BaseSpec, ...] = BASES,
        markets: tuple[MarketSpec, ...] = MARKETS,
        light: tuple[LightSpec, ...] = (),
        warm_up_s: int = 900,
        past_minutes: int = 0,
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
        self._relisted: list[Fact] = []
        self._whole = self._open(seed, bases, markets, warm_up_s)
        if past_minutes:
            self._remember(seed, bases, past_minutes)
        self._universe = Universe(seed, LIGHT_BASES, light, len(self._whole), self.now_ns, funding_compression)
        self.markets: tuple[Listed, ...] = (*self._whole, *self._universe.markets)
        self._doomed: list[tuple[Market | None, ForcedOrder]] = []
        self._victims = Victims(self._whole, Draws(seed, 6))
        self._spots: dict[str, list[Market]] = {}
        for market in self._whole:
            if market.perpetual is None:
                self._spots.setdefault(market.spec.instrument.base, []).append(market)

    def _open(
        self, seed: int, bases: tuple[BaseSpec, ...], specs: tuple[MarketSpec, ...], warm_up_s: int
    ) -> tuple[Market, ...]:
        paths = price_paths(bases, warm_up_s, Draws(seed, 3)) if warm_up_s else {}
        markets = []
        for index, spec in enumerate(specs):
            tape, base = Tape(index, spec), spec.instrument.base
            if base in paths:
                fill_tape(tape, spec, paths[base], self.now_ns, Draws(seed, 4, index))
            price = self._prices.bases[base].value * (1.0 + spec.basis)
            market = Market(index, spec, tape, Draws(seed, 5, index), price, self.now_ns, self._compression)
            market.opening = dataclasses.replace(tape.ledger)
            markets.append(market)
        return tuple(markets)

    def _remember(self, seed: int, bases: tuple[BaseSpec, ...], minutes: int) -> None:
        """Give every market bars of the time before its first trade."""
        paths = minute_paths(bases, minutes, Draws(seed, 7))
        for market in self._whole:
            bars, spec = market.tape.bars.rows, market.spec
            end_ns = bars[0].open_ns if bars else self.now_ns
            price = float(bars[0].open) if bars else market.mid / spec.tick
            path = paths[spec.instrument.base]
            bars[:0] = earlier_bars(market.tape, spec, path, end_ns, price, Draws(seed, 8, market.index))

    def advance(self, now_ns: int) -> list[Fact]:
        """Live through all whole steps up to `now_ns` and return what happened, in order per market."""
        out, self._relisted = self._relisted, []
        while self.now_ns + STEP_NS <= now_ns:
            self._step(out)
        return out

    def refine(self, market: Listed, factor: int = 10) -> None:
        """Make a market's price step finer; the next facts begin with its `Relisted`."""
        market.refine(factor)
        self._relisted.append(Relisted(market.index, self.now_ns))

    def skip(self, now_ns: int) -> None:
        """Jump to `now_ns` without living through it: the machine slept. Nothing happened in between."""
        self.now_ns = max(self.now_ns, now_ns - now_ns % STEP_NS)

    def _step(self, out: list[Fact]) -> None:
        self.now_ns += STEP_NS
        now_ns, dt_s = self.now_ns, STEP_NS / SECOND
        self._prices.step(dt_s)
        for mood in self._moods.values():
            mood.step(now_ns)
        moving = [market for market in self._whole if now_ns % market.spec.step_ns == 0]
        for market in moving:
            self._move(market, now_ns, out)
        self._doomed += [(self._victims.of(order), order) for order in self._cascades.orders(now_ns, dt_s)]
        self._force(now_ns, out)
        for market in moving:
            market.cut_depth(now_ns, out)
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
        pushed = market.step(now_ns, market.spec.step_ns, Weather(fair.value, mood, heat, stress), out)
        if pushed:
            self._prices.impact(base, pushed)

    def _force(self, now_ns: int, out: list[Fact]) -> None:
        """Send the forced orders of the markets that move now; the others wait for theirs."""
        doomed, self._doomed = self._doomed, []
        for market, order in doomed:
            if market is None:
                continue
            if now_ns % market.spec.step_ns:
                self._doomed.append((market, order))
                continue
            pushed = market.liquidate(now_ns, order.side, order.usd, out)
            self._prices.impact(order.base, _FORCED_IMPACT * pushed)

    def _second(self, now_ns: int) -> None:
        for base, price in self._prices.bases.items():
            spots = self._spots.get(base)
            index = sum(spot.mid for spot in spots) / len(spots) if spots else price.value
            for market in self._whole:
                if market.spec.instrument.base == base:
                    market.second(now_ns, index)


class Victims:
    """Which market a forced order goes to: by open interest among the perpetuals of its base and kind."""

    def __init__(self, markets: tuple[Market, ...], draws: Draws) -> None:
        self._draws = draws
        self._by_kind: dict[tuple[str, bool], list[Market]] = {}
        for market in markets:
            if market.perpetual is not None:
                self._by_kind.setdefault((market.spec.instrument.base, market.is_inverse), []).append(market)

    def of(self, order: ForcedOrder) -> Market | None:
        """The market of one order, None where nothing is listed."""
        markets = self._by_kind.get((order.base, order.inverse), [])
        shares = list(itertools.accumulate(market.spec.open_interest * market.lot_usd for market in markets))
        if not shares:
            return None
        return markets[min(bisect_right(shares, self._draws.uniform() * shares[-1]), len(markets) - 1)]
