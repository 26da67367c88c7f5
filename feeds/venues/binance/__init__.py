"""Binance: USD-M and COIN-M perpetuals, spot."""
