"""The liquidations pane."""
