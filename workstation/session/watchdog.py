"""Which open connections are dead although their sockets live. Only data counts, not acknowledgements or pongs.

Each stream of a market is judged by its own data from the subscription on, because a venue may stop one stream, or
never begin it, and send the others (a wrong route, a forgotten subscription); a connection as a whole is judged by all
its data. How long silence may last follows the own pace of each. A connection without a socket only polls, and
reopening it would change nothing.
"""

import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from feeds.model.frame import CONTEXT, UNIVERSE, ConnectionSpec
from feeds.model.instrument import Instrument, InstrumentId
from feeds.model.source import Connection
from feeds.pipeline.freshness import FreshnessLimits, Pace, Stream, StreamWatch, Times
from feeds.venues.registry import streams_of
from workstation.analytics.state.candles import MINUTE_NS
from workstation.analytics.state.market import Market
from workstation.replay.core import Core

_NONE_YET = {
    Stream.TRADES: "no trades of {} came",
    Stream.BOOK: "no book of {} came",
    Stream.QUOTES: "no best prices of {} came",
    Stream.MARKS: "no mark prices of {} came",
    Stream.LIQUIDATIONS: "no liquidations of {} came",
}
_STOPPED = {
    Stream.TRADES: "the trades of {} have stopped",
    Stream.BOOK: "the book of {} is silent",
    Stream.QUOTES: "the best prices of {} have stopped",
    Stream.MARKS: "the mark prices of {} have stopped",
    Stream.LIQUIDATIONS: "the liquidations of {} have stopped",
}


@dataclass(frozen=True, slots=True)
class WatchdogLimits:
    """How often to look, and which silence of a connection, of books and prices, and of trades is always allowed.

    A stream may be silent for `patience` times its usual pause, known after `paced` pauses; a connection for 20 times
    the usual pause between any two data.
    """

    every_ns: int = 1_000_000_000
    connection_ns: int = 20_000_000_000
    book_ns: int = 25_000_000_000
    trades_ns: int = 25_000_000_000
    paced: int = 60
    patience: float = 24.0

    def of_stream(self, stream: Stream) -> FreshnessLimits:
        is_rare = stream in (Stream.TRADES, Stream.LIQUIDATIONS)
        return FreshnessLimits(self.trades_ns if is_rare else self.book_ns, self.paced, self.patience)

    def of_connection(self) -> FreshnessLimits:
        return FreshnessLimits(self.connection_ns, 5, 20.0)


DEFAULT_LIMITS = WatchdogLimits()


class _Life:
    """What is watched of a connection since it opened. It is reported once at most."""

    def __init__(self, opened_ns: int) -> None:
        self.opened_ns = opened_ns
        self.watches: dict[tuple[Instrument, Stream], StreamWatch] = {}
        self.is_reported = False


class Watchdog:
    """Asked every `limits.every_ns`."""

    def __init__(self, limits: WatchdogLimits = DEFAULT_LIMITS) -> None:
        self.limits = limits
        self._paces: dict[tuple[InstrumentId, Stream], Pace] = {}
        self._connections: dict[str, Pace] = {}
        self._lives: dict[str, _Life] = {}

    @property
    def paced(self) -> frozenset[InstrumentId]:
        """Markets of which the usual pause between trades is known."""
        return frozenset(
            market for (market, one), pace in self._paces.items() if one is Stream.TRADES and pace.is_known
        )

    def silent(self, connections: Mapping[str, Connection], core: Core, now_ns: int) -> Iterator[tuple[str, str]]:
        """Open connections that should be reopened, each with the reason, once in a life."""
        for name in self._lives.keys() - connections.keys():
            del self._lives[name]
            self._connections.pop(name, None)
        for name, keeper in connections.items():
            if not keeper.spec.url or not keeper.is_open:
                continue
            life = self._lives.get(name)
            if life is None or life.opened_ns != keeper.opened_ns:
                life = self._lives[name] = _Life(keeper.opened_ns)
            self._look(life, keeper.spec, core)
            reason = "" if life.is_reported else self._silence(name, life, core, now_ns)
            if reason:
                life.is_reported = True
                yield name, reason

    def _look(self, life: _Life, spec: ConnectionSpec, core: Core) -> None:
        """Apply the times of the newest data of every stream."""
        for instrument, stream in _carried(spec):
            watch = life.watches.get((instrument, stream))
            if watch is None:
                limits = self.limits.of_stream(stream)
                pace = self._paces.setdefault((instrument.id, stream), Pace(limits))
                watch = life.watches[instrument, stream] = StreamWatch(stream, pace, life.opened_ns, limits)
            watch.look(_times(core.engine.market(instrument.id)))

    def _silence(self, name: str, life: _Life, core: Core, now_ns: int) -> str:
        """Why a connection should be reopened; "" if it should not."""
        limits = self.limits.of_connection()
        pace = self._connections.setdefault(name, Pace(limits))
        pace.look(core.feed.last_data_ns.get(name, 0), life.opened_ns)
        allowed_ns = pace.usual_ns() if pace.last_ns > life.opened_ns else limits.silence_ns
        quiet_ns = now_ns - max(pace.last_ns, life.opened_ns)
        if quiet_ns > pace.stretched(allowed_ns):
            pace.tries += 1
            return f"no data for {quiet_ns / 1e9:.0f} s"
        for (instrument, stream), watch in life.watches.items():
            if watch.is_silent(now_ns) and _is_judged(name, instrument, stream, core):
                if (
                    stream is Stream.TRADES
                    and not watch.has_data
                    and self._is_quiet(instrument, now_ns - life.opened_ns, core)
                ):
                    continue
                watch.give_up()
                return (_STOPPED if watch.has_data else _NONE_YET)[stream].format(instrument.symbol)
        return ""

    def _is_quiet(self, instrument: Instrument, quiet_ns: int, core: Core) -> bool:
        """Whether the venue's own candles show a market that trades too rarely to miss its trades yet."""
        market = core.engine.market(instrument.id)
        share = market.candles.traded_share() if market is not None else None
        if share is None or share >= 1.0:
            return False
        pause_ns = -MINUTE_NS / math.log(1.0 - share) if share else math.inf
        return quiet_ns <= self.limits.patience * pause_ns


def awaited(keeper: Connection, core: Core) -> dict[Stream, list[str]]:
    """The symbols of which a connection has received nothing since it opened, by stream."""
    found: dict[Stream, list[str]] = {}
    for instrument, stream in _carried(keeper.spec):
        if _times(core.engine.market(instrument.id))[stream] < keeper.opened_ns:
            found.setdefault(stream, []).append(instrument.symbol)
    return found


def _carried(spec: ConnectionSpec) -> Iterator[tuple[Instrument, Stream]]:
    carried = streams_of(spec) if spec.route not in (UNIVERSE, CONTEXT) else ()
    for instrument in spec.markets:
        for stream in dict.fromkeys(one for one, symbol in carried if symbol in ("", instrument.symbol)):
            yield instrument, stream


def _is_judged(name: str, instrument: Instrument, stream: Stream, core: Core) -> bool:
    """Whether a connection owes a stream: the venue may have halted the market, or not have granted its trades.

    A book may come from another connection, or wait for a snapshot that is fetched.
    """
    market, deduplicator = core.engine.market(instrument.id), core.feed.deduplicator
    if market is not None and market.halted:
        return False
    if stream is Stream.TRADES:
        return deduplicator.receives_trades(name, instrument.id)
    if stream is Stream.BOOK:
        is_other = deduplicator.book_connection(instrument.id) not in (None, name)
        return not is_other and not core.feed.awaits_snapshot(name, instrument)
    return True


def _times(market: Market | None) -> Times:
    if market is None:
        return dict.fromkeys(Stream, 0)
    return {
        Stream.TRADES: market.last_trade_ns,
        Stream.BOOK: market.last_book_ns,
        Stream.QUOTES: market.quote.ts_recv_ns if market.quote is not None else 0,
        Stream.MARKS: market.last_mark_ns,
        Stream.LIQUIDATIONS: market.last_liquidation_ns,
    }
