"""The paper pane: a simulated market-neutral book with its equity, exposure and ledger."""

from bisect import bisect_left

from PySide6.QtCore import QModelIndex, Qt
from PySide6.QtGui import QResizeEvent
from PySide6.QtWidgets import QSplitter, QStackedWidget, QToolButton, QWidget

from widgets.commands import ResetPaper, SetPaper
from widgets.elements.captions import set_text
from widgets.elements.layouts import column_of, line_of
from widgets.elements.spans import SpanLine
from widgets.pane import Pane, Table
from widgets.panes.paper.bar import PaperBar
from widgets.panes.paper.curve import PaperCurve
from widgets.panes.paper.exposure import PaperExposure
from widgets.panes.paper.ledger import LEDGER, SCORES, PaperTable, table_of
from widgets.panes.paper.text import HELP, figures, pointed
from widgets.theme import format as text_of
from widgets.theme.theme import CELL, theme
from workstation.readmodels.request import View
from workstation.readmodels.universe.paper import PaperRequest, PaperView

_WIDE = 1.3  # width over height from which all parts are side by side


class PaperPane(Pane):
    """Settings and statistics above the equity curve, the exposure by coin, and the ledger or the scores."""

    title = "Paper book"
    help = HELP
    keys = (("click a line", "show the scores of its rebalance"), ("wheel over the bars", "scroll the coins"))
    every_frames = 15

    def __init__(self) -> None:
        super().__init__()
        self._view: PaperView | None = None
        self._rebalance: int | None = None
        self.bar, self.line = PaperBar(), SpanLine(lines=4)
        self.curve, self.exposure = PaperCurve(), PaperExposure()
        self.ledger, self.scores = PaperTable(LEDGER, newest_first=True), PaperTable(SCORES, newest_first=False)
        self.ledger_table, self.scores_table = table_of(self.ledger, "Ledger"), table_of(self.scores, "Scores")
        self.show_ledger, self.show_scores = QToolButton(), QToolButton()
        self._lay_out()
        self._connect()
        self._show_texts()

    def _lay_out(self) -> None:
        self.pages = QStackedWidget()
        self.pages.addWidget(self.ledger_table)
        self.pages.addWidget(self.scores_table)
        self.parts = QSplitter(Qt.Orientation.Horizontal)
        for widget in (self.curve, self.exposure, self._tables()):
            self.parts.addWidget(widget)
        self.parts.setChildrenCollapsible(False)
        for at, share in enumerate((5, 3, 10)):
            self.parts.setStretchFactor(at, share)
        self.parts.setSizes([260, 210, 530])
        column_of(self.bar, self.line, filling=self.parts, within=self)

    def _tables(self) -> QWidget:
        """The ledger and the scores of a rebalance, with buttons to choose between them."""
        head = line_of(margins=(CELL, 0, CELL, 0))
        for button in (self.show_ledger, self.show_scores):
            button.setCheckable(True)
            button.setFont(theme().font(small=True))
            head.addWidget(button)
        head.addStretch(1)
        both = QWidget()
        column_of(head, within=both, filling=self.pages)
        self._turn(0)
        return both

    def _connect(self) -> None:
        self.bar.changed.connect(lambda settings: self.command.emit(SetPaper(settings)))
        self.bar.reset_asked.connect(lambda: self.command.emit(ResetPaper()))
        self.curve.pointed.connect(lambda _: self._show_texts())
        self.show_ledger.clicked.connect(lambda: self._turn(0))
        self.show_scores.clicked.connect(lambda: self._turn(1))
        self.ledger_table.clicked.connect(self._choose)

    # --- pane interface

    def request(self) -> PaperRequest:
        """The book of the displayed session, with the scores of the chosen rebalance."""
        return PaperRequest(rebalance=self._rebalance)

    def refresh(self, view: View) -> None:
        if not isinstance(view, PaperView):
            return
        self._view = view
        self.bar.show_settings(view.settings, begun=view.now is not None)
        self.curve.show_view(view)
        self.exposure.show_coins(view.coins)
        self.ledger.show_lines(view.entries)
        self.scores.show_lines(view.scores)
        self._show_texts()

    def clear(self) -> None:
        self._view, self._rebalance = None, None
        self.curve.show_view(None)
        self.exposure.show_coins(())
        self.ledger.show_lines(())
        self.scores.show_lines(())
        self._show_texts()

    def as_table(self) -> Table | None:
        if self._view is None or not self._view.entries:
            return None
        header = (
            *("ts_ns", "rebalance", "event", "base", "venue", "market", "side", "size", "held", "price", "mid", "seen"),
            *("fee_usd", "slippage_usd", "funding_usd", "rate", "score", "rank", "ranked", "note"),
        )
        return Table(header, tuple(
            (
                *(one.ts_ns, one.rebalance, one.kind.value, one.base, one.venue, one.market, one.side, one.size),
                *(one.held, one.price, one.mid, one.seen, one.fee, one.slippage, one.funding, one.rate, one.score),
                *(one.rank or None, one.ranked or None, one.note),
            )
            for one in self._view.entries
        ))  # fmt: skip

    def resizeEvent(self, event: QResizeEvent) -> None:
        """Side by side in a wide pane, one below the other in a tall one."""
        super().resizeEvent(event)
        wide = self.width() >= _WIDE * self.height()
        wanted = Qt.Orientation.Horizontal if wide else Qt.Orientation.Vertical
        if self.parts.orientation() is not wanted:
            self.parts.setOrientation(wanted)

    def _choose(self, index: QModelIndex) -> None:
        """Show the scores of the clicked line's rebalance."""
        entry = self.ledger.line(index.row())
        if entry.rebalance:
            self._rebalance = entry.rebalance
            self._turn(1)

    def _turn(self, page: int) -> None:
        self.pages.setCurrentIndex(page)
        self.show_ledger.setChecked(page == 0)
        self.show_scores.setChecked(page == 1)
        if page == 0:
            self._rebalance = None

    def _show_texts(self) -> None:
        """Show the point under the pointer, else the statistics; name the tables."""
        view = self._view
        at = self.curve.hovered
        if view is not None and 0 <= at < len(view.ts_ns):
            self.line.set_spans(pointed(view, at, self.curve.fall(at)))
        else:
            self.line.set_spans(figures(view))
        number = view.scored_rebalance if view is not None else 0
        entries = view.entries if view is not None else ()
        first = bisect_left(entries, number, key=lambda entry: entry.rebalance)
        when = entries[first].ts_ns if first < len(entries) else 0
        set_text(self.show_scores, f"scores of #{number}, {text_of.clock(when)}" if number else "scores")
        count = len(self.ledger.lines)
        text = f"ledger, {count:,} {'line' if count == 1 else 'lines'}"
        set_text(self.show_ledger, text if count else "ledger")


PANE = PaperPane
