"""Hyperliquid's `POST /info` about the simulated markets."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from feeds.simulator.hyperliquid.wire_format import SLOW_LEVELS, Words
from feeds.simulator.market.history import MINUTE
from feeds.simulator.market.spec import MS

_USDC = {"name": "USDC", "szDecimals": 8, "weiDecimals": 8, "index": 0, "isCanonical": True, "fullName": None}
_FIRST_TOKEN = 197
_RECENT = 10
_HISTORY_ROWS = 500
_CANDLES = 5_000


class Refused(Exception):
    """The venue's error: HTTP status and a body that is text or `null`."""

    def __init__(self, status: int, body: bytes) -> None:
        super().__init__(body.decode())
        self.status = status
        self.body = body


class Rest:
    """All requests, by their `type`."""

    def __init__(self, words: Sequence[Words]) -> None:
        self._perps = [word for word in words if not word.is_spot]
        self._spots = [word for word in words if word.is_spot]
        self._coins = {word.coin: word for word in words}

    def info(self, request: dict[str, Any], now_ns: int) -> object:
        """The body of an answer, ready for JSON. Raises `Refused`."""
        match request.get("type"):
            case "meta":
                return self._meta()
            case "spotMeta":
                return self._spot_meta()
            case "metaAndAssetCtxs":
                return [self._meta(), [word.context() for word in self._perps]]
            case "allMids":
                return {word.coin: word.money(word.market.mid) for word in self._coins.values()}
            case "exchangeStatus":
                return {"time": now_ns // MS, "specialStatuses": None}
            case "l2Book":
                word = self._coins.get(str(request.get("coin")))
                return None if word is None else word.book(now_ns, SLOW_LEVELS)
            case "recentTrades":
                return list(reversed(self._recent(request)))
            case "candleSnapshot":
                return self._candles(request)
            case "fundingHistory":
                return self._funding(request)
            case _:
                raise Refused(422, b"Failed to deserialize the JSON body into the target type")

    def _word(self, request: dict[str, Any]) -> Words:
        word = self._coins.get(str(request.get("coin")))
        if word is None:
            raise Refused(500, b"null")
        return word

    def _meta(self) -> dict[str, Any]:
        universe = [
            {"szDecimals": word.size_decimals, "name": word.coin, "maxLeverage": 40, "marginTableId": 56}
            for word in self._perps
        ]
        return {"universe": universe, "marginTables": [], "collateralToken": 0}

    def _spot_meta(self) -> dict[str, Any]:
        tokens, universe = [dict(_USDC)], []
        for number, word in enumerate(self._spots):
            index, name = _FIRST_TOKEN + number, word.coin
            tokens.append({"name": word.token, "szDecimals": word.size_decimals, "weiDecimals": 10, "index": index})
            pair = int(name[1:]) if name[1:].isdecimal() else number
            universe.append({"name": name, "tokens": [index, 0], "index": pair, "isCanonical": False})
        return {"tokens": tokens, "universe": universe}

    def _recent(self, request: dict[str, Any]) -> list[dict[str, Any]]:
        word = self._word(request)
        return [word.trade(row) for row in word.market.tape.trades.last(_RECENT)]

    def _candles(self, request: dict[str, Any]) -> list[dict[str, Any]]:
        """Minutes only."""
        asked = request.get("req")
        if not isinstance(asked, dict) or asked.get("interval") != "1m":
            raise Refused(422, b"Failed to deserialize the JSON body into the target type")
        word = self._word(asked)
        start_ns, end_ns = int(asked.get("startTime") or 0) * MS, (int(asked.get("endTime") or 1 << 42) + 1) * MS
        return [
            {
                "t": bar.open_ns // MS, "T": (bar.open_ns + MINUTE) // MS - 1, "s": word.coin, "i": "1m",
                "o": word.price(bar.open), "c": word.price(bar.close), "h": word.price(bar.high),
                "l": word.price(bar.low), "v": word.size(bar.volume), "n": bar.trades,
            }
            for bar in word.market.tape.bars.between(start_ns, end_ns)[-_CANDLES:]
        ]  # fmt: skip

    def _funding(self, request: dict[str, Any]) -> list[dict[str, Any]]:
        word = self._word(request)
        start_ms, end_ms = int(request.get("startTime") or 0), int(request.get("endTime") or 1 << 62)
        paid = word.market.perpetual.paid if word.market.perpetual is not None else []
        rows = [row for row in paid if start_ms <= row.ts_ns // MS <= end_ms]
        return [
            {"coin": word.coin, "fundingRate": f"{row.rate:.10f}", "premium": "0.0", "time": row.ts_ns // MS}
            for row in rows[:_HISTORY_ROWS]
        ]
