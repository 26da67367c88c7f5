"""Trades of one market in columns, as they go from one engine to another."""

from collections.abc import Iterable
from typing import NamedTuple

import numpy as np

from feeds.model.instrument import Instrument
from workstation.analytics.state.base import Base
from workstation.analytics.store.column_store import joined
from workstation.analytics.store.coverage import Span, within
from workstation.analytics.store.trades import Trades, no_trades


class StoredTrades(NamedTuple):
    """All trades of a market in `spans` [since, until) of venue time. Lanes are those of market 0: the side alone."""

    instrument: Instrument
    trades: Trades
    spans: tuple[Span, ...]


def stored_trades(base: Base, since_ns: int, until_ns: int) -> list[StoredTrades]:
    """The trades of a base with a venue time in [since, until), by market, of spans without a gap."""
    stored = joined(Trades, [no_trades(), *base.trades.between(since_ns, until_ns)])
    known_ns = max(since_ns, base.trades.dropped_until_ns + 1)
    found = []
    for market in base.markets:
        spans = _clipped(market.coverage.ended(), known_ns, until_ns)
        own = stored.of([market.index])
        own = own.where(within([(since, until - 1) for since, until in spans], own.ts))
        if spans:
            lanes = (own.lane - 3 * market.index).astype(np.int16)
            found.append(StoredTrades(market.instrument, own._replace(lane=lanes), spans))
    return found


def _clipped(spans: Iterable[Span], since_ns: int, until_ns: int) -> tuple[Span, ...]:
    clipped = ((max(since, since_ns), min(until + 1, until_ns)) for since, until in spans)
    return tuple((since, until) for since, until in clipped if since < until)
