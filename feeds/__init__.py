"""Bytes to events: venues, recordings, importers and the simulated market.

Read in this order: `instrument`, `events` (the nouns), `frame` (what arrives), `protocol` (what a venue implements),
`feed` (the loop), `venues.binance` (one venue), `recording` and `replay` (the same loop from a file), `live` (from
sockets).
"""
