"""Hyperliquid's notation of a market: coin names, decimals, and the payloads of one market."""

from typing import Any

from feeds.model.events import Side
from feeds.model.instrument import MarketKind
from feeds.simulator.market.facts import Fill, Lots
from feeds.simulator.market.simulated import SimulatedMarket
from feeds.simulator.market.spec import MS

TOPIC = "hyperliquid/"
SLOW_LEVELS, FAST_LEVELS = 20, 5
_BRIDGED = {"BTC": "UBTC", "ETH": "UETH", "SOL": "USOL"}
_SCATTER, _TRADE_IDS = 0x2545_F491_4F6C_DD1D, 1 << 50
_USERS = [f"0x{digit * 40}" for digit in "ab"]

Fields = dict[str, Any]


def topic(channel: str, coin: str) -> str:
    """The message topic of one stream; `channel` is `l2BookFast` for the fast book."""
    return f"{TOPIC}{channel}:{coin}"


class WireFormat:
    """One market's payloads, in listed units (kPEPE is a thousand PEPE)."""

    def __init__(self, market: SimulatedMarket) -> None:
        self.market = market
        instrument = market.spec.instrument
        self.coin = instrument.symbol
        self.is_spot = instrument.kind is MarketKind.SPOT
        self.token = _BRIDGED.get(instrument.base, instrument.base)
        self.update_grid()

    def update_grid(self) -> None:
        """Read the tick and lot size again; the price step may change."""
        spec = self.market.spec
        self._tick, self._lot = float(spec.price_step), float(spec.size_step)
        self._price_decimals = max(-int(spec.price_step.as_tuple().exponent), 1)
        self.size_decimals = max(-int(spec.size_step.as_tuple().exponent), 0)

    def price(self, ticks: float) -> str:
        """Format a price given in ticks, which may be fractional; whole prices end in `.0`."""
        return f"{ticks * self._tick:.{self._price_decimals}f}"

    def money(self, per_coin: float) -> str:
        """Format a price off the tick grid, such as a mark; `per_coin` is quote per base coin."""
        return f"{per_coin * self.market.spec.instrument.multiplier:.{self._price_decimals + 1}f}"

    def size(self, lots: float) -> str:
        """Format a size given in lots."""
        return f"{lots * self._lot:.{self.size_decimals}f}"

    def levels(self, levels: list[Lots]) -> list[Fields]:
        """Format book levels, best first."""
        return [{"px": self.price(price), "sz": self.size(lots), "n": 1 + lots % 7} for price, lots in levels]

    def book(self, now_ns: int, count: int) -> Fields:
        """The top `count` levels of the current book."""
        book = self.market.snapshot
        sides = [self.levels(book.bids.top(count)), self.levels(book.asks.top(count))]
        fields: Fields = {"coin": self.coin, "time": now_ns // MS, "levels": sides}
        return fields | ({"fast": True} if count == FAST_LEVELS else {})

    def quote(self, now_ns: int) -> Fields:
        """Best bid and ask."""
        return {"coin": self.coin, "time": now_ns // MS, "bbo": self.levels(list(self.market.book.touch()))}

    def trade(self, fill: Fill) -> Fields:
        """One fill. `tid` is unique and in no order: an odd factor modulo a power of two repeats nothing."""
        side = "B" if fill.aggressor is Side.BUY else "A"
        trade_id = fill.trade_id * _SCATTER % _TRADE_IDS
        row = {"coin": self.coin, "side": side, "px": self.price(fill.price), "sz": self.size(fill.lots)}
        return row | {"time": fill.ts_ns // MS, "hash": f"0x{trade_id:064x}", "tid": trade_id, "users": _USERS}

    def context(self) -> Fields:
        """The asset context of a perpetual: mark, funding, open interest, 24-hour volume."""
        perpetual, market = self.market.perpetual, self.market
        assert perpetual is not None
        day = market.day
        (bid, _), (ask, _) = market.book.touch()
        impact = [self.price(bid), self.price(ask)]
        fields = {"funding": f"{perpetual.rate:.10f}", "openInterest": self.size(perpetual.open_interest)}
        fields |= {"prevDayPx": self.price(day.open), "dayNtlVlm": f"{day.turnover:.2f}"}
        fields |= {"premium": f"{perpetual.premium:.10f}", "oraclePx": self.money(perpetual.index)}
        more: Fields = {"markPx": self.money(perpetual.mark), "midPx": self.money(market.mid), "impactPxs": impact}
        return fields | more | {"dayBaseVlm": self.size(day.volume)}
