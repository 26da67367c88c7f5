"""Hyperliquid: perpetuals, spot."""
