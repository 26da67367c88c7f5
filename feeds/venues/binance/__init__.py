"""Binance: USD-M and COIN-M perpetuals, spot."""

from __future__ import annotations

from feeds.venues.binance.plan import DRIVER
from feeds.venues.binance.profile import PROFILE

__all__ = ["DRIVER", "PROFILE"]
