"""The pressure pane."""
