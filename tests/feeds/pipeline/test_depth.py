"""A snapshot joins the diffs that continue it, and only those (feeds/venues/binance/README.md: Order book)."""

from __future__ import annotations

import pytest

from feeds.pipeline.depth import BUFFER_LIMIT, FUTURES, SPOT, ChainRule, DepthJoiner, Ids, Place


def offered(rule: ChainRule, *diffs: Ids) -> DepthJoiner[int]:
    joiner: DepthJoiner[int] = DepthJoiner(rule)
    for number, ids in enumerate(diffs):
        assert joiner.offer(ids, number) is None
    return joiner


def contents(joined: list[tuple[Ids, int]] | None) -> list[int] | None:
    return None if joined is None else [content for _, content in joined]


F1, F2, F3 = Ids(101, 110, 95), Ids(113, 120, 110), Ids(121, 130, 120)
S1, S2, S3 = Ids(101, 110), Ids(111, 120), Ids(121, 130)


@pytest.mark.parametrize(
    ("rule", "diffs", "snapshot", "applied"),
    [
        (FUTURES, (F1, F2, F3), 105, [0, 1, 2]),
        (FUTURES, (F1, F2, F3), 101, [0, 1, 2]),
        (FUTURES, (F1, F2, F3), 110, [0, 1, 2]),
        (FUTURES, (F1, F2, F3), 115, [1, 2]),
        (FUTURES, (F2, F3), 110, [0, 1]),
        (FUTURES, (F1,), 95, [0]),
        (FUTURES, (F1, F2, F3), 131, []),
        (FUTURES, (), 131, []),
        (FUTURES, (F1, F2, F3), 94, None),
        (FUTURES, (F2, F3), 112, None),
        (FUTURES, (F1, F3), 105, None),
        (FUTURES, (F1, F1, F2, F1, F3), 105, [0, 2, 4]),
        (SPOT, (S1, S2, S3), 105, [0, 1, 2]),
        (SPOT, (S1, S2, S3), 100, [0, 1, 2]),
        (SPOT, (S1, S2, S3), 110, [1, 2]),
        (SPOT, (S1, S2, S3), 130, []),
        (SPOT, (S1, S2, S3), 99, None),
        (SPOT, (S1, S3), 105, None),
        (SPOT, (S1, S2, S2, S1, S3), 105, [0, 1, 4]),
    ],
)
def test_join(rule: ChainRule, diffs: tuple[Ids, ...], snapshot: int, applied: list[int] | None) -> None:
    joiner = offered(rule, *diffs)
    assert contents(joiner.join(snapshot)) == applied
    assert joiner.joined is (applied is not None)


@pytest.mark.parametrize(("rule", "diffs"), [(FUTURES, (F1, F2, F3)), (SPOT, (S1, S2, S3))])
def test_too_old_a_snapshot_leaves_the_diffs_buffered_for_the_next(rule: ChainRule, diffs: tuple[Ids, ...]) -> None:
    joiner = offered(rule, *diffs)
    assert joiner.join(50) is None
    assert contents(joiner.join(115)) == [1, 2]


@pytest.mark.parametrize(("rule", "diffs"), [(FUTURES, (F1, F3)), (SPOT, (S1, S3))])
def test_a_gap_in_the_buffered_diffs_needs_a_snapshot_after_it(rule: ChainRule, diffs: tuple[Ids, ...]) -> None:
    joiner = offered(rule, *diffs)
    assert joiner.join(105) is None
    assert contents(joiner.join(125)) == [1]


@pytest.mark.parametrize(
    ("rule", "snapshot", "diff", "place"),
    [
        (FUTURES, 105, F1, Place.NEXT),
        (FUTURES, 110, F2, Place.NEXT),
        (FUTURES, 120, F1, Place.OLD),
        (FUTURES, 111, F2, Place.BEYOND),
        (SPOT, 100, S1, Place.NEXT),
        (SPOT, 110, S1, Place.OLD),
        (SPOT, 99, S1, Place.BEYOND),
    ],
)
def test_the_first_diff_after_a_snapshot(rule: ChainRule, snapshot: int, diff: Ids, place: Place) -> None:
    joiner = offered(rule)
    assert joiner.join(snapshot) == []
    assert joiner.offer(diff, 0) is place


@pytest.mark.parametrize(
    ("rule", "chain", "diff", "place"),
    [
        (FUTURES, (F1,), F2, Place.NEXT),
        (FUTURES, (F1,), F1, Place.OLD),
        (FUTURES, (F1, F2), F1, Place.OLD),
        (FUTURES, (F1,), F3, Place.BEYOND),
        (FUTURES, (F1,), Ids(105, 120, 104), Place.BEYOND),
        (SPOT, (S1,), S2, Place.NEXT),
        (SPOT, (S1,), Ids(105, 120), Place.NEXT),
        (SPOT, (S1,), S1, Place.OLD),
        (SPOT, (S1,), S3, Place.BEYOND),
    ],
)
def test_later_diffs(rule: ChainRule, chain: tuple[Ids, ...], diff: Ids, place: Place) -> None:
    joiner = offered(rule, *chain)
    assert joiner.join(105) is not None
    assert joiner.offer(diff, 9) is place
    assert joiner.joined is (place is not Place.BEYOND)


@pytest.mark.parametrize(("rule", "diffs"), [(FUTURES, (F1, F2, F3)), (SPOT, (S1, S2, S3))])
def test_the_diff_that_broke_the_chain_is_the_first_buffered_for_the_next_snapshot(
    rule: ChainRule, diffs: tuple[Ids, ...]
) -> None:
    joiner = offered(rule, diffs[0])
    assert joiner.join(105) is not None
    assert joiner.offer(diffs[2], 2) is Place.BEYOND
    assert contents(joiner.join(120 if rule is FUTURES else 122)) == [2]


def test_reset_forgets_everything() -> None:
    joiner = offered(SPOT, S1)
    assert joiner.join(105) is not None
    joiner.reset()
    assert not joiner.joined
    assert joiner.offer(S2, 0) is None


def test_the_buffered_diffs_are_bounded_and_the_oldest_are_dropped_first() -> None:
    joiner: DepthJoiner[int] = DepthJoiner(SPOT)
    for number in range(BUFFER_LIMIT + 10):
        joiner.offer(Ids(number, number), number)
    assert joiner.join(5) is None
    joined = contents(joiner.join(9))
    assert joined is not None
    assert (joined[0], len(joined)) == (10, BUFFER_LIMIT)
