"""OKX v5's wire format for the simulated markets: swaps and spot on one host, below `linear`, `inverse` and `spot`.

Field sets, key orders and number formats follow captures of 2026-09 and 2026-10; liquidations those of 2026-10-07.
Sources of the wire facts: feeds/venues/okx/README.md.
"""
