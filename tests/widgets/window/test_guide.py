"""The guide made from the program's own texts, and the first start."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from PySide6.QtWidgets import QApplication
from pytestqt.qtbot import QtBot

from feeds.live.reachability import check_reachability
from feeds.live.transport import Http
from feeds.model.errors import TransportError
from feeds.model.instrument import Venue
from feeds.venues.registry import DRIVERS, VENUES
from tests.widgets.window.controls_log import ControlsLog
from tests.widgets.window.window_sources import FullSource
from widgets.dialogs.first_run import FirstRun, Start
from widgets.theme.theme import apply_theme
from widgets.window.guide import Guide, guide_text
from widgets.window.main_window import MainWindow
from widgets.workspaces.catalogue import PANES
from widgets.workspaces.presets import PRESETS
from workstation.settings.declaration import declared


@pytest.fixture(scope="module", autouse=True)
def look(qapp: QApplication) -> Iterator[None]:
    apply_theme(qapp)
    yield
    qapp.setStyleSheet("")


def test_the_guide_names_every_pane_command_workspace_and_setting(qtbot: QtBot) -> None:
    window = MainWindow(FullSource(), ControlsLog())
    qtbot.addWidget(window)
    text = guide_text(PANES, window.action_list.groups())
    for kind in PANES.values():
        assert f"## {kind.title}" in text
    for command in window.action_list:
        assert command.text in text
    for name in (*PRESETS, *(f"`{one.name}`" for one in declared())):
        assert name in text


def test_chapters_and_search(qtbot: QtBot) -> None:
    text = "# One\n\nfirst lines\n\n" + "filler\n\n" * 200 + "# Two\n\nthe needle\n"
    guide = Guide(None, text, "Two")
    qtbot.addWidget(guide)
    guide.show()
    assert [guide.chapters.item(row).text() for row in range(guide.chapters.count())] == ["One", "Two"]
    guide.show_chapter("Two")
    assert guide.text.verticalScrollBar().value() > 0
    guide.search.setText("needle")
    assert guide.find_next()
    assert guide.find_next(), "it begins again at the top"
    guide.search.setText("absent")
    assert not guide.find_next()


def test_the_first_start_shows_what_can_be_reached_and_what_to_watch(qtbot: QtBot) -> None:
    dialog = FirstRun()
    qtbot.addWidget(dialog)
    dialog.show()
    dialog.show_reached(Venue("binance"), "")
    assert dialog.venues[Venue("binance")].text() == "reachable"
    for venue in VENUES:
        dialog.show_reached(venue, "cannot connect")
    assert "no network" in dialog.advice.text()
    assert dialog.buttons[Start.DEMO].isDefault()
    dialog.others.setText("avax, btc")
    with qtbot.waitSignal(dialog.chosen) as chosen:
        dialog.buttons[Start.DEMO].click()
    assert chosen.args == [Start.DEMO, ("BTC", "ETH", "AVAX")]


async def test_every_venue_is_asked_and_faults_are_reported(monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[str] = []

    async def fetch(self: Http, url: str, body: str = "") -> bytes:
        asked.append(url)
        if "bybit" in url:
            raise TransportError("the venue does not serve this country")
        return b"{}"

    # the edge to the network: every venue makes a client of its own
    monkeypatch.setattr(Http, "fetch", fetch)
    found = {venue: trouble async for venue, trouble in check_reachability(DRIVERS.values())}
    assert set(found) == set(DRIVERS)
    assert found.pop(Venue("bybit")) == "the venue does not serve this country"
    assert set(found.values()) == {""}
    assert len(asked) == len(DRIVERS)
