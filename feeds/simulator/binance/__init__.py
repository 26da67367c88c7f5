"""Binance's wire format for the simulated markets: USD-M (`linear`), COIN-M (`inverse`) and spot, a path each.

Field sets and number formats follow captures of 2024-08 (books, trades) and 2026-09/10 (mark prices, routes, `st`).
Sources of the wire facts: feeds/venues/binance/README.md.
"""
