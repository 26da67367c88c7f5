"""The footprint pane."""
