"""Binance's REST answers about the simulated markets, for one host (`/fapi/v1`, `/dapi/v1` or `/api/v3`)."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from feeds.model.events import Side
from feeds.model.instrument import MarketKind
from feeds.simulator.binance.listing import exchange_info
from feeds.simulator.binance.tickers import Day24
from feeds.simulator.binance.wire import MarketWire, aggregate_row, kline_row
from feeds.simulator.market.facts import Aggregate, Fill
from feeds.simulator.market.history import MINUTE, MinuteBar, Recent
from feeds.simulator.market.spec import MS, SECOND

Query = Mapping[str, str]
_DEPTH_WEIGHTS = ((50, 2), (100, 5), (500, 10), (1_000, 20))
_SPOT_DEPTH_WEIGHTS = ((100, 5), (500, 25), (1_000, 50), (5_000, 250))
_KLINE_WEIGHTS = ((99, 1), (499, 2), (1_000, 5), (1_500, 10))
_WEIGHTS = {
    "aggTrades": 20, "trades": 5, "ticker/bookTicker": 5, "ticker/price": 2, "fundingInfo": 0, "fundingRate": 0,
}  # fmt: skip
_INTERVALS = {"1m": 1, "3m": 3, "5m": 5, "15m": 15, "30m": 30, "1h": 60, "4h": 240, "1d": 1_440}
_DAY_NS = 24 * 3_600 * SECOND


class Refused(Exception):
    """An error answer: HTTP status, the venue's code and message."""

    def __init__(self, status: int, code: int, text: str) -> None:
        super().__init__(text)
        self.status = status
        self.body = {"code": code, "msg": text}


def number(query: Query, name: str, default: int, largest: int | None = None) -> int:
    """Parse a positive integer parameter. Raises `Refused`."""
    text = query.get(name)
    if text is None:
        return default
    if not text.isdigit() or not int(text):
        raise Refused(400, -1130, f"Data sent for parameter '{name}' is not valid.")
    return min(int(text), largest) if largest else int(text)


def _step(table: Sequence[tuple[int, int]], limit: int) -> int:
    return next((weight for largest, weight in table if limit <= largest), table[-1][1])


class Rest:
    """The REST routes of one host."""

    def __init__(self, segment: MarketKind, wires: Sequence[MarketWire]) -> None:
        self._segment = segment
        self._is_spot = segment is MarketKind.SPOT
        self._wires = {wire.fmt.symbol: wire for wire in wires}
        self._routes: dict[str, Callable[[Query, int], object]] = {
            "time": self._time,
            "exchangeInfo": self._exchange_info,
            "depth": self._depth,
            "aggTrades": self._aggregates,
            "trades": self._trades,
            "klines": self._klines,
            "ticker/24hr": self._day,
            "ticker/bookTicker": self._book_tickers,
            "ticker/price": self._prices,
        }
        if not self._is_spot:
            self._routes |= {
                "premiumIndex": self._premium,
                "openInterest": self._open_interest,
                "fundingInfo": self._funding_info,
                "fundingRate": self._funding_rate,
            }

    def weight(self, route: str, query: Query) -> int:
        if route == "depth":
            table = _SPOT_DEPTH_WEIGHTS if self._is_spot else _DEPTH_WEIGHTS
            return _step(table, number(query, "limit", 100 if self._is_spot else 500))
        if route == "klines":
            return 2 if self._is_spot else _step(_KLINE_WEIGHTS, number(query, "limit", 500))
        if route == "ticker/24hr":
            return (2 if self._is_spot else 1) if "symbol" in query else (80 if self._is_spot else 40)
        if route == "premiumIndex":
            return 10 if self._segment is MarketKind.INVERSE or "symbol" not in query else 1
        if self._is_spot:
            return {"aggTrades": 4, "trades": 25, "exchangeInfo": 20}.get(route, 1)
        return {
            "aggTrades": 20,
            "trades": 5,
            "ticker/bookTicker": 5,
            "ticker/price": 2,
            "fundingInfo": 0,
            "fundingRate": 0,
        }.get(route, 1)

    def get(self, route: str, query: Query, now_ns: int) -> object:
        """The response body, ready for JSON. Raises `Refused`."""
        handler = self._routes.get(route)
        if handler is None:
            raise Refused(404, -5000, f"Path {route}, Method GET is invalid")
        return handler(query, now_ns)

    def _wire(self, query: Query) -> MarketWire:
        symbol = query.get("symbol")
        if not symbol:
            text = "Mandatory parameter 'symbol' was not sent, was empty/null, or malformed."
            raise Refused(400, -1102, text)
        if symbol not in self._wires:
            raise Refused(400, -1121, "Invalid symbol.")
        return self._wires[symbol]

    def _chosen(self, query: Query) -> list[MarketWire]:
        return [self._wire(query)] if "symbol" in query else list(self._wires.values())

    def _time(self, query: Query, now_ns: int) -> object:
        return {"serverTime": now_ns // MS}

    def _exchange_info(self, query: Query, now_ns: int) -> object:
        return exchange_info(self._segment, self._chosen(query), now_ns // MS)

    def _depth(self, query: Query, now_ns: int) -> object:
        wire, limit = self._wire(query), number(query, "limit", 100 if self._is_spot else 500)
        if not self._is_spot and limit not in (5, 10, 20, 50, 100, 500, 1_000):
            raise Refused(400, -4021, f"{limit} is not valid depth limit")
        book, fmt = wire.market.snapshot, wire.fmt
        body: dict[str, Any] = {"lastUpdateId": book.update_id}
        if not self._is_spot:
            body |= {"E": now_ns // MS, "T": now_ns // MS}
        if self._segment is MarketKind.INVERSE:
            body |= {"symbol": fmt.symbol, "pair": fmt.pair}
        levels = min(limit, 5_000)
        return body | {"bids": fmt.levels(book.bids.top(levels)), "asks": fmt.levels(book.asks.top(levels))}

    def _aggregates(self, query: Query, now_ns: int) -> object:
        wire, limit = self._wire(query), number(query, "limit", 500, 1_000)
        rows = _page(wire.market.tape.aggregates, query, limit)
        extra = {"M": True} if self._is_spot else {}
        return [aggregate_row(wire.fmt, row) | extra for row in rows]

    def _trades(self, query: Query, now_ns: int) -> object:
        wire, limit = self._wire(query), number(query, "limit", 500, 1_000)
        return [self._trade(wire, fill) for fill in wire.market.tape.trades.last(limit)]

    def _trade(self, wire: MarketWire, fill: Fill) -> dict[str, Any]:
        fmt, spec = wire.fmt, wire.market.spec
        row: dict[str, Any] = {"id": fill.trade_id, "price": fmt.price(fill.price), "qty": fmt.size(fill.lots)}
        if self._segment is MarketKind.INVERSE:
            row["baseQty"] = f"{spec.base_size(fill.lots, fill.price):.8f}"
        else:
            row["quoteQty"] = f"{spec.notional(fill.lots, fill.price):.{8 if self._is_spot else 2}f}"
        row |= {"time": fill.ts_ns // MS, "isBuyerMaker": fill.aggressor is Side.SELL}
        return row | ({"isBestMatch": True} if self._is_spot else {})

    def _klines(self, query: Query, now_ns: int) -> object:
        wire = self._wire(query)
        minutes = _INTERVALS.get(query.get("interval", ""))
        if minutes is None:
            raise Refused(400, -1120, "Invalid interval.")
        limit = number(query, "limit", 500, 1_000 if self._is_spot else 1_500)
        start_ns, end_ns = number(query, "startTime", 0) * MS, number(query, "endTime", 1 << 42) * MS
        length_ns = minutes * MINUTE
        bars = [b for b in _merged(wire.market.tape.bars.rows, length_ns) if start_ns <= b.open_ns <= end_ns]
        page = bars[:limit] if "startTime" in query else bars[-limit:]
        return [kline_row(wire.fmt, bar, length_ns) for bar in page]

    def _day(self, query: Query, now_ns: int) -> object:
        rows = [self._day_row(wire, now_ns) for wire in self._chosen(query)]
        single = "symbol" in query and self._segment is not MarketKind.INVERSE
        return rows[0] if single else rows

    def _day_row(self, wire: MarketWire, now_ns: int) -> dict[str, Any]:
        fmt, last_id = wire.fmt, wire.market.tape.ledger.last_trade_id
        day, inverse = Day24(wire), self._segment is MarketKind.INVERSE
        row: dict[str, Any] = {"symbol": fmt.symbol} | ({"pair": fmt.pair} if inverse else {})
        row |= {"priceChange": day.change, "priceChangePercent": day.percent, "weightedAvgPrice": day.average}
        row |= {"lastPrice": day.close, "lastQty": day.last_size, "openPrice": day.open, "highPrice": day.high}
        row |= {"lowPrice": day.low, "volume": day.volume, "baseVolume" if inverse else "quoteVolume": day.turnover}
        row |= {"openTime": now_ns // MS - _DAY_NS // MS, "closeTime": now_ns // MS}
        return row | {"firstId": last_id - day.trades + 1, "lastId": last_id, "count": day.trades}

    def _book_tickers(self, query: Query, now_ns: int) -> object:
        rows = [self._book_ticker(wire, now_ns) for wire in self._chosen(query)]
        return rows[0] if "symbol" in query and self._segment is not MarketKind.INVERSE else rows

    def _book_ticker(self, wire: MarketWire, now_ns: int) -> dict[str, Any]:
        fmt, (bid, ask) = wire.fmt, wire.market.book.touch()
        row: dict[str, Any] = {"symbol": fmt.symbol}
        row |= {"pair": fmt.pair} if self._segment is MarketKind.INVERSE else {}
        row |= {"bidPrice": fmt.price(bid[0]), "bidQty": fmt.size(bid[1])}
        row |= {"askPrice": fmt.price(ask[0]), "askQty": fmt.size(ask[1])}
        return row if self._is_spot else row | {"time": now_ns // MS}

    def _prices(self, query: Query, now_ns: int) -> object:
        rows: list[dict[str, Any]] = []
        for wire in self._chosen(query):
            row: dict[str, Any] = {"symbol": wire.fmt.symbol}
            row |= {"ps": wire.fmt.pair} if self._segment is MarketKind.INVERSE else {}
            row["price"] = wire.fmt.price(wire.market.day.close)
            rows.append(row if self._is_spot else row | {"time": now_ns // MS})
        return rows[0] if "symbol" in query and self._segment is not MarketKind.INVERSE else rows

    def _premium(self, query: Query, now_ns: int) -> object:
        rows = [row for wire in self._chosen(query) if (row := self._premium_row(wire, now_ns))]
        single = "symbol" in query and self._segment is MarketKind.LINEAR
        return rows[0] if single else rows

    def _premium_row(self, wire: MarketWire, now_ns: int) -> dict[str, Any] | None:
        perpetual = wire.market.perpetual
        if perpetual is None:
            return None
        row: dict[str, Any] = {"symbol": wire.fmt.symbol}
        if self._segment is MarketKind.INVERSE:
            row["pair"] = wire.fmt.pair
        money = wire.fmt.money
        row |= {"markPrice": money(perpetual.mark), "indexPrice": money(perpetual.index)}
        row |= {"estimatedSettlePrice": money(perpetual.settle), "lastFundingRate": f"{perpetual.rate:.8f}"}
        row |= {"interestRate": "0.00010000", "nextFundingTime": perpetual.next_funding_ns // MS}
        return row | {"time": now_ns // MS}

    def _open_interest(self, query: Query, now_ns: int) -> object:
        wire = self._wire(query)
        perpetual = wire.market.perpetual
        assert perpetual is not None
        size = wire.fmt.size(perpetual.open_interest)
        if self._segment is MarketKind.INVERSE:
            names = {"symbol": wire.fmt.symbol, "pair": wire.fmt.pair, "contractType": "PERPETUAL"}
            return names | {"openInterest": size, "time": now_ns // MS}
        return {"openInterest": size, "symbol": wire.fmt.symbol, "time": now_ns // MS}

    def _funding_info(self, query: Query, now_ns: int) -> object:
        rows = []
        for wire in self._wires.values():
            hours = wire.market.spec.funding_hours
            if hours != 8:
                bounds = {"adjustedFundingRateCap": "0.02000000", "adjustedFundingRateFloor": "-0.02000000"}
                what = {"fundingIntervalHours": hours, "disclaimer": False, "updateTime": 1_752_854_309_429}
                rows.append({"symbol": wire.fmt.symbol} | bounds | what)
        return rows

    def _funding_rate(self, query: Query, now_ns: int) -> object:
        limit = number(query, "limit", 100, 1_000)
        start_ns, end_ns = number(query, "startTime", 0) * MS, number(query, "endTime", 1 << 42) * MS
        rows = []
        for wire in self._chosen(query):
            paid = wire.market.perpetual.paid if wire.market.perpetual else []
            due = [row for row in paid if start_ns <= row.ts_ns <= end_ns]
            for row in due[:limit] if "startTime" in query else due[-limit:]:
                rate, mark = f"{row.rate:.8f}", wire.fmt.money(row.mark)
                when = {"symbol": wire.fmt.symbol, "fundingTime": row.ts_ns // MS}
                rows.append(when | {"fundingRate": rate, "markPrice": mark})
        return rows


def _page(recent: Recent[Aggregate], query: Query, limit: int) -> list[Aggregate]:
    if "fromId" in query:
        if "startTime" in query or "endTime" in query:
            raise Refused(400, -1128, "Combination of optional parameters invalid.")
        return recent.since(int(query["fromId"]) if query["fromId"].isdigit() else 0, limit)
    if "startTime" in query or "endTime" in query:
        start_ms, end_ms = number(query, "startTime", 0), number(query, "endTime", 1 << 42)
        if "startTime" not in query:
            return recent.between(0, (end_ms + 1) * MS, 1 << 31)[-limit:]
        return recent.between(start_ms * MS, (end_ms + 1) * MS, limit)
    return recent.last(limit)


def _merged(bars: Sequence[MinuteBar], length_ns: int) -> list[MinuteBar]:
    merged: list[MinuteBar] = []
    for bar in bars:
        open_ns = bar.open_ns - bar.open_ns % length_ns
        if merged and merged[-1].open_ns == open_ns:
            merged[-1].merge(bar)
        else:
            merged.append(MinuteBar(
                open_ns, bar.open, bar.high, bar.low, bar.close, bar.first_trade_id, bar.last_trade_id,
                bar.volume, bar.turnover, bar.buy_volume, bar.buy_turnover,
            ))  # fmt: skip
    return merged
