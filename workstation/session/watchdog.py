"""Which open connections are dead although their sockets live. Only data counts, not acknowledgements or pongs.

Three ages count: that of the last data of a connection as a whole, that of each book it carries, and that of each
market's trades against their usual pace, because a venue may stop one stream and keep the others (a wrong route, a
forgotten subscription). A connection without a socket only polls, and reopening it would change nothing.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from feeds.model.instrument import InstrumentId
from feeds.model.source import Connection
from workstation.analytics.state.market import Market
from workstation.session.core import Core


@dataclass(frozen=True, slots=True)
class WatchdogLimits:
    """How often to look, and after which silence a connection, a book and trades are dead.

    Trades must come within `patience` times the usual pause, known after `paced` pauses, and may always be silent for
    `trades_ns`: of independent trades one pause in 10^13 is longer than 30 usual ones.
    """

    every_ns: int = 1_000_000_000
    connection_ns: int = 20_000_000_000
    book_ns: int = 30_000_000_000
    trades_ns: int = 30_000_000_000
    paced: int = 60
    patience: float = 30.0


DEFAULT_LIMITS = WatchdogLimits()


class _Pace:
    """The usual time between two looks that found new trades of a market."""

    def __init__(self, limits: WatchdogLimits) -> None:
        self.last_ns = 0
        self._limits = limits
        self._mean_ns = 0.0
        self._count = 0

    def look(self, last_trade_ns: int) -> None:
        """Take in the receive time of the newest trade."""
        if last_trade_ns <= self.last_ns:
            return
        if self.last_ns:
            self._count += 1
            self._mean_ns += (last_trade_ns - self.last_ns - self._mean_ns) / min(self._count, self._limits.paced)
        self.last_ns = last_trade_ns

    @property
    def is_known(self) -> bool:
        """Whether enough pauses were seen."""
        return self._count >= self._limits.paced

    def is_broken(self, quiet_ns: int) -> bool:
        """Whether this is far longer than usual, where it is known what is usual."""
        return self.is_known and quiet_ns > max(self._limits.trades_ns, self._limits.patience * self._mean_ns)


class Watchdog:
    """Asked every `limits.every_ns`."""

    def __init__(self, limits: WatchdogLimits = DEFAULT_LIMITS) -> None:
        self.limits = limits
        self._paces: dict[InstrumentId, _Pace] = {}

    @property
    def paced(self) -> frozenset[InstrumentId]:
        """Markets of which the usual pause between trades is known."""
        return frozenset(market for market, pace in self._paces.items() if pace.is_known)

    def silent(self, connections: Mapping[str, Connection], core: Core, now_ns: int) -> Iterator[tuple[str, str]]:
        """Open connections that should be reopened, each with the reason."""
        for name, keeper in connections.items():
            if not keeper.spec.url or not keeper.is_open or now_ns - keeper.opened_ns < self.limits.connection_ns:
                continue
            received_ns = max(core.feed.last_data_ns.get(name, 0), keeper.opened_ns)
            if now_ns - received_ns > self.limits.connection_ns:
                yield name, f"no data for {(now_ns - received_ns) / 1e9:.0f} s"
            elif (reason := self._silent_market(name, keeper, core, now_ns)) is not None:
                yield name, reason

    def _silent_market(self, name: str, keeper: Connection, core: Core, now_ns: int) -> str | None:
        """A book or trades that stopped; a market that the venue has halted may be silent."""
        deduplicator = core.feed.deduplicator
        for instrument in keeper.spec.markets:
            market = core.engine.market(instrument.id)
            if market is None or market.halted:
                continue
            if (
                deduplicator.book_connection(instrument.id) == name
                and now_ns - max(market.last_book_ns, keeper.opened_ns) > self.limits.book_ns
            ):
                return f"the book of {instrument.symbol} is silent"
            if deduplicator.receives_trades(name, instrument.id) and self._stopped(market, keeper.opened_ns, now_ns):
                return f"the trades of {instrument.symbol} have stopped"
        return None

    def _stopped(self, market: Market, opened_ns: int, now_ns: int) -> bool:
        """Whether trades are missing for far longer than usual; True once, then the usual pace is measured again."""
        pace = self._paces.setdefault(market.instrument.id, _Pace(self.limits))
        pace.look(market.last_trade_ns)
        if not pace.is_broken(now_ns - max(pace.last_ns, opened_ns)):
            return False
        del self._paces[market.instrument.id]
        return True
