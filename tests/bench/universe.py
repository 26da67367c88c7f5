"""What following 600 perpetuals at each of five venues costs, all of them published again every second."""

from __future__ import annotations

import gc
import random
import time
from collections.abc import Iterator
from statistics import median
from typing import Any

import msgspec

from feeds.model.frame import Frame, FrameKind, open_frame
from feeds.model.instrument import Instrument, Venue
from feeds.venues.registry import DRIVERS, VENUES
from tests.bench.metric import Metric
from tests.feeds.venues.shared.universe_line import MS, SECOND, T0, perp
from workstation.process.gc_thresholds import raise_gc_thresholds
from workstation.readmodels.universe.universe import UniverseRequest
from workstation.replay.core import Core

SYMBOLS, SECONDS, ROUNDS = 600, 20, 5
_NAMES = {
    Venue("binance"): "C{}USDT", Venue("bybit"): "C{}USDT", Venue("okx"): "C{}-USDT-SWAP", Venue("hyperliquid"): "C{}",
    Venue("deribit"): "C{}_USDC-PERPETUAL",
}  # fmt: skip


def measure() -> dict[str, Metric]:
    """`universe_600x5_core_share`: seconds of CPU a second of market; the baseline only decodes the same bytes."""
    raise_gc_thresholds()
    opened, received = _frames()
    frames = [frame for second in received for frame in second]
    ours, bare, views = [], [], []
    for _ in range(ROUNDS):
        gc.collect()
        share, view_s = _ingest(opened, received)
        ours.append(share)
        views.append(view_s)
        bare.append(_cpu(lambda: _decode(frames)) / SECONDS)
    share, least = median(ours), median(bare)
    size = sum(len(frame.payload) for frame in frames) / SECONDS
    note = f"{size / 1e6:.1f} MB and {len(frames) / SECONDS:.0f} frames a second; aim under 0.1"
    return {
        "universe_600x5_core_share": Metric(share, "core", least, share / least, note),
        "universe_view_ms": Metric(
            median(views) * 1e3, "ms", note="all 3000 markets and 600 bases; asked once a second"
        ),
    }


def _ingest(opened: list[Frame], received: list[list[Frame]]) -> tuple[float, float]:
    """CPU seconds a second of market, its sample included, and of one view."""
    core = Core()
    core.consume(opened)
    core.consume(received[0])
    began = time.process_time()
    for second in received[1:]:
        core.consume(second)
    share = (time.process_time() - began) / (len(received) - 1)
    core.engine.advance(T0 + (len(received) + 1) * SECOND)
    view_s = _cpu(lambda: core.engine.view(UniverseRequest()))
    assert sum(core.feed.undecodable.values()) == 0
    assert len(core.engine.universe.sampled.instruments) == SYMBOLS * len(VENUES)
    return share, view_s


def _decode(frames: list[Frame]) -> None:
    decode = msgspec.json.decode
    for frame in frames:
        decode(frame.payload)


def _cpu(work: Any) -> float:
    began = time.process_time()
    work()
    return time.process_time() - began


def _frames() -> tuple[list[Frame], list[list[Frame]]]:
    """OPEN frames of the universe connections, and what they receive in each second."""
    rng = random.Random(1)
    listed = {venue: [perp(venue, name.format(n), f"C{n}") for n in range(SYMBOLS)] for venue, name in _NAMES.items()}
    opened = []
    for venue, markets in listed.items():
        driver = DRIVERS[venue]
        assert driver.universe is not None
        opened += [open_frame(spec, T0) for spec in driver.plan_universe(markets)]
    received = []
    for second in range(SECONDS + 1):
        now_ns = T0 + second * SECOND + SECOND // 2
        received.append([_frame(now_ns, *words) for words in _words(listed, now_ns // MS, second, rng)])
    return opened, received


def _frame(now_ns: int, venue: Venue, part: str, tag: str, content: Any) -> Frame:
    name = f"{venue}.linear.universe" + part
    return Frame(now_ns, name, FrameKind.HTTP if tag else FrameKind.TEXT, msgspec.json.encode(content), tag)


Words = Iterator[tuple[Venue, str, str, Any]]


def _words(listed: dict[Venue, list[Instrument]], now_ms: int, second: int, rng: random.Random) -> Words:
    """Connection, tag (none for a socket's text) and content, at the venues' own cadence or faster."""
    prices = [rng.uniform(90, 110) for _ in range(SYMBOLS)]
    yield from _binance(listed[Venue("binance")], prices, now_ms, second)
    yield Venue("bybit"), "", "tickers", _bybit(listed[Venue("bybit")], prices, now_ms)
    yield from _okx(listed[Venue("okx")], prices, now_ms)
    universe = {
        "universe": [{"szDecimals": 2, "name": one.symbol, "maxLeverage": 5} for one in listed[Venue("hyperliquid")]]
    }
    yield Venue("hyperliquid"), "", "metaAndAssetCtxs", [universe, [_context(price) for price in prices]]
    rows = [_summary(one, price, now_ms) for one, price in zip(listed[Venue("deribit")], prices, strict=True)]
    yield Venue("deribit"), "", "summary/USDT", {"jsonrpc": "2.0", "result": rows}


def _binance(markets: list[Instrument], prices: list[float], now_ms: int, second: int) -> Words:
    both = list(zip(markets, prices, strict=True))
    marks = [
        {"e": "markPriceUpdate", "E": now_ms, "s": one.symbol, "p": f"{price:.8f}", "ap": f"{price:.8f}",
         "P": f"{price:.8f}", "i": f"{price * 1.001:.8f}", "r": "0.00010000", "T": now_ms + 1, "st": 1}
        for one, price in both
    ]  # fmt: skip
    days = [
        {"e": "24hrTicker", "E": now_ms, "s": one.symbol, "p": "1.0", "P": "1.0", "w": f"{price:.8f}",
         "c": f"{price:.1f}", "Q": "1", "o": "99.0", "h": "111.0", "l": "89.0", "v": f"{1e6 + price:.3f}",
         "q": f"{1e8 + price:.2f}", "O": 1, "C": now_ms, "F": 1, "L": 2, "n": 2, "st": 1}
        for one, price in both
    ]  # fmt: skip
    yield Venue("binance"), "", "", {"stream": "!markPrice@arr@1s", "data": marks}
    yield Venue("binance"), "", "", {"stream": "!ticker@arr", "data": days}
    for one, price in both[second % 5 :: 5]:
        touch = {"b": f"{price:.1f}", "B": "1.5", "a": f"{price + 0.1:.1f}", "A": "2.5", "T": now_ms, "E": now_ms}
        data = {"e": "bookTicker", "u": now_ms, "s": one.symbol, **touch}
        yield Venue("binance"), "-quotes", "", {"stream": "!bookTicker", "data": data}
    for one, price in both[second % 50 :: 50]:
        body = {"openInterest": f"{price * 1e4:.3f}", "symbol": one.symbol, "time": now_ms}
        yield Venue("binance"), "", f"openInterest/{one.symbol}", body


def _bybit(markets: list[Instrument], prices: list[float], now_ms: int) -> Any:
    rows = [
        {"symbol": one.symbol, "lastPrice": f"{price:.1f}", "indexPrice": f"{price * 1.001:.4f}",
         "markPrice": f"{price:.4f}", "prevPrice24h": "99.0", "price24hPcnt": "0.01", "highPrice24h": "111",
         "lowPrice24h": "89", "prevPrice1h": "100", "openInterest": f"{price * 2e4:.3f}",
         "openInterestValue": f"{price * 2e6:.2f}", "turnover24h": f"{1e8 + price:.4f}",
         "volume24h": f"{1e6 + price:.4f}", "fundingRate": "0.0001", "nextFundingTime": "1790784000000",
         "fundingIntervalHour": "8", "singleOpenInterest": f"{price * 1e4:.3f}",
         "singleOpenInterestValue": f"{price * 1e6:.2f}", "ask1Size": "2.5", "bid1Price": f"{price:.1f}",
         "ask1Price": f"{price + 0.1:.1f}", "bid1Size": "1.5", "basis": "", "predictedDeliveryPrice": ""}
        for one, price in zip(markets, prices, strict=True)
    ]  # fmt: skip
    return {"retCode": 0, "retMsg": "OK", "result": {"category": "linear", "list": rows}, "time": now_ms}


def _okx(markets: list[Instrument], prices: list[float], now_ms: int) -> Words:
    ts, both = str(now_ms), list(zip(markets, prices, strict=True))
    swap = [({"instType": "SWAP", "instId": one.symbol, "ts": ts}, price) for one, price in both]
    tickers = [
        row | {"last": f"{price:.1f}", "lastSz": "1", "askPx": f"{price + 0.1:.1f}", "askSz": "25", "open24h": "99",
               "bidPx": f"{price:.1f}", "bidSz": "15", "high24h": "111", "low24h": "89",
               "volCcy24h": f"{price * 1e4:.2f}",
               "vol24h": f"{price * 1e4:.2f}", "sodUtc0": "99", "sodUtc8": "99"}
        for row, price in swap
    ]  # fmt: skip
    marks = [row | {"markPx": f"{price:.2f}"} for row, price in swap]
    interest = [row | {"oi": f"{price * 1e4:.2f}", "oiCcy": f"{price * 1e4:.2f}", "oiUsd": "1"} for row, price in swap]
    index = [
        {"instId": one.symbol.removesuffix("-SWAP"), "idxPx": f"{price:.2f}", "high24h": "111", "ts": ts}
        for one, price in both
    ]
    for tag, rows in (
        ("tickers", tickers),
        ("mark-price", marks),
        ("open-interest", interest),
        ("index-tickers/USDT", index),
    ):
        yield Venue("okx"), "", tag, {"code": "0", "msg": "", "data": rows}


def _context(price: float) -> dict[str, Any]:
    fields = {"funding": "0.0000125", "openInterest": f"{price * 1e4:.5f}", "prevDayPx": "99.0", "premium": "-0.0003"}
    fields |= {"dayNtlVlm": f"{price * 1e6:.6f}", "oraclePx": f"{price:.4f}", "markPx": f"{price:.4f}"}
    return fields | {"midPx": f"{price:.4f}", "impactPxs": [f"{price:.4f}"] * 2, "dayBaseVlm": f"{price * 1e4:.5f}"}


def _summary(one: Instrument, price: float, now_ms: int) -> dict[str, Any]:
    row = {
        "high": 111.0,
        "low": 89.0,
        "last": round(price, 1),
        "instrument_name": one.symbol,
        "bid_price": round(price, 1),
    }
    row |= {"ask_price": round(price + 0.1, 1), "open_interest": price * 1e4, "mark_price": price, "funding_8h": 1e-5}
    row |= {"creation_timestamp": now_ms, "current_funding": 1e-5, "estimated_delivery_price": price * 1.001}
    return row | {"price_change": 1.0, "volume": price * 1e3, "volume_usd": price * 1e5, "mid_price": price}
