"""Stores of trades and rarer events in columns, coverage, price rows."""
