"""Named arrangements of docked panes."""
