"""A simulated market and loopback servers that speak each venue's wire format.

Rooms, lowest first:

- `market`: one simulated market (book, takers, makers, tape, liquidations) and the facts it produces.
- `catalogue`: BTC and ETH markets with a full order book, six calibrated on Binance, the other venues scaled from them.
- `universe`: altcoin markets, updated once a second, for all-market streams.
- `simulation`: all of these on one time line; pure code, deterministic by seed.
- `dialect`: the interface of a venue's wire format. One package per venue implements it.
- `service`: sockets, `/simulator/...` control routes, scripted faults, and a journal of the trades delivered to each
  connection, so that tests can compare a client's sums with a market's `Ledger`.
"""
