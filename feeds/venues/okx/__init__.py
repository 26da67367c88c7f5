"""OKX: perpetual swaps, spot."""
