"""A public client library, pointed at the loopback venues, reads the simulator's own books and trades.

ccxt knows the real venues and nothing of us: what it understands is spoken as they speak. Only its addresses and
options are changed. The clock of the market is ours, so that it can stand still while both sides are compared.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from typing import Any, NamedTuple

import pytest
import pytest_asyncio

from feeds.model.clock import ManualClock
from feeds.model.events import Side
from feeds.model.instrument import MarketKind, Venue
from feeds.simulator.bybit.wire import MarketWire
from feeds.simulator.market.simulated import SimulatedMarket
from feeds.simulator.market.spec import MS
from feeds.simulator.service.server import Server, serve

pro = pytest.importorskip("ccxt.pro", reason="ccxt is not installed; it comes with the dev extra")

LEVELS = 20
PATIENCE_S = 20.0
LINEAR, INVERSE, SPOT = MarketKind.LINEAR, MarketKind.INVERSE, MarketKind.SPOT

Row = tuple[str, float, float, str]  # id, price, size in the venue's own unit, side


class Case(NamedTuple):
    """One market in both tongues."""

    venue: Venue
    kind: MarketKind
    symbol: str

    def __str__(self) -> str:
        return f"{self.venue}-{self.kind.value}"


CASES = [
    Case(venue, kind, symbol)
    for venue in (Venue("binance"), Venue("bybit"), Venue("okx"))
    for kind, symbol in ((LINEAR, "BTC/USDT:USDT"), (INVERSE, "BTC/USD:BTC"), (SPOT, "BTC/USDT"))
]


def _moved(urls: Any, moves: dict[str, str]) -> Any:
    """The same addresses with other beginnings."""
    if isinstance(urls, dict):
        return {key: _moved(value, moves) for key, value in urls.items()}
    if isinstance(urls, str):
        for old, new in moves.items():
            if urls.startswith(old):
                return new + urls.removeprefix(old)
    return urls


def _addresses(venue: Venue, at: str) -> dict[str, str]:
    """Where a venue's hosts are on this machine."""
    web, socket = f"http://{at}/{venue}", f"ws://{at}/{venue}"
    if venue == Venue("binance"):
        return {
            "https://fapi.binance.com": f"{web}/linear",
            "https://dapi.binance.com": f"{web}/inverse",
            "https://api.binance.com": f"{web}/spot",
            "wss://fstream.binance.com": f"{socket}/linear",
            "wss://dstream.binance.com": f"{socket}/inverse",
            # ccxt tells spot sockets by "/stream" in their address, so the host's name comes along
            "wss://stream.binance.com:9443/ws": f"{socket}/spot/ws?host=/stream.binance.com",
        }
    if venue == Venue("bybit"):
        sockets = {
            f"wss://stream.{{hostname}}/v5/public/{kind.value}": f"{socket}/{kind.value}/v5/public/{kind.value}"
            for kind in MarketKind
        }
        return {"https://api.{hostname}": f"{web}/linear", **sockets}
    return {"https://{hostname}": f"{web}/linear", "wss://ws.okx.com:443": f"{socket}/linear"}


_TYPES = {
    Venue("binance"): ["spot", "linear", "inverse"],
    Venue("bybit"): ["spot", "linear", "inverse"],
    Venue("okx"): ["spot", "swap"],
}


class Reader:
    """One market as ccxt sees it."""

    def __init__(self, client: Any, symbol: str) -> None:
        self.book: Any = None
        self.trades: dict[str, Row] = {}
        self._client, self._symbol = client, symbol
        self._tasks = [asyncio.create_task(work) for work in (self._read_book(), self._read_trades())]

    async def _read_book(self) -> None:
        while True:
            self.book = await self._client.watch_order_book(self._symbol)

    async def _read_trades(self) -> None:
        while True:
            for trade in await self._client.watch_trades(self._symbol):
                self.trades[trade["id"]] = (trade["id"], trade["price"], trade["amount"], trade["side"])

    def check(self) -> None:
        """Raise what went wrong in the client."""
        for task in self._tasks:
            if task.done():
                task.result()

    async def close(self) -> None:
        """Stop reading."""
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)


@pytest_asyncio.fixture
async def server() -> AsyncIterator[tuple[Server, ManualClock]]:
    clock = ManualClock(1_790_000_000_000 * MS)
    async with await serve(0, seed=5, warm_up_s=30, clock=clock, bases=["BTC"]) as server:
        yield server, clock


@pytest_asyncio.fixture
async def reading(
    request: pytest.FixtureRequest, server: tuple[Server, ManualClock]
) -> AsyncIterator[tuple[Reader, SimulatedMarket, Server, ManualClock]]:
    case: Case = request.param
    options = {"fetchMarkets": {"types": _TYPES[case.venue]}, "fetchCurrencies": False}
    client = getattr(pro, case.venue)({"options": options, "enableRateLimit": False})
    client.has["fetchCurrencies"] = False
    client.urls["api"] = _moved(client.urls["api"], _addresses(case.venue, f"127.0.0.1:{server[0].port}"))
    (listed,) = (
        market
        for market in server[0].simulation.markets
        if (market.spec.instrument.venue, market.spec.instrument.kind) == (case.venue, case.kind)
        and market.spec.instrument.quote in ("USDT", "USD")
    )
    reader: Reader | None = None
    try:
        await client.load_markets()
        reader = Reader(client, case.symbol)
        yield reader, listed, *server
    finally:
        if reader is not None:
            await reader.close()
        await client.close()


async def until(condition: Callable[[], bool], reader: Reader, server: Server, clock: ManualClock) -> None:
    """Let the market live until something is true. Raises TimeoutError, or what went wrong in the client."""
    async with asyncio.timeout(PATIENCE_S):
        while not condition():
            reader.check()
            clock.advance(100 * MS)
            server.advance()
            await asyncio.sleep(0.01)


def books_agree(reader: Reader, listed: SimulatedMarket) -> bool:
    """The best levels of both sides: prices, and sizes in the venue's own unit."""
    steps = (listed.spec.price_step, listed.spec.size_step)
    shown = [word for side in ("bids", "asks") for level in reader.book[side][:LEVELS] for word in level[:2]]
    true = [
        float(number * step)
        for half in (listed.book.bids, listed.book.asks)
        for level in half.top(LEVELS)
        for number, step in zip(level, steps, strict=True)
    ]
    return bool(shown == pytest.approx(true, rel=1e-9))


def true_trades(listed: SimulatedMarket) -> dict[str, Row]:
    """All kept trades as the venue publishes them, in order: OKX merges the matches of one order at one price."""
    spec = listed.spec
    words = MarketWire(listed) if spec.instrument.venue == Venue("bybit") else None
    rows: dict[str, Row] = {}
    is_merged = spec.instrument.venue == Venue("okx")
    for fact in listed.tape.aggregates.last(10_000) if is_merged else listed.tape.trades.last(10_000):
        name = words.trade_id(fact) if words else str(fact.last_trade_id if is_merged else fact.trade_id)
        side = "buy" if fact.aggressor is Side.BUY else "sell"
        rows[name] = (name, float(fact.price * spec.price_step), float(fact.lots * spec.size_step), side)
    return rows


@pytest.mark.parametrize("reading", CASES, ids=str, indirect=True)
async def test_ccxt_reads_the_simulators_book_and_trades(
    reading: tuple[Reader, SimulatedMarket, Server, ManualClock],
) -> None:
    reader, listed, server, clock = reading
    await until(lambda: reader.book is not None and len(reader.trades) >= 15, reader, server, clock)
    async with asyncio.timeout(PATIENCE_S):
        while not books_agree(reader, listed):
            reader.check()
            await asyncio.sleep(0.02)
    true = true_trades(listed)
    names = list(true)
    first = min(map(names.index, reader.trades))
    assert set(reader.trades) == set(names[first:])
    for name, row in reader.trades.items():
        assert row[1:3] == pytest.approx(true[name][1:3], rel=1e-9)
        assert row[3] == true[name][3]
