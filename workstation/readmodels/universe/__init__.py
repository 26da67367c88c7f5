"""The universe: every coin, its scores, the paper book."""
