"""Deribit's notation of a market: JSON numbers, USD amounts on inverse, and payloads with the book last sent."""

from typing import Any

from feeds.model.events import Side
from feeds.model.instrument import MarketKind
from feeds.simulator.market.facts import DepthChange, Fill, LiquidationOrder, Lots
from feeds.simulator.market.simulated import SimulatedMarket
from feeds.simulator.market.spec import MS, SECOND

TOPIC = "deribit/"
INTERVAL = "100ms"
INTERVAL_NS = 100 * MS
LIQUIDATION_DELAY_NS = 3_600 * SECOND
_EIGHT_HOURS_NS = 3_600 * 8 * SECOND

Fields = dict[str, Any]


def topic(channel: str) -> str:
    return TOPIC + channel


class WireFormat:
    """One market's payloads. Holds the book as last sent: as of the last 100 ms that changed it.

    `liquidation_ids` are the trades of liquidations; the liquidated side is always the taker.
    """

    def __init__(self, market: SimulatedMarket) -> None:
        self.market = market
        instrument = market.spec.instrument
        self.name = instrument.symbol
        self.is_inverse = instrument.kind is MarketKind.INVERSE
        self.liquidation_ids: set[int] = set()
        self.update_grid()

    def update_grid(self) -> None:
        """Read the tick, lot size and book again."""
        spec, book = self.market.spec, self.market.book
        self._tick, self._lot = float(spec.price_step), float(spec.size_step)
        self._price_decimals = max(-int(spec.price_step.as_tuple().exponent), 0)
        self._size_decimals = max(-int(spec.size_step.as_tuple().exponent), 0)
        self._bids, self._asks = dict(book.bids.levels), dict(book.asks.levels)
        self.change_id = book.update_id

    def channel(self, kind: str) -> str:
        """The name of one of this market's channels."""
        return f"{kind}.{self.name}.{INTERVAL}"

    def price(self, ticks: float) -> float:
        """Convert a price in ticks, which may be fractional, to quote."""
        return round(ticks * self._tick, self._price_decimals)

    def money(self, per_coin: float) -> float:
        """Round a price off the tick grid, such as a mark; `per_coin` is quote per base coin."""
        return round(per_coin * self.market.spec.instrument.multiplier, self._price_decimals + 2)

    def amount(self, lots: float) -> float:
        """Convert lots to USD on inverse, listed coins on linear."""
        return round(lots * self._lot, self._size_decimals)

    def snapshot(self, now_ns: int) -> Fields:
        head = {"timestamp": now_ns // MS, "type": "snapshot", "change_id": self.change_id}
        bids = [["new", *self._level(row)] for row in sorted(self._bids.items(), reverse=True)]
        asks = [["new", *self._level(row)] for row in sorted(self._asks.items())]
        return head | {"instrument_name": self.name, "bids": bids, "asks": asks}

    def change(self, fact: DepthChange) -> Fields:
        """The payload of a change, also applied to the book last sent."""
        head = {"timestamp": fact.ts_ns // MS, "type": "change", "change_id": fact.update_id}
        head |= {"instrument_name": self.name, "prev_change_id": self.change_id}
        self.change_id = fact.update_id
        bids, asks = self._apply(self._bids, fact.bids), self._apply(self._asks, fact.asks)
        return head | {"bids": bids, "asks": asks}

    def _apply(self, known: dict[int, int], levels: tuple[Lots, ...]) -> list[list[Any]]:
        rows: list[list[Any]] = []
        for price, lots in levels:
            if lots:
                rows.append(["change" if price in known else "new", *self._level((price, lots))])
                known[price] = lots
            elif known.pop(price, 0):
                rows.append(["delete", self.price(price), 0.0])
        return rows

    def _level(self, level: Lots) -> tuple[float, float]:
        return self.price(level[0]), self.amount(level[1])

    def add_liquidation(self, order: LiquidationOrder, fills: list[Fill]) -> None:
        """Mark the fills of one liquidation: those with its time and side."""
        side, ts_ns = order.side, order.ts_ns
        self.liquidation_ids |= {fill.trade_id for fill in fills if fill.ts_ns == ts_ns and fill.aggressor is side}

    def trade(self, fill: Fill) -> Fields:
        """One fill as in the live channel, which does not mark liquidations."""
        market, amount = self.market, self.amount(fill.lots)
        derived = market.perpetual
        assert derived is not None
        row: Fields = {"timestamp": fill.ts_ns // MS, "price": self.price(fill.price), "amount": amount}
        row |= {"direction": "buy" if fill.aggressor is Side.BUY else "sell", "index_price": self.money(derived.index)}
        row |= {"instrument_name": self.name, "trade_seq": fill.trade_id, "mark_price": self.money(derived.mark)}
        return row | {"tick_direction": 0, "trade_id": str(fill.trade_id + 100_000_000), "contracts": amount}

    def past_trade(self, fill: Fill, now_ns: int, delay_ns: int) -> Fields:
        """One fill as in REST, which marks a liquidation `delay_ns` later (an hour on the venue)."""
        is_public = fill.trade_id in self.liquidation_ids and fill.ts_ns <= now_ns - delay_ns
        return self.trade(fill) | ({"liquidation": "T"} if is_public else {})

    def ticker(self, now_ns: int) -> Fields:
        market, perpetual = self.market, self.market.perpetual
        assert perpetual is not None
        (bid, bid_lots), (ask, ask_lots) = market.book.touch()
        rate = perpetual.rate * (_EIGHT_HOURS_NS / perpetual.interval_ns)
        row: Fields = {"timestamp": now_ns // MS, "state": "open", "instrument_name": self.name}
        row |= {"index_price": self.money(perpetual.index), "mark_price": self.money(perpetual.mark)}
        row |= {"last_price": self.price(market.tape.last_price), "open_interest": self.amount(perpetual.open_interest)}
        row |= {"current_funding": round(rate, 8), "funding_8h": round(rate, 8), "interest_value": 0.0}
        row |= {
            "estimated_delivery_price": self.money(perpetual.index),
            "settlement_price": self.money(perpetual.settle),
        }
        row |= {"best_bid_price": self.price(bid), "best_bid_amount": self.amount(bid_lots)}
        return row | {"best_ask_price": self.price(ask), "best_ask_amount": self.amount(ask_lots)}

    def summary(self, now_ns: int) -> Fields:
        """One row of `get_book_summary_by_currency`."""
        market, ticker, day = self.market, self.ticker(now_ns), self.market.day
        coins = market.spec.base_size(round(day.volume), day.close) / market.spec.instrument.multiplier
        usd = market.spec.notional(round(day.volume), day.close)
        same = ("instrument_name", "mark_price", "open_interest", "estimated_delivery_price", "current_funding")
        row: Fields = {name: ticker[name] for name in (*same, "funding_8h")}
        row |= {"bid_price": ticker["best_bid_price"], "ask_price": ticker["best_ask_price"]}
        row |= {"mid_price": self.money(market.mid), "creation_timestamp": ticker["timestamp"]}
        row |= {"last": self.price(day.close), "high": self.price(day.high), "low": self.price(day.low)}
        row |= {"price_change": round(100.0 * (day.close - day.open) / day.open, 4), "volume": round(coins, 8)}
        return row | {"volume_usd": round(usd, 2), "volume_notional": round(usd, 2)}

    def listing(self) -> Fields:
        """One row of `get_instruments`."""
        instrument = self.market.spec.instrument
        base = self.name.partition("-" if self.is_inverse else "_")[0]
        row: Fields = {"instrument_name": self.name, "kind": "future", "settlement_period": "perpetual"}
        row |= {"instrument_type": "reversed" if self.is_inverse else "linear", "underlying_type": "crypto"}
        row |= {"base_currency": base, "quote_currency": instrument.quote, "counter_currency": instrument.quote}
        row |= {"settlement_currency": instrument.settle, "price_index": f"{base}_{instrument.quote}".lower()}
        row |= {"contract_size": self._lot, "min_trade_amount": self._lot, "tick_size": self._tick}
        return row | {"tick_size_steps": [], "is_active": True, "state": "open", "expiration_timestamp": 32503708800000}
