"""The funding pane."""
