"""Order book of a market, its history, pulled walls."""
