"""What each connection was told: the trades handed to its socket, and those that a fault or its end kept from it.

What is lost certainly never arrived; what is told may still be unread in a socket that its owner closed. So a client's
sums can be held against the market's ledger minus what nobody told it: `Journal.untold` lists those trades, `traded`
sums any ranges of them. Answers to requests (backfill) and what a venue replays in reply to a subscription do not count
as told.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterable, Sequence

from feeds.model.instrument import Venue
from feeds.simulator.market.ledger import Ledger
from feeds.simulator.market.simulated import Listed

Range = tuple[int, int]


class Ranges:
    """Sorted ranges of whole numbers, both ends included, with nothing between two of them touching."""

    def __init__(self, rows: Iterable[Range] = ()) -> None:
        self.rows: list[Range] = []
        for first, last in rows:
            self.add(first, last)

    def add(self, first: int, last: int) -> None:
        """Take in a range; it may overlap."""
        rows = self.rows
        if not rows or first > rows[-1][1] + 1:
            rows.append((first, last))
            return
        start = bisect_left(rows, first - 1, key=lambda row: row[1])
        end = start
        while end < len(rows) and rows[end][0] <= last + 1:
            first, last = min(first, rows[end][0]), max(last, rows[end][1])
            end += 1
        rows[start:end] = [(first, last)]

    def missing(self, first: int, last: int) -> list[Range]:
        """What of [first, last] is in no range."""
        holes, at = [], first
        for start, end in self.rows:
            if start > last:
                break
            if start > at:
                holes.append((at, start - 1))
            at = max(at, end + 1)
        return [*holes, (at, last)] if at <= last else holes


class Record:
    """One connection. `told` and `lost` are trade ids by market index and topic; `code` is how it was closed."""

    def __init__(self, number: int, venue: Venue, path: str, opened_ns: int) -> None:
        self.number = number
        self.venue = venue
        self.path = path
        self.opened_ns = opened_ns
        self.closed_ns = 0
        self.code = 0
        self.told: dict[tuple[int, str], Ranges] = {}
        self.lost: dict[tuple[int, str], Ranges] = {}

    def tell(self, topic: str, trades: tuple[int, int, int]) -> None:
        """Trades were handed to the socket."""
        _note(self.told, topic, trades)

    def lose(self, topic: str, trades: tuple[int, int, int]) -> None:
        """Trades were kept from the client."""
        _note(self.lost, topic, trades)


def _note(into: dict[tuple[int, str], Ranges], topic: str, trades: tuple[int, int, int]) -> None:
    market, first, last = trades
    into.setdefault((market, topic), Ranges()).add(first, last)


class Journal:
    """All connections since the start, the last `kept` of them."""

    def __init__(self, markets: Sequence[Listed], kept: int = 2_000) -> None:
        self._markets = markets
        self._kept = kept
        self._opened = 0
        self.records: list[Record] = []

    def open(self, venue: Venue, path: str, now_ns: int) -> Record:
        """Begin the record of a new connection; numbers begin at 1."""
        self._opened += 1
        record = Record(self._opened, venue, path, now_ns)
        self.records.append(record)
        del self.records[: -self._kept]
        return record

    def told(self, market: Listed) -> Ranges:
        """The trades of a market that some connection was told, on whatever stream."""
        every = (item for record in self.records for item in record.told.items())
        return Ranges(sorted(row for (index, _), told in every if index == market.index for row in told.rows))

    def untold(self, market: Listed, first: int | None = None, last: int | None = None) -> list[Range]:
        """The trades that no connection was told, since live trading began or from `first` on, up to `last` or now."""
        if first is None:
            first = market.opening.last_trade_id + 1 if market.opening else market.spec.first_trade_id
        return self.told(market).missing(first, last or market.tape.ledger.last_trade_id)

    def view(self, record: Record) -> dict[str, object]:
        """One connection of `/simulator/connections`."""
        return {
            "connection": record.number, "venue": record.venue, "path": record.path,
            "opened_ms": record.opened_ns // 1_000_000, "closed_ms": record.closed_ns // 1_000_000 or None,
            "code": record.code or None, "told": self._by_market(record.told), "lost": self._by_market(record.lost),
        }  # fmt: skip

    def _by_market(self, noted: dict[tuple[int, str], Ranges]) -> dict[str, dict[str, list[Range]]]:
        out: dict[str, dict[str, list[Range]]] = {}
        for (index, topic), ranges in noted.items():
            out.setdefault(self._markets[index].spec.instrument.id, {})[topic] = ranges.rows
        return out


def traded(market: Listed, ranges: Iterable[Range]) -> Ledger:
    """The sums of some trades, as far as the tape still remembers them (the last 20,000; 1,000 of a light market)."""
    total: Ledger | None = None
    for first, last in ranges:
        total = total or Ledger(first, first - 1, 0)
        for fill in market.tape.trades.since(first, last - first + 1):
            total.add(market.spec, fill.price, fill.lots, fill.aggressor)
        total.last_trade_id = last
    return total or Ledger(0, -1, 0)
