"""A package for each kind of pane."""
