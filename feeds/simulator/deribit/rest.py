"""Deribit's public methods about the simulated markets, the same over REST and on a socket."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from feeds.simulator.deribit.conversation import Refused
from feeds.simulator.deribit.wire_format import Words
from feeds.simulator.market.facts import Fill
from feeds.simulator.market.spec import MS

Params = Mapping[str, Any]
_TRADES_LIMIT = 1_000
_FUNDING_LIMIT = 744
_HOUR_MS = 3_600_000
_DEPTHS = (1, 5, 10, 20, 50, 100, 1_000, 10_000)


class Methods:
    """All methods. `liquidation_delay_ns` is how long the venue keeps silent about who was forced."""

    def __init__(self, words: Sequence[Words], liquidation_delay_ns: int) -> None:
        self._words = {word.name: word for word in words}
        self._delay_ns = liquidation_delay_ns
        self._methods: dict[str, Callable[[Params, int], object]] = {
            "public/get_time": lambda params, now_ns: now_ns // MS,
            "public/get_instruments": self._instruments,
            "public/ticker": lambda params, now_ns: self._word(params).ticker(now_ns),
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

    def _word(self, params: Params) -> Words:
        word = self._words.get(str(params.get("instrument_name")))
        if word is None:
            raise Refused(-32602, "Invalid params", reason="instrument not found", param="instrument_name")
        return word

    def _instruments(self, params: Params, now_ns: int) -> object:
        currency = params.get("currency", "any")
        if params.get("kind", "future") != "future":
            return []
        rows = [word.listing() for word in self._words.values()]
        return [row for row in rows if currency in ("any", row["settlement_currency"])]

    def _summaries(self, params: Params, now_ns: int) -> object:
        """All futures that settle in a currency; `any` is refused here."""
        currency = params.get("currency")
        if currency not in {word.market.spec.instrument.settle for word in self._words.values()}:
            raise Refused(-32602, "Invalid params", reason="invalid value", param="currency")
        chosen = (word for word in self._words.values() if word.market.spec.instrument.settle == currency)
        return [word.summary(now_ns) for word in chosen]

    def _order_book(self, params: Params, now_ns: int) -> object:
        word, depth = self._word(params), _number(params, "depth", 5)
        if depth not in _DEPTHS:
            raise Refused(-32602, "Invalid params", reason="invalid value", param="depth")
        whole = word.snapshot(now_ns)
        sides = {side: [row[1:] for row in whole[side][:depth]] for side in ("bids", "asks")}
        return word.ticker(now_ns) | {"change_id": whole["change_id"]} | sides

    def _chart(self, params: Params, now_ns: int) -> object:
        """Minutes only, oldest first. `volume` is base coin, `cost` quote."""
        word = self._word(params)
        if str(params.get("resolution")) != "1":
            raise Refused(-32602, "Invalid params", reason="invalid value", param="resolution")
        start_ms, end_ms = _number(params, "start_timestamp", 0), _number(params, "end_timestamp", 1 << 42)
        bars, spec = word.market.tape.bars.between(start_ms * MS, (end_ms + 1) * MS), word.market.spec
        base = [bar.turnover if word.market.is_inverse else spec.base_size(bar.volume, 1) for bar in bars]
        cost = [spec.notional(bar.volume, 1) if word.market.is_inverse else bar.turnover for bar in bars]
        chart: dict[str, object] = {"status": "ok" if bars else "no_data", "volume": base, "cost": cost}
        chart["ticks"] = [bar.open_ns // MS for bar in bars]
        return chart | {
            name: [word.price(getattr(bar, name)) for bar in bars] for name in ("open", "high", "low", "close")
        }

    def _funding_history(self, params: Params, now_ns: int) -> object:
        """By the hour, oldest first; an hour has the rate of the period it lies in, as if that had been even."""
        perpetual = self._word(params).market.perpetual
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
        word, count = self._word(params), min(_number(params, "count", 10), _TRADES_LIMIT)
        rows = [row for row in word.market.tape.trades.rows if _is_asked(row, params)]
        ascending = params.get("sorting") == "asc" or (
            params.get("sorting") != "desc" and ("start_timestamp" in params or "start_seq" in params)
        )
        page = rows[:count] if ascending else rows[::-1][:count]
        trades = [word.past_trade(row, now_ns, self._delay_ns) for row in page]
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
