"""Hyperliquid's wire format for the simulated markets: perpetuals and spot pairs on one host.

As at the venue, every socket serves every coin, whatever the market kind in its path.
Sources of the wire facts: feeds/venues/hyperliquid/README.md.
"""
