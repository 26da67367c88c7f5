"""OKX's REST answers about the simulated markets, below `/api/v5/`."""

from collections.abc import Callable, Iterable, Mapping
from typing import Any

from feeds.simulator.market.series import FIVE_MINUTES_NS, StatsRow
from feeds.simulator.market.spec import MS
from feeds.simulator.okx.wire import MarketWire
from feeds.simulator.okx.wire_format import Row, WireFormat, text

Query = Mapping[str, str]
_PERIODS = {"5m": 1, "15m": 3, "30m": 6, "1H": 12, "2H": 24, "4H": 48, "6H": 72, "12H": 144, "1D": 288}


class Refused(Exception):
    """An error answer: the venue's code and message."""

    def __init__(self, code: str, message: str) -> None:
        super().__init__(message)
        self.code = code
        self.message = message


def envelope(rows: Iterable[Row | list[str]], code: str = "0", message: str = "") -> bytes:
    """The response body of every answer."""
    return text({"code": code, "data": list(rows), "msg": message}).encode()


class Rest:
    """The routes below `/api/v5/`. Order books are current, not those last pushed."""

    def __init__(self, wires: Mapping[str, MarketWire]) -> None:
        self._formats = {symbol: wire.fmt for symbol, wire in wires.items()}
        self._routes: dict[str, Callable[[Query, int], Iterable[Row | list[str]]]] = {
            "public/time": lambda query, now_ns: [{"ts": str(now_ns // MS)}],
            "public/instruments": self._instruments,
            "public/funding-rate": self._fundings,
            "public/funding-rate-history": self._funding_history,
            "public/open-interest": self._open_interests,
            "public/mark-price": self._marks,
            "market/index-tickers": self._indexes,
            "market/tickers": self._tickers,
            "market/books": self._books,
            "market/trades": self._trades,
            "market/history-trades": self._history,
            "market/candles": self._candles,
            "market/history-candles": self._candles,
            "rubik/stat/contracts/open-interest-history": self._past_interest,
            "rubik/stat/contracts/long-short-account-ratio-contract": self._accounts,
            "rubik/stat/taker-volume-contract": self._takers,
        }

    def get(self, route: str, query: Query, now_ns: int) -> bytes | None:
        """The response body; None for a route that does not exist."""
        handler = self._routes.get(route)
        if handler is None:
            return None
        try:
            return envelope(handler(query, now_ns))
        except Refused as refused:
            return envelope((), refused.code, refused.message)

    def _one(self, query: Query) -> WireFormat:
        symbol = query.get("instId", "")
        if not symbol:
            raise Refused("50014", "Parameter instId can not be empty.")
        if symbol not in self._formats:
            raise Refused("51001", "Instrument ID, Instrument ID code, or Spread ID doesn't exist.")
        return self._formats[symbol]

    def _chosen(self, query: Query) -> list[WireFormat]:
        """The markets of an instrument type, or the one named; ANY is all."""
        kind = query.get("instType")
        if query.get("instId", "ANY") != "ANY":
            return [fmt for fmt in [self._one(query)] if kind in (None, fmt.type)]
        return [fmt for fmt in self._formats.values() if kind in (None, fmt.type)]

    def _instruments(self, query: Query, now_ns: int) -> Iterable[Row]:
        if query.get("instType") not in ("SWAP", "SPOT", "FUTURES", "OPTION", "MARGIN"):
            raise Refused("51000", "Parameter instType error")
        return [fmt.listing() for fmt in self._chosen(query)]

    def _tickers(self, query: Query, now_ns: int) -> Iterable[Row]:
        if query.get("instType") not in ("SWAP", "SPOT"):
            raise Refused("51000", "Parameter instType error")
        return [fmt.ticker(now_ns // MS) for fmt in self._chosen(query)]

    def _derived(self, query: Query, now_ns: int, row_of: Callable[[WireFormat, Any, int], Row]) -> Iterable[Row]:
        chosen = [(fmt, fmt.market.perpetual) for fmt in self._chosen(query)]
        return [row_of(fmt, perpetual, now_ns // MS) for fmt, perpetual in chosen if perpetual is not None]

    def _fundings(self, query: Query, now_ns: int) -> Iterable[Row]:
        return self._derived(query, now_ns, WireFormat.funding)

    def _open_interests(self, query: Query, now_ns: int) -> Iterable[Row]:
        return self._derived(query, now_ns, WireFormat.open_interest)

    def _marks(self, query: Query, now_ns: int) -> Iterable[Row]:
        return self._derived(query, now_ns, WireFormat.mark_price)

    def _indexes(self, query: Query, now_ns: int) -> Iterable[Row]:
        quote, name = query.get("quoteCcy"), query.get("instId")
        rows = {row["instId"]: row for row in self._derived({}, now_ns, WireFormat.index_ticker)}
        return [
            row for index, row in rows.items() if (name in (None, index)) and (quote in (None, index.split("-")[1]))
        ]

    def _funding_history(self, query: Query, now_ns: int) -> Iterable[Row]:
        fmt = self._one(query)
        perpetual = fmt.market.perpetual
        before, after = _number(query, "before", 0), _number(query, "after", 1 << 62)
        paid = [] if perpetual is None else [row for row in perpetual.paid if before < row.ts_ns // MS < after]
        names = {"instId": fmt.symbol, "instType": fmt.type, "method": "current_period"}
        return [
            names | {"fundingRate": f"{row.rate:.16f}", "realizedRate": f"{row.rate:.16f}"}
            | {"fundingTime": str(row.ts_ns // MS), "formulaType": "withRate"}
            for row in reversed(paid[-_number(query, "limit", 100, 400) :])
        ]  # fmt: skip

    def _books(self, query: Query, now_ns: int) -> Iterable[Row]:
        fmt, count = self._one(query), _number(query, "sz", 1, 400)
        book = fmt.market.snapshot
        row = {"asks": fmt.levels(book.asks.top(count)), "bids": fmt.levels(book.bids.top(count))}
        return [row | {"ts": str(now_ns // MS), "seqId": book.update_id}]

    def _trades(self, query: Query, now_ns: int) -> Iterable[Row]:
        fmt = self._one(query)
        return [fmt.trade(row) for row in reversed(fmt.market.tape.aggregates.last(_number(query, "limit", 100, 500)))]

    def _history(self, query: Query, now_ns: int) -> Iterable[Row]:
        """Matches, newest first: `type` 1 pages by trade id (the default), 2 by time; both bounds exclusive."""
        fmt, limit = self._one(query), _number(query, "limit", 100, 100)
        before, after = _number(query, "before", -1), _number(query, "after", 1 << 62)
        is_by_time = query.get("type", "1") == "2"
        rows = fmt.market.tape.trades.rows
        asked = [
            row for row in rows if before < (row.ts_ns // MS if is_by_time else row.trade_id) < after
        ]  # fmt: skip
        return [fmt.match(row) for row in reversed(asked[-limit:])]

    def _candles(self, query: Query, now_ns: int) -> Iterable[list[str]]:
        """One-minute bars only, newest first; `after` and `before` are exclusive."""
        fmt, limit = self._one(query), _number(query, "limit", 100, 300)
        if query.get("bar", "1m") != "1m":
            raise Refused("51000", "Parameter bar error")
        before, after = _number(query, "before", -1), _number(query, "after", 1 << 42)
        rows = fmt.market.tape.bars.between((before + 1) * MS, after * MS)[-limit:]
        return [fmt.candle(bar, now_ns) for bar in reversed(rows)]

    def _past_interest(self, query: Query, now_ns: int) -> Iterable[list[str]]:
        fmt = self._one(query)
        spec = fmt.market.spec
        rows = []
        for row in self._statistics(fmt, query):
            lots, ticks = round(row.open_interest), row.price / spec.tick
            coins, usd = spec.base_size(lots, ticks), spec.notional(lots, ticks)
            rows.append([str(row.ts_ns // MS), fmt.size(lots), f"{coins:.8f}", f"{usd:.4f}"])
        return rows

    def _accounts(self, query: Query, now_ns: int) -> Iterable[list[str]]:
        rows = self._statistics(self._one(query), query)
        return [[str(row.ts_ns // MS), f"{row.long_accounts / (1 - row.long_accounts):.4f}"] for row in rows]

    def _takers(self, query: Query, now_ns: int) -> Iterable[list[str]]:
        """Rows of (start, sold, bought), in base coin only (`unit` 0)."""
        fmt = self._one(query)
        if query.get("unit") != "0":
            raise Refused("51000", "Parameter unit error")
        spec, rows = fmt.market.spec, []
        for row in self._statistics(fmt, query):
            start_ms = row.ts_ns // MS - _PERIODS[query.get("period", "5m")] * FIVE_MINUTES_NS // MS
            lots = round(row.sell_lots), round(row.buy_lots)
            rows.append([str(start_ms), *(f"{spec.base_size(part, row.price / spec.tick):.8f}" for part in lots)])
        return rows

    def _statistics(self, fmt: WireFormat, query: Query) -> Iterable[StatsRow]:
        """Rows of a period, newest first."""
        period = _PERIODS.get(query.get("period", "5m"))
        if period is None or fmt.market.perpetual is None:
            raise Refused("51000", "Parameter period error")
        limit = _number(query, "limit", 100, 100)
        return reversed(fmt.market.series.rows(period * FIVE_MINUTES_NS, 0, 1 << 62, limit))


def _number(query: Query, name: str, default: int, largest: int | None = None) -> int:
    fmt = query.get(name)
    if fmt is None:
        return default
    if not fmt.isdecimal():
        raise Refused("51000", f"Parameter {name} error")
    return min(int(fmt), largest) if largest else int(fmt)
