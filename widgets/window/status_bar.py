"""The status line: state of the session, age of its data, delay, errors."""

import time
from collections.abc import Callable, Iterable, Sequence
from statistics import median
from typing import NamedTuple

from PySide6.QtCore import QEvent, QPoint, QPointF, QRectF
from PySide6.QtGui import QHelpEvent, QPainter
from PySide6.QtWidgets import QSizePolicy, QToolTip, QWidget

from feeds.model.instrument import Venue
from feeds.venues.registry import profile_of
from widgets.elements.labels import Align, Labels
from widgets.items.paint_guard import paints
from widgets.theme import format as fmt
from widgets.theme.markets import venue_mark
from widgets.theme.theme import theme
from widgets.window.playback_bar import is_replay, recording_text
from workstation.readmodels.session.status import ConnectionStatus, Link, OddStream, Presence, StatusView

LAG_SHOWN_NS = 1_000_000_000
AGED_NS = 3_000_000_000
CLOCK_SHOWN_NS = 1_000_000_000
DOTS = 6
_HEIGHT = 24
_WHOLE = 0.995
_REFRESH_S = 0.25
_GAP = 14


class Dot(NamedTuple):
    """One connection: filled in the venue's colour when connected, grey when its data is old, hollow when lost."""

    venue: Venue
    connected: bool
    aged: bool


class Segment(NamedTuple):
    """A piece of the line with its colour role and its tooltip."""

    text: str
    role: str = "muted"
    tip: str = ""
    dots: tuple[Dot, ...] = ()


_PRESENCE_ROLES = {
    Presence.LIVE: "text",
    Presence.PLAYING: "text",
    Presence.PAUSED: "replay",
    Presence.ENDED: "replay",
    Presence.FAILED: "error",
}


def segments_of(status: StatusView) -> list[Segment]:
    """The left part of the line; normal states are left out.

    Recording is shown here only without a record button, which shows it otherwise.
    """
    name = f" {status.source_name}" if status.source_name else ""
    line = [Segment(f"{status.presence}{name}", _PRESENCE_ROLES.get(status.presence, "gap"), "State and source")]
    line += [_link(link) for link in status.links]
    line += _connections(status.connections)
    if status.lag_ns > LAG_SHOWN_NS:
        behind = "pace" if is_replay(status) else "live"
        line.append(Segment(f"behind {behind} by {fmt.age(status.lag_ns)}", "gap", "Delay of the displayed data"))
    if status.history_done < _WHOLE:
        tip = f"Earlier trades: {sum(part.done_s < part.wanted_s for part in status.backfill)} markets to go"
        line.append(Segment(f"history {status.history_done:.0%}", "muted", tip))
    if status.index_done is not None:
        tip = "The index of the recording is being made: every moment that it covers opens at once"
        line.append(Segment(f"indexed {status.index_done:.0%}", "muted", tip))
    if status.undecodable:
        line.append(Segment(f"{status.undecodable} undecodable", "error", "Messages that could not be decoded"))
    if status.odd_rows:
        line.append(_odd_rows(status.odd_rows))
    if status.apart:
        tip = "\n".join(("Markets of another asset with the same name: shown, but not in sums", *status.apart))
        line.append(Segment(f"{len(status.apart)} set apart", "gap", tip))
    if not status.capabilities.record and (status.recording_to or status.recording_failed):
        text, role = recording_text(status)
        line.append(Segment(text, role, status.recording_failed or status.recording_to))
    elif status.recording_failed:
        line.insert(0, Segment("NOTHING IS BEING RECORDED", "error", status.recording_failed))
    line += [Segment(notice, "gap", notice) for notice in status.notices]
    return line


def readings_of(status: StatusView, frame_ms: Sequence[float], frames_per_s: float | None) -> list[Segment]:
    """The right part of the line: load and clock."""
    line = []
    if frames_per_s is not None:
        line.append(Segment(f"{fmt.size(frames_per_s)} msg/s", "muted", "Messages received per second"))
    if frame_ms:
        ordered = sorted(frame_ms)
        late = ordered[min(len(ordered) - 1, int(len(ordered) * 0.99))]
        line.append(Segment(f"{median(ordered):.1f}/{late:.1f} ms", "muted", "Repaint time: median / 99th percentile"))
    if status.memory_bytes:
        line.append(Segment(f"{status.memory_bytes / 1e6:,.0f} MB", "muted", "Memory used by the program"))
    line.append(Segment(f"{fmt.clock(status.now_ns)} {fmt.zone_name(status.now_ns)}", "text", "Time of the shown data"))
    return line


def _odd_rows(streams: Sequence[OddStream]) -> Segment:
    tip = [
        "Rows of odd values or shape, left out of lists; the other rows count",
        *(f"{profile_of(one.venue).label} {one.stream}: {one.rows} ({one.reason})" for one in streams),
    ]
    return Segment(f"{sum(one.rows for one in streams)} odd rows", "muted", "\n".join(tip))


def _link(link: Link) -> Segment:
    """One link of the connection to the venues, with its fault if it has one."""
    if not link.trouble:
        return Segment(f"{link.name} ok", "muted", f"The {link.name} answers")
    return Segment(f"{link.name} {link.trouble}", "error", f"The {link.name}: {link.trouble}")


def _connections(connections: Iterable[ConnectionStatus]) -> list[Segment]:
    """One segment per venue: a dot per connection, up to six, then the largest data age among them."""
    venues: dict[Venue, list[ConnectionStatus]] = {}
    for connection in connections:
        venues.setdefault(connection.venue, []).append(connection)
    return [_venue(venue, sockets) for venue, sockets in venues.items()]


def _venue(venue: Venue, sockets: list[ConnectionStatus]) -> Segment:
    ages = [s.data_age_ns for s in sockets if s.connected and s.data_age_ns is not None]
    lost = not all(s.connected for s in sockets)
    role = "error" if lost else "stale" if ages and max(ages) > AGED_NS else "muted"
    age = fmt.age(max(ages)) if ages else "lost" if lost else fmt.NO_DATA
    dots = tuple(Dot(venue, s.connected, s.data_age_ns is None or s.data_age_ns > AGED_NS) for s in sockets)
    offset_ns = next((s.clock_offset_ns for s in sockets if s.clock_offset_ns is not None), None)
    text, tip = f"{venue_mark(venue)} {age}", [_socket_text(s) for s in sockets]
    if len(dots) > DOTS:  # lost and aged ones first, and the number of the others
        text = f"+{len(dots) - DOTS} {text}"
        dots = tuple(sorted(dots, key=lambda dot: (dot.connected, not dot.aged))[:DOTS])
    if offset_ns is not None:
        tip.append(_clock_text(venue, offset_ns))
        if abs(offset_ns) > CLOCK_SHOWN_NS:
            text, role = f"{text} clock {offset_ns / 1e9:+.1f} s", role if lost else "gap"
    return Segment(text, role, "\n".join(tip), dots)


def _clock_text(venue: Venue, offset_ns: int) -> str:
    side = "ahead of" if offset_ns > 0 else "behind"
    return f"Clock of {profile_of(venue).label}: {abs(offset_ns) / 1e6:,.0f} ms {side} this computer's"


def _socket_text(socket: ConnectionStatus) -> str:
    state = "connected" if socket.connected else "disconnected"
    age = "no data yet" if socket.data_age_ns is None else f"last data {fmt.age(socket.data_age_ns)} ago"
    awaited = f"; no {', no '.join(socket.awaited)} yet" if socket.connected and socket.awaited else ""
    return f"{socket.name}: {state}, {age}" + (f" ({socket.reason})" if socket.reason else "") + awaited


class StatusBar(QWidget):
    """Updated four times a second, and at once when the presence, the notices or the epoch change."""

    def __init__(self, frame_ms: Sequence[float] = (), clock: Callable[[], float] = time.monotonic) -> None:
        super().__init__()
        self._frame_ms, self._clock = frame_ms, clock
        self._labels = Labels(theme().font())
        self._renewed, self._urgent = float("-inf"), ()  # type: tuple[float, tuple[object, ...]]
        self._counted: tuple[float, int, int] | None = None
        self._rate: float | None = None
        self.left: list[Segment] = []
        self.right: list[Segment] = []
        self.boxes: list[tuple[QRectF, Segment]] = []
        self.setFixedHeight(_HEIGHT)
        self.setMinimumWidth(200)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)

    def refresh(self, status: StatusView) -> None:
        """Show a status, at most four times a second unless something happened."""
        urgent = (status.presence, status.notices, status.epoch, status.recording_to, status.recording_failed)
        now = self._clock()
        if urgent == self._urgent and now - self._renewed < _REFRESH_S:
            return
        self._urgent, self._renewed = urgent, now
        self._count(status, now)
        frame_ms = tuple(self._frame_ms)
        self.left = segments_of(status)
        self.right = readings_of(status, frame_ms, self._rate)
        self.update()

    def _count(self, status: StatusView, now: float) -> None:
        """Received messages per second, over about one second; None after a jump."""
        before = self._counted
        if before is None or before[2] != status.epoch or status.frames < before[1]:
            self._counted, self._rate = (now, status.frames, status.epoch), None
        elif now - before[0] >= 1.0:
            self._rate = (status.frames - before[1]) / (now - before[0])
            self._counted = (now, status.frames, status.epoch)

    def text(self) -> str:
        return "  ".join(segment.text for segment in (*self.left, *self.right))

    def segment_at(self, position: QPoint) -> Segment | None:
        """The piece under a point."""
        return next((segment for box, segment in self.boxes if box.contains(QPointF(position))), None)

    def event(self, event: QEvent) -> bool:
        if isinstance(event, QHelpEvent):
            segment = self.segment_at(event.pos())
            QToolTip.showText(event.globalPos(), segment.tip if segment else "", self)
            return True
        return super().event(event)

    # --- painting

    @paints
    def paintEvent(self, painter: QPainter) -> None:
        painter.fillRect(self.rect(), theme().brush("window"))
        self.boxes.clear()
        right = self.width() - 8.0
        for segment in reversed(self.right):
            right -= self._width(segment)
            self._draw(painter, segment, right, self._width(segment))
            right -= _GAP
        x = 8.0
        for segment in self.left:
            width = min(self._width(segment), right - x)
            if width < 24:
                break
            self._draw(painter, segment, x, width)
            x += width + _GAP

    def _width(self, segment: Segment) -> float:
        return 9.0 * len(segment.dots) + self._labels.width(segment.text) + 2

    def _draw(self, painter: QPainter, segment: Segment, x: float, width: float) -> None:
        self.boxes.append((QRectF(x, 0, width, _HEIGHT), segment))
        for dot in segment.dots:
            self._draw_dot(painter, dot, QPointF(x + 3, _HEIGHT / 2))
            x += 9
            width -= 9
        painter.setPen(theme().pen(segment.role))
        self._labels.draw(painter, segment.text, x, 0, width, _HEIGHT, Align.LEFT)

    def _draw_dot(self, painter: QPainter, dot: Dot, middle: QPointF) -> None:
        look = theme()
        color = look.venue_color(dot.venue) if not dot.aged else look.color("stale")
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.setPen(look.pen("error") if not dot.connected else color)
        painter.setBrush(color if dot.connected else look.brush("window"))
        painter.drawEllipse(middle, 3, 3)
