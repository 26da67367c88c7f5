"""Recordings on disk: list, outlines, retention, rotation."""
