"""The minutes before the first client: trades without a book, so that backfill and klines have something to return."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from feeds.events import Side
from feeds.simulator.draws import Draws
from feeds.simulator.spec import SECOND, BaseSpec, MarketSpec
from feeds.simulator.tape import Tape

_TRADES_PER_ORDER = 9.0


def price_paths(bases: tuple[BaseSpec, ...], seconds: int, draws: Draws) -> dict[str, npt.NDArray[np.float64]]:
    """Correlated prices once a second, ending at each base's opening price."""
    rng = draws.rng
    heat = np.exp(np.convolve(rng.standard_normal(seconds + 60), np.ones(60) / 60.0, "same")[:seconds] * 3.0)
    common = rng.standard_normal(seconds)
    paths = {}
    for spec in bases:
        own = rng.standard_normal(seconds)
        moves = 1.6 * spec.volatility * heat * (spec.beta * common + np.sqrt(1.0 - spec.beta**2) * own)
        paths[spec.name] = spec.price * np.exp(np.cumsum(moves[::-1])[::-1] * -1.0)
    return paths


def fill_tape(tape: Tape, spec: MarketSpec, path: npt.NDArray[np.float64], end_ns: int, draws: Draws) -> None:
    """Write trades along a price path that ends at `end_ns`, in order and with contiguous ids."""
    rng, seconds = draws.rng, len(path)
    count = int(spec.orders_per_s * _TRADES_PER_ORDER * seconds)
    at = np.sort(rng.random(count)) * (seconds - 1)
    ticks = np.floor(np.interp(at, np.arange(seconds), path) * (1.0 + spec.basis) / spec.tick).astype(np.int64)
    lean = np.repeat(rng.standard_normal(seconds // 5 + 2) * 0.2, 5)[: seconds + 1]
    buys = rng.random(count) < 0.5 + lean[at.astype(np.int64)]
    lots = np.maximum(np.exp(np.log(spec.order_lots * 0.4) + spec.order_sigma * rng.standard_normal(count)), 1.0)
    times = end_ns - (seconds * SECOND) + (at * SECOND).astype(np.int64)
    rows = zip(times.tolist(), (ticks + buys).tolist(), lots.astype(np.int64).tolist(), buys.tolist(), strict=True)
    for ts_ns, price, size, is_buy in rows:
        tape.record(ts_ns, price, size, Side.BUY if is_buy else Side.SELL)
    tape.close()
