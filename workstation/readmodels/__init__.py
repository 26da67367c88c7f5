"""What the panes draw: frozen values, arrays instead of objects per row, and the requests that ask for them.

A pane holds a request; the engine answers it with a view that carries a `revision`. Equal revisions mean equal views,
so a pane that has drawn one need not look at it again. Arrays are read-only; a closed bar is one object shared by all
later views. Times are ns since the epoch, UTC. Sizes are base coin, `*_usd` are quote notional, prices are quote per
base coin.
"""
