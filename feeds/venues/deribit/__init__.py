"""Deribit: inverse and linear perpetuals."""

from __future__ import annotations

from feeds.venues.deribit.plan import DRIVER
from feeds.venues.deribit.profile import PROFILE

__all__ = ["DRIVER", "PROFILE"]
