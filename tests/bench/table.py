"""The pressure table with 600 coins, beside a `QTableWidget` that is refilled with the same texts in the same run.

`table_sort_600_ms` brings all rows into the order of another column, `table_update_600_ms` takes new numbers for all
rows and orders them, both as the model's batch with its signals; `table_painted_600_ms` is such an update with the
painting of all that can be seen, `table_scroll_ms` moves three rows up and paints. Processor time of the one thread.
"""

from __future__ import annotations

import gc
from collections.abc import Callable
from itertools import count
from statistics import median

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QApplication, QTableWidget, QTableWidgetItem

from tests.bench.metric import Metric, cpu_seconds
from tests.widgets.pressure_views import pressure_view
from widgets.panes.pressure.columns import BY_NAME, COLUMNS, SCORE
from widgets.panes.pressure.pane import PressurePane
from widgets.theme.theme import apply_theme

COINS, ROUNDS, SIZE = 600, 15, (1600, 900)
_SORTED_BY = ("OI 1 h", "funding", "score", "premium", "taker 5 m")


def measure() -> dict[str, Metric]:
    """All of them; a ratio is the QTableWidget's time to ours."""
    app = QApplication.instance() or QApplication([])
    assert isinstance(app, QApplication)
    apply_theme(app)
    views = [pressure_view(COINS, seed, seed) for seed in range(1, 5)]
    pane, plain = _pane(views[0]), _plain(len(COLUMNS))
    texts = [_texts(pane, view) for view in views]
    _refill(plain, texts[0])
    ticks = count()

    def update() -> None:
        pane.refresh(views[next(ticks) % len(views)])

    def refill() -> None:
        _refill(plain, texts[next(ticks) % len(texts)])

    def sort() -> None:
        pane.table.sort_by(BY_NAME[_SORTED_BY[next(ticks) % len(_SORTED_BY)]])

    def sort_plain() -> None:
        plain.sortItems(BY_NAME[_SORTED_BY[next(ticks) % len(_SORTED_BY)]], Qt.SortOrder.DescendingOrder)

    def scroll() -> None:
        bar = pane.table.verticalScrollBar()
        bar.setValue((bar.value() + 3) % bar.maximum())
        app.processEvents()

    ours, theirs = _by_turns(update, refill)
    painted, plain_painted = _by_turns(_painting(update, app), _painting(refill, app))
    sorted_ms, plain_sorted = _by_turns(sort, sort_plain)
    scrolled = median(cpu_seconds(scroll) for _ in range(ROUNDS)) * 1e3
    size = f"{COINS} rows x {len(COLUMNS)} columns"
    return {
        "table_sort_600_ms": Metric(sorted_ms, "ms", plain_sorted, plain_sorted / sorted_ms, "aim under 5"),
        "table_update_600_ms": Metric(ours, "ms", theirs, theirs / ours, f"{size}; aim under 8"),
        "table_painted_600_ms": Metric(painted, "ms", plain_painted, plain_painted / painted, "once a second"),
        "table_vs_qtablewidget": Metric(
            plain_painted / painted, "x faster", 1.0, plain_painted / painted, "updated, ordered, painted"
        ),
        "table_scroll_ms": Metric(scrolled, "ms", note="three rows and their painting; 60 frames a second leave 16"),
    }


def _painting(work: Callable[[], None], app: QApplication) -> Callable[[], None]:
    def done() -> None:
        work()
        app.processEvents()

    return done


def _by_turns(ours: Callable[[], None], theirs: Callable[[], None]) -> tuple[float, float]:
    """Medians of both, each without the other's garbage to collect and events to answer."""
    pairs = [(_clean_ms(ours), _clean_ms(theirs)) for _ in range(ROUNDS)]
    return median(one for one, _ in pairs), median(other for _, other in pairs)


def _clean_ms(work: Callable[[], None]) -> float:
    gc.collect()
    for _ in range(5):
        QApplication.processEvents()
    return cpu_seconds(work) * 1e3


def _pane(view: object) -> PressurePane:
    pane = PressurePane()
    pane.resize(*SIZE)
    pane.table.columns = tuple(column.name for column in COLUMNS)
    pane.show()
    pane.refresh(view)  # type: ignore[arg-type]
    QApplication.processEvents()
    return pane


def _texts(pane: PressurePane, view: object) -> list[list[str]]:
    pane.refresh(view)  # type: ignore[arg-type]
    return [[pane.model.text(row, at) for at in range(len(COLUMNS))] for row in range(pane.model.rowCount())]


def _plain(columns: int) -> QTableWidget:
    table = QTableWidget(0, columns)
    table.resize(*SIZE)
    table.show()
    return table


def _refill(table: QTableWidget, texts: list[list[str]]) -> None:
    """What is done where there is no model: every cell anew, then sorted."""
    table.setRowCount(len(texts))
    for row, line in enumerate(texts):
        for column, text in enumerate(line):
            table.setItem(row, column, QTableWidgetItem(text))
    table.sortItems(SCORE, Qt.SortOrder.DescendingOrder)
