"""Bybit: linear and inverse perpetuals, spot."""

from __future__ import annotations

from feeds.venues.bybit.plan import DRIVER
from feeds.venues.bybit.profile import PROFILE

__all__ = ["DRIVER", "PROFILE"]
