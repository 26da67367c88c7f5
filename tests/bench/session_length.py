"""What a long session costs: each tick and each frame after 4,000,000 trades beside the same after 18,000.

A simulated day of five markets. A tick is one trade applied while every view is kept up to date; a frame asks for the
views as the panes do, with two trades and a book message between two frames; once a second open interest moves and
somebody is liquidated. Times are medians of processor time; the ratio is of their sums, and per view in the note.
Resident memory is that of the process at the end, less what it had before. Run: `python -m tests.bench.session_length`.
"""

from __future__ import annotations

import gc
import statistics
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import numpy as np

from feeds.model.events import BookDelta, BookSnapshot, Liquidation, MarkPrice, OpenInterest, Side, Trade, TradesLive
from feeds.model.instrument import Instrument, MarketKind, Venue
from tests.bench.metric import Metric
from tests.workstation.analytics.market_events import DAY, START, market
from workstation.analytics.engine import Engine
from workstation.analytics.state.limits import DEFAULT_LIMITS, Limits
from workstation.process.gc_thresholds import raise_gc_thresholds
from workstation.readmodels.flow.big_trades import BigTradesRequest
from workstation.readmodels.flow.cvd import CvdRequest
from workstation.readmodels.flow.footprint import AbsorptionRule, FootprintRequest, FootprintRules
from workstation.readmodels.flow.ladder import LadderRequest
from workstation.readmodels.flow.profile import ProfileRequest
from workstation.readmodels.flow.tape import TapeRequest
from workstation.readmodels.markets import MarketFilter
from workstation.readmodels.request import Request, View

EARLY, LATE = 18_000, 4_000_000
SPAN_NS = DAY * 23 // 24
FRAMES, TRADES_A_FRAME, LOOK_EVERY = 300, 2, 2_000
INTEREST_EVERY = 50  # trades
TICKS, TICK_ROUNDS = 100, 20
PRICE = 60_000.0
MARKETS = (
    market(Venue("binance")),
    market(Venue("bybit")),
    market(Venue("okx")),
    market(Venue("hyperliquid"), tick="1"),
    market(Venue("binance"), MarketKind.SPOT, tick="0.01"),
)
VIEWS: dict[str, Request[View]] = {
    "footprint": FootprintRequest("BTC", rules=FootprintRules(absorption=AbsorptionRule())),
    "cvd": CvdRequest("BTC"),
    "ladder": LadderRequest("BTC"),
    "tape": TapeRequest("BTC"),
    "big trades": BigTradesRequest("BTC", start_ns=START, end_ns=START + 2 * DAY),
    "session profile": ProfileRequest("BTC", MarketFilter(), 10.0, START, START + DAY),
}


@dataclass(frozen=True, slots=True)
class Cost:
    """Microseconds of one tick and of one frame by view."""

    tick_us: float
    frame_us: dict[str, float]

    @property
    def frame(self) -> float:
        """All views of one frame."""
        return sum(self.frame_us.values())


class Session:
    """An engine fed a simulated day: a walk of the price, sizes with a long tail, a book around the price."""

    def __init__(self, limits: Limits = DEFAULT_LIMITS, trades: int = LATE, span_ns: int = SPAN_NS) -> None:
        self.engine = Engine(limits)
        self.count = 0
        self._step_ns = span_ns // trades
        self._rng = np.random.default_rng(7)
        self._price = PRICE
        self._events = self._trades()
        for instrument in MARKETS:
            self.engine.apply(TradesLive(instrument, START))
            self.engine.apply(MarkPrice(instrument, START, START, PRICE))
            self.engine.apply(_book(instrument, START))

    def run_to(self, count: int) -> None:
        """Apply trades until `count` were applied, looking at all views now and then as a window does."""
        apply, events = self.engine.apply, self._events
        while self.count < count:
            self.count += 1
            apply(next(events))
            if self.count % INTEREST_EVERY == 0:
                self._move_interest()
            if self.count % LOOK_EVERY == 0:
                self.look()

    def move_book(self) -> None:
        """Apply one book message."""
        ts_ns, instrument = self._now()
        middle = instrument.ticks_from_price(PRICE)
        levels = [(middle - 1 - at, 1.0 + at) for at in range(5)]
        self.engine.apply(BookDelta(instrument, ts_ns, ts_ns, levels, []))

    def _move_interest(self) -> None:
        ts_ns, instrument = self._now()
        self.engine.apply(OpenInterest(instrument, ts_ns, ts_ns, 1_000.0 + self.count % 17))
        self.engine.apply(Liquidation(instrument, ts_ns, ts_ns, PRICE, 1.0, PRICE, Side.SELL))

    def _now(self) -> tuple[int, Instrument]:
        return START + self.count * self._step_ns, MARKETS[self.count // INTEREST_EVERY % len(MARKETS)]

    def look(self) -> None:
        """Ask for every view."""
        for request in VIEWS.values():
            self.engine.revision(request)
            self.engine.view(request)

    def _trades(self) -> Iterator[Trade]:
        steps = [float(instrument.tick) for instrument in MARKETS]
        at, count = 0, 8_192
        while True:
            path = self._price + np.cumsum(self._rng.normal(0, 0.4, count))
            place = self._rng.integers(0, len(MARKETS), count)
            ticks = np.rint(path / np.array(steps)[place]).astype(np.int64)
            size = np.exp(self._rng.normal(-4, 2, count)) + 0.001
            buys = self._rng.integers(0, 2, count)
            columns = (ticks.tolist(), size.tolist(), place.tolist(), buys.tolist())
            for tick, volume, which, buy in zip(*columns, strict=True):
                at += 1
                ts_ns, price = START + at * self._step_ns, tick * steps[which]
                side = Side.BUY if buy else Side.SELL
                yield Trade(MARKETS[which], ts_ns, ts_ns, tick, price, volume, volume * price, side, at)
            self._price = float(path[-1]) - (float(path[-1]) - PRICE) * 0.01


def measure() -> dict[str, Metric]:
    """`session_length_time_ratio`: the dearer of tick and frame, late to early; `session_length_rss_mb`: memory."""
    raise_gc_thresholds()  # as the program does
    before_mb = resident_mb()
    session = Session()
    session.run_to(LATE)
    grown_mb = resident_mb() - before_mb
    young = Session()
    young.run_to(EARLY)
    late, early = costs((session, young))
    ratios = {name: late.frame_us[name] / early.frame_us[name] for name in VIEWS}
    tick, frame = late.tick_us / early.tick_us, late.frame / early.frame
    note = f"tick {tick:.2f}, frame {frame:.2f}: " + ", ".join(f"{name} {ratio:.2f}" for name, ratio in ratios.items())
    return {
        "session_length_time_ratio": Metric(max(tick, frame), "x time", 1.0, max(tick, frame), note),
        "session_length_tick_us": Metric(late.tick_us, "us", early.tick_us, tick),
        "session_length_frame_us": Metric(late.frame, "us", early.frame, frame),
        "session_length_rss_mb": Metric(grown_mb, "MB", note=f"{LATE:,} trades, all views kept; the trades are 136"),
    }


def costs(sessions: Sequence[Session]) -> list[Cost]:
    """Ticks and frames of several sessions, by turns, so that a slow spell of the machine hits all of them."""
    ticks: list[list[float]] = [[] for _ in sessions]
    frames: list[dict[str, list[float]]] = [{name: [] for name in VIEWS} for _ in sessions]
    for session in sessions:
        session.look()
    gc.collect()
    for _ in range(TICK_ROUNDS):
        for times, session in zip(ticks, sessions, strict=True):
            times.append(_timed(partial(session.run_to, session.count + TICKS)) / TICKS)
    for _ in range(FRAMES):
        for by_view, session in zip(frames, sessions, strict=True):
            session.run_to(session.count + TRADES_A_FRAME)
            session.move_book()
            for name, request in VIEWS.items():
                by_view[name].append(_timed(partial(session.engine.view, request)))
    return [
        Cost(statistics.median(times), {name: statistics.median(found) for name, found in by_view.items()})
        for times, by_view in zip(ticks, frames, strict=True)
    ]


def resident_mb() -> float:
    """Resident memory of this process."""
    pages = int(Path("/proc/self/statm").read_text().split()[1])
    return pages * 4_096 / 1e6


def _timed(work: Callable[[], object]) -> float:
    began = time.thread_time_ns()
    work()
    return (time.thread_time_ns() - began) / 1e3


def _book(instrument: Instrument, ts_ns: int) -> BookSnapshot:
    middle = instrument.ticks_from_price(PRICE)
    bids = [(middle - 1 - at, 1.0) for at in range(400)]
    asks = [(middle + at, 1.0) for at in range(400)]
    return BookSnapshot(instrument, ts_ns, ts_ns, bids, asks)


if __name__ == "__main__":
    for name, metric in measure().items():
        print(metric.line(name))
