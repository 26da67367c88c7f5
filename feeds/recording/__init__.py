"""Frames on disk: a recording is an MCAP file that holds every frame in the exact order in which it was received.

`Recorder` taps a running source from its own thread, `RecordingWriter` writes in the caller's, `RecordingReader` reads
finished, unfinished and damaged files. Knows frames and files; knows nothing of venues, protocols or replay speed.
"""

from feeds.recording.layout import RecordingMetadata
from feeds.recording.reader import Damage, RecordingReader
from feeds.recording.recorder import Recorder
from feeds.recording.writer import RecordingWriter

__all__ = ["Damage", "Recorder", "RecordingMetadata", "RecordingReader", "RecordingWriter"]
