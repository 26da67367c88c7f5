"""OKX's notation of a market: names, numbers without trailing zeros, and the rows common to sockets and REST."""

from collections.abc import Iterable
from decimal import Decimal
from typing import Any

import msgspec

from feeds.model.instrument import MarketKind
from feeds.simulator.market.derivatives import Perpetual
from feeds.simulator.market.facts import Aggregate, Fill, LiquidationOrder, Lots
from feeds.simulator.market.history import MINUTE, MinuteBar
from feeds.simulator.market.simulated import SimulatedMarket
from feeds.simulator.market.spec import MS

Row = dict[str, Any]
_encode = msgspec.json.Encoder().encode


def text(fields: object) -> str:
    """Encode a message as JSON."""
    return _encode(fields).decode()


def topic(channel: str, name: str) -> str:
    """The message topic of one channel; `name` is an instrument, an index or an instrument type."""
    return f"okx/{channel}:{name}"


def push(channel: str, name: str, rows: list[Row], action: str = "", by: str = "instId") -> str:
    """A message of a channel; `by` is the field of `arg` that holds `name`."""
    head: Row = {"arg": {"channel": channel, by: name}}
    return text(head | ({"action": action} if action else {}) | {"data": rows})


class WireFormat:
    """One market's rows. Sizes are contracts on swaps, base coin on spot."""

    def __init__(self, market: SimulatedMarket) -> None:
        self.market = market
        self.kind = market.spec.instrument.kind
        self.symbol = market.spec.instrument.symbol
        self.type = "SPOT" if self.kind is MarketKind.SPOT else "SWAP"
        self.index = self.symbol.removesuffix("-SWAP")
        self.update_grid()

    def update_grid(self) -> None:
        """Read the tick and lot size again; the price step may change."""
        spec = self.market.spec
        self.tick, self.lot = spec.price_step, spec.size_step
        self._tick, self._lot = float(self.tick), float(self.lot)
        self._price_decimals, self._size_decimals = _decimals(self.tick), _decimals(self.lot)

    def price(self, ticks: float) -> str:
        """Format a price given in ticks, which may be fractional."""
        return _trimmed(f"{ticks * self._tick:.{self._price_decimals}f}")

    def quote(self, price: float) -> str:
        """Format a price off the tick grid, such as a mark."""
        return f"{price:.{max(self._price_decimals, 1)}f}"

    def size(self, lots: float) -> str:
        """Format a size given in lots: contracts or base coin."""
        return _trimmed(f"{lots * self._lot:.{self._size_decimals}f}")

    def levels(self, levels: Iterable[Lots]) -> list[tuple[str, str, str, str]]:
        """Format book levels as (price, size, a deprecated "0", number of orders)."""
        return [(self.price(price), self.size(lots), "0", str(1 + lots % 9 if lots else 0)) for price, lots in levels]

    def trade(self, fact: Aggregate) -> Row:
        """Matches of one taker order at one price; `tradeId` is the last of them."""
        count = fact.last_trade_id - fact.first_trade_id + 1
        row: Row = {"instId": self.symbol, "tradeId": str(fact.last_trade_id), "px": self.price(fact.price)}
        row |= {"sz": self.size(fact.lots), "side": fact.aggressor.value, "ts": str(fact.ts_ns // MS)}
        return row | {"count": str(count), "source": "0", "seqId": self.market.book.update_id}

    def match(self, fill: Fill) -> Row:
        """One match, as in REST."""
        row: Row = {"instId": self.symbol, "side": fill.aggressor.value, "sz": self.size(fill.lots)}
        row |= {"source": "0", "px": self.price(fill.price), "tradeId": str(fill.trade_id)}
        return row | {"ts": str(fill.ts_ns // MS)}

    def candle(self, bar: MinuteBar, now_ns: int) -> list[str]:
        """A minute: time, OHLC, contracts (spot: base coin), base coin (spot: quote), quote, "1" if it is finished."""
        spec, traded = self.market.spec, self.size(bar.volume)
        worth = f"{spec.notional(bar.volume, 1):.4f}" if self.kind is MarketKind.INVERSE else f"{bar.turnover:.4f}"
        coins = f"{bar.turnover if self.kind is MarketKind.INVERSE else spec.base_size(bar.volume, 1):.8f}"
        prices = [self.price(ticks) for ticks in (bar.open, bar.high, bar.low, bar.close)]
        over = "1" if bar.open_ns + MINUTE <= now_ns else "0"
        return [str(bar.open_ns // MS), *prices, traded, worth if self.type == "SPOT" else coins, worth, over]

    def liquidation(self, fact: LiquidationOrder) -> Row:
        """One liquidation; the order's limit stands for the bankruptcy price `bkPx`."""
        position = "short" if fact.side.value == "buy" else "long"
        detail = {"bkLoss": "0", "bkPx": self.price(fact.limit_price), "ccy": "", "posSide": position}
        detail |= {"side": fact.side.value, "sz": self.size(fact.filled_lots), "ts": str(fact.ts_ns // MS)}
        names = {"instFamily": self.index, "instId": self.symbol, "instType": self.type, "uly": self.index}
        return {"details": [detail]} | names

    def mark_price(self, perpetual: Perpetual, now_ms: int) -> Row:
        row = {"instId": self.symbol, "instType": self.type, "markPx": self.quote(perpetual.mark)}
        return row | {"ts": str(now_ms)}

    def ticker(self, now_ms: int) -> Row:
        """Last price, best bid and ask, 24-hour volume in contracts and, for swaps, in base coin."""
        market, day = self.market, self.market.day
        (bid, bid_lots), (ask, ask_lots) = market.book.touch()
        row: Row = {"instType": self.type, "instId": self.symbol, "last": self.price(day.close)}
        row |= {"askPx": self.price(ask), "askSz": self.size(ask_lots)}
        row |= {"bidPx": self.price(bid), "bidSz": self.size(bid_lots), "open24h": self.price(day.open)}
        row |= {"high24h": self.price(day.high), "low24h": self.price(day.low), "vol24h": self.size(day.volume)}
        coins = market.spec.base_size(round(day.volume), day.close)
        other = coins if market.perpetual is not None else day.turnover
        return row | {"volCcy24h": _trimmed(f"{other:.8f}"), "ts": str(now_ms)}

    def index_ticker(self, perpetual: Perpetual, now_ms: int) -> Row:
        day = self.market.day
        row: Row = {"instId": self.index, "idxPx": self.quote(perpetual.index), "open24h": self.price(day.open)}
        row |= {"high24h": self.price(day.high), "low24h": self.price(day.low)}
        return row | {"sodUtc0": self.price(day.open), "sodUtc8": self.price(day.open), "ts": str(now_ms)}

    def funding(self, perpetual: Perpetual, now_ms: int) -> Row:
        """The funding rate of the current interval."""
        due_ms, interval_ms = perpetual.next_funding_ns // MS, perpetual.interval_ns // MS
        row: Row = {"formulaType": "withRate", "fundingRate": f"{perpetual.rate:.16f}", "fundingTime": str(due_ms)}
        row |= {"impactValue": "20000.0000000000000000", "instId": self.symbol, "instType": self.type}
        row |= {"interestRate": "0.0001000000000000", "maxFundingRate": "0.00375", "method": "current_period"}
        row |= {"minFundingRate": "-0.00375", "nextFundingRate": "", "nextFundingTime": str(due_ms + interval_ms)}
        row |= {"premium": f"{perpetual.premium:.16f}", "prevFundingTime": str(due_ms - interval_ms)}
        return row | {"settFundingRate": f"{perpetual.paid[-1].rate:.16f}", "settState": "settled", "ts": str(now_ms)}

    def open_interest(self, perpetual: Perpetual, now_ms: int) -> Row:
        """Open interest in contracts, base coin and USD."""
        spec, lots, ticks = self.market.spec, round(perpetual.open_interest), perpetual.mark / self.market.spec.tick
        row: Row = {"instId": self.symbol, "instType": self.type, "oi": self.size(lots)}
        row |= {"oiCcy": _trimmed(f"{spec.base_size(lots, ticks):.10f}")}
        return row | {"oiUsd": _trimmed(f"{spec.notional(lots, ticks):.6f}"), "ts": str(now_ms)}

    def listing(self) -> Row:
        """The row of the instrument list; fields that do not apply are empty strings."""
        instrument, is_spot = self.market.spec.instrument, self.kind is MarketKind.SPOT
        linear = self.kind is MarketKind.LINEAR
        row: Row = {"alias": "", "baseCcy": instrument.base if is_spot else "", "category": "1"}
        row |= {"ctMult": "" if is_spot else "1", "ctType": "" if is_spot else self.kind.value}
        row |= {"ctVal": "" if is_spot else f"{instrument.contract_size:f}"}
        row |= {"ctValCcy": "" if is_spot else instrument.base if linear else instrument.quote, "expTime": ""}
        row |= {"instCategory": "1", "instFamily": "" if is_spot else self.index, "instId": self.symbol}
        row |= {"instIdCode": 10_000 + self.market.index, "instType": self.type, "lever": "100"}
        row |= {"listTime": "1573557408000", "lotSz": f"{self.lot:f}", "minSz": f"{self.lot:f}"}
        row |= {"quoteCcy": instrument.quote if is_spot else "", "ruleType": "normal", "settleCcy": instrument.settle}
        return row | {"state": "live", "tickSz": f"{self.tick:f}", "uly": "" if is_spot else self.index, "upcChg": []}


def _decimals(step: Decimal) -> int:
    return max(-int(step.normalize().as_tuple().exponent), 0)


def _trimmed(number: str) -> str:
    return number.rstrip("0").rstrip(".") if "." in number else number
