"""Which requests are due: pace, one at a time, patience, and what failures cost."""

from __future__ import annotations

from feeds.model.protocol import Fetch
from feeds.venues.shared.polling import Polls, every, once

SECOND = 1_000_000_000


def tags(polls: Polls, at_s: float) -> list[str]:
    return [fetch.tag for fetch in polls.due(round(at_s * SECOND))]


def polls(*jobs: object, at_once: int = 8) -> Polls:
    made = Polls(jobs, at_once)  # type: ignore[arg-type]
    made.begin(0)
    return made


def fetch(tag: str) -> Fetch:
    return Fetch(f"/{tag}", tag)


def test_a_job_repeats_at_its_pace_and_waits_for_its_answer() -> None:
    some = polls(every(5, fetch("a"), after_s=1), once(fetch("b")))
    assert tags(some, 0) == ["b"]
    assert tags(some, 1) == ["a"]
    assert tags(some, 20) == [], "neither is answered yet"
    some.answered("a", 21 * SECOND)
    some.answered("b", 21 * SECOND)
    assert tags(some, 21) == ["a"], "late, so at once, but not five times"
    some.answered("a", 22 * SECOND)
    assert tags(some, 25.9) == []
    assert tags(some, 26) == ["a"], "the pace is kept from the time it was due"


def test_few_at_once() -> None:
    some = polls(*(every(60, fetch(str(number))) for number in range(10)), at_once=3)
    assert len(tags(some, 0)) == 3
    assert tags(some, 1) == []
    some.answered("0", SECOND)
    assert tags(some, 1) == ["3"]


def test_failures_pause_everything_for_longer_and_longer() -> None:
    some = polls(every(1, fetch("a")), every(1, fetch("b")))
    assert tags(some, 0) == ["a", "b"]
    some.failed("a", 0)
    some.failed("b", 0)
    assert tags(some, 0.5) == []
    assert tags(some, 5) == ["a", "b"]
    some.failed("a", 5 * SECOND)
    some.answered("b", 5 * SECOND)
    assert tags(some, 6) == ["b"], "an answer ends the pause"


def test_what_is_asked_once_is_given_up_after_three_failures() -> None:
    some = polls(once(fetch("a")))
    for at_s in (0, 100, 200):
        assert tags(some, at_s) == ["a"]
        some.failed("a", at_s * SECOND)
    assert tags(some, 300) == []


def test_an_answer_that_never_comes_is_forgotten_in_time() -> None:
    some = polls(every(5, fetch("a")))
    assert tags(some, 0) == ["a"]
    assert tags(some, 59) == []
    assert tags(some, 61) == []
    assert tags(some, 66) == ["a"]


def test_a_new_pace_and_a_hurry_bring_the_next_time_nearer() -> None:
    some = polls(every(60, fetch("slow"), after_s=2), every(1, fetch("quick")))
    assert tags(some, 2) == ["quick", "slow"]
    some.answered("slow", 2 * SECOND)
    some.pace("slow", 10 * SECOND)
    assert tags(some, 12) == ["slow"]
    some.answered("slow", 12 * SECOND)
    some.pace("slow", 60 * SECOND)
    some.answered("quick", 12 * SECOND)
    some.hurry(13 * SECOND, 30 * SECOND)
    assert tags(some, 15) == ["quick", "slow"]
