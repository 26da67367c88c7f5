"""Rows of exported tables, a file a topic."""
