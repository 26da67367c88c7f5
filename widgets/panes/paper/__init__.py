"""The paper pane."""
