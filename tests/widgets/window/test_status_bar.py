"""The status line: quiet when all is well, exact when it is not."""

from __future__ import annotations

from dataclasses import replace
from itertools import pairwise

import pytest
from PySide6.QtCore import QPoint
from pytestqt.qtbot import QtBot

from feeds.model.instrument import InstrumentId, Venue
from tests.widgets.market_views import live_status, replay_status
from widgets.window.status_bar import StatusBar, readings_of, segments_of
from workstation.readmodels.session.status import BackfillStatus, Capabilities, ConnectionStatus, Presence, StatusView


class Clock:
    def __init__(self) -> None:
        self.now = 100.0

    def __call__(self) -> float:
        return self.now


def texts(status: StatusView) -> list[str]:
    return [segment.text for segment in segments_of(status)]


def test_all_is_well_says_little() -> None:
    assert texts(live_status(connections=())) == ["live venues"]


def test_one_segment_a_venue_with_a_dot_a_connection() -> None:
    by_text = {segment.text: segment for segment in segments_of(live_status())}
    binance = by_text["BIN 320ms"]
    assert len(binance.dots) == 3
    assert binance.role == "muted"
    okx, silent = by_text["OKX lost"], by_text["HYP 5.2s"]
    assert okx.role == "error"
    assert not okx.dots[0].connected
    assert "closed by the venue" in okx.tip
    assert silent.role == "stale"
    assert silent.dots[0].aged


def test_many_connections_of_a_venue_keep_the_dots_of_those_that_ail() -> None:
    ages = [(True, 10_000_000)] * 9 + [(False, None), (True, 9_000_000_000)]
    sockets = (ConnectionStatus(f"okx.{at}", Venue("okx"), up, age) for at, (up, age) in enumerate(ages))
    segment = segments_of(live_status(connections=tuple(sockets)))[1]
    assert segment.text == "+5 OKX 9.0s"
    assert [(dot.connected, dot.aged) for dot in segment.dots[:2]] == [(False, True), (True, True)]
    assert all(dot.connected and not dot.aged for dot in segment.dots[2:])
    assert len(segment.dots) == 6
    assert len(segment.tip.split("\n")) == 11


def test_a_connection_without_data_is_a_dash_and_not_zero() -> None:
    status = live_status(connections=(ConnectionStatus("deribit", Venue("deribit"), True, None),))
    assert texts(status)[1] == "DER –"
    assert "no data yet" in segments_of(status)[1].tip


def test_a_venues_clock_is_in_the_tip_and_on_the_line_where_it_is_far_off() -> None:
    def segment(offset_ns: int | None, connected: bool = True) -> tuple[str, str, str]:
        socket = ConnectionStatus("okx.linear", Venue("okx"), connected, 10_000_000, clock_offset_ns=offset_ns)
        found = segments_of(live_status(connections=(socket,)))[1]
        return found.text, found.role, found.tip.partition("\n")[2]

    assert segment(None) == ("OKX 10ms", "muted", "")
    assert segment(123_400_000) == ("OKX 10ms", "muted", "Clock of OKX: 123 ms ahead of this computer's")
    assert segment(-1_270_000_000) == ("OKX 10ms clock -1.3 s", "gap", "Clock of OKX: 1,270 ms behind this computer's")
    assert segment(5_000_000_000, connected=False)[1] == "error"


def test_lag_is_shown_above_a_second() -> None:
    assert not any("behind" in text for text in texts(live_status(lag_ns=900_000_000)))
    assert "behind live by 2.3s" in texts(live_status(lag_ns=2_300_000_000))
    assert "behind pace by 2.3s" in texts(replay_status(lag_ns=2_300_000_000))


def test_history_is_counted_until_it_is_whole() -> None:
    parts = (BackfillStatus(InstrumentId("a"), 300.0, 600.0), BackfillStatus(InstrumentId("b"), 444.0, 600.0))
    (segment,) = (s for s in segments_of(live_status(backfill=parts)) if "history" in s.text)
    assert (segment.text, segment.role, segment.tip) == ("history 62%", "muted", "Earlier trades: 2 markets to go")
    whole = tuple(replace(part, done_s=part.wanted_s) for part in parts)
    assert not any("history" in text for text in texts(live_status(backfill=whole)))
    assert live_status(backfill=whole).history_done == live_status().history_done == 1.0


def test_undecodable_messages_are_shown_in_the_colour_of_errors() -> None:
    assert ("3 undecodable", "error") in [(s.text, s.role) for s in segments_of(live_status(undecodable=3))]


def test_recording_is_shown_where_there_is_no_record_button() -> None:
    assert "recording to a.mcap" not in texts(live_status(recording_to="/x/a.mcap"))
    status = live_status(recording_to="/x/a.mcap", capabilities=Capabilities())
    assert "recording to a.mcap" in texts(status)


@pytest.mark.parametrize("presence", list(Presence))
def test_every_presence_has_its_text(presence: Presence) -> None:
    assert texts(live_status(presence=presence))[0].startswith(presence.value)


def test_readings_give_the_median_the_tail_and_the_clock() -> None:
    frame_ms = [1.0] * 98 + [9.0, 9.0]
    texts = [segment.text for segment in readings_of(live_status(), frame_ms, 1234.0)]
    assert texts == ["1.23k msg/s", "1.0/9.0 ms", "08:53:20 UTC"]
    assert [s.text for s in readings_of(live_status(), (), None)] == ["08:53:20 UTC"]


def test_frames_a_second_are_counted_and_forgotten_at_a_jump(qtbot: QtBot) -> None:
    clock = Clock()
    bar = StatusBar(clock=clock)
    qtbot.addWidget(bar)
    bar.refresh(live_status(frames=1000))
    assert "msg/s" not in bar.text()
    clock.now += 2
    bar.refresh(live_status(frames=1500))
    assert "250 msg/s" in bar.text()
    clock.now += 2
    bar.refresh(live_status(frames=10, epoch=2))
    assert "msg/s" not in bar.text()


def test_it_is_calm_but_urgent_things_come_at_once(qtbot: QtBot) -> None:
    clock = Clock()
    bar = StatusBar(clock=clock)
    qtbot.addWidget(bar)
    bar.refresh(live_status())
    before = bar.text()
    clock.now += 0.1
    bar.refresh(live_status(undecodable=1))
    assert bar.text() == before
    bar.refresh(live_status(notices=("disk 95 % full",)))
    assert "disk 95 % full" in bar.text()


def test_pieces_do_not_overlap_and_have_tips(qtbot: QtBot) -> None:
    bar = StatusBar(frame_ms=(1.0, 2.0))
    qtbot.addWidget(bar)
    for width in (1920, 1060, 300, 1):
        bar.resize(width, 24)
        bar.refresh(replace(live_status(), notices=("a long notice " * 20,), epoch=width))
        bar.grab()
        boxes = sorted((box.left(), box.right()) for box, _ in bar.boxes)
        assert all(a[1] <= b[0] for a, b in pairwise(boxes))
    bar.resize(1060, 24)
    bar.grab()
    segment = bar.segment_at(QPoint(12, 12))
    assert segment is not None
    assert segment.text == "live venues"
    assert bar.segment_at(QPoint(1, 12)) is None


def test_an_index_that_is_made_is_shown_as_work_and_not_as_trouble() -> None:
    assert not [one for one in segments_of(live_status()) if "indexed" in one.text]
    (segment,) = [one for one in segments_of(live_status(index_done=0.341)) if "indexed" in one.text]
    assert (segment.text, segment.role) == ("indexed 34%", "muted")
