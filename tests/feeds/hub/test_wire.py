"""What a peer declares is bounded before anything is allocated for it."""

from __future__ import annotations

import struct
import tracemalloc
from collections.abc import Mapping

import msgspec
import pytest
import zstandard

from feeds.hub.wire import (
    CONTROL_MOST,
    ENCODING,
    FRAME,
    LATEST_NS,
    MESSAGE_ID,
    NAME_MOST,
    TAG_MOST,
    UNPACKED_MOST,
    HubStatus,
    MessageId,
    Subjects,
    SyncPoint,
    decoded,
    frame_of,
    message_id,
    time_of,
)
from feeds.model.errors import ProtocolError

SUBJECTS = Subjects()
PACKED = {FRAME: "5 text", ENCODING: "zstd"}
STATUS = msgspec.json.Decoder(HubStatus)
SYNC_POINT = msgspec.json.Decoder(SyncPoint)


def declaring(size: int) -> bytes:
    """A zstd frame that declares a size and holds nothing."""
    return b"\x28\xb5\x2f\xfd\xe0" + struct.pack("<Q", size) + b"\x01\x00\x00"


def with_window(log: int) -> bytes:
    """A zstd frame of ten declared bytes that asks for a window of 2**log."""
    return b"\x28\xb5\x2f\xfd\xc0" + bytes([(log - 10) << 3]) + struct.pack("<Q", 10) + b"\x01\x00\x00"


@pytest.mark.parametrize(
    "body",
    [
        declaring(1 << 40),
        declaring((1 << 64) - 3),
        declaring(UNPACKED_MOST + 1),
        declaring(0),
        with_window(31),
        zstandard.ZstdCompressor(write_content_size=False).compress(bytes(UNPACKED_MOST * 2)),
        zstandard.compress(bytes(UNPACKED_MOST * 2)),
        zstandard.compress(b"whole")[:-3],
    ],
    ids=["terabyte", "most", "one more", "nothing", "window", "undeclared", "bomb", "cut"],
)
def test_a_body_of_absurd_size_is_refused_before_it_is_unpacked(body: bytes) -> None:
    tracemalloc.start()
    with pytest.raises(ProtocolError):
        frame_of("md.okx.spot.public", PACKED, body, SUBJECTS)
    assert tracemalloc.get_traced_memory()[1] < 1 << 20
    tracemalloc.stop()


@pytest.mark.parametrize(
    "headers",
    [
        {FRAME: f"{LATEST_NS + 1} text"},
        {FRAME: "0 text"},
        {FRAME: "-5 text"},
        {FRAME: "1e9 text"},
        {FRAME: "٣ text"},
        {FRAME: "9" * 5_000 + " text"},
        {FRAME: "5 timer"},
        {FRAME: "5 text " + "x" * (TAG_MOST + 1)},
    ],
)
def test_times_kinds_and_tags_are_bounded(headers: Mapping[str, str]) -> None:
    with pytest.raises(ProtocolError):
        frame_of("md.okx.spot.public", headers, b"", SUBJECTS)


def test_names_of_connections_are_bounded() -> None:
    assert frame_of("md." + "x" * NAME_MOST, {FRAME: "5 text"}, b"", SUBJECTS).ts_recv_ns == 5
    with pytest.raises(ProtocolError):
        frame_of("md." + "x" * (NAME_MOST + 1), {FRAME: "5 text"}, b"", SUBJECTS)


@pytest.mark.parametrize("text", ["", "a", "a-", "-1", "a-x", "a-" + "9" * 20, "a" * (NAME_MOST + 1) + "-1"])
def test_an_odd_identity_is_none(text: str) -> None:
    assert message_id({MESSAGE_ID: text}) == MessageId()
    assert message_id({MESSAGE_ID: "run-7"}) == MessageId("run", 7)
    assert message_id({}) == MessageId()


@pytest.mark.parametrize(
    "change",
    [
        {"run": "x" * (NAME_MOST + 1)},
        {"now_ns": 1 << 63},
        {"published": -1},
        {"bases": ["BTC"] * 1_001},
        {"trouble": {str(number): "" for number in range(1_001)}},
        {"clock_offsets": {"okx": 1 << 63}},
        {"stalled": "x" * CONTROL_MOST},
    ],
)
def test_a_status_is_bounded(change: Mapping[str, object]) -> None:
    whole = HubStatus("run", 5, ("BTC",), (), {}, {}, 1, 0, 0)
    assert decoded(STATUS, msgspec.json.encode(whole)) == whole
    with pytest.raises(ProtocolError):
        decoded(STATUS, msgspec.json.encode({**msgspec.to_builtins(whole), **change}))


def test_deep_texts_and_absurd_losses_are_refused() -> None:
    for body in (b'{"x":' + b"[" * 100_000, b'{"run":"a","connections":1,"reason":"","lost":-5}', b"[]", b""):
        with pytest.raises(ProtocolError):
            decoded(SYNC_POINT, body)


def test_the_time_of_a_message_is_read_without_its_body() -> None:
    assert time_of({FRAME: "17 roster"}) == 17
    with pytest.raises(ProtocolError):
        time_of({})
