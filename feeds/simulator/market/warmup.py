"""History from before the start: trades without a book for backfill, and bars without trades for candles."""

import numpy as np
import numpy.typing as npt

from feeds.model.events import Side
from feeds.simulator.market.draws import Draws
from feeds.simulator.market.history import MINUTE, MinuteBar
from feeds.simulator.market.spec import SECOND, BaseSpec, MarketSpec
from feeds.simulator.market.tape import Tape

_TRADES_PER_ORDER = 9.0


def price_paths(bases: tuple[BaseSpec, ...], seconds: int, draws: Draws) -> dict[str, npt.NDArray[np.float64]]:
    """Correlated prices once a second, float64 of shape (seconds,), ending at each base's opening price."""
    rng = draws.rng
    heat = np.exp(np.convolve(rng.standard_normal(seconds + 60), np.ones(60) / 60.0, "same")[:seconds] * 3.0)
    common = rng.standard_normal(seconds)
    paths = {}
    for spec in bases:
        own = rng.standard_normal(seconds)
        moves = 1.6 * spec.volatility * heat * (spec.beta * common + np.sqrt(1.0 - spec.beta**2) * own)
        paths[spec.name] = spec.price * np.exp(np.cumsum(moves[::-1])[::-1] * -1.0)
    return paths


def minute_paths(bases: tuple[BaseSpec, ...], minutes: int, draws: Draws) -> dict[str, npt.NDArray[np.float64]]:
    """Log price at the end of each minute relative to the last one, float64 of shape (minutes,) per base."""
    rng = draws.rng
    heat = np.exp(np.convolve(rng.standard_normal(minutes + 30), np.ones(30) / 30.0, "same")[:minutes] * 2.0)
    common = rng.standard_normal(minutes)
    paths = {}
    for spec in bases:
        own = rng.standard_normal(minutes)
        moves = np.sqrt(60.0) * spec.volatility * heat * (spec.beta * common + np.sqrt(1.0 - spec.beta**2) * own)
        paths[spec.name] = -np.cumsum(moves[::-1])[::-1] + moves
    return paths


def earlier_bars(
    tape: Tape, spec: MarketSpec, path: npt.NDArray[np.float64], end_ns: int, price: float, draws: Draws
) -> list[MinuteBar]:
    """Bars of whole minutes without trades, along a log price path that ends at `end_ns` and at `price` ticks."""
    rng, minutes = draws.rng, len(path)
    closes = price * np.exp(path)
    opens = np.concatenate((closes[:1], closes[:-1]))
    reach = np.abs(np.diff(np.log(closes), prepend=np.log(opens[0]))).mean() * np.abs(rng.standard_normal((2, minutes)))
    usual = 60.0 * spec.orders_per_s * _TRADES_PER_ORDER * spec.order_lots * 0.4 * np.exp(spec.order_sigma**2 / 2)
    lots = np.maximum(usual * np.exp(0.5 * rng.standard_normal(minutes)), 2.0).astype(np.int64)
    lean = 0.5 + 0.2 * np.tanh(np.sign(closes - opens) * np.abs(rng.standard_normal(minutes)))
    first_ns = end_ns - end_ns % MINUTE - minutes * MINUTE
    bars = []
    for at in range(minutes):
        opened, close = round(opens[at]), round(closes[at])
        high = round(max(opens[at], closes[at]) * (1.0 + reach[0, at]))
        low = round(min(opens[at], closes[at]) * (1.0 - reach[1, at]))
        bought, volume = int(lots[at] * lean[at]), int(lots[at])
        worth = [tape.turnover(part, (high + low) // 2) for part in (volume, bought)]
        ids = spec.first_trade_id - minutes + at
        bar = MinuteBar(first_ns + at * MINUTE, opened, high, low, close, ids, ids)
        bar.volume, bar.turnover, bar.buy_volume, bar.buy_turnover = volume, worth[0], bought, worth[1]
        bars.append(bar)
    return bars


def fill_tape(tape: Tape, spec: MarketSpec, path: npt.NDArray[np.float64], end_ns: int, draws: Draws) -> None:
    """Record trades with contiguous ids along a price path (quote, one a second) that ends at `end_ns`."""
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
