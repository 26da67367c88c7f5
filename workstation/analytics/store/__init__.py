"""Trades in columns."""
