"""Deribit's words for the simulated market: inverse and USDC perpetuals on one host (VENUES section 5).

The kind in the path only tells addresses apart; as at the venue, every instrument is on every socket.
"""

from __future__ import annotations

from feeds.simulator.deribit.dialect import DeribitDialect

__all__ = ["DeribitDialect"]
