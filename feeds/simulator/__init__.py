"""A simulated market and loopback servers that speak each venue's wire format.

`simulation` moves all markets (pure code, deterministic by seed): those of `catalogue` with a whole book every 10 or
20 ms (six calibrated ones of Binance, those of the other `venues` scaled from them), and the light ones of `universe`
once a second. One package per venue puts their facts into its words, `dialects` lists them. `server` has the sockets,
`control` its `/simulator/...` routes. `faults` says what can go wrong on purpose; `journal` knows what each connection
was told, so that a client's sums can be held against a market's `ledger` minus the trades that nobody told it.
"""
