"""Checks whether venues can be reached, with their smallest request: the server time."""

import asyncio
from collections.abc import AsyncIterator, Iterable

from feeds.live.transport import Http
from feeds.model.errors import TransportError
from feeds.model.instrument import Venue
from feeds.venues.driver import VenueDriver


async def check_reachability(drivers: Iterable[VenueDriver]) -> AsyncIterator[tuple[Venue, str]]:
    """Yield (venue, error text) as the answers arrive; the text is empty where the venue answers."""
    http = Http()
    try:
        requests = [asyncio.create_task(_ask(http, driver), name=f"reachability {driver.venue}") for driver in drivers]
        try:
            for answered in asyncio.as_completed(requests):
                yield await answered
        finally:
            for task in requests:
                task.cancel()
            await asyncio.gather(*requests, return_exceptions=True)
    finally:
        await http.close()


async def _ask(http: Http, driver: VenueDriver) -> tuple[Venue, str]:
    time = driver.profile.server_time
    if time is None:
        return driver.venue, ""
    try:
        await http.fetch(driver.endpoints[time.kind].rest + time.request.path, time.request.body)
    except TransportError as error:
        return driver.venue, error.text
    return driver.venue, ""
