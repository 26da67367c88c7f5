"""Named layouts of docked panes."""
