"""The tape pane."""
