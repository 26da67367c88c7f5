"""Paper books on disk: a run that is killed anywhere goes on to the ledger of one that was not; books never mix."""

from __future__ import annotations

import os
import signal
import sqlite3
import subprocess
import sys
from dataclasses import replace
from itertools import count
from pathlib import Path
from typing import Any

import pytest

from tests.workstation.analytics.paper.paper_seconds import MINUTE, SECOND, START, wandering
from workstation.paper.books import PaperBooks
from workstation.paper.run import PaperRun
from workstation.paper.store import PaperStore
from workstation.readmodels.universe.paper import PaperRequest, PaperSettings

ON = PaperSettings(on=True, names=3, period_ns=MINUTE)
LATE_NS = START + 10**15


class FailingStore(PaperStore):
    """Raises at its k-th statement, as a full disk or a kill would."""

    def __init__(self, path: Path, failing_at: int) -> None:
        self._left = failing_at
        super().__init__(path)

    def execute(self, statement: str, values: tuple[Any, ...] = ()) -> sqlite3.Cursor:
        self._left -= 1
        if self._left == 0:
            raise sqlite3.OperationalError("disk full")
        return super().execute(statement, values)


def play(run: PaperRun, seed: int = 5, seconds: int = 500) -> None:
    """What a session does: step the book with every second, unless it is in trouble."""
    if not run.settings.on:
        run.change(ON, START)
    for field in wandering(seed, seconds, step=10):
        if not run.trouble:
            run.step(field)


def record_of(store: PaperStore, book: str = "live") -> Any:
    kept = store.load(book)
    assert kept is not None
    scores = [store.scores(book, rebalance) for rebalance in range(1, kept.state.rebalance + 1)]
    return kept.settings, kept.entries, kept.curve, scores


@pytest.fixture(scope="module")
def whole() -> Any:
    """The record of a run that nothing disturbed."""
    store = PaperStore(":memory:")
    play(PaperRun(store, "live"))
    found = record_of(store)
    assert len(found[1]) > 50
    assert len(found[2]) > 7
    assert len(found[3]) > 5
    return found


def test_a_run_that_fails_at_any_statement_goes_on_to_the_same_ledger(tmp_path: Path, whole: Any) -> None:
    for failing_at in count(9):  # the first eight make the file and look for the book
        path = tmp_path / f"{failing_at}.sqlite"
        store = FailingStore(path, failing_at)
        run = PaperRun(store, "live")
        play(run)
        store.close()
        if not run.trouble:
            break
        again = PaperStore(path)
        play(PaperRun(again, "live"))
        assert record_of(again) == whole, failing_at
        again.close()
    assert failing_at > 100


KILLED = """
import os, signal, sys
from pathlib import Path
from tests.workstation.paper.test_paper_run import play
from workstation.paper.run import PaperRun
from workstation.paper.store import PaperStore

class Killed(PaperStore):
    left = int(sys.argv[2])
    def execute(self, statement, values=()):
        type(self).left -= 1
        if type(self).left == 0:
            os.kill(os.getpid(), signal.SIGKILL)
        return super().execute(statement, values)

play(PaperRun(Killed(Path(sys.argv[1])), "live"))
"""


@pytest.mark.parametrize("killed_at", [12, 40, 80])
def test_a_killed_process_goes_on_to_the_same_ledger(tmp_path: Path, whole: Any, killed_at: int) -> None:
    path = tmp_path / "paper.sqlite"
    root = Path(__file__).parents[3]
    command = [sys.executable, "-c", KILLED, str(path), str(killed_at)]
    ended = subprocess.run(command, cwd=root, env=os.environ | {"PYTHONPATH": str(root)}, check=False)
    assert ended.returncode == -signal.SIGKILL
    again = PaperStore(path)
    play(PaperRun(again, "live"))
    assert record_of(again) == whole


def test_a_book_that_could_not_be_written_stops_and_is_as_it_was_written(tmp_path: Path) -> None:
    run = PaperRun(FailingStore(tmp_path / "paper.sqlite", 90), "live")
    play(run)
    assert "disk full" in run.trouble
    view = run.view(PaperRequest(), LATE_NS)
    assert view.trouble == run.trouble
    assert view.now is not None
    assert view.entries
    assert view.now.ts_ns >= view.entries[-1].ts_ns
    run.change(replace(ON, names=2), LATE_NS)
    assert not run.trouble
    assert run.settings.names == 2


def test_books_never_mix(tmp_path: Path) -> None:
    runs = PaperBooks(lambda: tmp_path / "paper.sqlite", lambda: LATE_NS)
    live, simulated = runs.of("live"), runs.of("simulated")
    play(live, seed=1)
    play(simulated, seed=2)
    kept = live.view(PaperRequest(), LATE_NS).entries
    assert kept != simulated.view(PaperRequest(), LATE_NS).entries
    simulated.reset()
    assert simulated.view(PaperRequest(), LATE_NS).entries == ()
    assert not simulated.settings.on
    assert live.view(PaperRequest(), LATE_NS).entries == kept
    runs.close()
    assert runs.of("live").view(PaperRequest(), LATE_NS).entries == kept
    assert runs.of("simulated").view(PaperRequest(), LATE_NS).now is None


def test_two_writers_of_one_book_do_not_both_go_on(tmp_path: Path) -> None:
    one = PaperRun(PaperStore(tmp_path / "paper.sqlite"), "live")
    other = PaperRun(PaperStore(tmp_path / "paper.sqlite"), "live")
    play(one)
    play(other)
    assert "another window" in other.trouble
    assert not one.trouble


def test_a_line_of_the_ledger_cannot_be_changed(tmp_path: Path) -> None:
    path = tmp_path / "paper.sqlite"
    play(PaperRun(PaperStore(path), "live"))
    with pytest.raises(sqlite3.IntegrityError, match="never changes"):
        sqlite3.connect(path).execute("UPDATE ledger SET price = 1")


def test_the_view_of_the_past_shows_nothing_of_what_came_later() -> None:
    run = PaperRun(PaperStore(":memory:"), "live")
    play(run)
    whole = run.view(PaperRequest(), LATE_NS)
    assert whole.now is not None
    assert not whole.ahead_ns
    for ts_ns in whole.ts_ns[::3].tolist():
        past = run.view(PaperRequest(), ts_ns + SECOND)
        assert past.now is not None
        assert past.now.ts_ns == ts_ns
        assert past.ahead_ns == whole.now.ts_ns
        assert all(entry.ts_ns <= ts_ns for entry in past.entries)
        assert past.ts_ns[-1] == ts_ns
        assert past.now.equity == past.equity[-1]
    assert run.view(PaperRequest(), START - SECOND).now is None


def test_the_scores_of_any_rebalance_can_be_seen() -> None:
    run = PaperRun(PaperStore(":memory:"), "live")
    play(run)
    view = run.view(PaperRequest(rebalance=2), LATE_NS)
    traded = {entry.base: entry for entry in view.entries if entry.rebalance == 2 and entry.rank}
    scores = {one.base: one for one in view.scores}
    assert traded
    assert view.scored_rebalance == 2
    assert all((scores[base].score, scores[base].rank) == (one.score, one.rank) for base, one in traded.items())
