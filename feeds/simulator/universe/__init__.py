"""Simulated altcoin markets, for the all-market streams."""
