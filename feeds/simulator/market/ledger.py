"""The true trade sums of one market, for tests to compare with a client's sums."""

from dataclasses import dataclass

from feeds.model.events import Side
from feeds.simulator.market.spec import ListingSpec


@dataclass(slots=True)
class Ledger:
    """Sums from `first_trade_id` to `last_trade_id` by aggressor: lots, volume in base coin, notional in quote."""

    first_trade_id: int
    last_trade_id: int
    last_aggregate_id: int
    trades: int = 0
    buy_lots: int = 0
    sell_lots: int = 0
    buy_volume: float = 0.0
    sell_volume: float = 0.0
    buy_notional: float = 0.0
    sell_notional: float = 0.0
    liquidation_orders: int = 0
    liquidation_lots: int = 0

    def add(self, spec: ListingSpec, price: int, lots: int, aggressor: Side) -> None:
        """Add one fill with the next trade id; `price` in ticks."""
        self.trades += 1
        self.last_trade_id += 1
        size, notional = spec.base_size(lots, price), spec.notional(lots, price)
        if aggressor is Side.BUY:
            self.buy_lots += lots
            self.buy_volume += size
            self.buy_notional += notional
        else:
            self.sell_lots += lots
            self.sell_volume += size
            self.sell_notional += notional
