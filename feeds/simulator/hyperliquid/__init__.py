"""The simulated Hyperliquid: perpetuals and spot pairs on one host (feeds/venues/hyperliquid/README.md).

The kind in the path only tells addresses apart; as at the venue, every coin is on every socket.
"""

from __future__ import annotations

from feeds.simulator.hyperliquid.dialect import HyperliquidDialect

__all__ = ["HyperliquidDialect"]
