"""Silence is judged by data: of a connection, of a book, and of trades against their usual pace."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest

from feeds.model.events import BookSnapshot, MarketStatus, Side, Trade, TradesLive
from feeds.model.frame import open_frame
from feeds.model.instrument import Venue
from tests.feeds.venues.binance.wire import BTC, spec
from workstation.session.core import Core
from workstation.session.watchdog import DEFAULT_LIMITS, Watchdog

SECOND = 1_000_000_000
T0 = 1_790_000_000 * SECOND


class Line:
    """One open connection and its core, on a clock of whole seconds."""

    def __init__(self) -> None:
        self.core, self.dog, self.now_ns, self.number = Core(), Watchdog(), T0, 0
        described = spec(BTC)
        self.name = described.name
        self.keepers: dict[str, Any] = {
            self.name: SimpleNamespace(spec=SimpleNamespace(url="ws://x", markets=(BTC,)), is_open=True, opened_ns=T0)
        }
        self.core.consume([open_frame(described, T0)])
        self.take(TradesLive(BTC, T0))

    def take(self, event: Any) -> None:
        admitted = self.core.feed.deduplicator.admit(self.name, event)
        if admitted is not None:
            self.core.engine.apply(admitted)
        self.core.feed.last_data_ns[self.name] = self.now_ns

    def trade(self) -> None:
        self.number += 1
        self.take(Trade(BTC, self.now_ns, self.now_ns, 1000, 100.0, 1.0, 100.0, Side.BUY, self.number))

    def book(self) -> None:
        self.take(BookSnapshot(BTC, self.now_ns, self.now_ns, [(999, 1.0)], [(1001, 1.0)]))

    def second(self, *told: str) -> list[str]:
        self.now_ns += SECOND
        for what in told:
            getattr(self, what)()
        return [reason for _, reason in self.dog.silent(self.keepers, self.core, self.now_ns)]

    def seconds(self, count: int, *told: str, every: int = 1) -> list[str]:
        return [reason for at in range(count) for reason in self.second(*(told if at % every == 0 else ("book",)))]


def test_data_of_any_kind_keeps_a_connection_and_its_absence_ends_it() -> None:
    line = Line()
    assert line.seconds(300, "trade", "book") == []
    line.now_ns += DEFAULT_LIMITS.connection_ns + SECOND
    (reason,) = line.dog.silent(line.keepers, line.core, line.now_ns)
    assert reason == (line.name, "no data for 21 s")


def test_a_book_that_is_silent_among_others() -> None:
    line = Line()
    line.seconds(5, "trade", "book")
    assert line.seconds(DEFAULT_LIMITS.book_ns // SECOND, "trade") == []
    assert line.second("trade") == ["the book of BTCUSDT is silent"]


@pytest.mark.parametrize("every", [1, 3])
def test_trades_that_stop_are_missed_after_many_of_their_usual_pauses_and_once(every: int) -> None:
    line = Line()
    assert line.seconds(every * (DEFAULT_LIMITS.paced + 25), "trade", "book", every=every) == []
    patience = max(DEFAULT_LIMITS.trades_ns // SECOND, int(DEFAULT_LIMITS.patience * every)) - every
    assert line.seconds(patience, "book") == []
    assert line.seconds(2 * every, "book") == ["the trades of BTCUSDT have stopped"]
    assert line.seconds(600, "book") == []  # what is usual is learned anew


def test_a_quiet_market_may_be_quiet() -> None:
    line = Line()
    line.seconds(DEFAULT_LIMITS.paced - 1, "trade", "book")
    assert line.seconds(3_600, "book") == []


def test_a_halted_market_may_be_silent() -> None:
    line = Line()
    line.seconds(DEFAULT_LIMITS.paced * 2, "trade", "book")
    line.take(MarketStatus(BTC, line.now_ns, False, "BREAK"))
    for _ in range(300):
        line.now_ns += SECOND
        line.core.feed.last_data_ns[line.name] = line.now_ns
        assert list(line.dog.silent(line.keepers, line.core, line.now_ns)) == []
    assert BTC.venue == Venue("binance")
