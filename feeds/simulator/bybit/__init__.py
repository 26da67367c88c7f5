"""Bybit v5's wire format for the simulated markets: `linear`, `inverse` and `spot`, a path each.

Field sets, key orders and number formats follow captures of 2026-08 to 2026-10; liquidations the documentation.
Sources of the wire facts: feeds/venues/bybit/README.md.
"""
