"""The pressure table: order, filters, pins, expanding, batches, the pointer, copies, weights, saved state."""

from __future__ import annotations

import json
import math
import random
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from PySide6.QtCore import QEvent, QPoint, Qt
from PySide6.QtGui import QContextMenuEvent, QGuiApplication
from PySide6.QtWidgets import QApplication, QMenu
from pytestqt.qtbot import QtBot

from feeds.model.instrument import Venue
from tests.widgets.messages import sent
from tests.widgets.pressure_views import pressure_view
from widgets.dialogs.files import save_table
from widgets.items.digits import decode
from widgets.link_events import BaseChosen
from widgets.panes.pressure.columns import BY_NAME, COLUMNS, SCORE, SYMBOL, fitting, price_text
from widgets.panes.pressure.model import PressureModel
from widgets.panes.pressure.paint import FIGURES, ROLES
from widgets.panes.pressure.pane import PressurePane
from widgets.panes.pressure.rows import Filter, Sort, ordered, search_terms
from widgets.theme.theme import apply_theme
from workstation.readmodels.flow.tape import TapeRequest
from workstation.readmodels.markets import Freshness
from workstation.readmodels.universe.pressure import FlowWeights, PressureView, PressureWeights, Regime

OI_1H = BY_NAME["OI 1 h"]


@pytest.fixture(scope="module", autouse=True)
def look(qapp: QApplication) -> Iterator[None]:
    apply_theme(qapp)
    yield
    qapp.setStyleSheet("")


def made(qtbot: QtBot, view: PressureView | None = None, size: tuple[int, int] = (900, 600)) -> PressurePane:
    pane = PressurePane()
    qtbot.addWidget(pane)
    pane.resize(*size)
    pane.show()
    pane.refresh(view or pressure_view())
    return pane


@pytest.fixture
def pane(qtbot: QtBot) -> PressurePane:
    return made(qtbot)


def coins(pane: PressurePane) -> list[str]:
    """The coins in the order of the table."""
    model = pane.model
    return [model.symbol(row) for row in range(model.rowCount()) if model.is_coin(row)]


def shown(pane: PressurePane, column: int) -> list[float]:
    return [pane.model.number(row, column) for row in range(pane.model.rowCount()) if pane.model.is_coin(row)]


def spot(pane: PressurePane, row: int, column: int) -> QPoint:
    return pane.table.visualRect(pane.model.index(row, column)).center()


# --- order


numbers = st.one_of(st.integers(-3, 3).map(float), st.just(math.nan))


@given(st.lists(st.tuples(numbers, numbers), max_size=30), st.booleans(), st.booleans(), st.integers(0, 99))
def test_order_against_a_plain_stable_sort(rows: list[tuple[float, float]], up: bool, then_up: bool, seed: int) -> None:
    start = list(range(len(rows)))
    random.Random(seed).shuffle(start)

    def key(row: int, of: int, rising: bool) -> float:
        value = rows[row][of]
        return math.inf if math.isnan(value) else value if rising else -value

    expected = sorted(sorted(start, key=lambda row: key(row, 1, then_up)), key=lambda row: key(row, 0, up))
    columns = np.array(rows, dtype=float).reshape(-1, 2).T
    found = ordered(np.array(start, dtype=np.int64), [(columns[0], up), (columns[1], then_up)])
    assert found.tolist() == expected


def test_it_begins_with_the_highest_score(pane: PressurePane) -> None:
    scores = shown(pane, SCORE)
    assert scores == sorted(scores, reverse=True)
    assert len(scores) == 68


def test_a_heading_sorts_reverses_and_adds(pane: PressurePane, qtbot: QtBot) -> None:
    head = pane.table.horizontalHeader()

    def click(column: int, keys: Qt.KeyboardModifier = Qt.KeyboardModifier.NoModifier) -> None:
        at = QPoint(head.sectionViewportPosition(column) + 10, 8)
        qtbot.mouseClick(head.viewport(), Qt.MouseButton.LeftButton, keys, at)

    click(OI_1H)
    known = [value for value in shown(pane, OI_1H) if not math.isnan(value)]
    assert known == sorted(known, reverse=True)
    assert math.isnan(shown(pane, OI_1H)[-1]), "what is not known comes last"
    click(OI_1H)
    known = [value for value in shown(pane, OI_1H) if not math.isnan(value)]
    assert known == sorted(known)
    assert math.isnan(shown(pane, OI_1H)[-1]), "either way"
    click(BY_NAME["bias"])
    pane.table.sort_by(SCORE, more=True)
    pairs = list(zip(shown(pane, BY_NAME["bias"]), shown(pane, SCORE), strict=True))
    assert pairs == sorted(pairs, reverse=True)
    pane.table.sort_by(SCORE, more=True)
    assert pane.model.sorts == (Sort(BY_NAME["bias"], False), Sort(SCORE, True))
    pane.table.sort_by(SCORE, more=True)
    assert pane.model.sorts == (Sort(BY_NAME["bias"], False),)


def test_every_column_sorts(pane: PressurePane) -> None:
    for at in range(len(COLUMNS)):
        pane.table.sort_by(at)
        assert sorted(coins(pane)) == sorted(pane.model.view.universe.symbols)


def test_rows_move_only_between_refreshes_and_never_under_the_pointer(pane: PressurePane) -> None:
    before = coins(pane)
    QApplication.sendEvent(pane.table.viewport(), QEvent(QEvent.Type.Enter))
    pane.table.hovered = True
    pane.refresh(pressure_view(seed=2, revision=2))
    assert coins(pane) == before
    assert pane.summary.held
    assert shown(pane, SCORE) != sorted(shown(pane, SCORE), reverse=True), "the numbers are new all the same"
    QApplication.sendEvent(pane.table.viewport(), QEvent(QEvent.Type.Leave))
    pane.refresh(pressure_view(seed=2, revision=3))
    assert shown(pane, SCORE) == sorted(shown(pane, SCORE), reverse=True)
    assert not pane.summary.held
    assert pane.every_frames == 60, "asked for once a second, so that rows move no more often"


def test_new_numbers_are_one_batch(pane: PressurePane) -> None:
    changes: list[tuple[int, int, int, int]] = []
    resets: list[None] = []
    pane.model.dataChanged.connect(lambda a, b, _: changes.append((a.row(), a.column(), b.row(), b.column())))
    pane.model.modelReset.connect(lambda: resets.append(None))
    pane.model.take(pressure_view(seed=3, revision=2))
    assert changes == [(0, 0, 67, len(COLUMNS) - 1)]
    assert not resets


def test_the_selection_stays_with_its_coin(pane: PressurePane) -> None:
    pane.table.selectRow(pane.model.row_of("C7"))
    for seed in range(2, 6):
        pane.refresh(pressure_view(seed=seed, revision=seed))
        assert pane.model.symbol(pane.table.chosen_row()) == "C7"
    pane.bar.search.setText("7")
    assert pane.model.symbol(pane.table.chosen_row()) == "C7", "a filter resets the rows, not the cursor"


def test_added_and_removed_coins_rebuild_the_rows(pane: PressurePane) -> None:
    pane.model.expanded = {"C65"}
    pane.refresh(pressure_view(coins=70, revision=2))
    assert len(coins(pane)) == 70
    pane.refresh(pressure_view(coins=5, revision=3))
    assert len(coins(pane)) == 5


# --- filters, pins, expanding


def test_filters_against_plain_rules(pane: PressurePane) -> None:
    view = pane.model.view
    scores = view.pressure
    rules = {
        Filter(("C1", "BTC")): lambda at, name: "C1" in name or name == "BTC",
        Filter(bias=-1): lambda at, name: scores.bias[at] == -1,
        Filter(bias=0): lambda at, name: scores.bias[at] == 0 and not math.isnan(scores.signed[at]),
        Filter(regime=Regime.LONG_BUILDING): lambda at, name: scores.regime[at] == 1,
        Filter(turnover=1e8): lambda at, name: view.universe.columns.turnover_24h[at] >= 1e8,
        Filter(venues=4): lambda at, name: False,
        Filter(("C",), bias=1, turnover=1e7): lambda at, name: (
            "C" in name and scores.bias[at] == 1 and view.universe.columns.turnover_24h[at] >= 1e7
        ),
    }
    for rule, plainly in rules.items():
        expected = [plainly(at, name) for at, name in enumerate(view.universe.symbols)]
        assert rule.accepts(view).tolist() == expected
        assert rule.venues or any(expected)
    assert search_terms(" btc, eth;sol ") == ("BTC", "ETH", "SOL")


def test_the_bar_filters_and_a_pinned_coin_stays_on_top(pane: PressurePane, qtbot: QtBot) -> None:
    pane.table.toggle_pin(pane.model.row_of("BTC"))
    assert coins(pane)[0] == "BTC"
    qtbot.keyClicks(pane.bar.search, "c6")
    assert coins(pane)[0] == "BTC"
    assert set(coins(pane)[1:]) == {"C6", *(f"C6{n}" for n in range(6))}
    qtbot.keyClick(pane.bar.search, Qt.Key.Key_Escape)
    assert len(coins(pane)) == 68
    pane.bar.bias.setCurrentText("short")
    assert set(shown(pane, BY_NAME["bias"])[1:]) == {-1.0}
    pane.table.toggle_pin(0)
    pane.bar.search.setText("no such coin")
    assert pane.model.rowCount() == 0
    assert pane.table.why_empty() == "no coin passes the filters"
    pane.grab()


def test_the_request_names_the_summed_venues(pane: PressurePane) -> None:
    ticks = {action.text(): action for action in pane.bar.summed.menu().actions() if action.isCheckable()}
    ticks["Deribit"].trigger()
    ticks["OKX"].trigger()
    assert pane.request().markets.venues == {Venue("binance"), Venue("bybit"), Venue("hyperliquid")}
    assert pane.bar.summed.text() == "3 venues"
    for name in ("Binance", "Bybit", "Hyperliquid"):
        ticks[name].trigger()
    assert pane.request().markets.venues is None, "a sum over nothing is never meant"
    assert all(tick.isChecked() for tick in ticks.values())


def test_an_expanded_coin_shows_the_terms_of_its_score_and_its_markets(pane: PressurePane, qtbot: QtBot) -> None:
    row = pane.model.row_of("ETH")
    pane.table.scrollTo(pane.model.index(row, SYMBOL))
    arrow = pane.table.visualRect(pane.model.index(row, SYMBOL)).topLeft() + QPoint(5, 8)
    qtbot.mouseClick(pane.table.viewport(), Qt.MouseButton.LeftButton, pos=arrow)
    model, points = pane.model, row + 1
    assert [model.text(at, SYMBOL) for at in range(row, row + 6)] == ["ETH", "points", "z", "BIN", "BYB", "OKX"]
    parts = [model.number(points, at) for at, column in enumerate(COLUMNS) if column.part is not None]
    assert sum(part for part in parts if not math.isnan(part)) == pytest.approx(model.number(points, SCORE))
    assert abs(model.number(points, SCORE)) == pytest.approx(model.number(row, SCORE))
    assert model.text(points, BY_NAME["price"]) == "", "a part says nothing in a column that is none of its inputs"
    assert model.text(row + 3, BY_NAME["flow"]) == "", "markets are no part of the field"
    assert all(model.symbol(at) == "ETH" for at in range(row, row + 6))
    pane.grab()
    pane.table.selectRow(row)
    qtbot.keyClick(pane.table, Qt.Key.Key_Left)
    assert model.rowCount() == 68


def test_detail_rows_move_with_their_coin(pane: PressurePane) -> None:
    pane.table.toggle_expanded(pane.model.row_of("C3"))
    for seed in range(2, 5):
        pane.refresh(pressure_view(seed=seed, revision=seed))
        row = pane.model.row_of("C3")
        assert [pane.model.symbol(at) for at in range(row, row + 6)] == ["C3"] * 6
        assert pane.model.is_coin(row + 6) or row + 6 == pane.model.rowCount()


# --- clicks and keys


def test_a_click_and_enter_open_the_coin_in_linked_panes(pane: PressurePane, qtbot: QtBot) -> None:
    opened = sent(pane.link_event, BaseChosen)
    qtbot.mouseClick(pane.table.viewport(), Qt.MouseButton.LeftButton, pos=spot(pane, 2, OI_1H))
    assert opened == [BaseChosen(pane.model.symbol(2))]
    qtbot.keyClick(pane.table, Qt.Key.Key_Down)
    assert opened == [BaseChosen(pane.model.symbol(2))], "selecting alone opens nothing"
    qtbot.keyClick(pane.table, Qt.Key.Key_Return)
    assert opened[1:] == [BaseChosen(pane.model.symbol(3))]
    strongest = pane.model.view.universe.symbols[pane.model.view.summary.strongest]
    pane.summary.repaint()
    box = next(box for box, coin in pane.summary.coin_boxes if coin == strongest)
    qtbot.mouseClick(pane.summary, Qt.MouseButton.LeftButton, pos=box.center().toPoint())
    assert opened[2:] == [BaseChosen(strongest)]


def test_keys_of_the_pane(pane: PressurePane, qtbot: QtBot) -> None:
    pane.table.setFocus()
    pane.table.selectRow(5)
    symbol = pane.model.symbol(5)
    qtbot.keyClick(pane.table, Qt.Key.Key_P)
    assert (coins(pane)[0], pane.model.pinned) == (symbol, {symbol})
    qtbot.keyClick(pane.table, Qt.Key.Key_M)
    assert pane.method.isVisible()
    qtbot.keyClick(pane.table, Qt.Key.Key_Slash)
    assert pane.bar.search.hasFocus() or not pane.isActiveWindow()


def test_the_menu_of_a_row(pane: PressurePane) -> None:
    pane.table.selectRow(1)
    asked = QContextMenuEvent(QContextMenuEvent.Reason.Keyboard, QPoint(), QPoint())
    pane.table.contextMenuEvent(asked)
    menu = pane.table.findChild(QMenu)
    assert menu is not None
    texts = [action.text().partition("\t")[0] for action in menu.actions() if action.text()]
    symbol = pane.model.symbol(1)
    assert texts == [f"Open {symbol}", f"Pin {symbol}", f"Expand {symbol}", "Copy row", "Copy table",
                     "Export as csv...", "Columns"]  # fmt: skip
    menu.actions()[1].trigger()
    assert pane.model.pinned == {symbol}


# --- columns


def test_narrow_panes_show_the_columns_of_lowest_rank() -> None:
    names = [COLUMNS[at].name for at in fitting(384)]
    assert {"symbol", "score", "bias", "OI 1 h", "funding", "premium", "flow"} <= set(names)
    assert {"symbol", "score", "bias", "OI 1 h", "funding", "premium"} <= {COLUMNS[at].name for at in fitting(310)}
    assert fitting(0) == [SYMBOL]
    assert len(fitting(4_000)) == len(COLUMNS)
    for width in range(100, 2_000, 50):
        assert sum(COLUMNS[at].width for at in fitting(width)) <= width


@pytest.mark.parametrize("size", [(392, 400), (900, 500), (1900, 800), (200, 150)])
def test_nothing_is_wider_than_the_pane(qtbot: QtBot, size: tuple[int, int]) -> None:
    pane = made(qtbot, size=size)
    assert pane.width() == size[0]
    shown = sum(pane.table.columnWidth(at) for at in range(len(COLUMNS)) if not pane.table.isColumnHidden(at))
    assert shown <= pane.table.viewport().width()
    pane.open_settings()
    pane.grab()


def test_chosen_columns_stay(pane: PressurePane) -> None:
    pane.choose_columns({"age", "score"})
    visible = [COLUMNS[at].name for at in range(len(COLUMNS)) if not pane.table.isColumnHidden(at)]
    assert visible == ["symbol", "score", "age"]
    pane.choose_columns(None)
    assert not pane.table.isColumnHidden(OI_1H)


# --- numbers


def test_no_data_is_a_dash_and_prices_keep_five_digits(qtbot: QtBot) -> None:
    pane = made(qtbot, pressure_view(missing=1.0))
    model = pane.model
    for name in ("score", "flow", "OI 1 h", "funding", "longs out", "bias", "regime"):
        assert model.text(0, BY_NAME[name]) == "–", name
    pane.grab()
    assert [price_text(price) for price in (61_715.64, 0.24464, 0.0000076397, 1.0, math.nan)] == [
        "61,716", "0.24464", "0.0₅76397", "1.0000", "–",
    ]  # fmt: skip


def test_empty_tiny_and_huge_views_are_painted(qtbot: QtBot) -> None:
    for coins_ in (0, 1, 700):
        pane = made(qtbot, pressure_view(coins=coins_))
        pane.grab()
        assert pane.model.rowCount() == coins_
        assert (pane.as_table() is None) == (coins_ == 0)
    pane.clear()
    pane.grab()
    assert pane.model.rowCount() == 0


def test_a_view_of_other_weights_is_not_shown(pane: PressurePane) -> None:
    before = pane.model.view
    pane.method.weights[0].setValue(50)
    pane.refresh(pressure_view(seed=4, revision=2))
    assert pane.model.view is before
    asked = pane.request()
    assert asked.weights.oi_1h == 50
    pane.refresh(pressure_view(seed=4, revision=2, request=asked))
    assert pane.model.view is not before
    assert pane.request() != TapeRequest("BTC")


def test_the_method_shows_the_terms_of_the_selected_coin(pane: PressurePane) -> None:
    pane.open_settings()
    row = pane.model.row_of("C5")
    pane.table.selectRow(row)
    assert pane.method.head.text().startswith("C5  pressure ")
    coin, view = pane.model.view.universe.symbols.index("C5"), pane.model.view
    points = [cells[-1].text() for cells in pane.method.cells[:5]]
    for text, part in zip(points, view.pressure.parts[:, coin], strict=True):
        assert text == ("–" if math.isnan(part) else f"{part:+.1f}".replace("-", "\N{MINUS SIGN}"))
    pane.method.flow_weights[0].setValue(-1)
    assert pane.request().flow_weights == FlowWeights(taker=-1)
    pane.method.defaults.click()
    assert pane.request().flow_weights == FlowWeights()
    pane.method.show_coin(view, "")
    assert pane.method.head.text() == "Select a coin in the table."
    pane.method.show_coin(view, "DOGE")
    assert pane.method.head.text() == "DOGE: no perpetual is known."
    pane.clear()
    assert pane.method.head.text() == "Waiting for the first perpetual's data."
    assert all(not cell.text() for cells in pane.method.cells for cell in cells)


# --- copies, age, what is remembered


def test_copies_have_the_rows_in_their_order(pane: PressurePane, tmp_path: Path) -> None:
    table = pane.as_table()
    assert [row[0] for row in table.rows] == coins(pane)
    assert all(len(row) == len(table.header) for row in table.rows)
    pane.table.selectRow(3)
    pane.copy_row()
    lines = QGuiApplication.clipboard().text().splitlines()
    assert len(lines) == 2
    assert lines[1].split("\t")[0] == pane.model.symbol(3)
    save_table(pane, table, tmp_path / "t.csv")
    assert len((tmp_path / "t.csv").read_text().splitlines()) == 69


def test_the_age_is_that_of_each_venues_newest_data(pane: PressurePane) -> None:
    markets = pane.shown_markets()
    ages = pane.model.view.universe.markets.columns.age_s
    assert len(markets) == 3
    assert max(one.last_event_ns for one in markets) == pane.model.view.now_ns - round(float(ages.min()) * 1e9)
    assert all(one.trades is Freshness.LIVE for one in markets)


def test_the_saved_state(pane: PressurePane, qtbot: QtBot) -> None:
    pane.table.sort_by(OI_1H)
    pane.table.sort_by(SCORE, more=True)
    pane.table.toggle_pin(pane.model.row_of("C9"))
    pane.bar.search.setText("c")
    pane.bar.regime.setCurrentIndex(2)
    pane.choose_columns({"score", "age"})
    pane.bar.summed.ticks.choose(frozenset({Venue("okx"), Venue("bybit")}))
    pane.method.weights[3].setValue(7)
    pane.open_settings()
    saved = json.loads(json.dumps(pane.state()))
    other = made(qtbot)
    other.restore(saved)
    assert other.state() == pane.state()
    assert other.request() == pane.request()
    other.refresh(pressure_view(request=other.request()))
    pane.refresh(pressure_view(request=pane.request()))
    pane.model.arrange()  # the pointer may rest on the table, and rows stand still then
    assert coins(other) == coins(pane)


@pytest.mark.parametrize(
    "state",
    [
        {}, {"sort": [["no such", True], 3, ["score"]], "weights": {"oi_1h": "x"}, "filter": 3, "columns": ["?"]},
        {"weights": {"oi_1h": -4}, "flow_weights": {"what": 1}, "pinned": [1, None], "method": "yes"},
    ],
)  # fmt: skip
def test_an_invalid_state_changes_nothing(pane: PressurePane, state: dict[str, object]) -> None:
    pane.restore(state)
    assert pane.request().weights == PressureWeights()
    assert pane.model.sorts == (Sort(SCORE, False),)
    assert pane.table.columns is None


def test_stale_coins_are_grey(qtbot: QtBot) -> None:
    view = pressure_view()
    live = view.universe.live.copy()
    live[0] = 0
    pane = made(qtbot, replace(view, universe=replace(view.universe, live=live)))
    pane.table.toggle_expanded(pane.model.row_of("ETH"))
    codes = pane.model.rows.codes
    named = [ROLES[role] for role in pane.table.painted.row_roles(codes)]
    assert named[pane.model.row_of("BTC")] == "stale"
    eth = pane.model.row_of("ETH")
    assert named[eth : eth + 4] == ["text", "muted", "muted", "muted"]


@given(st.lists(st.one_of(st.floats(-5e3, 5e3), st.just(math.nan), st.floats(0, 1e-4)), max_size=20))
def test_painted_numbers_equal_their_texts(values: list[float]) -> None:
    numbers = np.array(values, dtype=float)
    for column in COLUMNS:
        if column.look in FIGURES:
            assert decode(column.written.encode(numbers)) == [column.written.text(value) for value in values], (
                column.name
            )


def test_a_failure_while_painting_is_shown_and_ends_nothing(
    pane: PressurePane, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(pane.table.painted, "draw", lambda *_: 1 / 0)
    pane.grab()
    assert "painting of the pressure table failed" in caplog.text


def test_a_model_without_a_view_is_empty() -> None:
    model = PressureModel()
    assert (model.rowCount(), model.columnCount(), model.arrange()) == (0, len(COLUMNS), False)
