"""The cross-section: every coin, its scores, the paper book."""
