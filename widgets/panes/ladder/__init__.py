"""The ladder pane."""
