"""The tape without pixels: size classes, the speed meter, and how many prints are newer than the one seen last."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from workstation.readmodels import TapeView

SIZE_CLASSES = (100_000.0, 250_000.0, 1_000_000.0, 10_000_000.0)  # USD
SPEED_NS = 15_000_000_000


def size_class(notional: float) -> int:
    """0 below 100k USD, then 1 to 4 from 100k, 250k, 1m and 10m."""
    return sum(notional >= limit for limit in SIZE_CLASSES)


class Newest(NamedTuple):
    """How many `prints` arrived since; `exact` is False when the last one seen has already left the list."""

    prints: int
    exact: bool


def newer_than(view: TapeView, seen: TapeView | None) -> Newest:
    """Count the prints of `view` above the newest print of `seen`; one that only grew by merging is not new."""
    if seen is None or not len(seen.price):
        return Newest(len(view.price), True)
    same = (
        (view.ts_venue_ns == seen.ts_venue_ns[0])
        & (view.market == seen.market[0])
        & (view.side == seen.side[0])
        & (view.price == seen.price[0])
    )
    found = np.flatnonzero(same)
    return Newest(int(found[0]), True) if len(found) else Newest(len(view.price), False)


class Speed(NamedTuple):
    """Prints a second over `span_ns`, and the buyers' share of their notional (None without a sided print)."""

    per_second: float
    buy_share: float | None
    span_ns: int


def tape_speed(view: TapeView, now_ns: int | None = None) -> Speed:
    """Speed over the last 15 s; over less when the list does not reach back that far, which `span_ns` tells."""
    times = view.ts_venue_ns
    if not len(times):
        return Speed(0.0, None, SPEED_NS)
    end = max(int(times[0]), now_ns or 0)
    recent = times > end - SPEED_NS
    full = len(times) >= view.request.count and bool(recent.all())
    span = max(end - int(times[-1]), 1_000_000) if full else SPEED_NS
    buy = float(view.notional[recent & (view.side > 0)].sum())
    sell = float(view.notional[recent & (view.side < 0)].sum())
    share = buy / (buy + sell) if buy + sell > 0 else None
    return Speed(int(recent.sum()) * 1e9 / span, share, span)
