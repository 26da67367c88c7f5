"""Statistics of a paper book at a moment, from its ledger and equity curve."""

import math
from bisect import bisect_right
from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from workstation.readmodels.arrays import Floats
from workstation.readmodels.universe.paper import CoinResult, EntryKind, PaperEntry, PaperFigures, PaperMoment

_AT_REBALANCE = (EntryKind.TRADE, EntryKind.HOLD, EntryKind.SKIP)


def until(entries: Sequence[PaperEntry], ts_ns: int) -> tuple[PaperEntry, ...]:
    """Lines of the ledger up to a time."""
    return tuple(entries[: bisect_right(entries, ts_ns, key=lambda entry: entry.ts_ns)])


@dataclass(frozen=True, slots=True)
class Flows:
    """Sums by coin over a ledger, USD: trades at mid (+ sold), funding received, fees and slippage."""

    at_mid: dict[str, float]
    funding: dict[str, float]
    costs: dict[str, float]


def figures(entries: Sequence[PaperEntry], capital: float) -> PaperFigures:
    """Statistics of a ledger, without drawdown."""
    trades = [entry for entry in entries if entry.kind is EntryKind.TRADE]
    traded = math.fsum(abs(entry.size) * (entry.price or 0.0) for entry in trades)
    hits, held = hits_of(entries)
    return PaperFigures(
        traded=traded,
        turnover=traded / capital,
        hits=hits,
        held=held,
        trades=len(trades),
        skipped=sum(entry.kind is EntryKind.SKIP for entry in entries),
        unseen=sum(entry.seen is not None and entry.seen < 1 for entry in trades),
        gaps=sum(entry.kind is EntryKind.GAP for entry in entries),
    )


def with_drawdown(statistics: PaperFigures, equity: Floats, capital: float) -> PaperFigures:
    """The statistics with drawdown, for a curve that begins at `capital`; `equity` (n,) is USD."""
    curve = np.concatenate(([capital], equity))
    falls = 1 - curve / np.maximum.accumulate(curve)
    return replace(statistics, drawdown=float(falls.max()), drawdown_now=float(falls[-1]))


def hits_of(entries: Sequence[PaperEntry]) -> tuple[int, int]:
    """Count of coins held between two rebalances whose mid moved in favour, and count of all such coins."""
    last: dict[str, tuple[float, float]] = {}
    hits = held = 0
    for entry in entries:
        if entry.kind not in _AT_REBALANCE or entry.mid is None:
            continue
        size, mid = last.get(entry.market, (0.0, 0.0))
        if size:
            held += 1
            hits += size * (entry.mid - mid) > 0
        last[entry.market] = (entry.held, entry.mid)
    return hits, held


def flows_of(entries: Sequence[PaperEntry]) -> Flows:
    """Sums of a ledger by coin."""
    price: dict[str, float] = {}
    funding: dict[str, float] = {}
    costs: dict[str, float] = {}
    for entry in entries:
        if entry.kind is EntryKind.TRADE and entry.mid is not None:
            price[entry.base] = price.get(entry.base, 0.0) - entry.size * entry.mid
            costs[entry.base] = costs.get(entry.base, 0.0) + entry.fee + entry.slippage
        elif entry.kind is EntryKind.FUNDING:
            funding[entry.base] = funding.get(entry.base, 0.0) + entry.funding
    return Flows(price, funding, costs)


def results(flows: Flows, moment: PaperMoment) -> tuple[CoinResult, ...]:
    """Result of every coin: longs, largest first, then shorts, then closed positions."""
    marks = {mark.base: mark for mark in moment.marks}
    found = []
    for base, brought in flows.at_mid.items():
        mark = marks.get(base)
        worth = mark.size * mark.mid if mark is not None else 0.0
        age_ns = moment.ts_ns - mark.seen_ns if mark is not None else 0
        money = (brought + worth, flows.funding.get(base, 0.0), flows.costs.get(base, 0.0))
        found.append(CoinResult(base, worth, *money, age_ns))
    return tuple(sorted(found, key=lambda one: (one.notional == 0, -one.notional, one.base)))
