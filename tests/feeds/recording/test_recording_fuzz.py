"""Cut off or altered anywhere, a recording yields what is intact: no other error, no invented frame."""

from __future__ import annotations

import random
import tracemalloc
from pathlib import Path

import pytest

from feeds.model.errors import RecordingError
from feeds.model.frame import Frame, FrameKind
from feeds.recording import RecordingMetadata, RecordingReader, RecordingWriter

BASE_NS = 1_723_161_255_030_314_667


def make_recording(path: Path, *, finish: bool) -> list[Frame]:
    frames = [Frame(BASE_NS + n * 1_000, "ab"[n % 2], FrameKind.TEXT, b'{"t":%d}' % (n * n)) for n in range(300)]
    frames += [Frame(BASE_NS, "a", FrameKind.HTTP, b"{}", "depth/X")]
    with path.open("wb") as stream:
        writer = RecordingWriter(stream, RecordingMetadata(note="n"), chunk_bytes=2_000)
        writer.write(frames)
        writer.flush()
        if finish:
            writer.finish()
    return frames


def read_or_refuse(path: Path) -> tuple[list[Frame], bool] | None:
    try:
        reader = RecordingReader(path)
    except RecordingError:
        return None
    return list(reader.frames()), reader.damage is not None


def is_subsequence(found: list[Frame], frames: list[Frame]) -> bool:
    following = iter(frames)
    return all(any(one == other for other in following) for one in found)


@pytest.mark.parametrize("finish", [True, False])
def test_every_truncation_yields_a_prefix_and_is_reported(tmp_path: Path, finish: bool) -> None:
    whole = tmp_path / "whole.mcap"
    frames = make_recording(whole, finish=finish)
    content, path, readable = whole.read_bytes(), tmp_path / "cut.mcap", 0
    for size in range(0, len(content), 7):
        path.write_bytes(content[:size])
        result = read_or_refuse(path)
        if result is None:
            assert readable == 0
            continue
        found, damaged = result
        assert damaged
        assert found == frames[: len(found)]
        assert len(found) >= readable
        readable = len(found)
    assert readable >= 200


@pytest.mark.parametrize("cases", [120, pytest.param(500, marks=pytest.mark.soak)])
@pytest.mark.parametrize("finish", [True, False])
def test_flipped_bytes_never_invent_or_hide_frames_silently(tmp_path: Path, finish: bool, cases: int) -> None:
    whole = tmp_path / "whole.mcap"
    frames = make_recording(whole, finish=finish)
    content, path = whole.read_bytes(), tmp_path / "flipped.mcap"
    chance = random.Random(20240808)
    tracemalloc.start()
    for _ in range(cases):
        altered = bytearray(content)
        for _ in range(chance.choice((1, 1, 1, 8))):
            altered[chance.randrange(len(altered))] ^= chance.randrange(1, 256)
        path.write_bytes(altered)
        result = read_or_refuse(path)
        if result is not None:
            found, damaged = result
            assert is_subsequence(found, frames)
            assert damaged or found == frames
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert peak < 64 * 1024 * 1024


def test_overwritten_length_fields_are_not_trusted(tmp_path: Path) -> None:
    whole = tmp_path / "whole.mcap"
    frames = make_recording(whole, finish=False)
    content, path = whole.read_bytes(), tmp_path / "lengths.mcap"
    for position in range(8, len(content) - 8, 5):
        path.write_bytes(content[:position] + b"\xff" * 8 + content[position + 8 :])
        result = read_or_refuse(path)
        assert result is None or is_subsequence(result[0], frames)


def test_noise_after_the_magic_is_refused(tmp_path: Path) -> None:
    chance, path = random.Random(1), tmp_path / "noise.mcap"
    for size in range(0, 2_000, 37):
        path.write_bytes(b"\x89MCAP0\r\n" + chance.randbytes(size))
        assert read_or_refuse(path) is None
