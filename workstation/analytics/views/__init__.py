"""Views for the panes' requests, one module per pane: state in, immutable view out."""
