"""Hyperliquid's `POST /info` about the simulated markets."""

from collections.abc import Sequence
from typing import Any

from feeds.simulator.hyperliquid.wire_format import SLOW_LEVELS, WireFormat
from feeds.simulator.market.history import MINUTE
from feeds.simulator.market.spec import MS

_USDC = {"name": "USDC", "szDecimals": 8, "weiDecimals": 8, "index": 0, "isCanonical": True, "fullName": None}
_FIRST_TOKEN = 197
_RECENT = 10
_HISTORY_ROWS = 500
_CANDLES = 5_000


class Refused(Exception):
    """An error answer: HTTP status and a body that is text or `null`."""

    def __init__(self, status: int, body: bytes) -> None:
        super().__init__(body.decode())
        self.status = status
        self.body = body


class Rest:
    """All requests, by their `type`."""

    def __init__(self, formats: Sequence[WireFormat]) -> None:
        self._perps = [fmt for fmt in formats if not fmt.is_spot]
        self._spots = [fmt for fmt in formats if fmt.is_spot]
        self._coins = {fmt.coin: fmt for fmt in formats}

    def info(self, request: dict[str, Any], now_ns: int) -> object:
        """The response body, ready for JSON. Raises `Refused`."""
        match request.get("type"):
            case "meta":
                return self._meta()
            case "spotMeta":
                return self._spot_meta()
            case "metaAndAssetCtxs":
                return [self._meta(), [fmt.context() for fmt in self._perps]]
            case "allMids":
                return {fmt.coin: fmt.money(fmt.market.mid) for fmt in self._coins.values()}
            case "exchangeStatus":
                return {"time": now_ns // MS, "specialStatuses": None}
            case "l2Book":
                fmt = self._coins.get(str(request.get("coin")))
                return None if fmt is None else fmt.book(now_ns, SLOW_LEVELS)
            case "recentTrades":
                return list(reversed(self._recent(request)))
            case "candleSnapshot":
                return self._candles(request)
            case "fundingHistory":
                return self._funding(request)
            case _:
                raise Refused(422, b"Failed to deserialize the JSON body into the target type")

    def _format_of(self, request: dict[str, Any]) -> WireFormat:
        fmt = self._coins.get(str(request.get("coin")))
        if fmt is None:
            raise Refused(500, b"null")
        return fmt

    def _meta(self) -> dict[str, Any]:
        universe = [
            {"szDecimals": fmt.size_decimals, "name": fmt.coin, "maxLeverage": 40, "marginTableId": 56}
            for fmt in self._perps
        ]
        return {"universe": universe, "marginTables": [], "collateralToken": 0}

    def _spot_meta(self) -> dict[str, Any]:
        tokens, universe = [dict(_USDC)], []
        for number, fmt in enumerate(self._spots):
            index, name = _FIRST_TOKEN + number, fmt.coin
            tokens.append({"name": fmt.token, "szDecimals": fmt.size_decimals, "weiDecimals": 10, "index": index})
            pair = int(name[1:]) if name[1:].isdecimal() else number
            universe.append({"name": name, "tokens": [index, 0], "index": pair, "isCanonical": False})
        return {"tokens": tokens, "universe": universe}

    def _recent(self, request: dict[str, Any]) -> list[dict[str, Any]]:
        fmt = self._format_of(request)
        return [fmt.trade(row) for row in fmt.market.tape.trades.last(_RECENT)]

    def _candles(self, request: dict[str, Any]) -> list[dict[str, Any]]:
        """One-minute bars only."""
        asked = request.get("req")
        if not isinstance(asked, dict) or asked.get("interval") != "1m":
            raise Refused(422, b"Failed to deserialize the JSON body into the target type")
        fmt = self._format_of(asked)
        start_ns, end_ns = int(asked.get("startTime") or 0) * MS, (int(asked.get("endTime") or 1 << 42) + 1) * MS
        return [
            {
                "t": bar.open_ns // MS, "T": (bar.open_ns + MINUTE) // MS - 1, "s": fmt.coin, "i": "1m",
                "o": fmt.price(bar.open), "c": fmt.price(bar.close), "h": fmt.price(bar.high),
                "l": fmt.price(bar.low), "v": fmt.size(bar.volume), "n": bar.trades,
            }
            for bar in fmt.market.tape.bars.between(start_ns, end_ns)[-_CANDLES:]
        ]  # fmt: skip

    def _funding(self, request: dict[str, Any]) -> list[dict[str, Any]]:
        fmt = self._format_of(request)
        start_ms, end_ms = int(request.get("startTime") or 0), int(request.get("endTime") or 1 << 62)
        paid = fmt.market.perpetual.paid if fmt.market.perpetual is not None else []
        rows = [row for row in paid if start_ms <= row.ts_ns // MS <= end_ms]
        return [
            {"coin": fmt.coin, "fundingRate": f"{row.rate:.10f}", "premium": "0.0", "time": row.ts_ns // MS}
            for row in rows[:_HISTORY_ROWS]
        ]
