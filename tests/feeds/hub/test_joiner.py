"""Messages of the stream become frames, without a broker."""

from __future__ import annotations

import random

import msgspec
import pytest

from feeds.hub.joiner import CONNECTIONS_MOST, Joiner
from feeds.hub.wire import (
    ENCODING,
    FRAME,
    MESSAGE_ID,
    PACKED_FROM,
    Message,
    MessageId,
    Subjects,
    SyncPoint,
    frame_of,
    message_of,
)
from feeds.model.errors import ProtocolError
from feeds.model.frame import ConnectionSpec, Frame, FrameKind, open_frame
from feeds.model.instrument import MarketKind, Venue

SUBJECTS = Subjects()
NAMES = ("binance.linear.public", "okx.spot.public")


def opened(name: str, ts_ns: int = 1) -> Frame:
    venue, kind, route = name.split(".")
    spec = ConnectionSpec(name=name, venue=Venue(venue), kind=MarketKind(kind), route=route)
    return open_frame(spec, ts_ns)


def text(name: str, number: int, ts_ns: int = 5) -> Frame:
    return Frame(ts_ns, name, FrameKind.TEXT, b"%d" % number)


def sync_point(run: str = "a", lost: int = 0, ts_ns: int = 3) -> Message:
    body = msgspec.json.encode(SyncPoint(run, len(NAMES), "for a test", lost))
    return Message(SUBJECTS.sync, f"{ts_ns} roster", body)


class Line:
    """A growing stream and one reader."""

    def __init__(self) -> None:
        self.joiner = Joiner(SUBJECTS)
        self.sequence = 0

    def say(self, *messages: Message | Frame) -> list[tuple[str, FrameKind, bytes]]:
        frames: list[Frame] = []
        for message in messages:
            self.sequence += 1
            frames += self.hear(self.sequence, message)
        return [(frame.connection, frame.kind, frame.payload) for frame in frames]

    def hear(self, sequence: int, message: Message | Frame, identity: MessageId | None = None) -> list[Frame]:
        reply = message_of(message, SUBJECTS) if isinstance(message, Frame) else message
        headers = {FRAME: reply.frame} | ({ENCODING: "zstd"} if reply.packed else {})
        headers |= {MESSAGE_ID: str(identity)} if identity is not None else {}
        return self.joiner.take(sequence, reply.subject, headers, reply.body)

    def begin(self, run: str = "a", lost: int = 0) -> list[tuple[str, FrameKind, bytes]]:
        again = [message_of(opened(name), SUBJECTS, again=True) for name in NAMES]
        return self.say(sync_point(run, lost), *again)


@pytest.mark.parametrize("size", [0, 10, PACKED_FROM - 1, PACKED_FROM, 3 * PACKED_FROM])
@pytest.mark.parametrize(("kind", "tag"), [(FrameKind.TEXT, ""), (FrameKind.HTTP, "candles/BTC-USDT SWAP/3")])
def test_a_frame_survives_encoding_and_decoding(size: int, kind: FrameKind, tag: str) -> None:
    frame = Frame(1_700_000_000_123_456_789, NAMES[0], kind, random.Random(size).randbytes(size), tag)
    reply = message_of(frame, SUBJECTS)
    headers = {FRAME: reply.frame} | ({ENCODING: "zstd"} if reply.packed else {})
    assert reply.packed == (size >= PACKED_FROM)
    assert frame_of(reply.subject, headers, reply.body, SUBJECTS) == frame


@pytest.mark.parametrize(
    "headers",
    [{}, {FRAME: ""}, {FRAME: "5"}, {FRAME: "x text"}, {FRAME: "5 song"}, {FRAME: "5 text", ENCODING: "zstd"}],
)
def test_an_invalid_message_is_a_protocol_error(headers: dict[str, str]) -> None:
    with pytest.raises(ProtocolError):
        frame_of("md.binance.linear.public", headers, b"body", SUBJECTS)


def test_messages_before_a_sync_point_are_ignored() -> None:
    line = Line()
    assert line.say(opened(NAMES[0]), text(NAMES[0], 1)) == []
    assert [kind for _, kind, _ in line.begin()] == [FrameKind.OPEN, FrameKind.OPEN]
    assert line.say(text(NAMES[0], 2)) == [(NAMES[0], FrameKind.TEXT, b"2")]
    assert line.joiner.lost == 0


def test_a_further_sync_point_of_the_same_run_changes_nothing() -> None:
    line = Line()
    line.begin()
    assert line.begin() == []
    assert all(one.is_open and one.life == 1 for one in line.joiner.connections.values())


def test_a_repeated_message_is_ignored() -> None:
    line = Line()
    line.begin()
    line.say(text(NAMES[0], 1))
    assert line.hear(line.sequence, text(NAMES[0], 1)) == []
    assert line.hear(2, text(NAMES[0], 1)) == []


def test_a_gap_closes_connections_until_the_next_sync_point() -> None:
    line = Line()
    line.begin()
    line.sequence += 7
    ended = line.say(text(NAMES[0], 1))
    assert ended == [(name, FrameKind.CLOSE, b"7 messages of the hub are missing") for name in NAMES]
    assert line.say(text(NAMES[0], 2)) == []
    assert line.joiner.lost == 7
    line.sequence += 2
    assert line.say(text(NAMES[0], 3)) == []
    assert line.joiner.lost == 9
    assert [kind for _, kind, _ in line.begin()] == [FrameKind.OPEN, FrameKind.OPEN]
    assert [one.life for one in line.joiner.connections.values()] == [2, 2]


@pytest.mark.parametrize(
    ("run", "lost", "why"), [("b", 0, b"the hub restarted"), ("a", 9, b"the hub could not publish 9 frames")]
)
def test_a_restarted_hub_or_lost_frames_close_connections_and_reopen_them_at_once(
    run: str, lost: int, why: bytes
) -> None:
    line = Line()
    line.begin()
    found = line.begin(run, lost)
    assert [(kind, body) for _, kind, body in found[:2]] == [(FrameKind.CLOSE, why)] * 2
    assert [kind for _, kind, _ in found[2:]] == [FrameKind.OPEN, FrameKind.OPEN]
    assert line.joiner.lost == lost


def test_a_replaced_stream_is_read_from_its_start() -> None:
    line = Line()
    line.begin()
    assert [frame.kind for frame in line.joiner.restart("another stream")] == [FrameKind.CLOSE] * 2
    line.sequence = 0
    assert len(line.begin("b")) == 2


def test_a_closed_connection_is_removed_once_the_hub_no_longer_lists_it() -> None:
    line = Line()
    line.begin()
    line.say(Frame(9, NAMES[0], FrameKind.CLOSE, b"its time is up"))
    assert line.joiner.connections[NAMES[0]].trouble == "its time is up"
    line.joiner.update({NAMES[0]: "refused", NAMES[1]: ""})
    assert line.joiner.connections[NAMES[0]].trouble == "refused"
    line.joiner.update({NAMES[1]: ""})
    assert list(line.joiner.connections) == [NAMES[1]]


@pytest.mark.parametrize("seed", range(30))
def test_after_any_loss_each_connection_yields_a_contiguous_part_of_its_frames(seed: int) -> None:
    """With gaps, repetitions and sync points anywhere, nothing is missing between an OPEN and a CLOSE."""
    rng, line = random.Random(seed), Line()
    stream: list[Message | Frame] = []
    for number in range(1, 121):
        if rng.random() < 0.1:
            stream += [sync_point(), *(message_of(opened(name), SUBJECTS, again=True) for name in NAMES)]
        stream.append(text(NAMES[0], number))
    frames: list[Frame] = []
    at = 0
    while at < len(stream):
        at += rng.choice((0,) * 9 + (rng.randint(1, 9),))
        for place in (at, *([max(at - 2, 0)] if rng.random() < 0.2 else [])):
            if place < len(stream):
                frames += line.hear(place + 1, stream[place])
        at += 1
    heard: list[int] = []
    last: int | None = None
    for frame in frames:
        if frame.connection != NAMES[0]:
            continue
        if frame.kind is not FrameKind.TEXT:
            last = None
            continue
        reply = int(frame.payload)
        assert last is None or reply == last + 1
        heard.append(reply)
        last = reply
    assert heard == sorted(set(heard))


class Numbered(Line):
    """A stream whose messages bear run and number."""

    def put(self, run: str, number: int, message: Message | Frame) -> list[tuple[FrameKind, bytes]]:
        self.sequence += 1
        return [(frame.kind, frame.payload) for frame in self.hear(self.sequence, message, MessageId(run, number))]

    def start(self, run: str, number: int = 1, lost: int = 0) -> list[tuple[FrameKind, bytes]]:
        found = self.put(run, number, sync_point(run, lost))
        for place, name in enumerate(NAMES, number + 1):
            found += self.put(run, place, message_of(opened(name), SUBJECTS, again=True))
        return found


def kinds(found: list[tuple[FrameKind, bytes]]) -> list[FrameKind]:
    return [kind for kind, _ in found]


def test_frames_of_an_earlier_run_are_ignored_whatever_they_are() -> None:
    line = Numbered()
    line.start("a")
    assert kinds(line.start("b")) == [FrameKind.CLOSE] * 2 + [FrameKind.OPEN] * 2
    assert line.put("a", 4, text(NAMES[0], 4)) == []
    assert line.start("a", 5) == []
    assert line.joiner.is_earlier("a")
    assert kinds(line.put("b", 4, text(NAMES[0], 9))) == [FrameKind.TEXT]
    assert line.joiner.lost == 0


def test_frames_of_a_run_whose_beginning_is_missing_end_the_connections() -> None:
    line = Numbered()
    line.start("a")
    assert kinds(line.put("b", 7, text(NAMES[0], 7))) == [FrameKind.CLOSE] * 2
    assert line.joiner.wants_sync_point
    assert line.put("b", 8, text(NAMES[0], 8)) == []
    assert kinds(line.start("b", 9)) == [FrameKind.OPEN] * 2


def test_a_gap_of_numbers_is_marked_where_the_sequence_has_none() -> None:
    line = Numbered()
    line.start("a")
    line.put("a", 4, text(NAMES[0], 4))
    assert line.put("a", 8, text(NAMES[0], 8)) == [(FrameKind.CLOSE, b"3 messages of the hub are missing")] * 2
    assert line.joiner.lost == 3


def test_a_repeated_number_counts_once_also_from_a_repeated_sync_point_on() -> None:
    line = Numbered()
    line.start("a")
    line.put("a", 4, text(NAMES[0], 4))
    assert line.start("a") == []
    assert line.put("a", 4, text(NAMES[0], 4)) == []
    assert kinds(line.put("a", 5, text(NAMES[0], 5))) == [FrameKind.TEXT]


def test_another_message_at_the_place_of_the_last_one_is_another_stream() -> None:
    line = Numbered()
    line.start("a")
    assert line.hear(line.sequence, text(NAMES[0], 1), MessageId("a", line.sequence)) == []
    ended = line.hear(line.sequence, text(NAMES[0], 1), MessageId("b", 50))
    assert [frame.payload for frame in ended] == [b"the broker began another stream"] * 2
    assert line.joiner.wants_sync_point
    assert kinds(line.start("b", 51)) == [FrameKind.OPEN] * 2


@pytest.mark.parametrize(
    "odd", [Message("md." + NAMES[0], "5 song", b""), Message("md." + NAMES[0], "5 text", b"no zstd", True)]
)
def test_what_cannot_be_read_ends_its_connection_until_the_next_sync_point(odd: Message) -> None:
    line = Numbered()
    line.start("a")
    assert kinds(line.put("a", 4, odd)) == [FrameKind.CLOSE]
    assert line.joiner.wants_sync_point
    assert line.put("a", 5, text(NAMES[0], 5)) == []
    assert kinds(line.put("a", 6, text(NAMES[1], 6))) == [FrameKind.TEXT]
    assert kinds(line.start("a", 7)) == [FrameKind.OPEN]
    assert (line.joiner.unreadable, line.joiner.wants_sync_point) == (1, False)


def test_a_frame_from_the_future_moves_no_clock() -> None:
    line = Numbered()
    line.start("a")
    day_ns = 86_400 * 10**9
    late = message_of(text(NAMES[0], 4, 10 * day_ns), SUBJECTS)
    found = line.joiner.take(4, late.subject, {FRAME: late.frame, MESSAGE_ID: "a-4"}, late.body, 8 * day_ns)
    assert [frame.kind for frame in found] == [FrameKind.CLOSE]
    assert line.joiner.ts_ns < day_ns


def test_connections_are_bounded() -> None:
    line = Numbered()
    line.start("a")
    for number in range(5_000):
        line.put("a", 4 + number, opened(f"okx.spot.x{number}"))
    assert len(line.joiner.connections) == CONNECTIONS_MOST
