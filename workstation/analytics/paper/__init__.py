"""The arithmetic of the paper book."""
