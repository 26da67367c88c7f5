"""Hyperliquid's words for the simulated market: perpetuals and spot pairs on one host (VENUES section 4).

The kind in the path only tells addresses apart; as at the venue, every coin is on every socket.
"""

from __future__ import annotations

from feeds.simulator.hyperliquid.dialect import HyperliquidDialect

__all__ = ["HyperliquidDialect"]
