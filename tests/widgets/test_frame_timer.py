"""The repaint clock asks for what moved, of panes that can be seen."""

from __future__ import annotations

from collections.abc import Collection

import pytest
from pytestqt.qtbot import QtBot

from tests.widgets.market_views import live_status, tape_view
from widgets.frame_timer import SIDE_FRAMES, FrameTimer
from widgets.pane import Pane
from workstation.readmodels.flow.tape import TapeRequest
from workstation.readmodels.request import Request, View
from workstation.readmodels.session.status import StatusView


class RecordingPane(Pane):
    title = "recording"

    def __init__(self) -> None:
        super().__init__()
        self.wanted: TapeRequest | None = TapeRequest("BTC")
        self.calls: list[str] = []

    def request(self) -> Request[View] | None:
        return self.wanted

    def refresh(self, view: View) -> None:
        self.calls.append("refresh")

    def clear(self) -> None:
        self.calls.append("clear")


class Source:
    def __init__(self) -> None:
        self.now = 1
        self.epoch = 1
        self.asked = 0
        self.displayed: list[tuple[Request[View], ...]] = []

    def mark_displayed(self, requests: Collection[Request[View]]) -> None:
        self.displayed.append(tuple(requests))

    def revision(self, request: Request[View]) -> int:
        return self.now

    def view(self, request: Request[View]) -> View:
        self.asked += 1
        return tape_view(count=3)

    def status(self) -> StatusView:
        return live_status(epoch=self.epoch)


@pytest.fixture
def pane(qtbot: QtBot) -> RecordingPane:
    pane = RecordingPane()
    qtbot.addWidget(pane)
    pane.show()
    return pane


def test_an_unmoved_revision_is_not_asked_for_again(pane: RecordingPane) -> None:
    source = Source()
    timer = FrameTimer(source, lambda: [pane])
    timer.tick()
    timer.tick()
    assert (pane.calls, source.asked) == (["refresh"], 1)
    source.now = 2
    timer.tick()
    assert (pane.calls, source.asked) == (["refresh", "refresh"], 2)


def test_a_hidden_pane_costs_nothing_and_catches_up_when_shown(pane: RecordingPane) -> None:
    source = Source()
    timer = FrameTimer(source, lambda: [pane])
    pane.hide()
    timer.tick()
    assert source.asked == 0
    pane.show()
    timer.tick()
    assert pane.calls == ["refresh"]


def test_a_changed_request_is_asked_at_once(pane: RecordingPane) -> None:
    source = Source()
    timer = FrameTimer(source, lambda: [pane])
    timer.tick()
    pane.wanted = TapeRequest("ETH")
    timer.tick()
    assert source.asked == 2


def test_no_request_means_no_question(pane: RecordingPane) -> None:
    source = Source()
    pane.wanted = None
    FrameTimer(source, lambda: [pane]).tick()
    assert source.asked == 0


def test_a_new_epoch_clears_before_it_refreshes(pane: RecordingPane) -> None:
    source = Source()
    timer = FrameTimer(source, lambda: [pane])
    timer.tick()
    source.epoch = 2
    timer.tick()
    assert pane.calls == ["refresh", "clear", "refresh"]


def test_every_frame_emits_the_status_and_how_long_it_took(pane: RecordingPane) -> None:
    timer = FrameTimer(Source(), lambda: [pane])
    seen: list[StatusView] = []
    timer.ticked.connect(seen.append)
    timer.tick()
    assert len(seen) == 1
    assert len(timer.frame_ms) == 1


def test_it_ticks_by_itself_until_it_is_stopped(qtbot: QtBot, pane: RecordingPane) -> None:
    timer = FrameTimer(Source(), lambda: [pane], hz=200)
    with qtbot.waitSignal(timer.ticked, timeout=2000):
        timer.start()
    timer.stop()
    assert pane.calls == ["refresh"]


def test_a_pane_that_asks_for_fewer_frames_gets_them(pane: RecordingPane) -> None:
    source = Source()
    pane.every_frames = 3
    timer = FrameTimer(source, lambda: [pane])
    for _ in range(9):
        source.now += 1
        timer.tick()
    assert pane.calls.count("refresh") == 3


def test_panes_of_one_rate_take_turns(qtbot: QtBot) -> None:
    source, panes = Source(), [RecordingPane() for _ in range(3)]
    for pane in panes:
        qtbot.addWidget(pane)
        pane.show()
        pane.every_frames = 3
    timer = FrameTimer(source, lambda: panes)
    timer.tick()
    assert [pane.calls.count("refresh") for pane in panes] == [1, 1, 1], "at once where nothing is shown yet"
    for _ in range(9):
        before = [len(pane.calls) for pane in panes]
        source.now += 1
        timer.tick()
        assert sum(len(pane.calls) - seen for pane, seen in zip(panes, before, strict=True)) == 1
    assert [pane.calls.count("refresh") for pane in panes] == [4, 4, 4]


def test_a_frame_that_takes_long_leaves_the_other_panes_to_the_next(qtbot: QtBot) -> None:
    source, panes = Source(), [RecordingPane() for _ in range(3)]
    for pane in panes:
        qtbot.addWidget(pane)
        pane.show()
        pane.every_frames = 4
    timer = FrameTimer(source, lambda: panes)
    counts = []
    for _ in range(3):
        timer.tick(patience_ms=0.0)
        counts.append([pane.calls.count("refresh") for pane in panes])
    assert counts == [[1, 0, 0], [1, 1, 0], [1, 1, 1]], "the first that waits comes first"
    source.epoch, source.now = 2, 2
    timer.tick(patience_ms=0.0)
    assert [pane.calls[1:] for pane in panes] == [["clear", "refresh"], ["clear"], ["clear"]], "nothing old is left"
    timer.tick()
    assert [pane.calls.count("refresh") for pane in panes] == [2, 2, 2]


def test_what_stands_beside_is_asked_for_less_often_unless_it_is_another(pane: RecordingPane) -> None:
    source, wanted = Source(), TapeRequest("BTC", count=7)
    pane.wanted = None
    pane.side_requests = lambda: (wanted,)  # type: ignore[method-assign]
    timer = FrameTimer(source, lambda: [pane])
    for _ in range(2 * SIDE_FRAMES):
        source.now += 1
        timer.tick()
    assert pane.calls.count("refresh") == 2
    wanted = TapeRequest("ETH", count=7)
    timer.tick()
    timer.tick()
    assert pane.calls.count("refresh") == 3


def test_every_frame_reports_what_is_on_the_screen(pane: RecordingPane) -> None:
    source, beside = Source(), TapeRequest("ETH", count=7)
    pane.side_requests = lambda: (beside,)  # type: ignore[method-assign]
    timer = FrameTimer(source, lambda: [pane])
    timer.tick()
    timer.tick()
    pane.hide()
    timer.tick()
    assert source.displayed == [(TapeRequest("BTC"), beside)] * 2 + [()]


def test_after_a_seek_the_chart_is_not_seen_empty(qtbot: QtBot) -> None:
    source, panes = Source(), [RecordingPane() for _ in range(3)]
    for pane in panes:
        qtbot.addWidget(pane)
        pane.show()
    panes[2].fills_width = True
    timer = FrameTimer(source, lambda: panes)
    timer.tick()
    source.epoch, source.now = 2, 2
    timer.tick(patience_ms=0.0)
    assert [pane.calls[1:] for pane in panes] == [["clear"], ["clear"], ["clear", "refresh"]]
