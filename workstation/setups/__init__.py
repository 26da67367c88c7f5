"""Setup history on disk and its statistics."""
