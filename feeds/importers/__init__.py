"""Converts raw captures of other recorders to recordings.

`import_captures` does the conversion, `detect` determines the kind of a capture. There is one module per kind of
capture, which yields frames in receive order and the instruments it found. Everything runs offline, in the caller's
thread.
"""

from feeds.importers.registry import KINDS, ImportReport, OutputFailed, detect, import_captures

__all__ = ["KINDS", "ImportReport", "OutputFailed", "detect", "import_captures"]
