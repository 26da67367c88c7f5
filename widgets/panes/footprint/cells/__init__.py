"""The cells pane."""
