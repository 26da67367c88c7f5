"""Binance's words for the simulated market: USD-M (`linear`), COIN-M (`inverse`) and spot, each below its own path.

Field sets and number formats follow captures of 2024-08 (books, trades) and 2026-09/10 (mark prices, routes, `st`).
"""

from __future__ import annotations

from feeds.simulator.binance.dialect import BinanceDialect

__all__ = ["BinanceDialect"]
