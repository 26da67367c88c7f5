"""Deribit's wire format for the simulated markets: inverse and USDC perpetuals on one host.

As at the venue, every socket serves every instrument, whatever the market kind in its path.
Sources of the wire facts: feeds/venues/deribit/README.md.
"""
