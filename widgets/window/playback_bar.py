"""The bottom bar: live or replay, the transport of a replay, and the record button."""

from functools import partial
from pathlib import PurePath

from PySide6.QtCore import QPoint, Qt
from PySide6.QtWidgets import QLabel, QPushButton, QToolTip, QWidget

from widgets.dialogs.questions import GoToTime
from widgets.elements.captions import Badge, Choice, set_text, shortened, tint
from widgets.elements.layouts import line_of
from widgets.theme import format as fmt
from widgets.theme.theme import CELL
from widgets.window.actions import Action
from widgets.window.controls import Controls, Step
from widgets.window.timeline import Timeline
from workstation.readmodels.session.status import Presence, StatusView

SPEEDS = (0.1, 0.25, 0.5, 1.0, 2.0, 5.0, 10.0, 25.0, 50.0, 100.0, 250.0, 500.0, 1000.0)
_HEIGHT, _REPLAY_HEIGHT = 36, 52
MINUTE_NS = 60_000_000_000
_CLOSED_NS = 2_000_000_000  # after its end a bar is closed, whatever the latency of the venue
REPLAY = "Replay"
_STEP_TIPS = {
    Step.EVENT: "one event  ( . )",
    Step.MS100: "100 ms",
    Step.SECOND: "1 second",
    Step.BAR: "to the next bar",
}


def is_replay(status: StatusView) -> bool:
    """Whether what is shown happened in the past: a recording has bounds, a live source has none."""
    return status.start_ns is not None or status.presence in (
        Presence.PLAYING,
        Presence.PAUSED,
        Presence.SEEKING,
        Presence.ENDED,
    )


def badge_of(status: StatusView) -> tuple[str, str]:
    """The badge's text and colour role; grey while a live source is not connected yet."""
    if is_replay(status):
        return "REPLAY", "replay"
    text = "SIMULATED LIVE" if status.simulated else "LIVE"
    if status.presence is Presence.LIVE:
        return text, "gap" if status.simulated else "text"
    return text, "error" if status.presence is Presence.FAILED else "stale"


def next_speed(speed: float, steps: int) -> float:
    """The next listed speed, faster (`steps` positive) or slower; the first or last one at the ends."""
    beyond = [s for s in SPEEDS if (s > speed if steps > 0 else s < speed)]
    if not beyond:
        return SPEEDS[-1] if steps > 0 else SPEEDS[0]
    return beyond[0] if steps > 0 else beyond[-1]


class PlaybackBar(QWidget):
    """Shows the last StatusView and passes clicks on to `Controls`; it never predicts what they will do."""

    def __init__(self, controls: Controls) -> None:
        super().__init__()
        self._controls = controls
        self._status: StatusView | None = None
        self.badge = Badge()
        self.play = _button("Play", "Play or pause  ( Space )", controls.toggle)
        self.play.setMinimumWidth(56)
        self.steps = {
            unit: _button(unit.value, f"Step {tip}", partial(controls.step, unit)) for unit, tip in _STEP_TIPS.items()
        }
        self.speed = Choice()
        self.back = _button("−1m", "Back one minute  ( Shift+[ )", partial(self.jump, -MINUTE_NS))
        self.forward = _button("+1m", "Forward one minute  ( Shift+] )", partial(self.jump, MINUTE_NS))
        self.now, self.end = QLabel(), QLabel()
        self.timeline = Timeline()
        self.bookmark = _button("Bookmark", "Mark this moment  ( B )", self.mark_now)
        self.live = _button("Go live", "Leave the recording for the live venues  ( Ctrl+L )", controls.go_live)
        self.record = _button("Record", "Start or stop recording  ( R )", controls.toggle_recording)
        self.recording = QLabel()
        self._transport = QWidget()
        self._fill_speeds()
        self._lay_out()
        self._wanted_ns: int | None = None  # where the handle is dragged to, not reached by the session yet
        self.timeline.chosen.connect(self._seek_to_chosen)
        self.timeline.hovered.connect(self._show_target)
        self.timeline.mark_removed.connect(controls.remove_bookmark)
        self.setFixedHeight(_HEIGHT)

    def _fill_speeds(self) -> None:
        for speed in SPEEDS:
            self.speed.addItem(f"{speed:g}x", speed)
        self.speed.setCurrentIndex(SPEEDS.index(1.0))
        self.speed.setToolTip("Speed of the replay  ( [ slower, ] faster )")
        self.speed.setMaxVisibleItems(len(SPEEDS))
        self.speed.activated.connect(lambda index: self._controls.set_speed(SPEEDS[index]))

    def _lay_out(self) -> None:
        inside = line_of(within=self._transport)
        step = QLabel("step")
        tint(step, "muted")
        for widget in (self.play, step, *self.steps.values(), self.speed, self.back, self.now):
            inside.addWidget(widget)
        inside.addWidget(self.timeline, 1)
        for widget in (self.end, self.forward, self.bookmark, self.live):
            inside.addWidget(widget)
        row = line_of(self.badge, within=self, margins=(2 * CELL, CELL, 2 * CELL, CELL), spacing=2 * CELL)
        row.setAlignment(self.badge, Qt.AlignmentFlag.AlignVCenter)
        row.addWidget(self._transport, 1)
        row.addWidget(self.record)
        row.addWidget(self.recording)

    # --- what is shown

    def refresh(self, status: StatusView) -> None:
        self._follow_handle(status)
        if status == self._status:
            return
        self._status = status
        self.badge.show_badge(*badge_of(status))
        self._transport.setVisible(is_replay(status))
        self.setFixedHeight(_REPLAY_HEIGHT if is_replay(status) else _HEIGHT)
        if is_replay(status):
            self._show_transport(status)
        self._show_recording(status)

    def _show_transport(self, status: StatusView) -> None:
        can = status.capabilities
        playing = status.presence is Presence.PLAYING
        set_text(self.play, "Pause" if playing else "Play")
        self.play.setEnabled(status.presence is not Presence.ENDED)
        self.speed.setEnabled(can.speed)
        for button in (*self.steps.values(), self.back, self.forward):
            button.setEnabled(can.seek)
        self.timeline.setEnabled(can.seek and status.start_ns is not None)
        self.live.setVisible(can.go_live)
        self.timeline.show_outline(status.outline, status.bookmarks)
        self._show_speed(status.speed)
        if status.start_ns is None or status.end_ns is None:
            set_text(self.now, fmt.date_clock(status.now_ns))
            return
        self.timeline.show_span(status.start_ns, status.end_ns, status.now_ns)
        set_text(self.now, fmt.date_clock(status.now_ns))
        set_text(self.end, f"/ {_end_of(status.now_ns, status.end_ns)} {fmt.zone_name(status.end_ns)}")
        done, whole = status.now_ns - status.start_ns, status.end_ns - status.start_ns
        self.end.setToolTip(f"{fmt.age(done)} of {fmt.age(whole)}")

    def _show_speed(self, speed: float) -> None:
        """Select the speed; one that is not in the list is shown as a placeholder."""
        if self.speed.view().isVisible():
            return
        index = SPEEDS.index(speed) if speed in SPEEDS else -1
        if index < 0:
            self.speed.setPlaceholderText(f"{speed:g}x")
        if self.speed.currentIndex() != index:
            self.speed.setCurrentIndex(index)

    def _show_recording(self, status: StatusView) -> None:
        active = bool(status.recording_to) and not status.recording_failed
        self.record.setVisible(status.capabilities.record)
        set_text(self.record, "Stop recording" if active else "Record")
        text, role = recording_text(status)
        self.recording.setVisible(status.capabilities.record)
        set_text(self.recording, text)
        tint(self.recording, role)
        self.recording.setToolTip(status.recording_failed or status.recording_to)

    def _show_target(self, position: QPoint, ts_ns: int) -> None:
        self._wanted_ns = ts_ns
        QToolTip.showText(position, f"{fmt.date_clock(ts_ns)} {fmt.zone_name(ts_ns)}", self.timeline)

    def _follow_handle(self, status: StatusView) -> None:
        """While the handle is dragged the charts follow: one seek at a time, each to where the handle is by then."""
        if self._wanted_ns is None or status.presence is Presence.SEEKING:
            return
        if status.now_ns == self._wanted_ns:
            self._wanted_ns = None
        else:
            self._controls.approach(self._wanted_ns)

    def _seek_to_chosen(self, ts_ns: int) -> None:
        self._wanted_ns = None
        self._controls.seek(ts_ns)

    def ask_time(self, typed: str = "") -> bool:
        """Ask for a moment of the recording and go there; `typed` is what the field begins with. False when live."""
        status = self._status
        if status is None or not is_replay(status) or status.start_ns is None or status.end_ns is None:
            return False
        GoToTime(self.window(), status.now_ns, self._seek, (status.start_ns, status.end_ns), typed).open()
        return True

    # --- keys and buttons

    def listed_actions(self) -> tuple[Action, ...]:
        """The keys of a replay, whatever has the focus; on a live source these keys go to the charts."""
        back, forward = partial(self.jump, -MINUTE_NS), partial(self.jump, MINUTE_NS)
        return (
            Action("replay.toggle", REPLAY, "play or pause", self.toggle, ("Space",)),
            Action("replay.step", REPLAY, "step one event", partial(self.step, Step.EVENT), (".",)),
            Action("replay.step_100ms", REPLAY, "step 100 ms", partial(self.step, Step.MS100), ("Shift+.", ">")),
            Action("replay.step_second", REPLAY, "step one second", partial(self.step, Step.SECOND), ("Ctrl+.",)),
            Action("replay.step_bar", REPLAY, "step to the next bar", partial(self.step, Step.BAR), ("Alt+.",)),
            Action("replay.slower", REPLAY, "slower", partial(self.change_speed, -1), ("[",)),
            Action("replay.faster", REPLAY, "faster", partial(self.change_speed, 1), ("]",)),
            Action("replay.back", REPLAY, "back one minute", back, ("Shift+[", "{", "Shift+{")),
            Action("replay.forward", REPLAY, "forward one minute", forward, ("Shift+]", "}", "Shift+}")),
            Action("replay.start", REPLAY, "to the start", self.to_start, ("Home",)),
            Action("replay.next_mark", REPLAY, "to the next bookmark", partial(self.jump_mark, 1), ("Ctrl+]",)),
            Action(
                "replay.previous_mark", REPLAY, "to the previous bookmark", partial(self.jump_mark, -1), ("Ctrl+[",)
            ),
            Action("replay.next_setup", REPLAY, "to the next setup", partial(self.jump_setup, 1), ("Alt+]",)),
            Action("replay.previous_setup", REPLAY, "to the previous setup", partial(self.jump_setup, -1), ("Alt+[",)),
            Action("replay.remove_mark", REPLAY, "remove the bookmark here", self.remove_mark, ("Shift+B",)),
            Action("replay.live", REPLAY, "go live", self.go_live, ("Ctrl+L",)),
            Action("replay.end", REPLAY, "to the end", self.to_end, ("End",)),
        )

    def mark_now(self) -> None:
        """Bookmark the moment shown, in the recording that is replayed or written."""
        self._controls.bookmark("")

    def remove_mark(self) -> None:
        """Remove the bookmark within a few pixels of the moment shown."""
        if self._status is not None and is_replay(self._status):
            mark = self.timeline.mark_at(self.timeline.x_of(self._status.now_ns))
            if mark is not None:
                self._controls.remove_bookmark(mark.ts_ns)

    def go_live(self) -> None:
        """Leave the recording for the live source, which has been running meanwhile."""
        if self._status is not None and self._status.capabilities.go_live:
            self._controls.go_live()

    def jump_mark(self, direction: int) -> None:
        """Seek to the next bookmark, or to the one before."""
        if self._status is not None:
            self._jump_among([mark.ts_ns for mark in self._status.bookmarks], direction)

    def jump_setup(self, direction: int) -> None:
        """Seek to the next setup of the recording, once its bar is closed, or to the one before."""
        if self._status is not None and self._status.outline is not None:
            self._jump_among([one.ts_ns + _CLOSED_NS for one in self._status.outline.setups or ()], direction)

    @property
    def now_ns(self) -> int:
        """The moment that is shown; 0 before the first frame."""
        return self._status.now_ns if self._status is not None else 0

    def _jump_among(self, times: list[int], direction: int) -> None:
        beyond = [ts for ts in times if (ts > self.now_ns if direction > 0 else ts < self.now_ns)]
        if beyond:
            self._seek(min(beyond) if direction > 0 else max(beyond))

    def jump(self, span_ns: int) -> None:
        """Seek by a span from now, within the recording."""
        if self._status is not None:
            self._seek(self._status.now_ns + span_ns)

    def to_start(self) -> None:
        """Seek to the first moment."""
        if self._status is not None and self._status.start_ns is not None:
            self._seek(self._status.start_ns)

    def to_end(self) -> None:
        """Seek to the last moment."""
        if self._status is not None and self._status.end_ns is not None:
            self._seek(self._status.end_ns)

    def toggle(self) -> None:
        """Play or pause a replay; live cannot be paused."""
        if self._status is not None and is_replay(self._status) and self.play.isEnabled():
            self._controls.toggle()

    def step(self, unit: Step) -> None:
        if self._status is not None and is_replay(self._status) and self._status.capabilities.seek:
            self._controls.step(unit)

    def change_speed(self, steps: int) -> None:
        """One entry faster (positive) or slower."""
        if self._status is not None and self._status.capabilities.speed:
            self._controls.set_speed(next_speed(self._status.speed, steps))

    def toggle_recording(self) -> None:
        """Start or stop recording, where the source can be recorded."""
        if self._status is not None and self._status.capabilities.record:
            self._controls.toggle_recording()

    def _seek(self, ts_ns: int) -> None:
        status = self._status
        if status is None or not status.capabilities.seek or status.start_ns is None or status.end_ns is None:
            return
        self._controls.seek(max(status.start_ns, min(ts_ns, status.end_ns)))


def recording_text(status: StatusView) -> tuple[str, str]:
    """The recording's state as a text, and its colour role."""
    if status.recording_failed:
        return "recording failed", "error"
    if status.recording_to:
        return f"recording to {shortened(PurePath(status.recording_to).name)}", "text"
    return "not recording", "muted"


def _end_of(now_ns: int, end_ns: int) -> str:
    """The end of a recording: time of day, with the date if it is another day."""
    now, end = fmt.date_clock(now_ns), fmt.date_clock(end_ns)
    return fmt.clock(end_ns) if now[:10] == end[:10] else end


def _button(text: str, tip: str, pressed: object) -> QPushButton:
    button = QPushButton(text)
    button.setToolTip(tip)
    button.setFocusPolicy(Qt.FocusPolicy.TabFocus)
    button.clicked.connect(lambda _checked=False: pressed())  # type: ignore[operator]
    return button
