"""What else a venue publishes of the markets in focus, by REST alone: candles, past funding, long and short accounts.

A connection of route `context` has no socket. It asks for candles and past funding once, and every five minutes for
what changes. Venues add their `Question`s, each a request and the reader of its answer.
"""

from collections.abc import Callable, Iterable, Iterator, Sequence
from functools import partial
from typing import NamedTuple

from feeds.model.events import Candle, Candles, Event, FundingHistory, OpenInterestHistory
from feeds.model.frame import CONTEXT, ConnectionSpec, Frame, FrameKind
from feeds.model.instrument import Instrument, MarketKind
from feeds.model.protocol import Fetch
from feeds.venues.shared.connections import connection
from feeds.venues.shared.polling import Job, Polls, every, once
from feeds.venues.shared.rows import LeaveOut
from feeds.venues.shared.universe import Events, UniverseProtocol

MINUTE_NS = 60_000_000_000
DAY_MS = 86_400_000
RATIO_S = 300.0
_STAGGER_S = 0.5
_FIRST_S = 2.0  # the books and the trades come first


class Answered(NamedTuple):
    """When an answer was received, by our clock and by the venue's (ns), and what reports a row that is left out."""

    now_ns: int
    venue_ns: int
    leave_out: LeaveOut


Read = Callable[[Instrument, bytes, Answered], Sequence[Event]]


class Question(NamedTuple):
    """One request about one market, repeated every so many seconds or asked once (0)."""

    instrument: Instrument
    fetch: Fetch
    read: Read
    every_s: float = 0.0


class Span(NamedTuple):
    """A page of candles: venue time in ms, the end excluded."""

    number: int
    start_ms: int
    end_ms: int

    @property
    def minutes(self) -> int:
        """How many candles of a minute it has."""
        return (self.end_ms - self.start_ms) // 60_000


Questions = Callable[[Instrument, Sequence[Span]], Iterable[Question]]


class ContextProtocol(UniverseProtocol):
    """One context connection. `ask` names a market's questions; `page` is how many candles the venue gives at once."""

    def __init__(self, spec: ConnectionSpec, ask: Questions, page: int) -> None:
        super().__init__(spec, ())
        self._ask = ask
        self._page = page
        self._read: dict[str, Callable[[bytes, Answered], Sequence[Event]]] = {}
        self._ahead_ns: int | None = None  # our clock minus the venue's, in whole minutes

    def _other(self, frame: Frame) -> Events:
        if frame.kind is FrameKind.OPEN:
            self._polls = Polls(self._jobs(frame.ts_recv_ns), at_once=4)
        return super()._other(frame)

    def _jobs(self, now_ns: int) -> Iterator[Job]:
        """Candles newest first and market by market, so that every chart soon has some."""
        spans = tuple(pages(now_ns, self._spec.candles_s, self._page))
        asked = [list(self._ask(market, spans)) for market in self._spec.markets]
        longest = max(map(len, asked), default=0)
        in_turn = (questions[at] for at in range(longest) for questions in asked if at < len(questions))
        for number, question in enumerate(in_turn):
            self._read[question.fetch.tag] = partial(question.read, question.instrument)
            after_s = _FIRST_S + number * _STAGGER_S
            yield (
                every(question.every_s, question.fetch, after_s) if question.every_s else once(question.fetch, after_s)
            )

    def _answer(self, topic: str, symbol: str, body: bytes, now_ns: int) -> Events:
        read = self._read.get(f"{topic}/{symbol}")
        if read is None:
            return ()
        events = read(body, Answered(now_ns, now_ns - (self._ahead_ns or 0), partial(self._leave_out, topic)))
        if topic == "candles" and symbol.endswith("/0"):
            self._measure_clock(events, now_ns)
        return events

    def _measure_clock(self, events: Sequence[Event], now_ns: int) -> None:
        """The newest candle of all markets is of the minute that runs at the venue."""
        for event in events:
            if isinstance(event, Candles):
                ahead_ns = (now_ns - event.rows[-1].start_ns) // MINUTE_NS * MINUTE_NS
                self._ahead_ns = ahead_ns if self._ahead_ns is None else min(self._ahead_ns, ahead_ns)


def context_spec(kind: MarketKind, markets: tuple[Instrument, ...], candles_s: int) -> tuple[ConnectionSpec, ...]:
    """The connection for some markets, if there are any and candles are wanted."""
    return (connection(markets, CONTEXT, candles_s=candles_s),) if markets and candles_s > 0 else ()


def pages(now_ns: int, candles_s: int, size: int) -> Iterator[Span]:
    """The minutes of the last `candles_s` in pages of `size`, newest first; the running minute is part of the first."""
    end_ms = (now_ns // MINUTE_NS + 1) * 60_000
    left, number = -(-candles_s // 60), 0
    while left > 0:
        start_ms = end_ms - min(left, size) * 60_000
        yield Span(number, start_ms, end_ms)
        end_ms, left, number = start_ms, left - size, number + 1


def ask_candles(market: Instrument, span: Span, path: str, read: Read, weight: int = 1, body: str = "") -> Question:
    return Question(market, Fetch(path, f"candles/{market.symbol}/{span.number}", weight, body), read)


def past_pages(end_ms: int, days: int, count: int) -> Iterator[Span]:
    """The last `count` pages of `days` days, newest first."""
    size_ms = days * DAY_MS
    for number in range(count):
        yield Span(number, end_ms - (number + 1) * size_ms, end_ms - number * size_ms)


def candle(
    instrument: Instrument,
    start_ms: int,
    prices: Iterable[float],
    volume: float,
    turnover: float | None = None,
    buy_volume: float | None = None,
) -> Candle:
    """One candle from the venue's open, high, low and close of a listed unit, and volumes in base coin and quote."""
    opened, high, low, close = (price / instrument.multiplier for price in prices)
    return Candle(start_ms * 1_000_000, opened, high, low, close, volume, turnover, buy_volume)


def candles(instrument: Instrument, rows: Iterable[Candle], now_ns: int) -> tuple[Candles, ...]:
    """Candles of a minute as one event, oldest first and without those that have no price; none for no rows."""
    ordered = tuple(sorted((row for row in rows if row.low > 0), key=lambda row: row.start_ns))
    return (Candles(instrument, now_ns, MINUTE_NS, ordered),) if ordered else ()


def interest_history(
    instrument: Instrument, rows: Iterable[tuple[int, float]], now_ns: int
) -> tuple[OpenInterestHistory, ...]:
    """Open interest (venue time in ms, base coin of one side) as one event, oldest first; none for no rows."""
    ordered = tuple(sorted((ts_ms * 1_000_000, size) for ts_ms, size in rows))
    return (OpenInterestHistory(instrument, now_ns, ordered),) if ordered else ()


def funding_history(
    instrument: Instrument, rows: Iterable[tuple[int, float]], now_ns: int
) -> tuple[FundingHistory, ...]:
    """Ended periods (end in ms, rate) as one event, oldest first; none for no rows."""
    ordered = tuple(sorted((ts_ms * 1_000_000, rate) for ts_ms, rate in rows))
    return (FundingHistory(instrument, now_ns, ordered),) if ordered else ()
