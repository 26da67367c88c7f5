"""Link groups: who follows whom."""

from __future__ import annotations

import pytest
from pytestqt.qtbot import QtBot

from widgets.pane import Pane, Table
from widgets.workspaces.links import Links
from workstation.readmodels.flow.cvd import CvdRequest
from workstation.readmodels.request import View


class Follower(Pane):
    def __init__(self, group: int) -> None:
        super().__init__()
        self.link_group = group
        self.base, self.crosshairs = "", []

    def request(self) -> CvdRequest:
        return CvdRequest(self.base)

    def refresh(self, view: View) -> None:
        raise NotImplementedError

    def clear(self) -> None:
        self.crosshairs.clear()

    def set_base(self, base: str) -> None:
        self.base = base

    def show_crosshair(self, ts_ns: int | None) -> None:
        self.crosshairs.append(ts_ns)


@pytest.fixture
def panes(qtbot: QtBot) -> list[Follower]:
    made = [Follower(group) for group in (1, 1, 2, 0)]
    for pane in made:
        qtbot.addWidget(pane)
    return made


@pytest.fixture
def links(panes: list[Follower]) -> Links:
    made = Links()
    for pane in panes:
        made.add(pane)
    return made


def test_a_base_reaches_its_group_only(links: Links, panes: list[Follower]) -> None:
    links.set_base(1, "ETH")
    assert [pane.base for pane in panes] == ["ETH", "ETH", "", ""]
    panes[2].choose_base("SOL")
    assert [pane.base for pane in panes] == ["ETH", "ETH", "SOL", ""]


def test_a_pane_of_no_group_is_alone(links: Links, panes: list[Follower]) -> None:
    panes[3].choose_base("BTC")
    panes[3].send_crosshair(5)
    assert [pane.base for pane in panes] == ["", "", "", "BTC"]
    assert not any(pane.crosshairs for pane in panes)


def test_a_pane_takes_up_the_base_of_its_new_group_and_its_crosshair(links: Links, panes: list[Follower]) -> None:
    links.set_base(1, "ETH")
    links.set_group(panes[2], 1)
    assert panes[2].base == "ETH"
    panes[2].send_crosshair(7)
    assert [pane.crosshairs for pane in panes] == [[7], [7], [], []]


def test_a_table_is_tab_separated() -> None:
    assert Table(("a", "b"), ((1, None), ("x", 2.5))).text() == "a\tb\n1\t\nx\t2.5"


def test_every_base_that_begins_to_be_shown_is_reported(links: Links, panes: list[Follower]) -> None:
    changes: list[tuple[int, str]] = []
    links.base_changed.connect(lambda group, base: changes.append((group, base)))
    panes[2].choose_base("SOL")
    panes[3].choose_base("XRP")
    assert panes[3].base == "XRP"
    assert (2, "SOL") in changes
    assert (0, "XRP") in changes
    assert {base for _, base in changes} == {"SOL", "XRP"}
