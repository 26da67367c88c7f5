"""The setups pane."""
