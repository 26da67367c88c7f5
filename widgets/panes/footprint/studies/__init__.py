"""The studies pane."""
