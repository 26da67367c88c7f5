"""Raw captures of other recorders, turned into recordings of ours.

`import_captures` does the whole job, `detect` says which kind of capture a file is. One module per kind of capture;
each yields frames in receive order and says which instruments it found. Everything here runs offline, in the caller's
thread.
"""

from feeds.importers.registry import KINDS, ImportReport, OutputFailed, detect, import_captures

__all__ = ["KINDS", "ImportReport", "OutputFailed", "detect", "import_captures"]
