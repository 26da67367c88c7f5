"""Footprint and CVD views from a seeded random walk of trades, built the slow and obvious way."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from feeds.model.instrument import MarketKind, Venue, instrument_id
from workstation.readmodels.flow.cvd import CvdLine, CvdRequest, CvdUnit, CvdView
from workstation.readmodels.flow.footprint import (
    FootprintBar,
    FootprintRequest,
    FootprintRules,
    FootprintView,
    Stack,
    Zone,
)
from workstation.readmodels.markets import Freshness, MarketState

MINUTE = 60_000_000_000
START = 1_760_000_040_000_000_000 // MINUTE * MINUTE


def market(venue: Venue, kind: MarketKind, trades: Freshness = Freshness.LIVE, tick: float = 0.1) -> MarketState:
    """One market of BTC."""
    symbol = {"linear": "BTCUSDT", "inverse": "BTCUSD_PERP", "spot": "BTCUSDT"}[kind.value]
    return MarketState(instrument_id(venue, kind, symbol), venue, kind, symbol, tick, trades, trades)


MARKETS = (
    market(Venue("binance"), MarketKind.LINEAR),
    market(Venue("bybit"), MarketKind.LINEAR),
    market(Venue("okx"), MarketKind.LINEAR, Freshness.STALE),
)


def bar(
    start_ns: int,
    rows: dict[int, tuple[float, float]],
    row_size: float,
    rules: FootprintRules = FootprintRules(),
    bar_ns: int = MINUTE,
    *,
    prices: tuple[float, float, float, float] | None = None,
    closed: bool = True,
    complete: bool = True,
) -> FootprintBar:
    """A bar from `{row: (sell, buy)}`; missing rows between are empty. `prices` are open, high, low, close."""
    first, last = min(rows), max(rows)
    cells = np.array([rows.get(row, (0.0, 0.0)) for row in range(first, last + 1)], np.float64)
    sell, buy = cells[:, 0].copy(), cells[:, 1].copy()
    buy_flags = np.array([i > 0 and _beats(buy[i], sell[i - 1], rules) for i in range(len(buy))])
    sell_flags = np.array([i + 1 < len(sell) and _beats(sell[i], buy[i + 1], rules) for i in range(len(sell))])
    total = sell + buy
    middle = (len(total) - 1) / 2
    poc = min((i for i in range(len(total)) if total[i] == total.max()), key=lambda i: (abs(i - middle), i))
    low, high = _value_area(total, poc, rules.value_area)
    open_, top, bottom, close = prices or (
        (first + 0.25) * row_size,
        (last + 0.75) * row_size,
        (first + 0.25) * row_size,
        (last + 0.5) * row_size,
    )
    path = np.cumsum(buy - sell)
    for array in (sell, buy, buy_flags, sell_flags):
        array.flags.writeable = False
    return FootprintBar(
        start_ns, start_ns + bar_ns, open_, top, bottom, close,
        float(buy.sum()), float(sell.sum()), float(buy.sum() * close), float(sell.sum() * close),
        float(min(0.0, path.min())), float(max(0.0, path.max())), int(10 + total.sum() * 7),
        first, buy, sell, buy_flags, sell_flags, first + poc, first + low, first + high,
        _stacks(first, buy_flags, sell_flags, rules.stack_length) if closed else (), closed, complete,
    )  # fmt: skip


def _beats(strong: float, weak: float, rules: FootprintRules) -> bool:
    return bool(strong > 0 and strong >= rules.minimum_volume and strong >= rules.imbalance_ratio * weak)


def _value_area(total: np.ndarray, poc: int, fraction: float) -> tuple[int, int]:
    low = high = poc
    while total[low : high + 1].sum() < fraction * total.sum():
        below = total[low - 1] if low > 0 else -1.0
        above = total[high + 1] if high + 1 < len(total) else -1.0
        low, high = (low, high + 1) if above >= below else (low - 1, high)
    return low, high


def _stacks(first: int, buy: np.ndarray, sell: np.ndarray, length: int) -> tuple[Stack, ...]:
    found = []
    for flags, is_buy in ((buy, True), (sell, False)):
        start = None
        for index, flag in enumerate([*flags.tolist(), False]):
            if flag and start is None:
                start = index
            elif not flag and start is not None:
                if index - start >= length:
                    found.append(Stack(first + start, first + index - 1, is_buy))
                start = None
    return tuple(found)


def walk(
    count: int = 60,
    row_size: float = 10.0,
    price: float = 61_660.0,
    trades: int = 900,
    seed: int = 3,
    bar_ns: int = MINUTE,
    start_ns: int = START,
    step: float = 2.2,
    missing: tuple[int, ...] = (),
    incomplete: tuple[int, ...] = (0,),
) -> tuple[FootprintBar, ...]:
    """Bars of a random walk with runs of one-sided flow; the last one is live. `missing` bars have no trades."""
    random = np.random.default_rng(seed)
    bars = []
    for index in range(count):
        drift = random.normal(0, 0.12)
        path = price + np.cumsum(random.normal(drift, step, trades))
        price = float(path[-1])
        if index in missing:
            continue
        lean = np.clip(
            0.5 + 0.05 * np.sign(drift) + np.repeat(random.normal(0, 0.16, trades // 30 + 1), 30)[:trades], 0.02, 0.98
        )
        sizes = np.round(random.lognormal(-3.2, 1.5, trades), 3)
        is_buy = random.random(trades) < lean
        rows: dict[int, tuple[float, float]] = {}
        for value, size, buy in zip(path.tolist(), sizes.tolist(), is_buy.tolist(), strict=True):
            row = int(value // row_size)
            sell, bought = rows.get(row, (0.0, 0.0))
            rows[row] = (sell, bought + size) if buy else (sell + size, bought)
        ohlc = (float(path[0]), float(path.max()), float(path.min()), price)
        last = index == count - 1
        made = bar(
            start_ns + index * bar_ns,
            rows,
            row_size,
            prices=ohlc,
            bar_ns=bar_ns,
            closed=not last,
            complete=index not in incomplete,
        )
        running = np.cumsum(np.where(is_buy, sizes, -sizes))
        bars.append(
            replace(made, min_delta=float(min(0, running.min())), max_delta=float(max(0, running.max())), trades=trades)
        )
    return tuple(bars)


def footprint(
    bars: tuple[FootprintBar, ...],
    request: FootprintRequest | None = None,
    row_size: float = 10.0,
    revision: int = 1,
    gaps: tuple[tuple[int, int], ...] = (),
    markets: tuple[MarketState, ...] = MARKETS,
) -> FootprintView:
    """The view of these bars."""
    asked = request or FootprintRequest("BTC")
    spans = np.array(gaps, np.int64).reshape(-1, 2)
    last = bars[-1].close if bars else None
    view = FootprintView(asked, revision, row_size, bars, markets, spans, last, bars[-1].end_ns if bars else START)
    return replace(view, zones=zones_of(bars, row_size))


def zones_of(bars: tuple[FootprintBar, ...], row_size: float) -> tuple[Zone, ...]:
    """Stacks until the middle of the first later bar beyond them."""
    found = []
    for index, one in enumerate(bars):
        for stack in one.stacks:
            low, high = stack.low_row * row_size, (stack.high_row + 1) * row_size
            beyond = [bar for bar in bars[index + 1 :] if (bar.low < low if stack.buy else bar.high >= high)]
            until = (beyond[0].start_ns + beyond[0].end_ns) // 2 if beyond else None
            found.append(Zone(stack.low_row, stack.high_row, stack.buy, one.end_ns, until))
    return tuple(found)


def grid_view(bars: int = 60, rows: int = 40, row_size: float = 10.0, seed: int = 5) -> FootprintView:
    """Every bar has exactly `rows` rows of traded cells: the load of the paint bench."""
    random = np.random.default_rng(seed)
    made = []
    for index in range(bars):
        sizes = np.round(random.lognormal(0.5, 1.4, (rows, 2)), 3) + 0.001
        cells = {6000 + row: (float(sell), float(buy)) for row, (sell, buy) in enumerate(sizes)}
        made.append(bar(START + index * MINUTE, cells, row_size, closed=index < bars - 1))
    return footprint(tuple(made), row_size=row_size)


def cvd(
    count: int = 60,
    seed: int = 4,
    request: CvdRequest | None = None,
    revision: int = 1,
    gaps: tuple[tuple[int, int], ...] = (),
    start_ns: int = START,
) -> CvdView:
    """Random walks of six markets and their sums; bars inside a gap are NaN in the perp lines."""
    asked = request or CvdRequest("BTC")
    random = np.random.default_rng(seed)
    starts = start_ns + np.arange(count, dtype=np.int64) * asked.bar_ns
    lost = np.zeros(count, np.bool_)
    for begin, end in gaps:
        lost |= (starts + asked.bar_ns > begin) & (starts < end)
    common = np.cumsum(random.normal(0, 1.0, count))
    unit = 1_000_000.0 if asked.unit is CvdUnit.USD else 16.0
    lines = []
    for venue, kind, weight in (
        (Venue("binance"), MarketKind.LINEAR, 1.4),
        (Venue("bybit"), MarketKind.LINEAR, 0.8),
        (Venue("okx"), MarketKind.LINEAR, 0.7),
        (Venue("okx"), MarketKind.INVERSE, 0.2),
        (Venue("hyperliquid"), MarketKind.LINEAR, -0.4),
        (Venue("binance"), MarketKind.SPOT, 0.6),
    ):
        values = unit * (weight * common + np.cumsum(random.normal(0, 0.35, count)))
        values[lost] = np.nan
        stale = Freshness.STALE if venue == Venue("hyperliquid") else Freshness.LIVE
        lines.append(CvdLine(f"{venue} {kind}", venue, kind, kind.is_perp, values, stale))
    perp = CvdLine(
        "perp", None, None, True, np.sum([line.values for line in lines if line.perp], axis=0), Freshness.LIVE
    )
    spot = CvdLine("spot", None, None, False, lines[-1].values.copy(), Freshness.LIVE)
    spans = np.array(gaps, np.int64).reshape(-1, 2)
    return CvdView(
        asked,
        revision,
        starts,
        tuple(lines),
        perp,
        spot,
        spans,
        4,
        5,
        int(starts[-1]) + asked.bar_ns if count else 0,
        segment=np.cumsum(np.diff(starts // 86_400_000_000_000, prepend=starts[:1] // 86_400_000_000_000)),
    )
