"""The simulated Deribit: inverse and USDC perpetuals on one host (feeds/venues/deribit/README.md).

The kind in the path only tells addresses apart; as at the venue, every instrument is on every socket.
"""

from __future__ import annotations

from feeds.simulator.deribit.dialect import DeribitDialect

__all__ = ["DeribitDialect"]
