"""How long a protocol waits before it asks again or gives up, and how much it remembers."""

import msgspec

from feeds.venues.shared.numbers import SECOND


class Limits(msgspec.Struct, frozen=True, kw_only=True):
    """Times in ns. Where a venue needs another value, its protocol multiplies these.

    `snapshot_ns` is the wait for a whole book, `acknowledgement_ns` for the answer to a subscription. A book whose best
    prices cross for `crossed_ns` is wrong. After a suspected loss, best prices that stay for `same_best_ns` are, too.
    `trade_ids` is how many ids of unnumbered trades are remembered to leave out repeated ones.
    """

    snapshot_ns: int = 5 * SECOND
    acknowledgement_ns: int = 10 * SECOND
    crossed_ns: int = SECOND
    same_best_ns: int = 5 * SECOND
    trade_ids: int = 10_000


LIMITS = Limits()
