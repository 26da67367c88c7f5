"""The real Binance BTC session of 2024-08-08, read from the captured lines by `json` alone: no decoder of ours."""

from __future__ import annotations

import gzip
import json
from collections.abc import Iterator
from dataclasses import dataclass, field
from fractions import Fraction
from pathlib import Path
from typing import Any

MS = 1_000_000
FILES = {
    "linear": ("usdm/btcusdt_20240808.gz",),
    "inverse": ("coinm/btcusd_perp_20240808.gz", "coinm/btcusd_perp_20240809.gz"),
    "spot": ("spot/btcusdt_20240808.gz", "spot/btcusdt_20240809.gz"),
}
CONTRACT_USD = 100  # of a COIN-M contract


@dataclass(frozen=True, slots=True)
class RawTrade:
    """A print; `coin` and `usd` are signed, positive for an aggressive buy."""

    ts_recv_ns: int
    ts_venue_ns: int
    price: Fraction
    coin: Fraction
    usd: Fraction


def lines(data: Path, kind: str) -> Iterator[tuple[int, dict[str, Any]]]:
    """Receive time and message of every captured line of a market, without the envelope of the stream."""
    for name in FILES[kind]:
        with gzip.open(data / "binance-2024-08-08" / name, "rt") as stream:
            for line in stream:
                ts_ns, text = line.split(" ", 1)
                message = json.loads(text)
                yield int(ts_ns), message.get("data", message)


def trades(data: Path, kind: str) -> list[RawTrade]:
    """All prints of a market; `m` says that the buyer was the maker, so the aggressor sold."""
    found = []
    for ts_ns, message in lines(data, kind):
        if message.get("e") != "trade":
            continue
        price, quantity = Fraction(message["p"]), Fraction(message["q"])
        usd = quantity * CONTRACT_USD if kind == "inverse" else quantity * price
        coin = usd / price if kind == "inverse" else quantity
        sign = -1 if message["m"] else 1
        found.append(RawTrade(ts_ns, message["T"] * MS, price, sign * coin, sign * usd))
    return found


@dataclass(slots=True)
class RawBook:
    """Levels by price as text says them, in base coin."""

    kind: str
    bids: dict[Fraction, Fraction] = field(default_factory=dict)
    asks: dict[Fraction, Fraction] = field(default_factory=dict)
    update_id: int = 0
    early: list[dict[str, Any]] = field(default_factory=list)

    def take(self, message: dict[str, Any]) -> None:
        """A snapshot begins; differences with a later number overwrite, those that came before it too."""
        if "lastUpdateId" in message:
            self.bids, self.asks, self.update_id = {}, {}, message["lastUpdateId"]
            self._write(self.bids, message["bids"])
            self._write(self.asks, message["asks"])
            for one in self.early:
                self.take(one)
        elif not self.update_id:
            self.early.append(message)
        elif message.get("e") == "depthUpdate" and self.update_id and message["u"] > self.update_id:
            self.update_id = message["u"]
            self._write(self.bids, message["b"])
            self._write(self.asks, message["a"])

    def _write(self, side: dict[Fraction, Fraction], levels: list[list[str]]) -> None:
        for price_text, size_text in levels:
            price, size = Fraction(price_text), Fraction(size_text)
            if self.kind == "inverse":
                size = size * CONTRACT_USD / price
            if size:
                side[price] = size
            else:
                side.pop(price, None)

    def imbalance(self, band: Fraction, most: int = 200) -> Fraction | None:
        """(bid - ask) / (bid + ask) of the best levels within mid +- band."""
        if not self.bids or not self.asks:
            return None
        mid = (max(self.bids) + min(self.asks)) / 2
        bids = sorted((price for price in self.bids if price >= mid * (1 - band)), reverse=True)[:most]
        asks = sorted(price for price in self.asks if price <= mid * (1 + band))[:most]
        bid, ask = sum(self.bids[price] for price in bids), sum(self.asks[price] for price in asks)
        return Fraction(bid - ask) / (bid + ask) if bid + ask else None
