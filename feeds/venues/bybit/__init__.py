"""Bybit: linear and inverse perpetuals, spot."""
