"""Bybit v5's words for the simulated market: `linear`, `inverse` and `spot`, each below its own path.

Field sets, key orders and number formats follow captures of 2026-08 to 2026-10; liquidations the documentation.
"""

from __future__ import annotations

from feeds.simulator.bybit.dialect import BybitDialect

__all__ = ["BybitDialect"]
