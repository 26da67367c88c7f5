"""`/futures/data/...` of both futures hosts: open interest history and ratios, by symbol (USD-M) or pair (COIN-M).

Row shapes as recorded. The weight is 0: the venue limits these routes separately.
"""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from feeds.model.instrument import MarketKind
from feeds.simulator.binance.rest import Refused, number
from feeds.simulator.binance.wire import MarketWire
from feeds.simulator.market.series import FIVE_MINUTES_NS, StatsRow
from feeds.simulator.market.spec import MS

Row = dict[str, Any]
_PERIODS = {
    "5m": 1, "15m": 3, "30m": 6, "1h": 12, "2h": 24, "4h": 48, "6h": 72, "12h": 144, "1d": 288,
}  # fmt: skip


class Statistics:
    """The statistics routes of one host."""

    def __init__(self, segment: MarketKind, wires: Sequence[MarketWire]) -> None:
        self._inverse = segment is MarketKind.INVERSE
        self._key = "pair" if self._inverse else "symbol"
        self._wires = {wire.fmt.pair if self._inverse else wire.fmt.symbol: wire for wire in wires}
        self._routes: dict[str, Callable[[MarketWire, StatsRow], Row]] = {
            "openInterestHist": self._open_interest,
            "globalLongShortAccountRatio": lambda wire, row: _ratio(row.long_accounts, "Account"),
            "topLongShortAccountRatio": lambda wire, row: _ratio(row.top_accounts, "Account"),
            "topLongShortPositionRatio": lambda wire, row: _ratio(
                row.top_positions, "Position" if self._inverse else "Account"
            ),
        }
        if self._inverse:
            self._routes["takerBuySellVol"] = _taker_volumes
        else:
            self._routes["takerlongshortRatio"] = _taker_ratio

    def get(self, route: str, query: Mapping[str, str], now_ns: int) -> object:
        """The rows of one route, oldest first. Raises `Refused`."""
        fields = self._routes.get(route)
        if fields is None:
            raise Refused(404, -5000, f"Path /futures/data/{route}, Method GET is invalid")
        wire = self._wires.get(query.get(self._key, ""))
        if wire is None:
            raise Refused(400, -1121 if self._key in query else -1102, f"Invalid {self._key}.")
        period = _PERIODS.get(query.get("period", ""))
        if period is None:
            raise Refused(400, -1130, "Data sent for parameter 'period' is not valid.")
        limit = number(query, "limit", 30, 500)
        start_ns, end_ns = number(query, "startTime", 1) * MS, number(query, "endTime", 1 << 42) * MS
        rows = wire.market.series.rows(period * FIVE_MINUTES_NS, start_ns, end_ns, limit)
        return [self._names(wire) | fields(wire, row) | {"timestamp": row.ts_ns // MS} for row in rows]

    def _names(self, wire: MarketWire) -> Row:
        return {"pair": wire.fmt.pair} if self._inverse else {"symbol": wire.fmt.symbol}

    def _open_interest(self, wire: MarketWire, row: StatsRow) -> Row:
        """USD-M: base coin and USD. COIN-M: contracts and base coin."""
        spec, lots = wire.market.spec, round(row.open_interest)
        size = f"{lots * float(spec.size_step):.8f}"
        if self._inverse:
            value = spec.base_size(lots, row.price / spec.tick)
            return {"contractType": "PERPETUAL", "sumOpenInterest": size, "sumOpenInterestValue": f"{value:.8f}"}
        return {"sumOpenInterest": size, "sumOpenInterestValue": f"{spec.notional(lots, row.price / spec.tick):.8f}"}


def _ratio(long_share: float, what: str) -> Row:
    short_share = 1.0 - long_share
    ratio = {"longShortRatio": f"{long_share / short_share:.4f}"}
    return ratio | {f"long{what}": f"{long_share:.4f}", f"short{what}": f"{short_share:.4f}"}


def _taker_ratio(wire: MarketWire, row: StatsRow) -> Row:
    buys, sells = wire.fmt.size(row.buy_lots), wire.fmt.size(row.sell_lots)
    return {"buySellRatio": f"{row.buy_lots / max(row.sell_lots, 1.0):.4f}", "buyVol": buys, "sellVol": sells}


def _taker_volumes(wire: MarketWire, row: StatsRow) -> Row:
    spec, ticks = wire.market.spec, row.price / wire.market.spec.tick
    buys, sells = round(row.buy_lots), round(row.sell_lots)
    values = {
        "takerBuyVolValue": f"{spec.base_size(buys, ticks):.4f}",
        "takerSellVolValue": f"{spec.base_size(sells, ticks):.4f}",
    }
    return {"contractType": "PERPETUAL", "takerBuyVol": f"{buys}", "takerSellVol": f"{sells}"} | values
