"""Hyperliquid: perpetuals, spot."""

from __future__ import annotations

from feeds.venues.hyperliquid.plan import DRIVER
from feeds.venues.hyperliquid.profile import PROFILE

__all__ = ["DRIVER", "PROFILE"]
