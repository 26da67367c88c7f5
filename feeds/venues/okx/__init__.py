"""OKX: perpetual swaps, spot."""

from __future__ import annotations

from feeds.venues.okx.plan import DRIVER
from feeds.venues.okx.profile import PROFILE

__all__ = ["DRIVER", "PROFILE"]
