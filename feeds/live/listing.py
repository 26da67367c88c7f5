"""Which of some coins no venue lists."""

import asyncio
import logging
from collections.abc import Collection, Iterable

from feeds.live.connection_plan import ConnectionPlanner
from feeds.model.errors import FeedError
from feeds.model.instrument import MarketKind
from feeds.model.nearest import suggestion
from feeds.venues.driver import VenueDriver

log = logging.getLogger(__name__)


def not_listed(base: str, listed: Iterable[str]) -> str:
    """What to show for a base that no venue lists."""
    return f"no venue lists {base}{suggestion(base, listed)}"


async def unlisted(
    planner: ConnectionPlanner, bases: Iterable[str], drivers: Collection[VenueDriver], timeout_s: float
) -> list[str]:
    """Fetch all lists. A text for each base that no venue lists; none while a venue does not answer in time."""
    markets = [(driver, kind) for driver in drivers for kind in driver.endpoints]
    try:
        async with asyncio.timeout(timeout_s):
            answered = await asyncio.gather(*(_answers(planner, driver, kind) for driver, kind in markets))
    except TimeoutError:
        return []
    if not all(answered):
        return []
    known = planner.bases
    return [not_listed(base, known) for base in bases if not any(planner.lists(driver, base) for driver in drivers)]


async def _answers(planner: ConnectionPlanner, driver: VenueDriver, kind: MarketKind) -> bool:
    try:
        await planner.plans(driver, kind)
    except FeedError as error:
        log.info("%s %s is not listed: %s", driver.venue, kind.value, error)
        return False
    return True
