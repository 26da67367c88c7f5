"""Time and sales, and big trades, both of prints."""

from dataclasses import replace

import numpy as np

from workstation.analytics.answer import Answer, of_base
from workstation.analytics.state.base import Base
from workstation.analytics.store.prints import Prints, prints_of
from workstation.analytics.store.trades import Trades, TradeStore
from workstation.analytics.studies.big_trades import BigPrints
from workstation.analytics.studies.tape import MEAN_S, PACE_S, Extremes, Pace
from workstation.readmodels.arrays import Ints, frozen
from workstation.readmodels.flow.big_trades import BigTrades, BigTradesRequest
from workstation.readmodels.flow.tape import TapePace, TapeRequest, TapeView
from workstation.readmodels.markets import MarketFilter

_LOOK_BACK = 4  # trades read per requested print at first, more if the filter leaves too few
_LOOK_LIMIT = 200_000
_LIQUIDATIONS = 1_000  # most recent liquidations searched
_NEAR_NS = 5_000_000
_MS = 1_000_000


def tape_view(base: Base, request: TapeRequest, revision: int, now_ns: int) -> TapeView:
    """The newest `request.count` prints that pass the filter, newest first."""
    prints = _newest_prints(base, request)
    view = TapeView(
        request=request,
        revision=revision,
        ts_venue_ns=frozen(prints.ts),
        price=frozen(prices_of(base, prints.ticks, prints.market)),
        size=frozen(prints.size),
        notional=frozen(prints.notional),
        side=frozen(prints.sign),
        market=frozen(prints.market),
        prints=frozen(prints.trades),
        markets=tuple(state.state(now_ns) for state in base.markets),
    )
    if not request.detail:
        return view
    return replace(
        view,
        extreme=frozen(_extremes(base, prints)),
        liquidation=frozen(_near_liquidations(base, prints)),
        usual_big_usd=_usual_big(base, request),
        pace=_pace(base, request.markets),
    )


def _extremes(base: Base, prints: Prints) -> Ints:
    """+1 for prints at their market's high of the day, -1 at the low, else 0."""
    found = np.zeros(len(prints.ts), np.int64)
    for index in np.unique(prints.market).tolist():
        extremes = _extremes_of(base, index)
        for at in np.flatnonzero(prints.market == index).tolist():
            found[at] = extremes.at(int(prints.ts[at]), float(prints.ticks[at]))
    return found


def _extremes_of(base: Base, index: int) -> Extremes:
    key = ("extremes", index)
    found = base.find(key)
    if not isinstance(found, Extremes):
        found = Extremes()
        for part in base.trades.parts():
            own = np.flatnonzero(part.lane // 3 == index)
            found.fill(part.ts[own], part.ticks[own])
        base.derive(key, found, (index,))
    return found


def _near_liquidations(base: Base, prints: Prints) -> Ints:
    """1 where a liquidation of the same market and side was published within 5 ms."""
    orders = base.liquidations.last(_LIQUIDATIONS)
    near = np.abs(prints.ts[:, None] - orders.ts) <= _NEAR_NS
    same = (prints.market[:, None] == orders.market) & (prints.sign[:, None] == orders.sign)
    found: Ints = (near & same).any(axis=1).astype(np.int64)
    return found


def _usual_big(base: Base, request: TapeRequest) -> float:
    """99.5th percentile of the notional of prints of these markets (USD), NaN without trades."""
    return big_prints_of(base, request.markets, None).threshold() or float("nan")


def _pace(base: Base, markets: MarketFilter) -> TapePace:
    chosen = base.chosen(markets)
    indexes = [market.index for market in chosen]
    key = ("pace", tuple(indexes))
    found = base.find(key)
    if not isinstance(found, Pace):
        found = Pace()
        since_ns = (base.watermark_ns // 1_000_000_000 - MEAN_S - PACE_S) * 1_000_000_000
        for part in base.trades.parts():
            found.fill(part.where(np.isin(part.market, indexes)), since_ns)
        base.derive(key, found, indexes)
    received = [span for market in chosen for span in market.coverage.received()]
    return found.read(base.watermark_ns, received)


def big_prints_of(base: Base, markets: MarketFilter, minimum_usd: float | None) -> BigPrints:
    """The updated big prints of some markets."""
    key = ("big", markets, minimum_usd)
    found = base.find(key)
    if not isinstance(found, BigPrints):
        chosen = [market.index for market in base.chosen(markets)]
        found = base.keep(key, BigPrints(chosen, minimum_usd, base.limits.big_prints))
    found.update(base.trades)
    return found


def _newest_prints(base: Base, request: TapeRequest) -> Prints:
    """The newest `request.count` prints that pass the filter, newest first, whole unless older than the limit."""
    chosen = [market.index for market in base.chosen(request.markets)]
    look = request.count * _LOOK_BACK + 1
    while True:
        trades = base.trades.last(look)
        prints = _passing(prints_of(trades.of(chosen)), request).at(slice(None, -request.count - 1, -1))
        whole = look >= min(len(base.trades), _LOOK_LIMIT)
        if whole or (len(prints.ts) == request.count and not _cut(base.trades, trades, prints)):
            return prints
        look *= 4


def _passing(prints: Prints, request: TapeRequest) -> Prints:
    mask = prints.notional >= request.minimum_usd
    return prints.at(mask & (prints.sign == request.side) if request.side else mask)


def _cut(store: TradeStore, newest: Trades, prints: Prints) -> bool:
    """Whether one of the prints has trades in the store that are older than the newest ones read."""
    markets, first = np.unique(newest.market, return_index=True)
    for market, at in zip(markets.tolist(), first.tolist(), strict=True):
        ms = int(newest.ts[at]) // _MS
        if ((prints.market == market) & (prints.ts // _MS == ms)).any():
            stored = (_trades_of(part, newest.lane[at]) for part in store.between(ms * _MS, (ms + 1) * _MS))
            if sum(stored) > _trades_of(newest.where(newest.ts // _MS == ms), newest.lane[at]):
                return True
    return False


def _trades_of(trades: Trades, lane: int) -> int:
    return int(np.count_nonzero(trades.lane == lane))


def prices_of(base: Base, ticks: np.ndarray, market: np.ndarray) -> np.ndarray:
    """Prices (quote per base coin) from ticks and market indices."""
    steps = np.array([market.instrument.tick.as_integer_ratio() for market in base.markets], float).reshape(-1, 2)
    prices: np.ndarray = ticks * steps[market, 0] / steps[market, 1]
    return prices


def big_trades_view(base: Base, request: BigTradesRequest, revision: int, now_ns: int) -> BigTrades:
    """The largest prints of a span at or above the threshold, in store order."""
    found = big_prints_of(base, request.markets, request.minimum_usd)
    prints = found.largest(request.start_ns, request.end_ns, request.count)
    return BigTrades(
        request=request,
        revision=revision,
        threshold_usd=found.threshold(),
        ts_venue_ns=frozen(prints.ts),
        price=frozen(prices_of(base, prints.ticks, prints.market)),
        notional=frozen(prints.notional),
        side=frozen(prints.sign),
        market=frozen(prints.market),
        markets=tuple(state.state(now_ns) for state in base.markets),
    )


_SHORT, _DETAILED = of_base(TapeRequest, tape_view), of_base(TapeRequest, tape_view, "liquidation_revision")


def _answer(request: TapeRequest) -> Answer:
    return _DETAILED if request.detail else _SHORT


ANSWERS = (
    Answer(
        TapeRequest,
        lambda state, request: _answer(request).revision(state, request),
        lambda state, request: _answer(request).view(state, request),
    ),
    of_base(BigTradesRequest, big_trades_view),
)
