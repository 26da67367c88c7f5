"""Frames a second of each venue through decoder, book and engine, on the shipped simulated session in the venue's own
wire format.
"""

from __future__ import annotations

import gc

import msgspec

import resources
from feeds.model.frame import Frame, FrameKind
from feeds.model.instrument import Venue
from feeds.recording import RecordingReader
from feeds.venues.registry import VENUES
from tests.bench.metric import Metric, best_pair
from workstation.process.gc_thresholds import raise_gc_thresholds
from workstation.readmodels.flow.cvd import CvdRequest
from workstation.readmodels.flow.footprint import FootprintRequest
from workstation.replay.core import Core


def measure() -> dict[str, Metric]:
    """`ingest_frames_per_s_<venue>`, beside bare JSON decoding of the same frames."""
    raise_gc_thresholds()
    frames = list(RecordingReader(resources.path("sessions/simulated.mcap")).frames())
    return {f"ingest_frames_per_s_{venue}": _venue([f for f in frames if _is_of(f, venue)]) for venue in VENUES}


def _is_of(frame: Frame, venue: Venue) -> bool:
    return frame.connection.startswith(f"{venue}.") and frame.kind is not FrameKind.CLOSE


def _venue(frames: list[Frame]) -> Metric:
    texts = [frame.payload for frame in frames if frame.kind is FrameKind.TEXT and frame.payload[:1] in b"{["]
    ours, bare = best_pair(lambda: _ingest(frames), lambda: _decode(texts), rounds=5)
    note = "baseline: bare JSON decoding of the same frames"
    return Metric(len(frames) / ours, "frames/s", len(texts) / bare, bare / ours, note)


def _ingest(frames: list[Frame]) -> None:
    gc.collect()
    core = Core()
    core.consume(frames[:200])
    core.engine.view(FootprintRequest("BTC", row_size=10.0))
    core.engine.view(CvdRequest("BTC"))
    core.consume(frames[200:])


def _decode(payloads: list[bytes]) -> None:
    gc.collect()
    for payload in payloads:
        msgspec.json.decode(payload)
