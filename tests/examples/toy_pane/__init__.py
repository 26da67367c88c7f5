"""A pane of its own in one package: the last price of a coin in one line."""
