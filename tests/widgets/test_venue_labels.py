"""No widget shows a venue other than by its profile's label or mark: no "Okx", no bare "binance"."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import replace

import pytest
from PySide6.QtCore import QModelIndex, Qt
from PySide6.QtGui import QAction, QPainter, QPixmap
from PySide6.QtWidgets import QAbstractButton, QAbstractItemView, QApplication, QComboBox, QGroupBox, QLabel, QWidget
from pytestqt.qtbot import QtBot

import resources
from feeds.model.instrument import MarketKind, Venue
from feeds.recording import RecordingReader
from feeds.venues.registry import PROFILES, VENUES, profile_of
from tests.widgets.market_views import live_status
from widgets.dialogs.first_run import FirstRun
from widgets.elements.labels import Labels
from widgets.elements.venue_menu import VenueButton
from widgets.panes.liquidations.summary import VenueStrip
from widgets.panes.paper.bar import FeesDialog
from widgets.panes.paper.ledger import LEDGER
from widgets.theme.markets import listed_mark
from widgets.theme.theme import apply_theme
from widgets.window.status_bar import segments_of
from widgets.workspaces.catalogue import PANES
from workstation.analytics.engine import ANSWERS, Engine
from workstation.readmodels.positions.liquidations import LiquidationSource
from workstation.readmodels.session.status import ConnectionStatus
from workstation.readmodels.universe.paper import EntryKind, PaperEntry, PaperSettings
from workstation.replay.core import Core, Tape

SECOND = 1_000_000_000


# Part of an identifier, such as `binance.linear.public` or `BTCUSDT.binance.linear`, a name is no text.
NAME = re.compile(rf"(?<![\w.])(?:{'|'.join(VENUES)})(?!\w|\.\w)", re.IGNORECASE)
ALLOWED = {name for profile in PROFILES.values() for name in (profile.label, profile.mark)}


def misnamed(texts: list[str]) -> list[str]:
    return [text for text in texts if not set(NAME.findall(text)) <= ALLOWED]


def texts_of(top: QWidget) -> list[str]:
    """Every text of the widgets and actions below one: labels, buttons, menus, choices, tables and tooltips."""
    found: list[str] = []
    for one in (top, *top.findChildren(QWidget)):
        found += [one.toolTip(), one.accessibleName(), one.windowTitle()]
        found += [one.text()] if isinstance(one, QAbstractButton | QLabel) else []
        found += [one.title()] if isinstance(one, QGroupBox) else []
        found += [one.itemText(at) for at in range(one.count())] if isinstance(one, QComboBox) else []
        found += cells(one) if isinstance(one, QAbstractItemView) else []
    for action in top.findChildren(QAction):
        found += [action.text(), action.toolTip()]
    return found


def cells(table: QAbstractItemView) -> list[str]:
    model, top = table.model(), QModelIndex()
    if model is None:
        return []
    return [
        str(model.data(model.index(row, column, top), Qt.ItemDataRole.DisplayRole) or "")
        for row in range(model.rowCount(top))
        for column in range(model.columnCount(top))
    ]


@pytest.fixture(scope="module", autouse=True)
def look(qapp: QApplication) -> Iterator[None]:
    apply_theme(qapp)
    yield
    qapp.setStyleSheet("")


@pytest.fixture(scope="module")
def engine() -> Engine:
    tape = Tape(RecordingReader(resources.path("sessions/simulated.mcap")), Core())
    while not tape.play(tape.position_ns + 6 * SECOND):
        pass
    return tape.core.engine


@pytest.fixture
def painted(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The texts that are painted from now on."""
    found: list[str] = []
    draw, draw_text = Labels.draw, QPainter.drawText

    def labels_draw(labels, painter, text, *rest, **named):  # type: ignore[no-untyped-def]
        found.append(text)
        draw(labels, painter, text, *rest, **named)

    def painter_draw(painter, *rest):  # type: ignore[no-untyped-def]
        found.extend(part for part in rest if isinstance(part, str))
        return draw_text(painter, *rest)

    monkeypatch.setattr(Labels, "draw", labels_draw)
    monkeypatch.setattr(QPainter, "drawText", painter_draw)
    return found


def test_a_wrong_name_is_found() -> None:
    wrong = ["Okx", "okx and Bybit", "BINANCE", "of binance."]
    assert misnamed(wrong) == wrong
    assert misnamed(["OKX: ok", "Binance, Bybit", "OKX-inv", "binance.linear.public", "BTCUSDT.okx.linear"]) == []


def test_the_first_run_dialog_and_the_menus(qtbot: QtBot) -> None:
    dialog, button = FirstRun(), VenueButton()
    fees = FeesDialog(dialog, PaperSettings().fees)
    for widget in (dialog, button):
        qtbot.addWidget(widget)
    for venue in VENUES:
        dialog.show_reached(venue, "")
        button.ticks.choose(frozenset({venue}))
        assert button.text() == profile_of(venue).label
    for widget in (dialog, button.ticks, fees):
        texts = texts_of(widget)
        assert not misnamed(texts)
        assert {profile.label for profile in PROFILES.values()} <= set(texts)


def test_the_status_bar() -> None:
    connections = tuple(
        ConnectionStatus(f"{venue}.linear.public", venue, True, 9 * SECOND, clock_offset_ns=3 * SECOND)
        for venue in VENUES
    )
    segments = segments_of(replace(live_status(), connections=connections))
    texts = [text for segment in segments for text in (segment.text, segment.tip)]
    assert not misnamed(texts)
    for profile in PROFILES.values():
        assert any(profile.mark in text for text in texts)
        assert any(f"Clock of {profile.label}" in text for text in texts)


@pytest.mark.parametrize("venue", VENUES)
def test_marks_and_table_cells(venue: Venue) -> None:
    assert listed_mark(venue, MarketKind.SPOT) == f"{profile_of(venue).mark}-spot"
    entry = PaperEntry(1, 1, 0, EntryKind.TRADE, "BTC", venue)
    assert profile_of(venue).label in [column.text(entry) for column in LEDGER]


def test_the_tooltips_of_liquidation_sources(qtbot: QtBot) -> None:
    strip = VenueStrip()
    qtbot.addWidget(strip)
    strip.setFixedWidth(900)
    strip.show_sources(
        tuple(LiquidationSource(venue, profile_of(venue).liquidations, 0, True) for venue in VENUES), None
    )
    tips = list(dict.fromkeys(strip.tip_at(x, 5) for x in range(0, 900, 20)))
    assert tips.pop() == "", "beside the badges"
    assert [tip.partition(":")[0] for tip in tips] == [profile.label for profile in PROFILES.values()]
    assert not misnamed(tips)


@pytest.mark.parametrize("kind", PANES)
def test_panes_with_all_venues(qtbot: QtBot, engine: Engine, painted: list[str], kind: str) -> None:
    pane = PANES[kind]()
    qtbot.addWidget(pane)
    pane.resize(900, 600)
    pane.set_base("BTC")
    for request in (pane.request(), *pane.side_requests()):
        if request is not None and type(request) in ANSWERS:
            pane.refresh(engine.view(request))
    pane.render(QPixmap(pane.size()))
    assert not misnamed([*painted, *texts_of(pane), pane.title, pane.help])
