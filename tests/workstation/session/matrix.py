"""Every venue under every fault: what is done to it, and what a cell of the table says of the outcome."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field

from feeds.model.instrument import Venue
from feeds.simulator.market.spec import SECOND
from feeds.simulator.service.faults import Fault, FaultKind
from feeds.simulator.service.server import Server
from feeds.venues.registry import VENUES
from tests.workstation.session.faults import SILENCE, SPANS, Brake, Desk, Trades, world

BOOK_TOPICS = {
    Venue("binance"): "@depth",
    Venue("bybit"): "orderbook",
    Venue("okx"): "books",
    Venue("hyperliquid"): "l2Book",
    Venue("deribit"): "book.",
}
TRADE_TOPICS = {
    Venue("binance"): "@aggTrade",
    Venue("bybit"): "publicTrade",
    Venue("okx"): "trades",
    Venue("hyperliquid"): "trades",
    Venue("deribit"): "trades.",
}
UNNUMBERED = frozenset({Venue("bybit"), Venue("hyperliquid")})
"""Venues that number neither trades nor their messages: a lost one cannot be noticed there (README: Trades)."""

PATIENCE_S = 30.0
CALM_S = 0.6
TRIES = 5

Strike = Callable[[Server, Venue], Awaitable[float]]
"""Lets a fault begin; returns how many seconds the venue is out of reach whatever we do."""


def once(kind: FaultKind, count: int = 1, duration_s: float = 5.0, lasts_s: float = 0.0) -> Strike:
    """The fault alone."""

    async def strike(server: Server, venue: Venue) -> float:
        server.inject(Fault(kind=kind, venue=venue, count=count, duration_s=duration_s))
        return lasts_s

    return strike


def on_topics(kind: FaultKind, count: int) -> Strike:
    """The fault on books and on trades."""

    async def strike(server: Server, venue: Venue) -> float:
        for topics in (BOOK_TOPICS, TRADE_TOPICS):
            server.inject(Fault(kind=kind, venue=venue, topic=topics[venue], count=count))
        return 0.0

    return strike


def stall(topics: dict[Venue, str] | None = None) -> Strike:
    """No data on the sockets that are open, for good; pings are answered."""

    async def strike(server: Server, venue: Venue) -> float:
        topic = topics[venue] if topics is not None else ""
        for record in server.journal.records:
            if record.venue == venue and not record.closed_ns:
                number = record.number
                server.inject(
                    Fault(kind=FaultKind.STALL, venue=venue, connection=number, topic=topic, duration_s=600.0)
                )
        return 0.0

    return strike


def and_drop(
    kind: FaultKind, duration_s: float, after_s: float = 0.0, status: int = 503, topics: dict[Venue, str] | None = None
) -> Strike:
    """The lines are cut while the fault lasts."""

    async def strike(server: Server, venue: Venue) -> float:
        topic = topics[venue] if topics is not None else ""
        server.inject(Fault(kind=kind, venue=venue, topic=topic, duration_s=duration_s, status=status))
        await asyncio.sleep(after_s)
        server.inject(Fault(kind=FaultKind.DROP, venue=venue))
        return duration_s - after_s if kind in (FaultKind.STALL, FaultKind.REFUSE) else 0.0

    return strike


FAULTS: dict[str, Strike] = {
    "drop": once(FaultKind.DROP),
    "stall with pongs only": stall(),
    "one book is silent": stall(BOOK_TOPICS),
    "trades never come": and_drop(FaultKind.STALL, 4.0, topics=TRADE_TOPICS),
    "half a frame": once(FaultKind.HALF_FRAME),
    "garbage": once(FaultKind.GARBAGE, count=7),
    "duplicate": once(FaultKind.DUPLICATE, count=8),
    "reordered": on_topics(FaultKind.REORDER, count=3),
    "gap": on_topics(FaultKind.GAP, count=2),
    "HTTP 429": and_drop(FaultKind.LIMIT, 1.2),
    "HTTP 418": and_drop(FaultKind.BAN, 1.2),
    "silent route": and_drop(FaultKind.STALL, 3.0),
    "old snapshot": and_drop(FaultKind.OLD_SNAPSHOT, 1.2, after_s=0.3),
    "maintenance": once(FaultKind.MAINTENANCE, duration_s=0.3, lasts_s=0.3),
    "refused sockets": and_drop(FaultKind.REFUSE, 1.0),
    "sockets refused for ever": and_drop(FaultKind.REFUSE, 1.0, status=451),
    "tick size": once(FaultKind.TICK_SIZE),
}
LOSING = frozenset(
    {"drop", "stall with pongs only", "half a frame", "silent route", "maintenance", "gap", "trades never come"}
)
"""Faults that keep trades from us."""

LASTING = frozenset({"tick size"})
"""Faults that change a market for good: some more of them, and its prices are none that the venue could write."""


@dataclass
class Cell:
    """What became of one venue under one fault."""

    venue: Venue
    fault: str
    recovery_s: float = 0.0
    not_live: list[str] = field(default_factory=list)
    wrong_books: list[str] = field(default_factory=list)
    trades: Trades = field(default_factory=Trades)
    losses: int = 0
    books_lost: int = 0
    filled: int = 0
    leaked: list[str] = field(default_factory=list)
    stopped: str = ""

    @property
    def unseen(self) -> bool:
        """Whether what is missing could not be noticed."""
        return self.fault in ("gap", "silent route", "trades never come") and self.venue in UNNUMBERED

    @property
    def wrong(self) -> list[str]:
        """Everything that is not as it should be."""
        trades = self.trades
        unmarked = trades.unexplained if self.unseen else trades.unmarked
        said = {
            self.stopped: bool(self.stopped),
            f"not live: {self.not_live}": bool(self.not_live),
            f"wrong books: {self.wrong_books}": bool(self.wrong_books),
            f"too much at {trades.phantoms} places": bool(trades.phantoms),
            f"too little at {unmarked} places without a mark": bool(unmarked),
            "sums differ": not trades.sums_agree and not self.unseen,
            "nothing was marked or fetched": self.fault in LOSING and not self.unseen and not self.losses,
            f"tasks left: {self.leaked}": bool(self.leaked),
        }
        return [text for text, holds in said.items() if holds]

    @property
    def outcome(self) -> str:
        """A few words for the table."""
        if self.wrong:
            return "WRONG"
        counts = {"books": self.books_lost, "marks": self.losses, "filled": self.filled, "unseen": self.trades.unmarked}
        parts = [f"{count} {word}" for word, count in counts.items() if count]
        return ", ".join(parts) or "unharmed"


async def round_of(server: Server, clock: Brake, fault: str, repeats: int = 1, calm_s: float = CALM_S) -> list[Cell]:
    """One fault on all venues at once, in a session of its own."""
    cells = {venue: Cell(venue, fault) for venue in VENUES}
    desk = Desk(server, clock, ["BTC"], spans=SPANS, silence=SILENCE)
    async with desk:
        await desk.until_live()
        await desk.until_traded()
        for _ in range(1 if fault in LASTING else repeats):
            await asyncio.gather(*(_strike(desk, cell, calm_s) for cell in cells.values()))
        await _compare(desk, cells)
        server.faults.clear()
    stopped = desk.failure()
    leaked = await desk.leaked()
    for cell in cells.values():
        cell.leaked, cell.stopped = leaked, stopped
    return list(cells.values())


async def _strike(desk: Desk, cell: Cell, calm_s: float) -> None:
    """Strike and wait until the venue has been live for a while; the last moment when it was not is the recovery."""
    loop, venue = asyncio.get_running_loop(), cell.venue
    struck = loop.time()
    lasts_s = await FAULTS[cell.fault](desk.server, venue)
    struck_ns = desk.clock.now_ns() + int((lasts_s + 0.05) * SECOND)
    bad = loop.time()
    while loop.time() - bad < calm_s and loop.time() - struck < PATIENCE_S:
        await asyncio.sleep(0.02)
        if not desk.is_live(venue, struck_ns):
            bad = loop.time()
    cell.recovery_s = max(cell.recovery_s, bad - struck)


async def _compare(desk: Desk, cells: dict[Venue, Cell]) -> None:
    """Hold everything against the truth while the clock stands; it may take a few tries."""
    loop = asyncio.get_running_loop()
    began, unlike = loop.time(), set(cells)
    for left in reversed(range(TRIES)):
        await desk.clock.stop()
        await desk.settle()
        for venue in sorted(unlike):
            _fill_in(desk, cells[venue])
            if not cells[venue].wrong:
                unlike.remove(venue)
            elif cells[venue].wrong_books:
                cells[venue].recovery_s += loop.time() - began
        desk.clock.go()
        if not unlike or not left:
            return
        began = loop.time()
        await asyncio.sleep(0.7)


def _fill_in(desk: Desk, cell: Cell) -> None:
    venue, noted = cell.venue, desk.noted[cell.venue]
    cell.not_live, cell.wrong_books = desk.not_live(venue), desk.wrong_books(venue)
    cell.trades = desk.trades(venue, noticed_only=cell.fault in ("gap", "reordered"))
    cell.losses, cell.books_lost = noted.events["TradesLost"], noted.events["BookLost"]
    cell.filled = noted.filled


async def lane(faults: Sequence[str], seed: int, repeats: int = 1, calm_s: float = CALM_S) -> list[Cell]:
    """Some faults one after the other on a server of their own."""
    clock = Brake()
    async with await world(clock, ["BTC"], seed) as server:
        return [cell for fault in faults for cell in await round_of(server, clock, fault, repeats, calm_s)]


def matrix(lanes: int, repeats: int = 1, calm_s: float = CALM_S) -> list[Cell]:
    """All faults, `lanes` servers side by side; those that change a market for good come last in theirs."""
    names = list(FAULTS)

    def run(at: int) -> list[Cell]:
        return asyncio.run(lane(names[at::lanes], 5 + at, repeats, calm_s))

    with ThreadPoolExecutor(lanes) as threads:
        return [cell for cells in threads.map(run, range(lanes)) for cell in cells]


def table(cells: Sequence[Cell]) -> str:
    """Venue x fault: outcome and seconds until all was live again."""
    by = {(cell.fault, cell.venue): cell for cell in cells}
    width = 34
    lines = ["fault".ljust(24) + "".join(venue.ljust(width) for venue in VENUES)]
    for fault in FAULTS:
        row = [by.get((fault, venue)) for venue in VENUES]
        texts = [f"{cell.recovery_s:4.1f} s {cell.outcome}" if cell is not None else "-" for cell in row]
        lines.append((fault.ljust(24) + "".join(text.ljust(width) for text in texts)).rstrip())
    return "\n".join(lines)
