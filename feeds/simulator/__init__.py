"""A simulated market and loopback servers that speak each venue's wire format.

`catalogue` says which markets exist (six calibrated ones of Binance, those of the other `venues` scaled from them),
`simulation` moves them (pure code, deterministic by seed), one package per venue puts the facts into its words
(`binance`), `server` is the only module with sockets.
"""
