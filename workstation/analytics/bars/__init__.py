"""Bars of trades with price rows, their series, marks and running sums."""
