"""The followed bases, compared with a plain list searched from its start each time."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from feeds.live.focus import Focus

MOST, KEEP_NS = 3, 100
STEPS = st.lists(st.tuples(st.sampled_from(["show", "keep"]), st.sampled_from("ABCDEFG"), st.integers(0, 60)))


@given(STEPS)
def test_the_limits_of_number_and_retention_hold(steps: list[tuple[str, str, int]]) -> None:
    focus, now_ns = Focus(["A", "B"], most=MOST, retention_ns=KEEP_NS), 0
    shown: list[tuple[str, int]] = []  # the reference: name and time, the one that came first is first
    for what, base, pause_ns in steps:
        now_ns += pause_ns
        known = [name for name, _ in shown]
        if base not in "AB" and (what == "show" or base in known):
            shown = [(name, now_ns if name == base else at_ns) for name, at_ns in shown]
            shown += [(base, now_ns)] if base not in known else []
        is_new = focus.show(base, now_ns) if what == "show" else focus.mark_shown(base, now_ns)
        assert bool(is_new) == (what == "show" and base not in "AB" and base not in known)
        gone = focus.evict(now_ns)
        fresh = [(name, at_ns) for name, at_ns in shown if now_ns - at_ns <= KEEP_NS]
        while len(fresh) > MOST:
            fresh.remove(min(fresh, key=lambda one: one[1]))
        assert sorted(gone) == sorted({name for name, _ in shown} - {name for name, _ in fresh})
        shown = fresh
        assert focus.added == tuple(name for name, _ in shown)
        assert focus.bases == ("A", "B", *focus.added)


def test_an_empty_base_is_ignored() -> None:
    focus = Focus(["BTC", "BTC"], most=MOST, retention_ns=KEEP_NS)
    assert not focus.show("", 0)
    assert focus.bases == ("BTC",)
