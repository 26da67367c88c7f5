"""A recording gives back every frame, in the order in which it was written."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import textwrap
import time
from collections.abc import Callable
from decimal import Decimal
from pathlib import Path
from typing import BinaryIO

import pytest
from mcap.reader import make_reader

from feeds.model.errors import RecordingError
from feeds.model.frame import ConnectionSpec, Frame, FrameKind, open_frame
from feeds.model.instrument import Instrument, MarketKind, Venue
from feeds.recording import Recorder, RecordingMetadata, RecordingReader, RecordingWriter

BASE_NS = 1_723_161_255_030_314_667
ROOT = Path(__file__).resolve().parents[3]
BTC = Instrument(
    venue=Venue("binance"),
    kind=MarketKind.LINEAR,
    symbol="BTCUSDT",
    base="BTC",
    quote="USDT",
    tick_size=Decimal("0.10"),
)


def sample_frames(count: int = 3000) -> list[Frame]:
    """Two connections, every recorded kind, equal times and steps back in time."""
    specs = [
        ConnectionSpec(name=name, venue=Venue("binance"), kind=MarketKind.LINEAR, route="market", markets=(BTC,))
        for name in ("a", "b")
    ]
    frames = [open_frame(spec, BASE_NS) for spec in specs]
    for number in range(count):
        ts = BASE_NS + number // 3 * 1_000_000 - (number % 7) * 1_500_000
        payload = b'{"stream":"btcusdt@trade","data":{"t":%d,"x":"%d"}}' % (number, number * 7919 % 1013)
        frames.append(Frame(ts, "ab"[number % 2], FrameKind.TEXT, payload))
    last_ns = frames[-1].ts_recv_ns
    frames += [
        Frame(last_ns, "a", FrameKind.HTTP, b'{"lastUpdateId":1}', "depth/BTCUSDT"),
        Frame(last_ns, "a", FrameKind.HTTP, b"", "tag\nwith a line break \xe9"),
        Frame(last_ns, "b", FrameKind.HTTP_FAILED, b"gave up", "depth/ETHUSDT"),
        Frame(last_ns, "a", FrameKind.TEXT, b"\x00\xff not json"),
        Frame(last_ns, "a", FrameKind.CLOSE, b"done"),
        Frame(last_ns, "b", FrameKind.CLOSE, b""),
    ]
    return frames


def write_recording(path: Path, frames: list[Frame], *, chunk_bytes: int = 16_384, finish: bool = True) -> Path:
    with path.open("wb") as stream:
        writer = RecordingWriter(stream, RecordingMetadata(instruments=(BTC,), note="n"), chunk_bytes=chunk_bytes)
        writer.write(frames)
        writer.flush()
        if finish:
            writer.finish()
    return path


def test_frames_come_back_equal_and_in_written_order(tmp_path: Path) -> None:
    frames = sample_frames()
    reader = RecordingReader(write_recording(tmp_path / "r.mcap", frames))
    assert list(reader.frames()) == frames
    assert reader.damage is None
    assert len(reader.chunk_starts) > 5
    assert reader.start_ns == min(frame.ts_recv_ns for frame in frames)
    assert reader.end_ns == max(frame.ts_recv_ns for frame in frames)


def test_metadata_comes_back(tmp_path: Path) -> None:
    path = tmp_path / "r.mcap"
    metadata = RecordingMetadata(program_version="9.9", simulated=True, instruments=(BTC,), note="tea & \u4f60")
    with Recorder(path, metadata):
        pass
    assert RecordingReader(path).metadata == metadata


def test_recording_without_frames_is_valid(tmp_path: Path) -> None:
    reader = RecordingReader(write_recording(tmp_path / "r.mcap", []))
    assert (list(reader.frames()), reader.start_ns, reader.end_ns, reader.damage) == ([], None, None, None)


def test_time_range_is_a_filter_of_the_written_order(tmp_path: Path) -> None:
    frames = sample_frames()
    reader = RecordingReader(write_recording(tmp_path / "r.mcap", frames))
    times = sorted(frame.ts_recv_ns for frame in frames)
    bounds = [None, times[0], times[700], times[700] + 1, times[1500], times[-1], times[-1] + 1]
    for low in bounds:
        for high in bounds:
            wanted = [
                frame
                for frame in frames
                if (low is None or frame.ts_recv_ns >= low) and (high is None or frame.ts_recv_ns < high)
            ]
            assert list(reader.frames(low, high)) == wanted


def test_recorder_counts_ignores_timers_and_closes_twice(tmp_path: Path) -> None:
    frames = sample_frames()
    recorder = Recorder(tmp_path / "r.mcap")
    for frame in frames:
        recorder.append(frame)
        recorder.append(Frame(frame.ts_recv_ns, "", FrameKind.TIMER, b""))
    recorder.close()
    recorder.close()
    recorder.append(frames[0])
    assert recorder.failed is None
    assert (recorder.frames_written, recorder.backlog) == (len(frames), 0)
    assert recorder.bytes_written == (tmp_path / "r.mcap").stat().st_size
    assert list(RecordingReader(recorder.path).frames()) == frames


def test_other_mcap_readers_read_it(tmp_path: Path) -> None:
    frames = [frame for frame in sample_frames() if not frame.tag]
    path = write_recording(tmp_path / "r.mcap", frames)
    with path.open("rb") as stream:
        reader = make_reader(stream, validate_crcs=True)
        messages = list(reader.iter_messages(log_time_order=False))
        summary = reader.get_summary()
        metadata = list(reader.iter_metadata())
    assert [(m.log_time, m.sequence, m.data) for _, _, m in messages] == [
        (frame.ts_recv_ns, number, frame.payload) for number, frame in enumerate(frames)
    ]
    assert [c.metadata["connection"] for _, c, _ in messages] == [frame.connection for frame in frames]
    assert summary is not None
    assert summary.statistics is not None
    assert summary.statistics.message_count == len(frames)
    assert [record.name for record in metadata] == ["recording"]


def eventually(condition: Callable[[], bool], timeout_s: float = 10.0) -> None:
    limit = time.monotonic() + timeout_s
    while not condition():
        assert time.monotonic() < limit, "condition was not met in time"
        time.sleep(0.01)


def test_file_being_written_is_readable_up_to_its_last_whole_chunk(tmp_path: Path) -> None:
    frames = sample_frames()
    with Recorder(tmp_path / "r.mcap", chunk_s=0.05) as recorder:
        for frame in frames:
            recorder.append(frame)
        eventually(lambda: recorder.frames_written == len(frames))
        reader = RecordingReader(recorder.path)
        assert list(reader.frames()) == frames
        assert reader.damage is not None
        assert reader.damage.bytes_unreadable == 0
        assert list(reader.frames(start_ns=frames[2000].ts_recv_ns))
    assert RecordingReader(recorder.path).damage is None


@pytest.mark.skipif(not hasattr(signal, "SIGKILL"), reason="needs a signal that cannot be caught")
def test_killed_process_leaves_a_readable_file(tmp_path: Path) -> None:
    path = tmp_path / "r.mcap"
    code = f"""
        import time
        from pathlib import Path
        from feeds.model.frame import Frame, FrameKind
        from feeds.recording import Recorder
        recorder = Recorder(Path({str(path)!r}), chunk_s=0.1)
        for number in range(1_000_000):
            recorder.append(Frame({BASE_NS} + number, "a", FrameKind.TEXT, b"%d" % number))
            time.sleep(0.0005)
    """
    process = subprocess.Popen([sys.executable, "-c", textwrap.dedent(code)], cwd=ROOT)
    try:
        eventually(lambda: path.exists() and path.stat().st_size > 3000)
    finally:
        process.send_signal(signal.SIGKILL)
        process.wait()
    reader = RecordingReader(path)
    frames = list(reader.frames())
    assert len(frames) > 100
    assert [frame.payload for frame in frames] == [b"%d" % number for number in range(len(frames))]
    assert reader.damage is not None
    assert reader.damage.end_ns == frames[-1].ts_recv_ns


@pytest.mark.skipif(sys.platform == "win32", reason="needs a limit on the size of files")
def test_failed_write_is_reported_and_raises_nothing(tmp_path: Path) -> None:
    path = tmp_path / "r.mcap"
    code = f"""
        import os, resource, time
        from pathlib import Path
        from feeds.model.frame import Frame, FrameKind
        from feeds.recording import Recorder
        resource.setrlimit(resource.RLIMIT_FSIZE, (50_000, 50_000))
        recorder = Recorder(Path({str(path)!r}), chunk_bytes=10_000)
        for number in range(200):
            recorder.append(Frame({BASE_NS} + number, "a", FrameKind.TEXT, os.urandom(1000)))
            time.sleep(0.002)
        recorder.append(Frame({BASE_NS}, "a", FrameKind.TEXT, b""))
        recorder.close()
        print(recorder.failed.text)
    """
    run = subprocess.run([sys.executable, "-c", textwrap.dedent(code)], cwd=ROOT, capture_output=True, text=True)
    assert run.stdout == "Recording stopped: the file cannot be written.\n"
    assert "recording stopped after" in run.stderr
    reader = RecordingReader(path)
    assert len(list(reader.frames())) >= 10
    assert reader.damage is not None


def test_frame_that_cannot_be_packed_stops_the_recording(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    with Recorder(tmp_path / "r.mcap") as recorder:
        recorder.append(Frame(-1, "a", FrameKind.TEXT, b""))
    assert recorder.failed is not None
    assert "stopped" in recorder.failed.text
    assert "recording stopped" in caplog.text


def test_existing_file_is_never_overwritten(tmp_path: Path) -> None:
    path = tmp_path / "r.mcap"
    path.write_bytes(b"precious")
    with pytest.raises(RecordingError, match="exists already"):
        Recorder(path)
    with pytest.raises(RecordingError, match="cannot be created"):
        Recorder(tmp_path / "none" / "r.mcap")
    assert path.read_bytes() == b"precious"


def foreign_mcap() -> bytes:
    return b"\x89MCAP0\r\n\x01" + (12).to_bytes(8, "little") + b"\x04\x00\x00\x00ros2" + b"\x00" * 4


@pytest.mark.parametrize(
    ("content", "text"),
    [
        (b"", "empty"),
        (b"\x89PNG\r\n\x1a\n" + b"\x00" * 99, "not a recording"),
        (b"1723161255030314667 {}\n", "workstation import"),
        (b"\x89MCAP0\r\n", "cut off"),
        (foreign_mcap(), "another program"),
    ],
)
def test_other_files_are_named_for_what_they_are(tmp_path: Path, content: bytes, text: str) -> None:
    path = tmp_path / "x"
    path.write_bytes(content)
    with pytest.raises(RecordingError) as caught:
        RecordingReader(path)
    assert text in caught.value.text
    assert "\n" not in caught.value.text


def test_missing_folder_forbidden_and_special_files(tmp_path: Path) -> None:
    with pytest.raises(RecordingError, match="no file"):
        RecordingReader(tmp_path / "missing.mcap")
    with pytest.raises(RecordingError, match="folder"):
        RecordingReader(tmp_path)
    with pytest.raises(RecordingError, match="cannot be opened"):
        RecordingReader(Path("bad\0name"))
    secret = write_recording(tmp_path / "secret.mcap", [])
    secret.chmod(0)
    if not os.access(secret, os.R_OK):
        with pytest.raises(RecordingError, match="permissions"):
            RecordingReader(secret)


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="needs named pipes")
def test_pipe_is_refused_without_waiting(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    with pytest.raises(RecordingError, match="regular"):
        RecordingReader(tmp_path / "pipe")


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="needs a device that is always full")
def test_full_disk_at_the_start_is_an_error_at_once(tmp_path: Path) -> None:
    def full(path: Path) -> BinaryIO:
        path.touch()
        return Path("/dev/full").open("wb", buffering=0)

    with pytest.raises(RecordingError, match="disk is full"):
        Recorder(tmp_path / "r.mcap", create=full)
    assert not (tmp_path / "r.mcap").exists()


def test_recording_of_a_newer_program_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "r.mcap"
    with path.open("wb") as stream:
        RecordingWriter(stream, RecordingMetadata(format_version=2)).finish()
    with pytest.raises(RecordingError, match="newer"):
        RecordingReader(path)
