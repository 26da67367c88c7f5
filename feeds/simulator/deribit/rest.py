"""Deribit's public methods about the simulated markets, the same over REST and on a socket."""

from bisect import bisect_left
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from feeds.simulator.deribit.conversation import Refused
from feeds.simulator.deribit.wire_format import WireFormat
from feeds.simulator.market.facts import Fill
from feeds.simulator.market.spec import MS

Params = Mapping[str, Any]
_TRADES_LIMIT = 1_000
_FUNDING_LIMIT = 744
_HOUR_MS = 3_600_000
_DEPTHS = (1, 5, 10, 20, 50, 100, 1_000, 10_000)


class Methods:
    """All methods. `liquidation_delay_ns` is how long after a trade it is marked as a liquidation."""

    def __init__(self, formats: Sequence[WireFormat], liquidation_delay_ns: int) -> None:
        self._formats = {fmt.name: fmt for fmt in formats}
        self._delay_ns = liquidation_delay_ns
        self._methods: dict[str, Callable[[Params, int], object]] = {
            "public/get_time": lambda params, now_ns: now_ns // MS,
            "public/get_instruments": self._instruments,
            "public/ticker": lambda params, now_ns: self._format_of(params).ticker(now_ns),
            "public/get_order_book": self._order_book,
            "public/get_book_summary_by_currency": self._summaries,
            "public/get_tradingview_chart_data": self._chart,
            "public/get_funding_rate_history": self._funding_history,
            "public/get_last_trades_by_instrument": self._last_trades,
            "public/get_last_trades_by_instrument_and_time": self._last_trades,
        }

    def call(self, method: str, params: Params, now_ns: int) -> object:
        """The result of one call, ready for JSON. Raises `Refused`."""
        found = self._methods.get(method)
        if found is None:
            raise Refused(-32601, "Method not found")
        return found(params, now_ns)

    def _format_of(self, params: Params) -> WireFormat:
        fmt = self._formats.get(str(params.get("instrument_name")))
        if fmt is None:
            raise Refused(-32602, "Invalid params", reason="instrument not found", param="instrument_name")
        return fmt

    def _instruments(self, params: Params, now_ns: int) -> object:
        currency = params.get("currency", "any")
        if params.get("kind", "future") != "future":
            return []
        rows = [fmt.listing() for fmt in self._formats.values()]
        return [row for row in rows if currency in ("any", row["settlement_currency"])]

    def _summaries(self, params: Params, now_ns: int) -> object:
        """All futures that settle in a currency. Raises `Refused` for `any`."""
        currency = params.get("currency")
        if currency not in {fmt.market.spec.instrument.settle for fmt in self._formats.values()}:
            raise Refused(-32602, "Invalid params", reason="invalid value", param="currency")
        chosen = (fmt for fmt in self._formats.values() if fmt.market.spec.instrument.settle == currency)
        return [fmt.summary(now_ns) for fmt in chosen]

    def _order_book(self, params: Params, now_ns: int) -> object:
        fmt, depth = self._format_of(params), _number(params, "depth", 5)
        if depth not in _DEPTHS:
            raise Refused(-32602, "Invalid params", reason="invalid value", param="depth")
        whole = fmt.snapshot(now_ns)
        sides = {side: [row[1:] for row in whole[side][:depth]] for side in ("bids", "asks")}
        return fmt.ticker(now_ns) | {"change_id": whole["change_id"]} | sides

    def _chart(self, params: Params, now_ns: int) -> object:
        """One-minute bars only, oldest first. `volume` is base coin, `cost` quote."""
        fmt = self._format_of(params)
        if str(params.get("resolution")) != "1":
            raise Refused(-32602, "Invalid params", reason="invalid value", param="resolution")
        start_ms, end_ms = _number(params, "start_timestamp", 0), _number(params, "end_timestamp", 1 << 42)
        bars, spec = fmt.market.tape.bars.between(start_ms * MS, (end_ms + 1) * MS), fmt.market.spec
        base = [bar.turnover if fmt.market.is_inverse else spec.base_size(bar.volume, 1) for bar in bars]
        cost = [spec.notional(bar.volume, 1) if fmt.market.is_inverse else bar.turnover for bar in bars]
        chart: dict[str, object] = {"status": "ok" if bars else "no_data", "volume": base, "cost": cost}
        chart["ticks"] = [bar.open_ns // MS for bar in bars]
        return chart | {
            name: [fmt.price(getattr(bar, name)) for bar in bars] for name in ("open", "high", "low", "close")
        }

    def _funding_history(self, params: Params, now_ns: int) -> object:
        """Hourly rates, oldest first; a period's rate is divided evenly over its hours."""
        perpetual = self._format_of(params).market.perpetual
        start_ms, end_ms = _number(params, "start_timestamp", 0), _number(params, "end_timestamp", 1 << 42)
        if perpetual is None:
            return []
        paid, rows = perpetual.paid, []
        ends_ms = [row.ts_ns // MS for row in paid]
        first_ms = max(start_ms, ends_ms[0] - perpetual.interval_ns // MS + 1)
        for hour_ms in range(-(-first_ms // _HOUR_MS) * _HOUR_MS, min(end_ms, ends_ms[-1]) + 1, _HOUR_MS):
            row = paid[bisect_left(ends_ms, hour_ms)]
            rate = row.rate * 8 * _HOUR_MS * MS / perpetual.interval_ns
            prices = {"index_price": row.mark, "prev_index_price": row.mark}
            rows.append({"timestamp": hour_ms, "interest_8h": rate, "interest_1h": rate / 8} | prices)
        return rows[-_FUNDING_LIMIT:]

    def _last_trades(self, params: Params, now_ns: int) -> object:
        fmt, count = self._format_of(params), min(_number(params, "count", 10), _TRADES_LIMIT)
        rows = [row for row in fmt.market.tape.trades.rows if _is_asked(row, params)]
        ascending = params.get("sorting") == "asc" or (
            params.get("sorting") != "desc" and ("start_timestamp" in params or "start_seq" in params)
        )
        page = rows[:count] if ascending else rows[::-1][:count]
        trades = [fmt.past_trade(row, now_ns, self._delay_ns) for row in page]
        return {"trades": trades, "has_more": len(rows) > len(page)}


def _is_asked(row: Fill, params: Params) -> bool:
    seq, ts_ms = row.trade_id, row.ts_ns // MS
    after = _number(params, "start_seq", 0) <= seq and _number(params, "start_timestamp", 0) <= ts_ms
    return after and seq <= _number(params, "end_seq", 1 << 62) and ts_ms <= _number(params, "end_timestamp", 1 << 62)


def _number(params: Params, name: str, default: int) -> int:
    value = params.get(name, default)
    try:
        return int(value)
    except (TypeError, ValueError):
        raise Refused(-32602, "Invalid params", reason="invalid value", param=name) from None
