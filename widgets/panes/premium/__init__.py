"""The premium pane."""
