"""The quadrant pane."""
