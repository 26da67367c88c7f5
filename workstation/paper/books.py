"""The paper books of this run of the program, and which of them is displayed."""

import logging
import sqlite3
from collections.abc import Callable
from pathlib import Path

from workstation.paper.run import PaperRun
from workstation.paper.store import PaperStore
from workstation.readmodels.universe.paper import PaperRequest, PaperSettings, PaperView

log = logging.getLogger(__name__)


class PaperBooks:
    """All books are in one file at `path()`, opened when one is first needed. `now_ns` is the receive time reached by
    what is displayed; `trouble` says why no book could be opened.
    """

    requests = (PaperRequest,)

    def __init__(self, path: Callable[[], Path | str], now_ns: Callable[[], int]) -> None:
        self.current: PaperRun | None = None
        self.trouble = ""
        self._path, self._now_ns = path, now_ns
        self._store: PaperStore | None = None
        self._runs: dict[str, PaperRun] = {}

    def of(self, book: str) -> PaperRun:
        """A book by its name. Raises sqlite3.Error where the file cannot be opened."""
        if self._store is None:
            self._store = PaperStore(self._path())
        if book not in self._runs:
            self._runs[book] = PaperRun(self._store, book)
        return self._runs[book]

    def display(self, book: str) -> PaperRun | None:
        """Display a book; None where it cannot be opened."""
        self.current, self.trouble = None, ""
        try:
            self.current = self.of(book)
        except sqlite3.Error as error:
            log.warning("the paper books cannot be opened", exc_info=error)
            self.trouble = f"the paper books cannot be opened: {error}"
        return self.current

    def revision(self, request: PaperRequest) -> int:
        """Changes whenever `view(request)` would; 0 without a book."""
        return self.current.revision if self.current is not None else 0

    def view(self, request: PaperRequest) -> PaperView:
        """The book displayed, empty without one."""
        return self.current.view(request, self._now_ns()) if self.current is not None else PaperView(request, 0)

    def change(self, settings: PaperSettings) -> None:
        """Use other settings for the book displayed, from the time reached on."""
        if self.current is not None:
            self.current.change(settings, self._now_ns())

    def reset(self) -> None:
        """Delete ledger and curve of the book displayed and switch it off."""
        if self.current is not None:
            self.current.reset()

    def close(self) -> None:
        if self._store is not None:
            self._store.close()
        self.current, self._store, self._runs = None, None, {}
