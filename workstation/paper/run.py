"""A paper book that runs: it is stepped by the seconds of its session, stored, and answers the pane."""

from __future__ import annotations

import logging
import sqlite3
from dataclasses import replace
from typing import NamedTuple

import msgspec
import numpy as np

from workstation.analytics.engine import Engine
from workstation.analytics.paper.book import PaperBook, PaperState, Written
from workstation.analytics.paper.market import MarketSecond, SecondReader
from workstation.analytics.views.paper import Flows, figures, flows_of, results, until, with_drawdown
from workstation.paper.store import PaperStore
from workstation.readmodels.arrays import Floats, Ints
from workstation.readmodels.universe.paper import (
    PaperEntry,
    PaperFigures,
    PaperMoment,
    PaperRequest,
    PaperSettings,
    PaperView,
    ScoredCoin,
)

log = logging.getLogger(__name__)


class _Record(NamedTuple):
    """Ledger and curve up to some time."""

    entries: tuple[PaperEntry, ...]
    ts_ns: Ints
    equity: Floats
    ledger: PaperFigures
    flows: Flows
    figures: PaperFigures


class PaperRun:
    """One paper book and its record. As the observer of a core it is stepped every second; copies of the core share it.

    `trouble` is why the book stopped, "" while it runs. A step that could not be stored is rolled back.
    """

    def __init__(self, store: PaperStore, book: str) -> None:
        self.name = book
        self.revision = 0
        self.trouble = ""
        self._store = store
        self._reader = SecondReader()
        self._entries: list[PaperEntry] = []
        self._curve: list[PaperMoment] = []
        self._known: _Record | None = None
        self._scores: tuple[int, tuple[ScoredCoin, ...]] = (0, ())
        self._book = PaperBook(PaperSettings())
        self._load()

    def __deepcopy__(self, memo: object) -> PaperRun:
        return self

    @property
    def settings(self) -> PaperSettings:
        """The user's settings of the book."""
        return self._book.settings

    @property
    def needs_every_second(self) -> bool:
        """Whether the book is on: it trades in every second."""
        return self._book.settings.on and not self.trouble

    def observe_second(self, engine: Engine) -> None:
        """Step the book by the engine's last second; a repeated second is ignored."""
        if self._book.settings.on and not self.trouble:
            self.step(self._reader.read(engine))

    def step(self, second: MarketSecond) -> None:
        before_ns = self._book.state.last_ns
        written = self._book.step(second)
        if written.anything:
            self._keep(written)
        if self._book.state.last_ns != before_ns:
            self.revision += 1

    def change(self, settings: PaperSettings, now_ns: int) -> None:
        """Change the settings from `now_ns` on. Switching the book on clears `trouble`."""
        if self.trouble:
            self._load()
        if not self.trouble:
            self._keep(self._book.change(settings, now_ns))
        self.revision += 1

    def reset(self) -> None:
        """Delete ledger and curve, and switch the book off; the other settings stay."""
        settings = replace(self.settings, on=False)
        try:
            self._store.reset(self.name)
        except sqlite3.Error as error:
            self._stop(error)
            return
        self._load()
        self._book.settings = settings
        self.revision += 1

    def view(self, request: PaperRequest, now_ns: int) -> PaperView:
        """The book as of `now_ns`; for a time in the past, as of the last stored minute before it."""
        book, state = self._book, self._book.state
        moment = self._moment(now_ns)
        if moment is None:
            return PaperView(
                request, self.revision, self.name, book.settings, waiting=book.waiting, trouble=self.trouble
            )
        known = self._record(moment.ts_ns)
        current = moment.ts_ns == state.last_ns
        chosen = request.rebalance or (known.entries[-1].rebalance if known.entries else 0)
        return PaperView(
            request=request,
            revision=self.revision,
            book=self.name,
            settings=book.settings,
            now=moment,
            entries=known.entries,
            ts_ns=known.ts_ns,
            equity=known.equity,
            figures=known.figures,
            coins=results(known.flows, moment),
            scores=self._scores_of(chosen),
            scored_rebalance=chosen,
            next_rebalance_ns=state.next_rebalance_ns if current else 0,
            waiting=book.waiting if current else "",
            trouble=self.trouble,
            ahead_ns=0 if current else state.last_ns,
        )

    def _moment(self, now_ns: int) -> PaperMoment | None:
        state = self._book.state
        if not state.started_ns or state.started_ns > now_ns:
            return None
        if now_ns >= state.last_ns:
            return self._book.moment()
        return next((one for one in reversed(self._curve) if one.ts_ns <= now_ns), None)

    def _record(self, ts_ns: int) -> _Record:
        """Ledger, curve and statistics up to a time, cached until rows are added."""
        curve = self._curve
        if curve and curve[-1].ts_ns > ts_ns:
            curve = [one for one in curve if one.ts_ns <= ts_ns]
        entries = (
            self._entries if not self._entries or self._entries[-1].ts_ns <= ts_ns else until(self._entries, ts_ns)
        )
        known, capital = self._known, self.settings.capital
        if known is None or len(known.entries) != len(entries):
            sums = figures(entries, capital)
            known = _Record(tuple(entries), np.zeros(0, dtype=np.int64), np.zeros(0), sums, flows_of(entries), sums)
        if known is not self._known or len(known.ts_ns) != len(curve):
            equity = np.array([one.equity for one in curve])
            times = np.array([one.ts_ns for one in curve], dtype=np.int64)
            known = known._replace(ts_ns=times, equity=equity, figures=with_drawdown(known.ledger, equity, capital))
        self._known = known
        return known

    def _scores_of(self, rebalance: int) -> tuple[ScoredCoin, ...]:
        if rebalance and self._scores[0] != rebalance:
            try:
                self._scores = rebalance, self._store.scores(self.name, rebalance)
            except sqlite3.Error as error:
                log.warning("scores of the paper book %s cannot be read", self.name, exc_info=error)
                return ()
        return self._scores[1] if rebalance else ()

    def _keep(self, written: Written) -> None:
        """Store a step; on failure, restore the last stored state and stop the book."""
        try:
            self._store.write(self.name, self._book.settings, self._book.state, written)
        except sqlite3.Error as error:
            self._load()
            self._stop(error)
            return
        self._entries.extend(written.entries)
        if written.moment is not None:
            self._curve.append(written.moment)

    def _load(self) -> None:
        self.trouble, self._known, self._scores = "", None, (0, ())
        try:
            stored = self._store.load(self.name)
        except (sqlite3.Error, msgspec.DecodeError, ValueError) as error:
            self._stop(error)
            return
        settings, state = (stored.settings, stored.state) if stored is not None else (PaperSettings(), PaperState())
        self._book = PaperBook(settings, state)
        self._entries, self._curve = (stored.entries, stored.curve) if stored is not None else ([], [])

    def _stop(self, error: Exception) -> None:
        log.error("the paper book %s stopped", self.name, exc_info=error)
        taken = isinstance(error, sqlite3.IntegrityError)
        self.trouble = f"the paper book stopped: {'another window writes it' if taken else error}"
        self.revision += 1
