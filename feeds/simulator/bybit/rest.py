"""Bybit's REST answers about the simulated markets, below `/v5/market/`."""

from collections.abc import Callable, Mapping
from typing import Any

import msgspec

from feeds.model.instrument import MarketKind
from feeds.simulator.bybit.wire import MarketWire
from feeds.simulator.bybit.wire_format import WireFormat
from feeds.simulator.dialect import Answer
from feeds.simulator.market.facts import Fill
from feeds.simulator.market.spec import MS, SECOND

Query = Mapping[str, str]
Rows = list[dict[str, Any]]
_MINUTE_NS = 60 * SECOND
_PERIODS = {"5min": 5, "15min": 15, "30min": 30, "1h": 60, "4h": 240, "1d": 1_440}
_CONTRACTS = {MarketKind.LINEAR: "LinearPerpetual", MarketKind.INVERSE: "InversePerpetual"}
_FOREVER_MS = 1 << 42


class _Refused(Exception):
    """A bad parameter: HTTP 200 with `retCode` 10001."""


class Rest:
    """The REST routes of all categories."""

    def __init__(self, wires: Mapping[MarketKind, Mapping[str, MarketWire]]) -> None:
        self._wires = wires
        self._routes: dict[str, Callable[[Query, int], dict[str, Any]]] = {
            "time": self._time,
            "instruments-info": self._instruments,
            "tickers": self._tickers,
            "orderbook": self._book,
            "recent-trade": self._trades,
            "kline": self._klines,
            "open-interest": self._open_interest,
            "funding/history": self._funding,
            "account-ratio": self._accounts,
        }

    def get(self, route: str, query: Query, now_ns: int) -> Answer:
        """Answer a GET of one route; 404 where it does not exist."""
        handler = self._routes.get(route)
        if handler is None:
            return Answer(404, b"")
        try:
            return Answer(200, envelope(handler(query, now_ns), now_ns))
        except _Refused as refused:
            return Answer(200, envelope({}, now_ns, 10_001, str(refused)))

    def _category(self, query: Query) -> MarketKind:
        try:
            return MarketKind(query.get("category", ""))
        except ValueError:
            raise _Refused("Illegal category") from None

    def _chosen(self, query: Query) -> list[MarketWire]:
        wires = self._wires[self._category(query)]
        return [self._one(query)] if "symbol" in query else list(wires.values())

    def _one(self, query: Query) -> MarketWire:
        wire = self._wires[self._category(query)].get(query.get("symbol", ""))
        if wire is None:
            raise _Refused("params error: Symbol Is Invalid")
        return wire

    def _perp(self, query: Query) -> MarketWire:
        wire = self._one(query)
        if wire.market.perpetual is None:
            raise _Refused("Illegal category")
        return wire

    def _time(self, query: Query, now_ns: int) -> dict[str, Any]:
        return {"timeSecond": str(now_ns // SECOND), "timeNano": str(now_ns)}

    def _instruments(self, query: Query, now_ns: int) -> dict[str, Any]:
        category, rows = self._category(query), [_listing(wire) for wire in self._chosen(query)]
        if category is MarketKind.SPOT:
            return {"category": category.value, "list": rows}
        limit, start = _number(query, "limit", 500, 1_000), _cursor(query)
        end = start + limit
        return {"category": category.value, "list": rows[start:end], "nextPageCursor": _next(end, len(rows))}

    def _tickers(self, query: Query, now_ns: int) -> dict[str, Any]:
        rows = [wire.ticker.fields() for wire in self._chosen(query)]
        return {"category": self._category(query).value, "list": rows}

    def _book(self, query: Query, now_ns: int) -> dict[str, Any]:
        wire, limit = self._one(query), _number(query, "limit", 25, 1_000)
        book, fmt = wire.market.snapshot, wire.fmt
        levels = {"b": fmt.levels(book.bids.top(limit)), "a": fmt.levels(book.asks.top(limit))}
        last = {"ts": now_ns // MS, "u": book.update_id, "seq": book.update_id, "cts": now_ns // MS}
        return {"s": fmt.symbol, **levels, **last}

    def _trades(self, query: Query, now_ns: int) -> dict[str, Any]:
        wire = self._one(query)
        limit = _number(query, "limit", 60, 60) if wire.fmt.is_spot else _number(query, "limit", 500, 1_000)
        rows = [_trade(wire, fill) for fill in reversed(wire.market.tape.trades.last(limit))]
        return {"category": wire.fmt.category.value, "list": rows}

    def _klines(self, query: Query, now_ns: int) -> dict[str, Any]:
        """One-minute bars only, newest first; inverse counts volume in USD and turnover in coins."""
        wire, limit = self._one(query), _number(query, "limit", 200, 1_000)
        if query.get("interval") != "1":
            raise _Refused("params error: interval invalid")
        end_ms, fmt = _number(query, "end", _FOREVER_MS), wire.fmt
        rows = wire.market.tape.bars.between(_number(query, "start", 1) * MS, (end_ms + 1) * MS)[-limit:]
        page = [
            [
                str(bar.open_ns // MS),
                *(fmt.price(ticks) for ticks in (bar.open, bar.high, bar.low, bar.close)),
                fmt.size(bar.volume),
                f"{bar.turnover:.8f}",
            ]
            for bar in reversed(rows)
        ]
        return {**_names(wire), "list": page}

    def _open_interest(self, query: Query, now_ns: int) -> dict[str, Any]:
        wire = self._perp(query)
        rows = _stats(wire, query, "intervalTime", 50, 200)
        page = [
            {
                "openInterest": _lots(wire.fmt, 2 * row.open_interest),
                "singleOpenInterest": _lots(wire.fmt, row.open_interest),
                "timestamp": str(row.ts_ns // MS),
            }
            for row in rows
        ]
        return {**_names(wire), "list": page, "nextPageCursor": ""}

    def _accounts(self, query: Query, now_ns: int) -> dict[str, Any]:
        wire = self._perp(query)
        rows = [
            {
                "symbol": wire.fmt.symbol,
                "buyRatio": f"{row.long_accounts:.4f}",
                "sellRatio": f"{1.0 - round(row.long_accounts, 4):.4f}",
                "timestamp": str(row.ts_ns // MS),
            }
            for row in _stats(wire, query, "period", 50, 500)
        ]
        return {"list": rows, "nextPageCursor": ""}

    def _funding(self, query: Query, now_ns: int) -> dict[str, Any]:
        wire, limit = self._perp(query), _number(query, "limit", 200, 200)
        if "startTime" in query and "endTime" not in query:
            raise _Refused("params error: endTime is required with startTime")
        start_ns, end_ns = _span(query)
        assert wire.market.perpetual is not None
        paid = [row for row in wire.market.perpetual.paid if start_ns <= row.ts_ns <= end_ns][-limit:]
        rows = [
            {
                "symbol": wire.fmt.symbol,
                "fundingRate": f"{row.rate:.8f}",
                "fundingRateTimestamp": str(row.ts_ns // MS),
            }
            for row in reversed(paid)
        ]
        return {"category": wire.fmt.category.value, "list": rows}


def envelope(result: dict[str, Any], now_ns: int, code: int = 0, message: str = "OK") -> bytes:
    """The response body around every result."""
    body = {"retCode": code, "retMsg": message, "result": result, "retExtInfo": {}, "time": now_ns // MS}
    return msgspec.json.encode(body)


def _number(query: Query, name: str, default: int, largest: int = _FOREVER_MS) -> int:
    written = query.get(name, str(default))
    if not written.isdecimal() or not 0 < int(written) <= largest:
        raise _Refused(f"params error: {name} invalid")
    return int(written)


def _span(query: Query) -> tuple[int, int]:
    return _number(query, "startTime", 1) * MS, _number(query, "endTime", _FOREVER_MS) * MS


def _cursor(query: Query) -> int:
    written = query.get("cursor", "").removeprefix("first%3D")
    return int(written) if written.isdecimal() else 0


def _next(end: int, count: int) -> str:
    return f"first%3D{end}" if end < count else ""


def _names(wire: MarketWire) -> dict[str, str]:
    return {"symbol": wire.fmt.symbol, "category": wire.fmt.category.value}


def _lots(fmt: WireFormat, lots: float) -> str:
    return f"{lots * fmt.lot:.8f}"


def _stats(wire: MarketWire, query: Query, name: str, usual: int, largest: int) -> list[Any]:
    """Rows of five-minute statistics, newest first."""
    minutes = _PERIODS.get(query.get(name, ""))
    if minutes is None:
        raise _Refused(f"params error: {name} invalid")
    limit = _number(query, "limit", usual, largest)
    return wire.market.series.rows(minutes * _MINUTE_NS, *_span(query), limit)[::-1]


def _trade(wire: MarketWire, fill: Fill) -> dict[str, Any]:
    fmt = wire.fmt
    row: dict[str, Any] = {"execId": wire.trade_id(fill), "symbol": fmt.symbol, "price": fmt.price(fill.price)}
    row |= {"size": fmt.size(fill.lots), "side": fill.aggressor.value.title(), "time": str(fill.ts_ns // MS)}
    return row | {"isBlockTrade": False, "isRPITrade": False, "seq": str(wire.market.book.update_id)}


def _listing(wire: MarketWire) -> dict[str, Any]:
    fmt, market = wire.fmt, wire.market
    instrument = market.spec.instrument
    row: dict[str, Any] = {"symbol": fmt.symbol, "symbolId": market.index + 1}
    coins = {"baseCoin": fmt.base_coin, "quoteCoin": instrument.quote}
    price = {"tickSize": fmt.tick_text}
    if market.perpetual is None:
        row |= {**coins, "innovation": "0", "status": "Trading", "marginTrading": "utaOnly", "stTag": "0"}
        lot = {"basePrecision": fmt.lot_text, "quotePrecision": "0.0000001", "minOrderQty": fmt.lot_text}
        row |= {"lotSizeFilter": lot | {"minOrderAmt": "5"}, "priceFilter": price}
        return row | {"symbolType": "", "xstockMultiplier": "1"}
    row |= {"contractType": _CONTRACTS[fmt.category], "status": "Trading", **coins, "launchTime": "1584230400000"}
    row |= {"deliveryTime": "0", "deliveryFeeRate": "", "priceScale": str(fmt.price_decimals), "priceFilter": price}
    lot = {"minOrderQty": fmt.lot_text, "qtyStep": fmt.lot_text, "minNotionalValue": "5"}
    row |= {"lotSizeFilter": lot, "fundingInterval": market.perpetual.interval_ns // _MINUTE_NS}
    row |= {"settleCoin": instrument.settle, "upperFundingRate": "0.005", "lowerFundingRate": "-0.005"}
    return row | {"isPreListing": False, "preListingInfo": None, "displayName": "", "symbolType": ""}
