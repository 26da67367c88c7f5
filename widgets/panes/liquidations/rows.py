"""Tiers and texts of the liquidations pane: incomplete sums, badges and the cascade indicator."""

from feeds.venues.profile import Coverage
from widgets.theme import format as text_of
from workstation.readmodels.positions.liquidations import Cascade, LiquidationSource, LiquidationsView, LiquidationTotal

TIERS = (50_000.0, 100_000.0, 200_000.0, 1_000_000.0)  # USD
LATE_NS = 60_000_000_000
_SECOND_NS = 1_000_000_000


def tier(notional: float) -> int:
    """The tier of a notional in USD: 0 below 50k, then 1 to 4 from 50k, 100k, 200k and 1m."""
    return sum(notional >= limit for limit in TIERS)


def newer_than(view: LiquidationsView, seen: LiquidationsView) -> tuple[int, bool]:
    """The number of liquidations of `view` newer than the newest of `seen`, and whether that is exact.

    Not exact: all listed ones are newer, so that there may have been more than the list holds.
    """
    if not len(seen.price):
        return len(view.price), True
    count = int((view.ts_recv_ns > seen.ts_recv_ns[0]).sum())
    return count, count < len(view.price) or not count


def span_name(span_ns: int) -> str:
    """A span as 1 m, 5 m, 1 h or 24 h."""
    minutes = span_ns // 60 // _SECOND_NS
    return f"{minutes // 60} h" if minutes >= 60 else f"{minutes} m"


def known_text(total: LiquidationTotal) -> str:
    """How much of the span of a sum is known; empty if all of it."""
    seconds = total.known_ns // _SECOND_NS
    if total.known_ns >= total.span_ns - _SECOND_NS:
        return ""
    if not seconds:
        return "unknown"
    if seconds < 120:
        return f"{seconds} s known"
    return f"{seconds // 60} min known" if seconds < 7_200 else f"{seconds / 3_600:.1f} h known"


def coverage_text(source: LiquidationSource) -> str:
    """What a venue publishes, as the text of a badge."""
    coverage = source.coverage
    if coverage.published is Coverage.NONE:
        return "no feed"
    if source.since_ns is None:
        return "offline"
    if not source.received and coverage.in_real_time:
        return "none yet"
    if coverage.published is Coverage.DELAYED:
        return f"{coverage.delay_ns / 3_600 / _SECOND_NS:.0f} h late"
    return coverage.published.value


def cascade_text(cascade: Cascade) -> str:
    """The rate with the median it is compared with, USD a minute."""
    rate = f"{text_of.size(cascade.rate_usd)} USD in 1 m"
    if cascade.median_usd is None:
        return f"{rate}; {cascade.minutes} active min: too few for a median"
    multiple = cascade.multiple or 0.0
    return f"{rate} = {multiple:.1f}x the 24 h median {text_of.size(cascade.median_usd)} ({cascade.minutes} active min)"


def leaning(cascade: Cascade) -> str:
    """The side that is liquidated more, with its share; empty if nothing was."""
    share = cascade.long_share
    if share is None:
        return ""
    return f"longs {share * 100:.0f}%" if share >= 0.5 else f"shorts {(1 - share) * 100:.0f}%"


def is_floor(view: LiquidationsView) -> bool:
    """Whether the sums are lower bounds because an included venue publishes only a sample."""
    wanted = view.request.markets.venues
    return any(
        source.coverage.published is Coverage.SAMPLED
        for source in view.sources
        if wanted is None or source.venue in wanted
    )
