"""The paper book as it stood at a moment, from its ledger and its curve alone."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Sequence

import numpy as np

from workstation.paper_models import CoinResult, EntryKind, PaperEntry, PaperFigures, PaperMoment
from workstation.readmodels import Floats

_AT_REBALANCE = (EntryKind.TRADE, EntryKind.HOLD, EntryKind.SKIP)


def until(entries: Sequence[PaperEntry], ts_ns: int) -> tuple[PaperEntry, ...]:
    """The ledger up to a time."""
    return tuple(entries[: bisect_right(entries, ts_ns, key=lambda entry: entry.ts_ns)])


def figures(entries: Sequence[PaperEntry], equity: Floats, capital: float) -> PaperFigures:
    """The statistics of a ledger and the curve that belongs to it."""
    trades = [entry for entry in entries if entry.kind is EntryKind.TRADE]
    traded = sum(abs(entry.size) * (entry.price or 0.0) for entry in trades)
    hits, held = hits_of(entries)
    curve = np.concatenate(([capital], equity))
    falls = 1 - curve / np.maximum.accumulate(curve)
    return PaperFigures(
        drawdown=float(falls.max()),
        drawdown_now=float(falls[-1]),
        traded=traded,
        turnover=traded / capital,
        hits=hits,
        held=held,
        trades=len(trades),
        skipped=sum(entry.kind is EntryKind.SKIP for entry in entries),
        unseen=sum(entry.seen is not None and entry.seen < 1 for entry in trades),
        gaps=sum(entry.kind is EntryKind.GAP for entry in entries),
    )


def hits_of(entries: Sequence[PaperEntry]) -> tuple[int, int]:
    """How often a held coin's mid moved the right way between two rebalances that saw it, and how many were held."""
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


def results(entries: Sequence[PaperEntry], moment: PaperMoment) -> tuple[CoinResult, ...]:
    """What every coin has added, the largest exposure first: longs, then shorts, then those no longer held."""
    price: dict[str, float] = {}
    funding: dict[str, float] = {}
    costs: dict[str, float] = {}
    for entry in entries:
        if entry.kind is EntryKind.TRADE and entry.mid is not None:
            price[entry.base] = price.get(entry.base, 0.0) - entry.size * entry.mid
            costs[entry.base] = costs.get(entry.base, 0.0) + entry.fee + entry.slippage
        elif entry.kind is EntryKind.FUNDING:
            funding[entry.base] = funding.get(entry.base, 0.0) + entry.funding
    marks = {mark.base: mark for mark in moment.marks}
    found = []
    for base, flows in price.items():
        mark = marks.get(base)
        worth = mark.size * mark.mid if mark is not None else 0.0
        age_ns = moment.ts_ns - mark.seen_ns if mark is not None else 0
        found.append(CoinResult(base, worth, flows + worth, funding.get(base, 0.0), costs.get(base, 0.0), age_ns))
    return tuple(sorted(found, key=lambda one: (one.notional == 0, -one.notional, one.base)))
