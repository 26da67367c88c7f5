"""The paper pane: its texts, its controls, from a line of the ledger to its scores, books of any size."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from PySide6.QtCore import QEvent, QPoint, QPointF, Qt
from PySide6.QtGui import QColor, QFontMetricsF, QMouseEvent, QWheelEvent
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication, QMessageBox, QWidget
from pytestqt.qtbot import QtBot

from tests.widgets.messages import sent, wait_for
from tests.widgets.paper_views import empty_view, huge_view, run_view
from widgets.commands import ResetPaper, SetPaper
from widgets.panes.paper.bar import FeesDialog
from widgets.panes.paper.exposure import ROW_PX
from widgets.panes.paper.pane import PaperPane
from widgets.theme import format as fmt
from widgets.theme.theme import apply_theme, theme
from workstation.readmodels.universe.paper import EntryKind, PaperScore, PaperSettings, PaperView, Sizing


@pytest.fixture
def pane(qtbot: QtBot) -> PaperPane:
    """A shown pane, as small as a dock may be."""
    app = QApplication.instance()
    assert isinstance(app, QApplication)
    apply_theme(app)
    made = PaperPane()
    qtbot.addWidget(made)
    made.resize(700, 300)
    made.show()
    qtbot.waitExposed(made)
    return made


def move_pointer(widget: QWidget, at: QPointF) -> None:
    none, everywhere = Qt.MouseButton.NoButton, QPointF(widget.mapToGlobal(at))
    moved = QMouseEvent(QEvent.Type.MouseMove, at, everywhere, none, none, Qt.KeyboardModifier.NoModifier)
    QApplication.sendEvent(widget, moved)


def turn_wheel(widget: QWidget, angle: int) -> None:
    """By `angle` eighths of a degree; a notch is 120, towards the user negative."""
    at, none = QPointF(widget.rect().center()), Qt.MouseButton.NoButton
    phase, modifier = Qt.ScrollPhase.NoScrollPhase, Qt.KeyboardModifier.NoModifier
    turned = QWheelEvent(at, QPointF(widget.mapToGlobal(at)), QPoint(), QPoint(0, angle), none, modifier, phase, False)
    QApplication.sendEvent(widget, turned)


@pytest.fixture(scope="module")
def view() -> PaperView:
    return run_view()


@pytest.mark.parametrize("size", [(700, 300), (1110, 280), (380, 700), (200, 120)])
def test_books_of_every_size_are_drawn(pane: PaperPane, view: PaperView, size: tuple[int, int]) -> None:
    pane.resize(*size)
    for shown in (None, empty_view(), run_view(100), view, huge_view(), empty_view()):
        if shown is not None:
            pane.refresh(shown)
        assert not pane.grab().toImage().isNull()
    pane.clear()


def test_an_empty_book_shows_how_to_start_it(pane: PaperPane) -> None:
    pane.refresh(empty_view())
    assert "live book" in pane.line.text
    assert "Off" in pane.line.text
    assert pane.as_table() is None
    assert not pane.bar.reset.isEnabled()
    assert pane.bar.capital.isEnabled()


def test_a_starting_book_shows_when_it_trades_and_a_stopped_one_does_not(pane: PaperPane) -> None:
    begun = run_view(10)
    pane.refresh(begun)
    assert f"first trades {fmt.clock(begun.next_rebalance_ns)}" in pane.line.text
    assert begun.waiting in pane.line.text
    pane.refresh(replace(begun, settings=replace(begun.settings, on=False)))
    assert "off since" in pane.line.text
    assert begun.waiting not in pane.line.text
    assert "first trades" not in pane.line.text


def test_no_event_of_the_ledger_is_elided(pane: PaperPane) -> None:
    pane.refresh(run_view(10))
    assert pane.show_ledger.text() == "ledger, 1 line"
    room = pane.ledger_table.columnWidth(2)
    metrics = QFontMetricsF(theme().font(small=True))
    assert all(metrics.horizontalAdvance(kind.value) + 8 <= room for kind in EntryKind)


def test_the_line_shows_the_parts_of_the_equity(pane: PaperPane, view: PaperView) -> None:
    pane.refresh(view)
    assert view.now is not None
    assert "demo.mcap book" in pane.line.text
    assert f"equity {view.now.equity:,.2f} USD" in pane.line.text
    assert f"price {view.now.price_pnl:+,.2f}".replace("-", "\N{MINUS SIGN}") in pane.line.text
    assert f"{view.figures.skipped} skipped" in pane.line.text


def test_every_choice_changes_the_settings(pane: PaperPane) -> None:
    wanted = sent(pane.command, SetPaper)
    pane.refresh(empty_view())
    bar = pane.bar
    for choice, value in (
        (bar.score, PaperScore.FLOW),
        (bar.names, 3),
        (bar.sizing, Sizing.RISK),
        (bar.period, 60_000_000_000),
    ):
        choice.setCurrentIndex(choice.findData(value))
        choice.activated.emit(choice.currentIndex())
    bar.capital.setFocus()
    bar.capital.setText("250,000")
    QTest.keyClick(bar.capital, Qt.Key.Key_Return)
    QTest.mouseClick(bar.switch, Qt.MouseButton.LeftButton)
    settings = PaperSettings(True, PaperScore.FLOW, 3, Sizing.RISK, 60_000_000_000, 250_000.0)
    assert wanted[-1] == SetPaper(settings)
    assert len(wanted) == 6


@pytest.mark.parametrize("typed", ["", "many", "-5", "0", "1e30"])
def test_an_invalid_capital_changes_nothing(pane: PaperPane, typed: str) -> None:
    wanted = sent(pane.command, SetPaper)
    pane.bar.capital.setText(typed)
    pane.bar.capital.editingFinished.emit()
    assert not wanted
    assert pane.bar.capital.text() == "100,000 $"


def test_fees_are_edited_in_basis_points(pane: PaperPane) -> None:
    dialog = FeesDialog(pane, PaperSettings().fees)
    assert dialog.fees() == PaperSettings().fees
    venue, box = next(iter(dialog.boxes.items()))
    box.setValue(2.5)
    assert dict(dialog.fees())[venue] == 0.00025


def test_a_reset_asks_for_confirmation(pane: PaperPane, view: PaperView, qtbot: QtBot) -> None:
    pane.refresh(view)
    QTest.mouseClick(pane.bar.reset, Qt.MouseButton.LeftButton)
    box = pane.bar.findChild(QMessageBox)
    assert isinstance(box, QMessageBox)
    with wait_for(qtbot, pane.command, ResetPaper):
        QTest.mouseClick(box.button(QMessageBox.StandardButton.Yes), Qt.MouseButton.LeftButton)


def test_the_newest_line_is_first_and_a_click_shows_the_scores_behind_it(pane: PaperPane, view: PaperView) -> None:
    pane.refresh(view)
    assert pane.ledger.line(0) == view.entries[-1]
    row = next(at for at in range(pane.ledger.rowCount()) if pane.ledger.line(at).rebalance == 2)
    table = pane.ledger_table
    index = pane.ledger.index(row, 3)
    table.scrollTo(index)
    QTest.mouseClick(table.viewport(), Qt.MouseButton.LeftButton, pos=table.visualRect(index).center())
    assert pane.request().rebalance == 2
    assert pane.pages.currentWidget() is pane.scores_table
    pane.refresh(run_view(rebalance=2))
    assert pane.show_scores.text().startswith("scores of #2, ")
    coins = [pane.scores.line(at).base for at in range(pane.scores.rowCount())]
    traded = {one.base for one in view.entries if one.rebalance == 2 and one.rank}
    assert traded <= set(coins)
    QTest.mouseClick(pane.show_ledger, Qt.MouseButton.LeftButton)
    assert pane.request().rebalance is None


def test_the_selection_stays_when_lines_are_added(pane: PaperPane, view: PaperView) -> None:
    pane.refresh(replace(view, entries=view.entries[:40]))
    pane.ledger_table.selectRow(5)
    chosen = pane.ledger.line(5)
    pane.refresh(view)
    assert pane.ledger.line(pane.ledger_table.currentIndex().row()) == chosen


def test_an_unknown_price_is_empty(pane: PaperPane, view: PaperView) -> None:
    pane.refresh(view)
    row = next(at for at in range(pane.ledger.rowCount()) if pane.ledger.line(at).kind is EntryKind.SKIP)
    texts = {column.name: pane.ledger.index(row, at).data() for at, column in enumerate(pane.ledger.columns)}
    assert texts["price"] == ""
    assert texts["fee"] == ""
    assert texts["note"]
    assert QColor(pane.ledger.index(row, 0).data(Qt.ItemDataRole.ForegroundRole)) == theme().color("gap")


def test_bars_are_on_the_side_of_the_position(pane: PaperPane, view: PaperView) -> None:
    pane.resize(1100, 300)
    pane.refresh(view)
    picture = pane.exposure.grab().toImage()
    for row, coin in enumerate(pane.exposure.coins[: pane.exposure.visible_rows]):
        line = [picture.pixelColor(x, (row + 1) * ROW_PX + 5) for x in range(60, pane.exposure.width() - 60)]
        green = sum(one.green() > 90 and one.red() < 80 for one in line)
        red = sum(one.red() > 90 and one.green() < 80 for one in line)
        if abs(coin.notional) > 5_000 and coin.stale_ns < 20_000_000_000:
            assert (green > red) == (coin.notional > 0)


def test_the_point_under_the_pointer_is_shown(pane: PaperPane, view: PaperView) -> None:
    pane.resize(1100, 300)
    pane.refresh(view)
    move_pointer(pane.curve, QPointF(pane.curve.width(), 20))
    assert f"{view.equity[-1]:,.2f}" in pane.line.text
    QApplication.sendEvent(pane.curve, QEvent(QEvent.Type.Leave))
    assert "turnover" in pane.line.text


def test_a_year_of_minutes_shows_its_deepest_drawdown(pane: PaperPane) -> None:
    shown = huge_view()
    pane.refresh(shown)
    points = pane.curve.drawn_points()
    assert len(points) <= 2 * pane.curve.width() + 2
    assert shown.equity[points].min() == shown.equity.min()
    assert shown.equity[points].max() == shown.equity.max()


def test_the_table_has_every_line_of_the_ledger(pane: PaperPane, view: PaperView) -> None:
    pane.refresh(view)
    table = pane.as_table()
    assert table is not None
    assert len(table.rows) == len(view.entries)
    fees = table.header.index("fee_usd")
    assert view.now is not None
    assert sum(float(row[fees] or 0) for row in table.rows) == pytest.approx(view.now.fees)
    assert np.isfinite(view.equity).all()


def test_the_wheel_scrolls_the_coins_and_stops_at_the_last(pane: PaperPane) -> None:
    pane.refresh(huge_view())
    for _ in range(60):
        turn_wheel(pane.exposure, -120)
    assert pane.exposure.first == 60 - pane.exposure.visible_rows
    pane.refresh(empty_view())
    assert pane.exposure.first == 0
