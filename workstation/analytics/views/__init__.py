"""Answers to the panes' requests, one module a pane: state of a base in, frozen read model out."""
