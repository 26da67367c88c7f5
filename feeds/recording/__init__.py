"""Recordings: MCAP files that hold every frame exactly as received, in the order of receipt.

`Recorder` writes from a thread of its own, `RecordingWriter` in the caller's thread, `RecordingReader` reads finished,
unfinished and damaged files. Only `venue_time` decodes frames.
"""

from feeds.recording.damage import Damage, DamagedSpan
from feeds.recording.layout import RecordingMetadata
from feeds.recording.reader import RecordingReader
from feeds.recording.recorder import Recorder
from feeds.recording.recording import Recording
from feeds.recording.writer import RecordingWriter

__all__ = ["Damage", "DamagedSpan", "Recorder", "Recording", "RecordingMetadata", "RecordingReader", "RecordingWriter"]
