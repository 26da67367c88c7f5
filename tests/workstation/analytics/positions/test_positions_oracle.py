"""Premium and quadrant of the real session of three markets against loops over the lines of the raw files."""

from __future__ import annotations

import gzip
import json
import math
from collections import defaultdict
from collections.abc import Iterator
from fractions import Fraction
from itertools import pairwise
from pathlib import Path
from typing import Any, NamedTuple

import pytest

from feeds.importers import import_captures
from tests.tables import Tables, tables_of
from workstation.exports.export import state_rows
from workstation.exports.table import ExportSettings
from workstation.replay.core import read_to_end

SECOND = 1_000_000_000
STEP = 10 * SECOND
FOLDER = "binance-2024-08-08"
FILES = {
    "linear": ("usdm/btcusdt_20240808.gz",),
    "inverse": ("coinm/btcusd_perp_20240808.gz", "coinm/btcusd_perp_20240809.gz"),
    "spot": ("spot/btcusdt_20240808.gz", "spot/btcusdt_20240809.gz"),
}


class RawTrade(NamedTuple):
    ts_ns: int
    price: float
    size: float
    notional: float
    sign: int


class Session(NamedTuple):
    """The raw files as lists, and our tables at two bar lengths."""

    trades: dict[str, list[RawTrade]]
    depth: dict[str, list[tuple[int, dict[str, Any]]]]
    tables: dict[int, Tables]


def lines(data: Path, kind: str) -> Iterator[tuple[int, dict[str, Any]]]:
    for name in FILES[kind]:
        with gzip.open(data / FOLDER / name) as file:
            for line in file:
                if b"bookTicker" in line:
                    continue
                ts, text = line.split(b" ", 1)
                message = json.loads(text)
                yield int(ts), message.get("data", message)


def raw_trade(kind: str, message: dict[str, Any]) -> RawTrade:
    price, count, sign = float(message["p"]), float(message["q"]), -1 if message["m"] else 1
    ts_ns = message["T"] * 1_000_000
    if kind == "inverse":
        return RawTrade(ts_ns, price, count * 100 / price, count * 100, sign)
    return RawTrade(ts_ns, price, count, count * price, sign)


@pytest.fixture(scope="module")
def session(data: Path, tmp_path_factory: pytest.TempPathFactory) -> Session:
    trades, depth = defaultdict(list), defaultdict(list)
    for kind in FILES:
        for ts_ns, message in lines(data, kind):
            if message.get("e") == "trade" and message.get("X", "MARKET") == "MARKET":
                trades[kind].append(raw_trade(kind, message))
            elif kind != "spot" and (message.get("e") == "depthUpdate" or "lastUpdateId" in message):
                depth[kind].append((ts_ns, message))
    recording = tmp_path_factory.mktemp("positions") / "btc.mcap"
    import_captures("hftbacktest", [data / FOLDER / name for names in FILES.values() for name in names], recording)
    engine = read_to_end(recording).core.engine
    tables = {
        bar_ns: tables_of(state_rows(engine, ExportSettings(("premium", "quadrant"), bar_ns=bar_ns), engine.now_ns))
        for bar_ns in (60 * SECOND, 5 * SECOND)
    }
    return Session(trades, depth, tables)


# --- premium


def last_price(closes: dict[int, float], start_ns: int, bar_ns: int) -> float:
    """The last trade of the bar or, without one, of the last bar that began less than a minute before the end."""
    begins = range(start_ns, start_ns + bar_ns - 60 * SECOND - 1, -bar_ns)
    return next((closes[begin] for begin in begins if begin in closes), math.nan)


@pytest.mark.parametrize("bar_s", [60, 5])
def test_premium_is_price_over_spot_weighted_by_volume(session: Session, bar_s: int) -> None:
    bar_ns = bar_s * SECOND
    rows = session.tables[bar_ns]["premium"]
    ours = {(row["bar_start_ns"], row["venue"], row["kind"]): row for row in rows}
    starts = sorted({row["bar_start_ns"] for row in rows})
    traded = {trade.ts_ns // bar_ns * bar_ns for trades in session.trades.values() for trade in trades}
    assert starts == sorted(traded)
    closes = {
        kind: {trade.ts_ns // bar_ns * bar_ns: trade.price for trade in trades}
        for kind, trades in session.trades.items()
    }
    compared = 0
    for start in starts[:: 1 if bar_s == 60 else 7]:
        spot = last_price(closes["spot"], start, bar_ns)
        premium, volume = {}, {}
        for kind in ("linear", "inverse"):
            price = last_price(closes[kind], start, bar_ns)
            if session.trades[kind][-1].ts_ns < start:
                price = math.nan  # the capture has ended
            volume[kind] = sum(trade.size for trade in session.trades[kind] if trade.ts_ns < start + bar_ns)
            premium[kind] = price / spot - 1
            for venue in ("binance", "all"):
                assert_close(ours[start, venue, kind]["premium"], premium[kind])
        known = [kind for kind in premium if not math.isnan(premium[kind])]
        weight = sum(volume[kind] for kind in known)
        combined = sum(premium[kind] * volume[kind] for kind in known) / weight if known else math.nan
        assert_close(ours[start, "all", "perp"]["premium"], combined)
        assert_close(ours[start, "all", "perp"]["spot"], spot)
        compared += len(known)
    assert compared >= 15


def assert_close(ours: float | None, theirs: float) -> None:
    """Equal to 1e-9; a premium is a difference of prices, so that it is compared as one."""
    if math.isnan(theirs):
        assert ours is None
    else:
        assert ours is not None
        assert 1 + ours == pytest.approx(1 + theirs, rel=1e-9, abs=0)
        assert ours == pytest.approx(theirs, rel=1e-9, abs=1e-14)


# --- quadrant


class RawBook:
    """Levels by price text; changes that came before the snapshot and are newer than it are made after it."""

    def __init__(self, kind: str) -> None:
        self.kind = kind
        self.sides: tuple[dict[str, float], dict[str, float]] = ({}, {})
        self.early: list[dict[str, Any]] = []
        self.known, self.received_ns = False, 0

    def take(self, ts_ns: int, message: dict[str, Any]) -> None:
        if "lastUpdateId" in message:
            self._set(message["bids"], message["asks"])
            self.known = True
            for early in self.early:
                if early["u"] >= message["lastUpdateId"]:
                    self._set(early["b"], early["a"])
        elif self.known:
            self._set(message["b"], message["a"])
        else:
            self.early.append(message)
        self.received_ns = ts_ns

    def _set(self, bids: list[list[str]], asks: list[list[str]]) -> None:
        for side, levels in zip(self.sides, (bids, asks), strict=True):
            for price, size in levels:
                side[price] = float(size)
                if not side[price]:
                    del side[price]

    def imbalance(self) -> float:
        bids, asks = (
            sorted((Fraction(price), size) for price, size in side.items() if size > 0) for side in self.sides
        )
        mid = (bids[-1][0] + asks[0][0]) / 2
        low, high = mid * Fraction("0.998"), mid * Fraction("1.002")
        bid = sum(self._coins(*level) for level in bids[-200:] if level[0] >= low)
        ask = sum(self._coins(*level) for level in asks[:200] if level[0] <= high)
        return (bid - ask) / (bid + ask)

    def _coins(self, price: Fraction, size: float) -> float:
        return size * 100 / float(price) if self.kind == "inverse" else size


@pytest.fixture(scope="module")
def imbalances(session: Session) -> dict[str, dict[int, float]]:
    """OBI of every perpetual at each sample, from all lines received before it."""
    steps = [row["ts_ns"] for row in session.tables[60 * SECOND]["quadrant"]]
    found: dict[str, dict[int, float]] = {}
    for kind, messages in session.depth.items():
        book, at, found[kind] = RawBook(kind), 0, {}
        for ts_ns in steps:
            while at < len(messages) and messages[at][0] < ts_ns:
                book.take(*messages[at])
                at += 1
            fresh = book.known and ts_ns - book.received_ns <= STEP and at < len(messages)  # the capture goes on
            found[kind][ts_ns] = book.imbalance() if fresh else math.nan
    return found


def reference(session: Session, imbalances: dict[str, dict[int, float]], ts_ns: int) -> tuple[float, float]:
    """OBI by taker flow and CVD of the five minutes before a sample."""
    begin_ns = ts_ns - 300 * SECOND
    flow, whole, cvd = {}, False, 0.0
    for kind in imbalances:
        trades = session.trades[kind]
        inside = [trade for trade in trades if begin_ns <= trade.ts_ns < ts_ns]
        flow[kind] = sum(trade.notional for trade in inside)
        if trades[0].ts_ns <= begin_ns and trades[-1].ts_ns >= ts_ns:
            whole = True
            cvd += sum(trade.sign * trade.notional for trade in inside)
    known = [kind for kind in imbalances if not math.isnan(imbalances[kind][ts_ns])]
    if not known:
        return math.nan, cvd if whole else math.nan
    obi = sum(imbalances[kind][ts_ns] * flow[kind] for kind in known) / sum(flow[kind] for kind in known)
    return obi, cvd if whole else math.nan


def rank(values: list[float]) -> float:
    known = sorted(abs(value) for value in values if not math.isnan(value))
    return known[math.ceil(0.95 * len(known)) - 1] if len(known) >= 30 else math.nan


def test_quadrant_series(session: Session, imbalances: dict[str, dict[int, float]]) -> None:
    rows = session.tables[60 * SECOND]["quadrant"]
    assert len(rows) >= 60
    assert {later["ts_ns"] - row["ts_ns"] for row, later in pairwise(rows)} == {STEP}
    obis, cvds, both = [], [], 0
    for row in rows:
        obi, cvd = reference(session, imbalances, row["ts_ns"])
        obis.append(obi)
        cvds.append(cvd)
        obi_scale, cvd_scale = rank(obis), rank(cvds)
        x, y = (min(max(value / scale, -1.5), 1.5) for value, scale in ((obi, obi_scale), (cvd, cvd_scale)))
        for name, wanted in (("obi", obi), ("obi_scale", obi_scale), ("x", x)):
            near(row[name], wanted, row["ts_ns"])
        for name, wanted in (("cvd_usd", cvd), ("cvd_scale", cvd_scale), ("y", y)):
            near(row[name], wanted, row["ts_ns"])
        both += not math.isnan(x) and not math.isnan(y)
    assert both >= 3
    assert {row["known"] for row in rows} == {2}


def near(ours: float | None, theirs: float, ts_ns: int) -> None:
    if math.isnan(theirs):
        assert ours is None, ts_ns
    else:
        assert ours == pytest.approx(theirs, rel=1e-9), ts_ns
