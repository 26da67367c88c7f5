"""A stream is judged at its own pace; where that is unknown, by what else its market publishes."""

from __future__ import annotations

import math

from hypothesis import given
from hypothesis import strategies as st

from feeds.pipeline.freshness import FreshnessLimits, Pace, Stream, StreamWatch

SECOND = 1_000_000_000
LIMITS = FreshnessLimits()


class Market:
    """Streams of one market on a clock of whole seconds, with the watch of one of them."""

    def __init__(self, watched: Stream) -> None:
        self.watched, self.now_ns, self.opened_ns = watched, 1_000 * SECOND, 1_000 * SECOND
        self.times = dict.fromkeys(Stream, 0)
        self.pace = Pace(LIMITS)
        self.reopen()

    def reopen(self) -> None:
        self.watch = StreamWatch(self.watched, self.pace, self.now_ns, LIMITS)

    def second(self, *streams: Stream) -> bool:
        self.now_ns += SECOND
        self.times |= dict.fromkeys(streams, self.now_ns)
        self.watch.look(self.times)
        return self.watch.is_silent(self.now_ns)

    def until_silent(self, *streams: Stream, within: int = 20_000) -> int:
        return next((at for at in range(1, within) if self.second(*streams)), within)


def test_liquidations_are_missed_by_the_pace_of_the_trades_and_by_their_own() -> None:
    market = Market(Stream.LIQUIDATIONS)
    assert market.until_silent(within=20_000) == 20_000, "without trades there is nothing to liquidate"
    assert market.until_silent(Stream.TRADES) == 3_600
    market.reopen()
    for at in range(1_200):
        assert not market.second(Stream.TRADES, *([Stream.LIQUIDATIONS] if at % 10 == 0 else []))
    assert market.until_silent(Stream.TRADES) <= 10 * LIMITS.patience


def test_a_few_bursts_are_no_pace() -> None:
    market = Market(Stream.TRADES)
    for _ in range(5):
        market.second(Stream.TRADES)
    assert market.until_silent(Stream.BOOK) > 600


def test_patience_doubles_with_every_try_that_changes_nothing_up_to_half_an_hour() -> None:
    market, spans = Market(Stream.MARKS), []
    for _ in range(12):
        spans.append(market.until_silent())
        market.watch.give_up()
        market.reopen()
    assert spans[:4] == [26, 51, 101, 201]
    assert max(spans) == 1_801


@given(st.lists(st.integers(1, 40), min_size=70, max_size=120))
def test_what_is_usual_follows_the_pauses_seen(pauses: list[int]) -> None:
    pace, now_ns = Pace(LIMITS), SECOND
    for pause in pauses:
        now_ns += pause * SECOND
        pace.look(now_ns, SECOND)
    least, most = (LIMITS.patience * pause * SECOND for pause in (min(pauses), max(pauses)))
    assert max(LIMITS.silence_ns, least * 0.999) <= pace.usual_ns() <= max(LIMITS.silence_ns, most * 1.001)


def test_nothing_is_usual_before_the_first_data() -> None:
    assert Pace(LIMITS).usual_ns() == math.inf
