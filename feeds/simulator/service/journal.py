"""Which trades each connection received, and which it lost to a fault or to its own end.

A lost trade certainly never arrived; a delivered one was written to the socket, but the client may have closed before
reading it. A client's sums should equal the market's ledger minus the undelivered trades: `Journal.undelivered` lists
them, `traded` sums ranges of them. Answers to requests (backfill) and trades replayed on subscription do not count.
"""

from bisect import bisect_left
from collections.abc import Iterable, Sequence

from feeds.model.instrument import Venue
from feeds.simulator.market.ledger import Ledger
from feeds.simulator.market.simulated import SimulatedMarket

Range = tuple[int, int]


class Ranges:
    """Sorted ranges of whole numbers, both ends included, with nothing between two of them touching."""

    def __init__(self, rows: Iterable[Range] = ()) -> None:
        self.rows: list[Range] = []
        for first, last in rows:
            self.add(first, last)

    def add(self, first: int, last: int) -> None:
        """Merge in a range; it may overlap others."""
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
        """The parts of [first, last] that no range covers."""
        holes, at = [], first
        for start, end in self.rows:
            if start > last:
                break
            if start > at:
                holes.append((at, start - 1))
            at = max(at, end + 1)
        return [*holes, (at, last)] if at <= last else holes


class Record:
    """One connection. `delivered` and `lost` are trade ids by (market index, topic); `code` is the close code."""

    def __init__(self, number: int, venue: Venue, path: str, opened_ns: int) -> None:
        self.number = number
        self.venue = venue
        self.path = path
        self.opened_ns = opened_ns
        self.closed_ns = 0
        self.code = 0
        self.delivered: dict[tuple[int, str], Ranges] = {}
        self.lost: dict[tuple[int, str], Ranges] = {}

    def add_delivered(self, topic: str, trades: tuple[int, int, int]) -> None:
        """Record trades written to the socket; `trades` as in `Message`."""
        _note(self.delivered, topic, trades)

    def add_lost(self, topic: str, trades: tuple[int, int, int]) -> None:
        """Record trades that will never reach the client; `trades` as in `Message`."""
        _note(self.lost, topic, trades)


def _note(into: dict[tuple[int, str], Ranges], topic: str, trades: tuple[int, int, int]) -> None:
    market, first, last = trades
    into.setdefault((market, topic), Ranges()).add(first, last)


class Journal:
    """The last `capacity` connections."""

    def __init__(self, markets: Sequence[SimulatedMarket], capacity: int = 2_000) -> None:
        self._markets = markets
        self._capacity = capacity
        self._opened = 0
        self.records: list[Record] = []

    def open(self, venue: Venue, path: str, now_ns: int) -> Record:
        """Start the record of a new connection; numbers begin at 1."""
        self._opened += 1
        record = Record(self._opened, venue, path, now_ns)
        self.records.append(record)
        del self.records[: -self._capacity]
        return record

    def delivered(self, market: SimulatedMarket) -> Ranges:
        """The trade ids of a market delivered to any connection on any stream."""
        every = (item for record in self.records for item in record.delivered.items())
        return Ranges(sorted(row for (index, _), delivered in every if index == market.index for row in delivered.rows))

    def undelivered(self, market: SimulatedMarket, first: int | None = None, last: int | None = None) -> list[Range]:
        """The trade ids in [first, last] delivered to no connection; by default since the start of live trading."""
        if first is None:
            first = market.opening.last_trade_id + 1 if market.opening else market.spec.first_trade_id
        return self.delivered(market).missing(first, last or market.tape.ledger.last_trade_id)

    def view(self, record: Record) -> dict[str, object]:
        """One connection of `/simulator/connections`."""
        return {
            "connection": record.number, "venue": record.venue, "path": record.path,
            "opened_ms": record.opened_ns // 1_000_000, "closed_ms": record.closed_ns // 1_000_000 or None,
            "code": record.code or None,
            "delivered": self._by_market(record.delivered), "lost": self._by_market(record.lost),
        }  # fmt: skip

    def _by_market(self, noted: dict[tuple[int, str], Ranges]) -> dict[str, dict[str, list[Range]]]:
        out: dict[str, dict[str, list[Range]]] = {}
        for (index, topic), ranges in noted.items():
            out.setdefault(self._markets[index].spec.instrument.id, {})[topic] = ranges.rows
        return out


def traded(market: SimulatedMarket, ranges: Iterable[Range]) -> Ledger:
    """Sum ranges of trades, as far as the tape retains them (the last 20,000; 1,000 of an altcoin market)."""
    total: Ledger | None = None
    for first, last in ranges:
        total = total or Ledger(first, first - 1, 0)
        for fill in market.tape.trades.since(first, last - first + 1):
            total.add(market.spec, fill.price, fill.lots, fill.aggressor)
        total.last_trade_id = last
    return total or Ledger(0, -1, 0)
