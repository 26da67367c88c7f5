"""The trades of one market: numbers fills, merges them into aggregates, updates the ledger and the history."""

import msgspec

from feeds.model.events import Side
from feeds.model.instrument import MarketKind
from feeds.simulator.market.facts import Aggregate, Fill
from feeds.simulator.market.history import Bars, Day, Recent
from feeds.simulator.market.ledger import Ledger
from feeds.simulator.market.spec import ListingSpec

TAPE_CAPACITY = 60_000


class Tape:
    """Assigns the trade ids of one market, and retains `capacity` aggregates and a third as many trades.

    `merging` is the aggregate that the next fill may still join, None without one.
    """

    def __init__(self, index: int, spec: ListingSpec, capacity: int = TAPE_CAPACITY) -> None:
        self._index = index
        self._spec = spec
        self.merging: Aggregate | None = None
        self.ledger = Ledger(spec.first_trade_id, spec.first_trade_id - 1, spec.first_aggregate_id - 1)
        self.trades: Recent[Fill] = Recent(capacity // 3, spec.first_trade_id)
        self.aggregates: Recent[Aggregate] = Recent(capacity, spec.first_aggregate_id)
        self.bars = Bars()
        self.day: Day | None = None
        self.turnover = spec.base_size if spec.instrument.kind is MarketKind.INVERSE else spec.notional
        self.last_price = 0

    def record(self, ts_ns: int, price: int, lots: int, aggressor: Side) -> list[Fill | Aggregate]:
        """Number one fill. Returns it, preceded by the aggregate it closed, if any."""
        self.ledger.add(self._spec, price, lots, aggressor)
        fill = Fill(self._index, ts_ns, self.ledger.last_trade_id, price, lots, aggressor)
        self.trades.append(fill)
        turnover = self.turnover(lots, price)
        self.bars.add(fill, turnover)
        if self.day is not None:
            self.day.add(fill, turnover)
        self.last_price = price
        return [*self._merge(fill), fill]

    def _merge(self, fill: Fill) -> list[Aggregate]:
        current = self.merging
        if current is not None and self._belongs(current, fill):
            self.merging = Aggregate(
                self._index, current.ts_ns, current.aggregate_id, current.price, current.lots + fill.lots,
                current.first_trade_id, fill.trade_id, current.aggressor,
            )  # fmt: skip
            return []
        closed = self.close()
        self.merging = Aggregate(
            self._index, fill.ts_ns, self.ledger.last_aggregate_id + 1, fill.price, fill.lots,
            fill.trade_id, fill.trade_id, fill.aggressor,
        )  # fmt: skip
        return closed

    def _belongs(self, current: Aggregate, fill: Fill) -> bool:
        if current.price != fill.price or current.aggressor is not fill.aggressor:
            return False
        grid = self._spec.aggregate_ns
        return not grid or current.ts_ns // grid == fill.ts_ns // grid

    def refine(self, spec: ListingSpec, factor: int) -> None:
        """Convert all prices to ticks `factor` times finer."""
        self._spec = spec
        self.turnover = spec.base_size if spec.instrument.kind is MarketKind.INVERSE else spec.notional
        self.trades.refine(factor)
        self.aggregates.refine(factor)
        self.bars.refine(factor)
        self.last_price *= factor
        if self.merging is not None:
            self.merging = msgspec.structs.replace(self.merging, price=self.merging.price * factor)

    def close(self) -> list[Aggregate]:
        """End the open aggregate and return it, if there is one."""
        if self.merging is None:
            return []
        closed, self.merging = self.merging, None
        self.ledger.last_aggregate_id = closed.aggregate_id
        self.aggregates.append(closed)
        return [closed]

    def close_due(self, now_ns: int) -> list[Aggregate]:
        """End the open aggregate if its interval is over."""
        grid = self._spec.aggregate_ns
        if self.merging is None or (grid and self.merging.ts_ns // grid == now_ns // grid):
            return []
        return self.close()
