"""Decoding, book and footprint of the real USD-M capture against bare JSON parsing of the same frames; replay speed."""

from __future__ import annotations

import gc
import time

import msgspec

from feeds.model.frame import Frame
from tests.bench.captures import BTC, USDM, frames, recording
from tests.bench.metric import Metric, best_pair
from workstation.process.gc_thresholds import raise_gc_thresholds
from workstation.readmodels.flow.cvd import CvdRequest
from workstation.readmodels.flow.footprint import FootprintRequest
from workstation.replay.core import Core, read_to_end


def measure() -> dict[str, Metric]:
    """`ingest_vs_json_decode`: our time over bare decoding; `replay_btc_session_s`: 5.7 minutes of three markets."""
    raise_gc_thresholds()  # as the program does; both sides profit
    captured = frames(USDM)
    payloads = [frame.payload for frame in captured]
    ours, bare = best_pair(lambda: _ingest(captured), lambda: _decode(payloads), rounds=7)
    session = recording(BTC)
    began = time.perf_counter()
    core = read_to_end(session).core
    _look(core)
    replay_s = time.perf_counter() - began
    return {
        "ingest_vs_json_decode": Metric(
            ours / bare, "x time", 1.0, ours / bare, "decode + book + footprint; aim at most 4"
        ),
        "ingest_frames_per_s": Metric(len(captured) / ours, "frames/s", len(captured) / bare, bare / ours),
        "replay_btc_session_s": Metric(replay_s, "s", note="three markets, 650 s, headless; aim under 10"),
    }


def _ingest(captured: list[Frame]) -> None:
    core = Core()
    core.consume(captured[:100])
    _look(core)
    gc.collect()
    for start in range(100, len(captured), 1000):
        core.consume(captured[start : start + 1000])
    _look(core)


def _look(core: Core) -> None:
    core.engine.view(FootprintRequest("BTC", row_size=10.0))
    core.engine.view(CvdRequest("BTC"))


def _decode(payloads: list[bytes]) -> None:
    gc.collect()
    decode = msgspec.json.decode
    for payload in payloads:
        decode(payload) if payload[:1] == b"{" else None
