"""The cvd pane."""
